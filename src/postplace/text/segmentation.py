"""Text -> words: jieba for Chinese, spaces for the rest, without stop words (SG-MFT, sec. 3.1; see `WordRules`)."""

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
from postplace.text.simplified import simplified
from postplace.text.stop_words import PLACE_WORDS, PLACES, SG_MFT, WordRules, published, stop_words

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


def words(text: str, rules: WordRules = PLACES) -> list[str]:
    """The words of a raw text, cleaned by `for_words`, minus the stop words of these rules; [] if nothing is left.

    >>> words("我在上海外灘看夜景，so beautiful😀😀")
    ['上海', '外滩', '夜景', 'beautiful', '😀', '😀']
    >>> words("Line 10 to the Old Mill"), words("Line 10 to the Old Mill", "sg-mft")
    (['line', '10', 'old', 'mill'], [])
    """
    left_out = stop_words(rules)
    return [word for word in every_word(text, rules) if word not in left_out]


def every_word(text: str, rules: WordRules = PLACES) -> list[str]:
    """The words of a raw text as `words` cuts it, stop words too."""
    found: list[str] = []
    for token in _TOKEN.finditer(for_words(text)):
        found += chinese_words(token[0], rules) if token["chinese"] else [token[0]]
    return found


def is_stop_word(word: str, rules: WordRules = PLACES) -> bool:
    """Whether `words` leaves it out.

    >>> [word for word in every_word("the bridge and the home") if is_stop_word(word)]
    ['the', 'and', 'the']
    """
    return word in stop_words(rules)


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
        for word in chinese_words(match[0]):  # simplified, and as long as what is written
            found.append((start, start + len(word)))
            start += len(word)
    return found


def has_words(text: str) -> bool:
    """Whether `word_spans` finds any, without cutting a long text into all of them.

    >>> has_words("外!"), has_words("!! #tag http://a.org")
    (True, False)
    """
    return _WORD.search(blanked(text, markup_spans(text))) is not None


def chinese_words(text: str, rules: WordRules = PLACES) -> list[str]:
    """A run of Chinese characters -> words, by jieba's dictionary and its hidden Markov model.

    That dictionary knows few words in traditional characters: it cuts 上海外灘 into 上, 海外 and 灘. By the rules
    "places" the words are therefore those of the text in simplified characters, the same for both ways of writing.

    >>> chinese_words("上海外灘"), chinese_words("上海外灘", "sg-mft")
    (['上海', '外滩'], ['上', '海外', '灘'])
    """
    found: list[str] = _tokenizer().lcut(simplified(text) if rules == PLACES else text)
    return found


# Runs that do not say with what they were made were made with the exact versions of constraints.txt
UNSAID = "jieba 0.42.1, dictionary 7197c3211ddd9896, stop words d7e50660df4b27f3"


@functools.cache
def segmenter(rules: WordRules = PLACES) -> str:
    """What cuts texts into words by these rules here: jieba's version and dictionary, OpenCC's, the stop words."""
    found = find_spec("jieba")  # not imported: looking it up takes less
    folder = Path(found.origin).parent if found is not None and found.origin is not None else Path()
    dictionary = hashlib.sha256((folder / "dict.txt").read_bytes()).hexdigest()[:16]
    # those of the paper by what they are made from, as version 0.1.0 named them
    old = [*sorted(published("zh", "en")), "", *sorted(PLACE_WORDS)]
    listed = old if rules == SG_MFT else sorted(stop_words(rules))
    digest = hashlib.sha256("\n".join(listed).encode()).hexdigest()[:16]
    converter = f"OpenCC {version('opencc')}, " if rules == PLACES else ""
    return f"jieba {version('jieba')}, dictionary {dictionary}, {converter}stop words {digest}"


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
