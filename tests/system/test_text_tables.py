"""What parts the cells of a table, and which encoding its bytes look like."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.system.text_tables import (
    find_separator,
    is_rounded,
    likely_encoding,
    not_utf_8,
    plain_number,
    wide_encoding,
)

TEXTS = {
    "gb18030": ("傍晚在江边散步，外滩和豫园", "今天的天气很好"),
    "big5": ("臺北一零一的夜景，西門町", "今天的天氣很好，去淡水看夕陽"),
    "cp932": ("東京タワーの夜景です", "渋谷のラーメン"),
    "cp949": ("서울 남산 타워", "오늘 날씨가 좋아요"),
    "cp1252": ("Café am Brückenkopf", "Un après-midi à l'été indien, où ça?", "Zürich, Genève"),
}


@pytest.mark.parametrize(("encoding", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts])
def test_the_encodings_that_systems_write(encoding: str, text: str) -> None:
    sample = f"id,text\r\n1,{text}\r\n".encode(encoding)
    assert likely_encoding(sample) == encoding
    assert not_utf_8(sample)[1].startswith("save the file as UTF-8: 'CSV UTF-8' in Excel, `iconv -f ")


@pytest.mark.parametrize(
    "sample", [b"", b"id,text", b"1,\xff", "夜景 🌉".encode(), "Zürich".encode() * 9 + b"\xff\xfe"]
)
def test_what_shows_none_is_not_guessed(sample: bytes) -> None:
    assert likely_encoding(sample) is None
    assert not_utf_8(sample) == ("", "save the file as UTF-8")


@pytest.mark.parametrize("text", ["id,text\r\n1,a", "[\n  {"])
@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-16", b"", "UTF-16"),
        ("utf-16-le", b"", "UTF-16"),
        ("utf-16-be", b"", "UTF-16"),
        ("utf-32", b"", "UTF-32"),
        ("utf-8", codecs.BOM_UTF8, None),
        ("utf-8", b"", None),
    ],
)
def test_wide_encodings_by_their_mark_or_their_zeros(text: str, encoding: str, mark: bytes, name: str | None) -> None:
    assert wide_encoding(mark + text.encode(encoding)) == name


@given(st.binary(max_size=60))
def test_whatever_the_bytes_nothing_is_raised(sample: bytes) -> None:
    likely_encoding(sample)
    wide_encoding(sample)


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        ("id,text", ","),
        ('"text";"id"', ";"),
        ("text\tid\n", "\t"),
        ("\ufeffid|text", "|"),
        ("id", ","),
        ("id,a;b;c", ","),
        ("name;text;x,y", ";"),
    ],
)
def test_the_separator_is_the_one_that_gives_the_column(header: str, separator: str) -> None:
    assert find_separator(header, "id") == separator


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("123.0", "123"),
        ("-7.0", "-7"),
        (" 7.0", " 7.0"),
        ("1.000", "1.000"),
        ("5,0", "5,0"),
        ("v1.0", "v1.0"),
        ("1.0.0", "1.0.0"),
        ("", ""),
    ],
)
def test_whole_numbers_lose_their_point(text: str, plain: str) -> None:
    assert plain_number(text) == plain


@pytest.mark.parametrize(
    ("text", "rounded"),
    [
        ("1.23E+18", True),
        ("1,23E+18", True),
        (" 5e+12 ", True),
        ("9007199254740992.0", True),
        ("9007199254740991.0", False),
        ("9007199254740993", False),
        ("1E5", False),
        ("12.3E+10", False),
        ("9" * 300 + ".0", True),
    ],
)
def test_numbers_that_lost_digits(text: str, rounded: bool) -> None:
    assert is_rounded(text) is rounded


@pytest.mark.parametrize("text", ["4.45457E+15", "5.12346E9", "4.76e15", "5E+09", "4.5E+3", "1E+05"])
def test_what_a_spreadsheet_rounded(text: str) -> None:
    assert is_rounded(text)


@pytest.mark.parametrize("text", ["1e5", "7E9", "1.66419165E8", "a1e5", "1.5", "4454572602912349"])
def test_what_may_be_a_name(text: str) -> None:
    assert not is_rounded(text)
