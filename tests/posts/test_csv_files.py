"""Records of a CSV file: what parts the cells, where each row begins, which cells say that there is no value."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from postplace.errors import BadPost
from postplace.posts import csv_files
from postplace.posts.csv_files import csv_records

PATH = Path("posts.csv")


def read(content: str | bytes) -> list[tuple[str, object]]:
    data = content.encode() if isinstance(content, str) else content
    return list(csv_records(PATH, lambda: io.BytesIO(data)))


def test_a_row_is_named_by_the_line_it_begins_on() -> None:
    first, second = read('\ufeffid, text \r\n1,"two\r\nlines"\r\n\r\n2,"say ""x"""\r\n')
    assert first == ("posts.csv, line 2", {"id": "1", "text": "two\r\nlines"})
    assert second == ("posts.csv, line 5", {"id": "2", "text": 'say "x"'})


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_cells_are_parted_by_what_parts_the_id_from_the_rest(separator: str) -> None:
    ((_, record),) = read(f"text{separator}id\na{separator}1\n")
    assert record == {"text": "a", "id": "1"}


@pytest.mark.parametrize("directive", ["sep=^\n", '"sep=^"\r\n'])
def test_the_first_line_may_name_the_separator(directive: str) -> None:
    assert read(f"{directive}id^text\n1^a,b;c\n") == [("posts.csv, line 3", {"id": "1", "text": "a,b;c"})]


def test_a_cell_without_a_column_name_is_kept_where_it_says_something() -> None:
    assert [record for _, record in read("id,,text\n1, ,a\n2,x,b\n")] == [
        {"id": "1", "text": "a"},
        {"id": "2", "": "x", "text": "b"},
    ]


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("text", r"\N", r"\N"),  # texts are read as written
        ("text", "NULL", "NULL"),
        ("image_text", r"\N", r"\N"),
        ("place", r"\N", ""),  # of MySQL and PostgreSQL
        ("place", "NA", "NA"),  # a place may be called so
        ("hashtags", " nan ", ""),
        ("images", "null", ""),
        ("hashtags", "nan pizza", "nan pizza"),
        ("latitude", "N/A", ""),
        ("latitude", "51.0", "51.0"),
        ("user", "123.0", "123"),
        ("user", "123.5", "123.5"),
        ("text", "123.0", "123.0"),
    ],
)
def test_what_becomes_of_a_cell(column: str, cell: str, expected: str) -> None:
    assert read(f"id,{column}\n1,{cell}\n") == [("posts.csv, line 2", {"id": "1", column: expected})]


def problem(content: str | bytes, number: int = 0) -> str:
    (_, error) = read(content)[number]
    assert isinstance(error, BadPost)
    return str(error)


def test_a_damaged_row_is_named_and_the_next_is_read() -> None:
    content = b"id;text\n1;a;b\n2;b\n3;\xff\n4;d\n"
    assert problem(content).startswith("posts.csv, line 2: has 3 fields, the header has 2; put texts with semicolons")
    assert problem(content, 2).startswith("posts.csv, line 4: is not UTF-8")
    assert [number for number, (_, record) in enumerate(read(content)) if isinstance(record, dict)] == [1, 3]
    assert problem("id,text\n1,abc,\n").startswith("posts.csv, line 2: has 3 fields")
    assert problem('id,text\n1,"a"b\n').endswith("and close every quote")
    assert "close every quote; if the cell is meant to be so long" in problem(f"id,text\n1,{'x' * 200_000}\n")


def test_the_encoding_is_guessed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    guessed: list[bytes] = []

    def guess(sample: bytes) -> tuple[str, str]:
        guessed.append(sample)
        return " (a guess)", "a remedy"

    monkeypatch.setattr(csv_files, "not_utf_8", guess)
    content = b"id,text\n1,\xff\n2,\xfe\n"
    assert problem(content, 1) == "posts.csv, line 3: is not UTF-8 (a guess); a remedy"
    guessed.clear()
    read(content)
    assert guessed == [content]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "posts.csv: there is no column 'id'"),
        (b"name,text\n", "posts.csv, line 1: there is no column 'id'"),
        (b"id,text,text\n", "the column 'text' is there twice"),
        ("id,名\n".encode("gb18030"), "posts.csv, line 1: is not UTF-8"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(BadPost, match=message):
        read(content)
