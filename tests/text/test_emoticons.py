"""What is an emoticon of Weibo, and what is a word in brackets."""

from __future__ import annotations

import time

import pytest

from postplace.text.emoticons import EMOTICON
from postplace.text.segmentation import word_spans, words


@pytest.mark.parametrize(
    "name", ["喵", "心", "doge", "笑cry", "打call", "NO", "Good", "愛你", "並不簡單", "米奇比心", "哆啦A梦害怕"]
)
def test_emoticons_of_weibo_are_no_words(name: str) -> None:
    assert EMOTICON.fullmatch(f"[{name}]")
    assert words(f"bridge[{name}]tower") == ["bridge", "tower"]
    text = f"bridge[{name}]"
    assert [text[start:end] for start, end in word_spans(text)] == ["bridge", f"[{name}]"]


@pytest.mark.parametrize("name", ["Louvre", "louvre", "外滩", "故宫", "M50", "2022", "Köln"])
def test_what_else_stands_in_brackets_is_read(name: str) -> None:
    text = f"in [{name}] bridge"
    assert words(text) == [name.lower(), "bridge"]
    assert [text[start:end] for start, end in word_spans(text)][1] == name


def test_many_brackets_take_no_longer_than_their_number() -> None:
    started = time.process_time()
    EMOTICON.sub("", "[" * 50_000 + "[米奇" * 50_000)
    assert time.process_time() - started < 2
