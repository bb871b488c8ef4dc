"""Hashtags: found in a text, brought to one form, split into words."""

from __future__ import annotations

import re
import unicodedata

from postplace.text.cleaning import hashtag_spans, remove_hashtags
from postplace.text.segmentation import CHINESE, chinese_words

__all__ = ["find_hashtags", "normalise_hashtag", "remove_hashtags", "split_hashtag"]

_CAMEL_CASE = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)")


def find_hashtags(text: str) -> tuple[str, ...]:
    """The hashtags of a text without their `#`, in order, each once; see `hashtag_spans` for what counts as one.

    >>> find_hashtags("#国庆# in #NewYork, C# and #1 http://a.org/#b #国庆#")
    ('国庆', 'NewYork')
    """
    return tuple(dict.fromkeys(name for _, _, name in hashtag_spans(text)))


def normalise_hashtag(tag: str) -> str:
    """One form for the ways to write a tag: NFKC, case folded, no `#`, no spaces.

    >>> normalise_hashtag("＃New York#")
    'newyork'
    """
    joined = "".join(unicodedata.normalize("NFKC", tag).casefold().replace("#", "").split())
    return unicodedata.normalize("NFKC", joined)  # folding and joining can bring letters into another form


def split_hashtag(tag: str) -> tuple[str, ...]:
    """The words in a tag, in lower case: by camelCase, digits, underscores and, in Chinese, by jieba.

    >>> split_hashtag("#NewYorkCity_2024"), split_hashtag("上海外滩")
    (('new', 'york', 'city', '2024'), ('上海', '外滩'))
    """
    spaced = _CAMEL_CASE.sub(" ", re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", tag)))
    parts: list[str] = []
    for part in CHINESE.sub(r" \g<0> ", spaced).lower().split():
        parts += chinese_words(part) if CHINESE.fullmatch(part) else [part]
    return tuple(parts)
