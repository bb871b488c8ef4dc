"""Hashtags: found in a text, brought to one form, split into words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from postplace.text.cleaning import hashtag_spans, remove_hashtags, visible
from postplace.text.segmentation import CHINESE, chinese_words
from postplace.text.stop_words import PLACES, WordRules

__all__ = ["find_hashtags", "normalise_hashtag", "remove_hashtags", "split_hashtag", "unite_hashtags"]

_ENDS = re.compile(r"^[#＃\s]+|[#＃\s]+$")
_CAMEL_CASE = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)")


def find_hashtags(text: str) -> tuple[str, ...]:
    """The hashtags of a text without their `#`, in order, each once; see `hashtag_spans` for what counts as one.

    >>> find_hashtags("#国庆# in #NewYork, C# and #1 http://a.org/#b #国庆#")
    ('国庆', 'NewYork')
    """
    return tuple(dict.fromkeys(unicodedata.normalize("NFC", name) for _, _, name in hashtag_spans(text)))


def unite_hashtags(*several: Iterable[str]) -> tuple[str, ...]:
    """Hashtags of several sources in order, each once by its normal form, in its first spelling (NFC, as it is seen).

    >>> unite_hashtags(["Bund", "New York"], ["#bund", "river", "\\u200b"])
    ('Bund', 'New York', 'river')
    """
    found: dict[str, str] = {}
    for tag in (tag for tags in several for tag in tags):
        name = _ENDS.sub("", unicodedata.normalize("NFC", visible(tag)))
        if form := normalise_hashtag(name):
            found.setdefault(form, name)
    return tuple(found.values())


def normalise_hashtag(tag: str) -> str:
    """One form for the ways to write a tag: NFKC, case folded (the Turkish dotted I too), no `#`, no spaces.

    >>> normalise_hashtag("＃New York#"), normalise_hashtag("İstanbul")
    ('newyork', 'istanbul')
    """
    folded = unicodedata.normalize("NFKC", visible(tag)).casefold().replace("i\u0307", "i")
    joined = "".join(folded.replace("#", "").split())
    return unicodedata.normalize("NFKC", joined)  # folding and joining can bring letters into another form


def split_hashtag(tag: str, rules: WordRules = PLACES) -> tuple[str, ...]:
    """The words in a tag, in lower case: by camelCase, digits, underscores and, in Chinese, by jieba.

    >>> split_hashtag("#NewYorkCity_2024"), split_hashtag("上海外滩")
    (('new', 'york', 'city', '2024'), ('上海', '外滩'))
    """
    spaced = _CAMEL_CASE.sub(" ", re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", visible(tag))))
    parts: list[str] = []
    for part in CHINESE.sub(r" \g<0> ", spaced).lower().split():
        parts += chinese_words(part, rules) if CHINESE.fullmatch(part) else [part]
    return tuple(parts)
