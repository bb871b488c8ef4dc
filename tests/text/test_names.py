"""What cannot be seen makes no second class; what can be seen is told, not joined."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.text.names import clean_name, fold_name, spells_no_value


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("  Old \t Mill\n", "Old Mill"),
        ("Cafe\u0301", "Café"),
        ("Bund\u200b", "Bund"),
        ("\ufeffBund", "Bund"),
        ("\u202eBund\u202c", "Bund"),
        ("外滩\u3000观景台", "外滩 观景台"),
        ("a\u00a0b", "a b"),
        ("\u200b\u2060", ""),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),  # one family, not three people
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian is written with it
    ],
)
def test_what_cannot_be_seen_is_left_out(given_name: str, expected: str) -> None:
    assert clean_name(given_name) == expected


@given(st.text(max_size=20))
def test_a_clean_name_is_clean_and_composed(name: str) -> None:
    cleaned = clean_name(name)
    assert clean_name(cleaned) == cleaned
    assert fold_name(cleaned) == fold_name(name)
    assert unicodedata.is_normalized("NFC", cleaned)


@pytest.mark.parametrize("spelling", ["OLD MILL", "old  mill", "ｏｌｄ　ｍｉｌｌ", "OldMill", "Old\u200bMill"])
def test_spellings_that_are_told(spelling: str) -> None:
    assert fold_name(spelling) == "oldmill"


def test_other_letters_are_other_names() -> None:
    assert len({fold_name(name) for name in ("Cafe", "Café", "Line 1", "Line 11", "外灘", "外滩")}) == 6


@pytest.mark.parametrize(
    ("name", "expected"),
    [("NA", True), (" none ", True), ("#N/A", True), ("Nan Jing", False), ("", False), ("-", False)],
)
def test_names_that_spell_no_value(name: str, expected: bool) -> None:
    assert spells_no_value(name) is expected
