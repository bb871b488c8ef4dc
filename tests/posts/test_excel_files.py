"""Records of an Excel workbook: which sheet, which row is its header, what cells hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from postplace.errors import BadPost
from postplace.posts.excel_files import excel_records

openpyxl = pytest.importorskip("openpyxl")


def save(path: Path, **sheets: Sequence[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path / "p.xlsx")
    return path / "p.xlsx"


def test_rows_are_records_with_the_values_of_their_cells(tmp_path: Path) -> None:
    time = datetime(2022, 9, 26, 11, 27, 30)
    header = [" id ", "text", "latitude", "time"]
    path = save(tmp_path, Sheet=[header, [1, "river", 51.5, time], [], [2, None, "51,5", None]])
    assert list(excel_records(path)) == [
        (f"{path}, row 2", {"id": 1, "text": "river", "latitude": 51.5, "time": time}),
        (f"{path}, row 4", {"id": 2, "text": None, "latitude": "51,5", "time": None}),  # a blank row is passed over
    ]


def test_the_first_sheet_with_an_id_below_blank_rows(tmp_path: Path) -> None:
    path = save(tmp_path, Notes=[["read me"]], Posts=[[], [None, "id", "text"], [None, 1, "a"]], More=[["id"], [2]])
    assert list(excel_records(path)) == [(f"{path}, sheet 'Posts', row 3", {"id": 1, "text": "a"})]


def test_a_column_without_a_name_is_kept_where_it_says_something(tmp_path: Path) -> None:
    path = save(tmp_path, Sheet=[["id", None, "text"], [1, None, "a"], [2, "x", "b"]])
    assert [record for _, record in excel_records(path)] == [{"id": 1, "text": "a"}, {"id": 2, "": "x", "text": "b"}]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!"])
def test_a_cell_that_holds_an_error_has_no_value(error: str, tmp_path: Path) -> None:
    path = save(tmp_path, Sheet=[["id", "place", "text"], [1, error, f"what is {error}"]])
    assert [record for _, record in excel_records(path)] == [{"id": 1, "place": None, "text": f"what is {error}"}]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["name", "text"], ["a", "b"]], r"p\.xlsx, sheet 'One': there is no column 'id'"),
        ([["id", "text", "text"]], "the column 'text' is there twice"),
        ([], "there is no column 'id'"),
    ],
)
def test_sheets_that_cannot_be_used_are_refused(rows: list[list[object]], message: str, tmp_path: Path) -> None:
    with pytest.raises(BadPost, match=message):
        list(excel_records(save(tmp_path, One=rows, Two=[])))


def test_what_is_no_workbook_is_named_and_what_is_missing_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "p.xlsx").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(BadPost, match=r"p\.xlsx: is not an Excel workbook \(.*\); save it again as \.xlsx"):
        list(excel_records(tmp_path / "p.xlsx"))
    with pytest.raises(FileNotFoundError):
        list(excel_records(tmp_path / "none.xlsx"))


def test_cells_that_hold_an_error_are_empty_and_counted(tmp_path: Path) -> None:
    path = save(tmp_path, Sheet=[["id", "text", "place"], [1, "a", "#REF!"], [2, "#N/A", "Old Mill"]])
    with pytest.warns(UserWarning, match="2 cells hold an error such as #REF!"):
        records = [record for _, record in excel_records(path)]
    assert records == [{"id": 1, "text": "a", "place": None}, {"id": 2, "text": None, "place": "Old Mill"}]
