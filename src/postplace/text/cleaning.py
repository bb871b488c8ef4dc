"""What is words in a post, and what is markup: links, mentions, hashtags, emoticons, punctuation.

Two cleanings: `for_encoder` for an encoder with its own tokeniser, `for_words` for words and SG-MFT (paper, sec. 3.1).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from postplace.text.emoticons import EMOTICON
from postplace.text.simplified import simplified

_LINK = re.compile(
    r"(?:https?://)?(?<![a-z0-9.])t\.cn/[a-z0-9]+"  # Weibo's short links: text may follow without a space
    r"|(?:https?://|(?<![a-z0-9.])www\.)(?:[!$-;=?-~]|#(?=[!-~]))*",
    re.IGNORECASE,
)
_MENTION = re.compile(r"(?://\s?)?(?<![A-Za-z0-9._%+-])[@＠][\w·-]+(?:\.\w+)*\s?[:：]?")
_ENTITY = re.compile(r"&(?:[a-zA-Z]\w{1,30}|#\w{1,8});")
# Zero-width spaces and marks of direction. Joiners are none: they make letters and emoji.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffc]"
)
_JOINERS = "\u200c\u200d"
# Without の, which stands in Chinese texts too.
_KANA = re.compile("[\u3041-\u306d\u306f-\u3096\u30a1-\u30fa\u31f0-\u31ff\uff66-\uff9d]")
_LONGEST_CHAINED = 8  # Chinese characters of a tag in a chain: what is longer is a sentence after a topic
_MANY_CHAINED = 4  # so many short names and nothing between them are tags, not two topics with a text each
_CLOSED = re.compile(r"#([^#\s](?:[^#\n]{0,62}[^#\s])?)#")
_SENTENCE = re.compile(r"[，。！？；,!?;]")
_TOPIC_KIND = re.compile(r"\[(?:超话|超話|地点|音乐|电影|电视剧|综艺|图书|明星|人物|美食|股票|商品|品牌|话题)\]$")
_EAST_ASIAN = 0x2E80  # the scripts from here on put no spaces between words


def for_encoder(text: str) -> str:
    """The text minus links, @mentions and hashtags (a modality of their own), on one line.

    Emoji, `[emoticons]` and punctuation stay: they carry meaning, and an encoder's tokeniser knows them.

    >>> for_encoder("//@小明: 外滩夜景[心]😀 #上海# http://t.cn/A6xyz&amp;more")
    '外滩夜景[心]😀 &more'
    """
    text = _LINK.sub(" ", remove_hashtags(text))  # first: a tag goes where `find_hashtags` sees one, and whole
    text = html.unescape(text.replace("&;", " "))  # `&;`: a line break, as some Weibo exports leave it
    text = " ".join(visible(_MENTION.sub(" ", text)).split())
    return text if text.strip(_JOINERS) else ""


def for_words(text: str) -> str:
    """SG-MFT's cleaning (sec. 3.1): letters, digits and emoji, NFKC, in lower case, with single spaces.

    Beyond `for_encoder` it drops `//`, Weibo's bracketed emoticons and punctuation (ASCII, full-width and Chinese).
    What else stands in brackets stays: a place may.

    >>> for_words("外滩，Ｎｉｃｅ!! [喵]😀 It's 20℃ [Louvre]")
    '外滩 nice 😀 its 20 c louvre'
    """
    text = unicodedata.normalize("NFKC", for_encoder(text)).lower()
    return " ".join(EMOTICON.sub(" ", text).translate(_WORD_CHARACTERS).split())


def remove_hashtags(text: str) -> str:
    """The text with a space in the place of every hashtag, mark and words.

    >>> remove_hashtags("在#外滩#看C#的书 #sunset")
    '在 看C#的书  '
    """
    kept, last = [], 0
    for start, end, _ in hashtag_spans(text):
        kept += [text[last:start], " "]
        last = end
    return "".join([*kept, text[last:]])


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What `for_words` leaves out of a text besides punctuation and hashtags: how many, and which emoticons."""

    links: int
    mentions: int
    emoticons: tuple[str, ...]


def left_out(text: str) -> LeftOut:
    """The markup of a text that is read as no word.

    >>> left_out("@ann in [Louvre] [心][DOGE] http://a.org #tag")
    LeftOut(links=1, mentions=1, emoticons=('[心]', '[doge]'))
    """
    untagged = remove_hashtags(text)
    mentions = _MENTION.findall(html.unescape(_LINK.sub(" ", untagged)))
    emoticons = EMOTICON.findall(unicodedata.normalize("NFKC", untagged).lower())
    return LeftOut(len(_LINK.findall(untagged)), len(mentions), tuple(emoticons))


def visible(text: str) -> str:
    """The text without characters that cannot be seen: zero-width spaces, marks of direction; joiners stay.

    >>> visible("New\\u200bYork\\u200f")
    'NewYork'
    """
    return _INVISIBLE.sub("", text)


