"""Traditional Chinese is cut as simplified, character for character: positions in the text stay true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.text.segmentation import words
from postplace.text.simplified import simplified


@pytest.mark.parametrize(
    ("traditional", "expected"),
    [
        ("上海外灘", "上海外滩"),
        ("臺北車站", "台北车站"),
        ("東京鐵塔", "东京铁塔"),
        ("Bund 外滩", "Bund 外滩"),
        ("ラーメン", "ラーメン"),
        ("", ""),
    ],
)
def test_characters(traditional: str, expected: str) -> None:
    assert simplified(traditional) == expected


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=30))
def test_no_character_comes_or_goes(text: str) -> None:
    assert len(simplified(text)) == len(text)


def test_both_scripts_are_cut_at_the_same_places() -> None:
    assert [len(word) for word in words("上海外灘夜景")] == [len(word) for word in words("上海外滩夜景")]
