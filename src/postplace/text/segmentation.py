"""Text -> words: jieba for Chinese, spaces for the rest, without stop words (SG-MFT, sec. 3.1)."""

from __future__ import annotations

import functools
import hashlib
import logging
import re
import warnings
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from postplace.text.cleaning import blanked, for_words, markup_spans
from postplace.text.emoticons import EMOTICON

CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+")
_EMOJI = "[\u2190-\u2bff\u3200-\u32ff\U0001f000-\U0001faff]"
_TOKEN = re.compile(
    f"(?P<chinese>{CHINESE.pattern})"
    "|[\U0001f1e6-\U0001f1ff]{2}"  # a flag is a pair of letters
    f"|{_EMOJI}(?:[\ufe0f\u20e3\U0001f3fb-\U0001f3ff]|\u200d{_EMOJI})*"  # an emoji with its skin and its joined ones
    f"|(?:(?!{CHINESE.pattern}|{_EMOJI})\\S)+"
)
_LETTER = f"(?:(?!{CHINESE.pattern}|{_EMOJI})\\w)"
_WORD = re.compile(
    f"(?P<chinese>{CHINESE.pattern})"
    "|[\U0001f1e6-\U0001f1ff]{2}"
    f"|{_EMOJI}(?:[\ufe0f\u20e3\U0001f3fb-\U0001f3ff]|\u200d{_EMOJI})*"
    f"|(?i:{EMOTICON.pattern})"
    f"|{_LETTER}+(?:['’-]{_LETTER}+)*"
)

# On the published list, but they are what this package looks for.
PLACE_WORDS = frozenset({"area", "areas", "home", "place", "places", "room", "rooms", "work", "works"})


def words(text: str) -> list[str]:
    """The words of a raw text, cleaned by `for_words`, minus Chinese and English stop words; [] if nothing is left.

    >>> words("我在上海外滩看夜景，so beautiful😀😀")
    ['上海', '外滩', '夜景', 'beautiful', '😀', '😀']
    """
    stop_words = _stop_words()
    return [word for word in every_word(text) if word not in stop_words]


def every_word(text: str) -> list[str]:
    """The words of a raw text as `words` cuts it, stop words too."""
    found: list[str] = []
    for token in _TOKEN.finditer(for_words(text)):
        found += chinese_words(token[0]) if token["chinese"] else [token[0]]
    return found


def is_stop_word(word: str) -> bool:
    """Whether `words` leaves it out.

    >>> [word for word in every_word("the bridge and the home") if is_stop_word(word)]
    ['the', 'and', 'the']
    """
    return word in _stop_words()


def word_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every word of a raw text, stop words too: Chinese by jieba; no markup, no punctuation.

    >>> text = "我在上海外滩, it's #tag so-so!"
    >>> [text[start:end] for start, end in word_spans(text)]
    ['我', '在', '上海', '外滩', "it's", 'so-so']
    """
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(blanked(text, markup_spans(text))):
        if not match["chinese"]:
            found.append(match.span())
            continue
        start = match.start()
        for word in chinese_words(match[0]):
            found.append((start, start + len(word)))
            start += len(word)
    return found


def has_words(text: str) -> bool:
    """Whether `word_spans` finds any, without cutting a long text into all of them.

    >>> has_words("外!"), has_words("!! #tag http://a.org")
    (True, False)
    """
    return _WORD.search(blanked(text, markup_spans(text))) is not None


def chinese_words(text: str) -> list[str]:
    """A run of Chinese characters -> words, by jieba's dictionary and its hidden Markov model."""
    found: list[str] = _tokenizer().lcut(text)
    return found


# Runs that do not say with what they were made were made with the exact versions of constraints.txt
UNSAID = "jieba 0.42.1, dictionary 7197c3211ddd9896, stop words d7e50660df4b27f3"


@functools.cache
def segmenter() -> str:
    """What cuts texts into words here: jieba's version and dictionary, the stop words, this package's exceptions."""
    found = find_spec("jieba")  # not imported: looking it up takes less
    folder = Path(found.origin).parent if found is not None and found.origin is not None else Path()
    dictionary = hashlib.sha256((folder / "dict.txt").read_bytes()).hexdigest()[:16]
    listed = [*sorted(_listed()), "", *sorted(PLACE_WORDS)]
    stop_words = hashlib.sha256("\n".join(listed).encode()).hexdigest()[:16]
    return f"jieba {version('jieba')}, dictionary {dictionary}, stop words {stop_words}"


@functools.cache
def _stop_words() -> frozenset[str]:
    """Chinese and English stop words, with and without their apostrophes, as `for_words` leaves them."""
    return frozenset(for_words(word) for word in _listed()) - {""} - PLACE_WORDS


def _listed() -> frozenset[str]:
    """The published list."""
    import stopwordsiso

    return frozenset(stopwordsiso.stopwords(["zh", "en"]))


@functools.cache
def _tokenizer() -> Any:
    """jieba's tokenizer, silent, its dictionary read from the package and kept nowhere else.

    jieba would keep a `marshal` file of it under a fixed name in the shared temporary folder: whoever puts a file there
    first chooses what is loaded. Reading the dictionary takes no longer than reading that file (0.7 s), so: no file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba 0.42 imports pkg_resources and has invalid escapes
        import jieba

    jieba.setLogLevel(logging.CRITICAL)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer
