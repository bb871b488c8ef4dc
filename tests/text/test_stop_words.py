"""Function words are left out; what place names and addresses are made of is not."""

from __future__ import annotations

import pytest

from postplace.text.segmentation import words
from postplace.text.stop_words import PLACE_WORDS, PLACES, SG_MFT, published, stop_words


def test_the_rules_of_the_paper_are_the_published_lists_without_place_words() -> None:
    lists = published("zh", "en")
    paper = stop_words(SG_MFT)
    assert {"line", "mill", "high", "old", "uk"} <= paper & lists
    assert not paper & PLACE_WORDS


@pytest.mark.parametrize("word", ["line", "mill", "high", "old", "world", "uk", "us", "10", "三", "区", "上", "中"])
def test_what_names_are_made_of_stays(word: str) -> None:
    assert word not in stop_words(PLACES)


@pytest.mark.parametrize("word", ["the", "and", "of", "dont", "的", "了", "我们"])
def test_function_words_go(word: str) -> None:
    assert word in stop_words(PLACES) & stop_words(SG_MFT)


@pytest.mark.parametrize(
    ("text", "new", "old"),
    [
        ("in the UK", ("uk",), ()),
        ("High Line", ("high", "line"), ()),
        ("Old Mill", ("old", "mill"), ()),
        ("the bridge", ("bridge",), ("bridge",)),
    ],
)
def test_words_of_both_rules(text: str, new: tuple[str, ...], old: tuple[str, ...]) -> None:
    assert tuple(words(text, PLACES)) == new
    assert tuple(words(text, SG_MFT)) == old


def test_two_lines_of_a_metro_are_two() -> None:
    assert words("5号线", PLACES) != words("10号线", PLACES)
    assert words("5号线", SG_MFT) == words("10号线", SG_MFT)  # as the paper has it
