"""Place names in running text and in hashtags: where they stand, and the same text without them.

Text and names are folded letter by letter (NFKC, case, accents), spaces and punctuation fall out, and every place where
a name may begin is looked up in a table by its first two letters: one pass, whatever the number of names.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from postplace.text.cleaning import hashtag_spans
from postplace.text.stop_words import PLACE_WORDS, published

STAND_IN = "📍"  # one character that both cleanings keep and every tokeniser sees as a symbol, and that names no place
UNMISTAKABLE = 8  # letters from which on a name is found inside a hashtag even where no border shows: #lovegreenpark
TOO_SHORT, EVERYDAY = "too short", "everyday words"

# What stands between two letters: nothing, a mark inside a word, a space, a mark between sentences, a wall.
_TOUCHING, _JOINER, _SPACE, _STOP, _WALL = range(5)
_JOINERS = frozenset("'’‘`-‐‑‒–.·・_")
_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f]")
_UNDECOMPOSED = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "æ": "ae", "œ": "oe", "þ": "th"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_IN_BRACKETS = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_FEWEST_LETTERS, _FEWEST_DIGITS, _FEWEST_EAST_ASIAN = 3, 5, 2


@dataclass(frozen=True, slots=True)
class Mention:
    """Names in a text: `text[start:end]` is a name, or with `in_hashtag` a whole hashtag that holds all of `names`.

    `names` are in the spelling in which `PlaceNames` was given them first.
    """

    start: int
    end: int
    names: tuple[str, ...]
    in_hashtag: bool = False


class PlaceNames:
    """Finds and masks names in any text; thousands of names cost no more time than a few.

    A name is found in any case, width and accents (`ä` is also `ae`), with other spaces or punctuation between its
    words or with none: "Green Park" in "greenpark" and "GREEN-PARK", not in "evergreen parking". In scripts that put no
    spaces between words (Chinese, Thai) it is found anywhere; in Korean an ending may follow it. A trailing bracket is
    optional: "Old Mill (7)" is also "Old Mill". In hashtags a word also ends where an upper-case letter begins the
    next, and a name of `UNMISTAKABLE` letters or more is found anywhere.

    `left_out`: why (`TOO_SHORT`, `EVERYDAY`) -> names that would be found everywhere: of fewer than 3 letters (2 in
    East Asian scripts, 5 if all are digits), and the stop words of English and Chinese.

    >>> names = PlaceNames(["Green Park", "外滩", "A"])
    >>> names.mask("From GREEN PARK to 外滩夜景"), names.find_in_hashtag("lateGreenParkWalk"), names.left_out
    ('From 📍 to 📍夜景', ('Green Park',), {'too short': ('A',)})
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        self._breaks: dict[str, frozenset[int]] = {}
        left_out: dict[str, dict[str, None]] = {}
        for name in names:
            reason = self._add(name)
            if reason:
                left_out.setdefault(reason, {})[name] = None
        self.left_out: Mapping[str, tuple[str, ...]] = {reason: tuple(found) for reason, found in left_out.items()}
        lengths: dict[str, set[int]] = {}
        for key in self._names:
            lengths.setdefault(key[:2], set()).add(len(key))
        self._lengths = {first: sorted(found) for first, found in lengths.items()}

    def __len__(self) -> int:
        """How many different names are looked for."""
        return len(set(self._names.values()))

    def spellings(self, name: str) -> frozenset[str]:
        """What `names` of a mention says where this name is found: the first spelling given; empty if left out."""
        return frozenset(self._names[key] for key, _ in _variants(name) if key in self._names)

    def find(self, text: str) -> tuple[Mention, ...]:
        """The names in a text, in order, none overlapping: the longest first. A `#hashtag` is looked at by itself."""
        mentions, shown, last = [], [], 0
        for start, end, _ in hashtag_spans(text) if "#" in text or "＃" in text else ():
            shown += [text[last:start], STAND_IN * (end - start)]
            last = end
            if names := self.find_in_hashtag(text[start:end]):
                mentions.append(Mention(start, end, names, in_hashtag=True))
        folded = _fold("".join([*shown, text[last:]]))
        for first, last in self._longest(folded, glued=False):
            span = folded.where[first], _end(text, folded.where[last - 1])
            mentions.append(Mention(*span, (self._names[folded.letters[first:last]],)))
        return tuple(sorted(mentions, key=lambda mention: mention.start))

    def find_in_hashtag(self, tag: str) -> tuple[str, ...]:
        """The names in a hashtag, with or without its `#`, or in a file name: words may be glued together."""
        folded = _fold(unicodedata.normalize("NFC", tag))
        spans = sorted(self._longest(folded, glued=True))
        return tuple(dict.fromkeys(self._names[folded.letters[first:last]] for first, last in spans))

    def mask(self, text: str) -> str:
        """The text with `STAND_IN` for every name and a space for every `#hashtag` that holds one.

        A tag goes whole: what would be left of it, `#myNightAt`, is a word that nobody writes and that tells the place
        as well as the name did. No name can be found in the result; a text without a name comes back as it is.
        """
        while mentions := self.find(text):  # what stands around a name may be one once it is gone
            kept, last = [], 0
            for mention in mentions:
                kept += [text[last : mention.start], " " if mention.in_hashtag else STAND_IN]
                last = mention.end
            text = "".join([*kept, text[last:]])
        return text

    def mask_hashtags(self, tags: Iterable[str]) -> tuple[str, ...]:
        """The hashtags that hold no name."""
        return tuple(tag for tag in tags if not self.find_in_hashtag(tag))

    def _add(self, name: str) -> str | None:
        """Look for a name from now on; or why not."""
        variants = dict(_variants(name))
        reasons = [_unfit(key) for key in variants] or [TOO_SHORT]
        if reasons[0]:
            return reasons[0]
        for (key, breaks), reason in zip(variants.items(), reasons, strict=True):
            if not reason:
                self._names.setdefault(key, name)
                self._breaks[key] = self._breaks.get(key, frozenset()) | breaks
        return None

    def _longest(self, folded: _Folded, *, glued: bool) -> Iterator[tuple[int, int]]:
        """First and last + 1 letter of the names, the longest first, none overlapping."""
        found = sorted(self._everywhere(folded, glued=glued), key=lambda span: (span[0] - span[1], span[0]))
        taken = bytearray(len(folded.letters) if found else 0)
        for first, last in found:
            if not any(taken[first:last]):
                taken[first:last] = b"\1" * (last - first)
                yield first, last

    def _everywhere(self, folded: _Folded, *, glued: bool) -> Iterator[tuple[int, int]]:
        letters, size = folded.letters, len(folded.letters)
        for first in range(size - 1):
            for length in self._lengths.get(letters[first : first + 2], ()):
                last = first + length
                if last > size:
                    break
                key = letters[first:last]
                if key in self._names and folded.whole(first, last) and _close(folded, first, self._breaks[key], last):
                    free = glued and length >= UNMISTAKABLE and not key.isdigit()  # not an id in a longer one
                    if free or (folded.begins(first, camel_case=glued) and folded.ends(last, camel_case=glued)):
                        yield first, last


@dataclass(frozen=True, slots=True)
class _Folded:
    """The letters of a text; for each where it stands in the text, and how far from the letter before."""

    text: str
    letters: str
    where: Sequence[int]
    gaps: Sequence[int]

    def whole(self, first: int, last: int) -> bool:
        """Whether the span holds all letters of its first and last character: one may fold to two (`ß`)."""
        where = self.where
        return (not first or where[first - 1] != where[first]) and (
            last == len(where) or where[last - 1] != where[last]
        )

    def begins(self, first: int, *, camel_case: bool) -> bool:
        """Whether a word may begin at this letter."""
        if not first or self.gaps[first]:
            return True
        before, here = _KINDS[self.letters[first - 1]], _KINDS[self.letters[first]]
        if before != here:
            return (before, here) != ("letter", "digit")
        return here == "spaceless" or (camel_case and _turns(self.text, self.where[first]))

    def ends(self, last: int, *, camel_case: bool) -> bool:
        """Whether a word may end before this letter."""
        if last == len(self.letters) or self.gaps[last]:
            return True
        here, after = _KINDS[self.letters[last - 1]], _KINDS[self.letters[last]]
        if here != after:
            return (here, after) != ("digit", "letter")
        return here in ("spaceless", "hangul") or (camel_case and _turns(self.text, self.where[last]))


def _fold(text: str) -> _Folded:
    letters: list[str] = []
    where: list[int] = []
    gaps: list[int] = []
    gap = _TOUCHING
    for index, character in enumerate(text):
        folded = _FOLDED[character]
        if isinstance(folded, int):
            gap = max(gap, folded)
            continue
        for letter in folded:
            letters.append(letter)
            where.append(index)
            gaps.append(gap)
            gap = _TOUCHING
    return _Folded(text, "".join(letters), where, gaps)


