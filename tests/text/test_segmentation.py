"""Words of a text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.text.segmentation import word_spans, words
from postplace.text.simplified import simplified
from postplace.text.stop_words import stop_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我来到北京清华大学", ["来到", "北京", "清华大学"]),
        ("The bridge and the tower", ["bridge", "tower"]),
        ("外滩bridge夜景", ["外滩", "bridge", "夜景"]),
        ("早安🌸🌸hi👨‍👩‍👧❤️🇨🇳👍🏽", ["早安", "🌸", "🌸", "👨‍👩‍👧", "❤️", "🇨🇳", "👍🏽"]),
        ("don't", []),
        ("我们 的 the and 了！", []),
        ("http://a.org @bob #tag# [喵]", []),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected", "by_the_paper"),
    [
        ("in the UK", ["uk"], []),
        ("High Line", ["high", "line"], []),
        ("the Old Mill at the New Place", ["old", "mill", "new", "place"], ["place"]),
        ("tell us of the US", ["tell", "us", "us"], []),
        ("Line 10, then line 11", ["line", "10", "line", "11"], ["11"]),
        ("5号线", ["5", "号线"], ["号线"]),
        ("１０号线", ["10", "号线"], ["号线"]),
        ("三号门", ["三号", "门"], ["三号", "门"]),
        ("SH to BJ", ["sh", "bj"], []),
        ("Shell Beach, she's well", ["shell", "beach", "well"], ["beach"]),
        ("that isn't it, we don't", [], []),
        ("上海外灘", ["上海", "外滩"], ["海外", "灘"]),
        ("臺北車站出口", ["台北", "车站", "出口"], ["臺", "北車", "站", "出口"]),
        ("乘坐10號線", ["乘坐", "10", "号线"], ["乘坐", "號線"]),
        ("上海外滩", ["上海", "外滩"], ["上海", "外滩"]),
    ],
)
def test_words_that_name_a_place_stay(text: str, expected: list[str], by_the_paper: list[str]) -> None:
    assert words(text) == expected
    assert words(text, "sg-mft") == by_the_paper


def test_lines_that_differ_in_their_number_alone_are_two() -> None:
    assert words("5号线") != words("10号线")
    assert words("5号线", "sg-mft") == words("10号线", "sg-mft")  # as the paper's stop words have it


@pytest.mark.parametrize(
    ("traditional", "simple"), [("上海外灘夜景", "上海外滩夜景"), ("乘坐10號線到臺北", "乘坐10号线到台北")]
)
def test_both_ways_of_writing_chinese_are_the_same_words(traditional: str, simple: str) -> None:
    assert words(traditional) == words(simple)
    assert [traditional[a:b] for a, b in word_spans(traditional)] == [
        traditional[a:b] for a, b in word_spans(simple)
    ]  # what is shown is what was written


@given(st.text(st.sampled_from("上海外灘臺北車站乾隆髮後a1 ") | st.characters(), max_size=30))
def test_simplified_is_as_long_as_what_was_written(text: str) -> None:
    assert len(simplified(text)) == len(text)
    assert all(0 <= start < end <= len(text) for start, end in word_spans(text))


def test_no_stop_word_is_a_number_or_upsets_another_rule() -> None:
    assert not [word for word in stop_words() if word.isdecimal() or word in set("一二三四五六七八九零")]
    assert {"the", "and", "的", "我"} < stop_words() & stop_words("sg-mft")
    assert not stop_words() & {"high", "line", "mill", "old", "uk", "us", "区", "三", "up", "under"}


def test_jieba_is_lazy_silent_and_leaves_no_file(tmp_path: Path) -> None:
    trap = tmp_path / "jieba.cache"  # where jieba would look: a marshal file that anyone may have put there
    trap.write_bytes(b"no marshal")
    code = (
        "import sys; from postplace.text.segmentation import words; assert 'jieba' not in sys.modules;"
        "print(words('北京清华大学'))"
    )
    environment = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "HOME", "XDG_CACHE_HOME"), str(tmp_path))
    environment |= {"PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        env=os.environ | environment,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert done.stdout == "['北京', '清华大学']\n"
    assert done.stderr == ""
    assert trap.read_bytes() == b"no marshal"
    assert list(tmp_path.iterdir()) == [trap]


def test_words_for_places_are_not_dropped_as_stop_words() -> None:
    assert words("back home after work, no room at this place") == ["back", "home", "work", "room", "place"]
    assert words("back home after work, no room at this place", "sg-mft") == ["home", "work", "room", "place"]