def markup_spans(text: str) -> list[tuple[int, int]]:
    """Start and end, in order, of what is in a text but is none of its words: links, hashtags, mentions, entities.

    >>> [text[a:b] for text in ["at #bund with @ann &amp; http://a.org"] for a, b in markup_spans(text)]
    ['#bund', '@ann', '&amp;', 'http://a.org']
    """
    found = [match.span() for match in (*_LINK.finditer(text), *_ENTITY.finditer(text))]
    found += [(start, end) for start, end, _ in hashtag_spans(text)]
    rest = blanked(text, found)
    mentions = ((match.start(), match.start() + len(match[0].rstrip())) for match in _MENTION.finditer(rest))
    return sorted([*found, *mentions])


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """A text of the same length, with spaces in these places.

    >>> blanked("at #bund now", [(3, 8)])
    'at       now'
    """
    characters = list(text)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return "".join(characters)


def hashtag_spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and name of each hashtag, in both shapes: `#name` and Weibo's `#name#`.

    Not one: a `#` in a link, after a Latin letter or digit (`C#`), or before digits alone (`#1`). Where both shapes
    fit, `#a#b` is two tags in any script but Chinese; `_chain_end` says when it is in Chinese characters, too. What
    cannot be seen, such as a zero-width space or a mark of direction, is in no name and ends none.
    """
    marked = _LINK.sub(lambda link: "\n" * len(link[0]), text).replace("＃", "#")
    after_tag = chain_end = -1
    start = marked.find("#")
    while start >= 0:
        before = marked[start - 1] if start else " "
        free = start == after_tag or _may_open(before)
        if free and start >= chain_end:
            chain_end = max(chain_end, _chain_end(marked, start, before=before))
        closed = None if start < chain_end else _closed_tag(marked, start, free=free)
        open_end = _open_end(marked, start) if free else start + 1
        end, name = closed or (open_end, visible(marked[start + 1 : open_end]))
        if _is_name(name):
            yield start, end, name
            after_tag = end
        start = marked.find("#", end if _is_name(name) else start + 1)


def _chain_end(text: str, start: int, *, before: str) -> int:
    """Where a chain of open tags ends that begins at `start`: `#a#b` with nothing between; -1 where there is none.

    In Chinese characters `#a#b` may be the topic `#a#` and a text b, as on Weibo, or two tags, as on Instagram. It is
    tags where the text is in kana or, if no word stands right before them, in traditional characters, where the names
    are four or more, and where they are an odd number, which topics cannot be; otherwise, and where a name is as long
    as a sentence, it is a topic.
    """
    names, end = [], start
    while text[end : end + 1] == "#" and (after := _open_end(text, end)) > end + 1:
        names.append(visible(text[end + 1 : after]))
        end = after
    rest = text[end : end + 1]
    alone = before.isspace() and (not rest or rest.isspace())
    if len(names) < 2 or rest == "#":
        return -1
    if alone and len(names) % 2:
        return end
    if any(len(name) > _LONGEST_CHAINED and not _KANA.search(name) for name in names):
        return -1
    many, traditional = alone and len(names) >= _MANY_CHAINED, before.isspace() and simplified(text) != text
    return end if many or traditional or _KANA.search(text) else -1


def _closed_tag(text: str, start: int, *, free: bool) -> tuple[int, str] | None:
    """End and name of the `#name#` that begins at `start`, or None where it is open or chained.

    Where it is not `free`, a Latin letter stands before it, only a Chinese name is one: `KTV#外滩#`, but `C#和F#`.
    """
    match = _CLOSED.match(text, start)
    name = visible(match[1]) if match else ""
    if not match or not _is_name(name) or name != name.strip():
        return None
    after = text[match.end() : match.end() + 1]
    if not free and not (_is_chinese(name[0]) and _is_chinese(name[-1])):
        return None
    spaced = any(character.isspace() for character in name)
    if spaced and (_SENTENCE.search(name) or (after.isalnum() and not _is_chinese(after))):
        return None
    if not spaced and after.isalnum() and not any(map(_is_chinese, name + after)):
        return None
    return match.end(), _TOPIC_KIND.sub("", EMOTICON.sub("", name)).strip() or name  # `#topic[超话]#`


def _open_end(text: str, start: int) -> int:
    """Where the `#name` that begins at `start` ends: at a space that can be seen or at punctuation."""
    end = start + 1
    while end < len(text) and _in_tag(text[end]):
        end += 1
    return end


def _in_tag(character: str) -> bool:
    category = unicodedata.category(character)
    return character == "_" or category[0] in "LMN" or category == "Cf" or _is_emoji(character)


def _may_open(before: str) -> bool:
    """Whether a `#` may begin a tag after this character: not in `C#` nor in `&#39;`."""
    return before != "&" and not (before.isalnum() and ord(before) < _EAST_ASIAN)


def _is_name(name: str) -> bool:
    return any(unicodedata.category(character)[0] == "L" or _is_emoji(character) for character in name)


def _is_chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def _is_emoji(character: str) -> bool:
    return character >= "\u2000" and (
        unicodedata.category(character) == "So" or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


class _WordCharacters(dict[int, str]):
    """A table for `str.translate` that fills itself: punctuation to spaces, apostrophes to nothing."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character in "'’" or (unicodedata.category(character) == "Cf" and character not in "\u200c\u200d"):
            self[code] = ""
        elif unicodedata.category(character)[0] in "LMN" or character in "\u200c\u200d" or _is_emoji(character):
            self[code] = character
        else:
            self[code] = " "
        return self[code]


_WORD_CHARACTERS = _WordCharacters()