def _close(folded: _Folded, first: int, breaks: frozenset[int], last: int) -> bool:
    """Whether the letters stand as close together as those of the name, which has gaps at `breaks` only."""
    gaps = folded.gaps[first + 1 : last]
    if not any(gaps):
        return True
    for offset, gap in enumerate(gaps, start=1):
        if gap:
            kinds = {_KINDS[letter] for letter in folded.letters[first + offset - 1 : first + offset + 1]}
            allowed = _STOP if offset in breaks else _SPACE if "spaceless" in kinds else _JOINER
            if gap > allowed:
                return False
    return True


def _end(text: str, last: int) -> int:
    """The end of a span whose last letter is at `last`: accents and invisible marks after it belong to it."""
    end = last + 1
    while end < len(text) and _FOLDED[text[end]] == "":
        end += 1
    return end


def _turns(text: str, index: int) -> bool:
    """Whether camelCase begins a word here: `greenPark`, `USATower`."""
    before, here, after = text[index - 1 : index], text[index], text[index + 1 : index + 2]
    return here.isupper() and (before.islower() or (before.isupper() and after.islower()))


def _variants(name: str) -> Iterator[tuple[str, frozenset[int]]]:
    """The folded ways to write a name, as given first, each with where words begin in it."""
    name = unicodedata.normalize("NFC", name)
    for written in dict.fromkeys((name, _IN_BRACKETS.sub("", name))):
        for spelt in dict.fromkeys((written, written.translate(_UMLAUTS))):
            folded = _fold(spelt)
            size = len(folded.letters)
            first = next((n for n in range(size) if _KINDS[folded.letters[n]] != "symbol"), size)
            last = next((n for n in range(size, first, -1) if _KINDS[folded.letters[n - 1]] != "symbol"), first)
            if first < last:
                inner = range(first + 1, last)
                breaks = (n - first for n in inner if folded.gaps[n] or _turns(spelt, folded.where[n]))
                yield folded.letters[first:last], frozenset(breaks)


def _unfit(key: str) -> str | None:
    """Why a folded name is not looked for."""
    kinds = [_KINDS[letter] for letter in key]
    east_asian = sum(kind in ("spaceless", "katakana", "hangul") for kind in kinds)
    if all(kind in ("digit", "symbol") for kind in kinds):
        return TOO_SHORT if len(key) < _FEWEST_DIGITS else None
    if len(key) < _FEWEST_LETTERS and east_asian < _FEWEST_EAST_ASIAN:
        return TOO_SHORT
    return EVERYDAY if key in _everyday() else None


@functools.cache
def _everyday() -> frozenset[str]:
    """The stop words of English and Chinese, folded, without those that mean a place."""
    return frozenset(_fold(word).letters for word in published("zh", "en") - PLACE_WORDS)


class _Foldings(dict[str, str | int]):
    """A character -> its folded letters ("" for an accent or an invisible mark), or how far it keeps letters apart."""

    def __missing__(self, character: str) -> str | int:
        self[character] = folded = _folding(character)
        return folded


def _folding(character: str) -> str | int:
    category = unicodedata.category(character)
    if character == STAND_IN:
        return _WALL
    if category == "Cf" or _ACCENTS.match(character):
        return ""
    if category == "So":
        return character
    if category[0] in "LNM":
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
        letters = unicodedata.normalize("NFKC", _ACCENTS.sub("", plain)).translate(_UNDECOMPOSED)
        return "".join(letter for letter in letters if unicodedata.category(letter)[0] in "LNM")
    if unicodedata.normalize("NFKC", character) in _JOINERS:
        return _JOINER
    return _SPACE if category == "Zs" or character == "\t" else _STOP


class _LetterKinds(dict[str, str]):
    """A folded letter -> what it tells of borders: spaceless, katakana, hangul, digit, symbol or letter."""

    def __missing__(self, letter: str) -> str:
        code = ord(letter)
        names = (name for name, ranges in _RANGES.items() if any(low <= code <= high for low, high in ranges))
        plain = "digit" if letter.isnumeric() else "symbol" if unicodedata.category(letter) == "So" else "letter"
        self[letter] = kind = next(names, plain)
        return kind


_RANGES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "spaceless": (
        (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Myanmar
        (0x1780, 0x17FF),  # Khmer
        (0x2E80, 0x2FDF),
        (0x3005, 0x3007),
        (0x3040, 0x309F),  # Hiragana
        (0x3400, 0x9FFF),
        (0xF900, 0xFAFF),
        (0x20000, 0x3FFFF),
    ),
    "katakana": ((0x30A0, 0x30FF), (0x31F0, 0x31FF)),
    "hangul": ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7A3)),
}
_FOLDED = _Foldings()
_KINDS = _LetterKinds()
