"""An Excel workbook (.xlsx) of posts -> its records, through openpyxl (extra `excel`)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from postplace.errors import BadPost, one_line
from postplace.posts.columns import Record, check_columns

_ERRORS = ("#N/A", "#NULL!", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!")  # what a cell holds in place of a value


def excel_records(path: Path) -> Iterator[Record]:
    """The rows below the header of the first sheet that has a column `id`; formulas give the values last computed.

    Raises BadPost where no sheet has one, for a file that is no workbook, and without openpyxl.
    """
    try:
        from openpyxl import load_workbook
    except ImportError:
        remedy = "pip install 'postplace[excel]', or save the sheet as 'CSV UTF-8'"
        raise BadPost(str(path), "is read with openpyxl, which is not installed", remedy) from None
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except OSError:
        raise
    except Exception as error:  # zipfile, the XML parser and openpyxl have errors of their own
        remedy = "save it again as .xlsx, or as 'CSV UTF-8'"
        raise BadPost(str(path), f"is not an Excel workbook ({one_line(error, most=80)})", remedy) from error
    try:
        yield from _sheet_records(path, book)
    finally:
        book.close()


def _sheet_records(path: Path, book: Any) -> Iterator[Record]:
    sheets = book.worksheets
    headers = [_header(sheet) for sheet in sheets]
    chosen = next((number for number, (_, names) in enumerate(headers) if "id" in names), 0)
    first, names = headers[chosen]
    name = f", sheet {sheets[chosen].title!r}" if len(sheets) > 1 else ""
    check_columns(names, f"{path}{name}")
    errors = 0
    for number, cells in enumerate(sheets[chosen].iter_rows(min_row=first + 1, values_only=True), start=first + 1):
        if any(cell is not None for cell in cells):
            errors += sum(cell in _ERRORS for cell in cells if isinstance(cell, str))
            record = {key: _cell(cell) for key, cell in zip(names, cells, strict=False) if key or cell is not None}
            yield f"{path}{name}, row {number}", record
    if errors:
        said = "hold an error such as #REF! in place of a value, and were read as empty; mend them in the workbook"
        warnings.warn(f"{path}{name}: {errors} cells {said}", stacklevel=2)


def _header(sheet: Any) -> tuple[int, Sequence[str]]:
    """The number of the first row with something in it, and its cells."""
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if any(cell is not None for cell in cells):
            return number, ["" if cell is None else str(cell).strip() for cell in cells]
    return 1, []


def _cell(value: object) -> object:
    return None if value in _ERRORS else value
