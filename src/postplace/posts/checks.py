"""What a whole set of posts shows and no single one: texts misread, one class under two names, positions swapped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from postplace.geo.positions import PositionCheck
from postplace.schema import Post
from postplace.text.misread import looks_misread, repair_misread
from postplace.text.names import fold_name, spells_no_value

MISREAD = "text looks like UTF-8 that was read as Latin-1; `repair_text=True` repairs it"
MARKED_UP = "text holds HTML (`&amp;`, `<br>`), which is read as words: take it out, in Python with html.unescape"
ESCAPED = "text is percent-encoded (%E5%A4%9C), which is read as it is: decode it with urllib.parse.unquote_plus"
REPAIRED = "text repaired: it was UTF-8, read as Latin-1"
ROUNDED = "numbers all end in zeros, as a spreadsheet rounds them: two may have become one; export them as text"
KEPT_NAMES = 100_000  # different names of a key
SHOWN = 3
_HTML = re.compile(
    r"&(?:amp|lt|gt|quot|nbsp|apos|#\d{1,6}|#x[0-9a-f]{1,5});|<br\s*/?>|</(?:a|p|span|div)>", re.IGNORECASE
)
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}){2,}")
_ADDRESS = re.compile(r"\S+://\S+|www\.\S+")
_DIFFERENT = 5  # rounded numbers that are seen before anything is said
_NUMBER_KEYS = ("id", "user", "venue", "place")
_CLASS_KEYS = ("place", "category", "venue")
_TEXT_KEYS = ("text", "image_text", *_CLASS_KEYS)


class PostChecks:
    """Looks at posts as they pass; memory does not grow with their number."""

    def __init__(self) -> None:
        self._misread = self._marked_up = self._escaped = 0
        self._positions = PositionCheck()
        self._no_users: Counter[str] = Counter()
        self._numbers = {key: _LongNumbers() for key in _NUMBER_KEYS}
        self._names: Mapping[str, Counter[str]] = {key: Counter() for key in _CLASS_KEYS}

    def add(self, post: Post) -> None:
        """Take a post."""
        self._positions.add(post)
        self._marked_up += _HTML.search(post.text) is not None
        self._escaped += _PERCENT.search(_ADDRESS.sub("", post.text)) is not None
        self._misread += any(map(looks_misread, (post.text, *post.hashtags, post.place or "", post.category or "")))
        if post.user and spells_no_value(post.user):
            self._no_users[post.user] += 1
        for key, numbers in self._numbers.items():
            numbers.add(getattr(post, key))
        for key, names in self._names.items():
            name = getattr(post, key)
            if name and (name in names or len(names) < KEPT_NAMES):
                names[name] += 1

    def remarks(self) -> Counter[str]:
        """What should be known of the posts so far, in words, and of how many each is true."""
        found: Counter[str] = Counter()
        if self._misread:
            found[MISREAD] = self._misread
        if self._marked_up:
            found[MARKED_UP] = self._marked_up
        if self._escaped:
            found[ESCAPED] = self._escaped
        if (problem := self._positions.problem()) is not None:
            found[problem] = self._positions.count
        for key, numbers in self._numbers.items():
            if numbers.look_rounded():
                found[f"{key} {ROUNDED}"] = numbers.rounded
        found.update(dict(_no_values("user", self._no_users)))
        for key, names in self._names.items():
            found.update(dict(_no_values(key, names)))
            found.update(dict(_several_spellings(key, names)))
        return found


class _LongNumbers:
    """Whether all numbers of nine digits and more lost their last ones: of six that a cell shows, or 15 that it keeps.

    Of numbers that are not rounded one in a thousand looks so, or fewer.
    """

    def __init__(self) -> None:
        self.rounded = self._others = 0
        self._different: set[str] = set()  # a few of those that look rounded

    def add(self, name: str | None) -> None:
        if name is None or len(name) < 9 or not name.isdecimal():
            return
        digits = len(name.rstrip("0"))
        if digits <= 6 or (digits <= 15 < len(name)):
            self.rounded += 1
            if len(self._different) < _DIFFERENT:
                self._different.add(name)
        else:
            self._others += 1

    def look_rounded(self) -> bool:
        return not self._others and len(self._different) == _DIFFERENT


def repair_post(post: Post) -> Post:
    """The post with what was misread as it was meant: its text, hashtags, image text and names."""
    values: dict[str, Any] = {key: repair_misread(value) for key in _TEXT_KEYS if (value := getattr(post, key))}
    return replace(post, hashtags=tuple(map(repair_misread, post.hashtags)), **values)


def _no_values(key: str, names: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for name, count in names.items():
        if spells_no_value(name):
            yield f"{key} {name!r} is taken for a name: where there is none, leave it out", count


def _several_spellings(key: str, names: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Of names that differ only in case, width or spaces, and how many posts have not the commonest spelling."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(fold_name(name), []).append(name)
    several = [sorted(group, key=lambda name: -names[name]) for group in alike.values() if len(group) > 1]
    if several:
        several.sort(key=lambda group: -sum(names[name] for name in group))
        shown = "; ".join(" / ".join(map(repr, group[:SHOWN])) for group in several[:SHOWN])
        more = ", ..." if len(several) > SHOWN else ""
        count = sum(names[name] for group in several for name in group[1:])
        yield f"{key} names that differ only in case, width or spaces are different ones ({shown}{more})", count
