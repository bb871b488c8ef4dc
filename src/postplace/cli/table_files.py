"""Predictions as tables that say the type of each column: Parquet and Excel's xlsx."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from postplace.cli.options import log
from postplace.errors import BadOption, BadPost
from postplace.places.rows import COLUMNS, Row, prediction_rows

if TYPE_CHECKING:
    from postplace.schema import Prediction

ROW_GROUP = 16_384
MOST_ROWS = 1_048_576  # of a sheet: Excel's limit, the header among them
LONGEST = 32_767  # characters of a cell: Excel's limit
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what no cell can hold


def write_parquet(predictions: Iterable[Prediction], file: BinaryIO) -> None:
    """One row a ranked place, as in CSV, with types: int32, double, bool and string."""
    import pyarrow
    from pyarrow import parquet

    types = {"integer": pyarrow.int32(), "number": pyarrow.float64(), "boolean": pyarrow.bool_()}
    schema = pyarrow.schema([(column.name, types.get(column.kind, pyarrow.string())) for column in COLUMNS])
    rows = _rows(predictions)
    with parquet.ParquetWriter(file, schema) as writer:
        while group := list(islice(rows, ROW_GROUP)):
            writer.write_table(pyarrow.Table.from_pylist(group, schema))


def write_xlsx(predictions: Iterable[Prediction], file: BinaryIO) -> None:
    """The same rows as a sheet: ids and names are texts, whatever they look like, so that no digit of them is lost.

    Raises BadOption for more rows than a sheet has, and BadPost for a text that fits no cell.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("predictions")
    sheet.freeze_panes = "A2"
    sheet.append([column.name for column in COLUMNS])
    changed = 0
    for number, row in enumerate(_rows(predictions), start=2):
        if number > MOST_ROWS:
            problem = f"xlsx holds {MOST_ROWS - 1:,} rows, and there are more"
            raise BadOption("--format", problem, "write parquet or csv, or lower --top-k")
        cells: list[Any] = []
        for column in COLUMNS:
            value = row[column.name]
            if isinstance(value, str):
                text = _NO_XML.sub("\ufffd", value)
                changed += text != value
                cells.append(_text_cell(WriteOnlyCell(sheet), text, row))
            else:
                cells.append(value)
        sheet.append(cells)
    book.save(file)
    if changed:
        log(f"{changed} cells hold characters that xlsx cannot: they are \ufffd there")


def check_openpyxl() -> None:
    """Raise BadOption, before any work, where the library is missing."""
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        remedy = 'pip install "postplace[excel]", or write csv'
        raise BadOption("--format", "xlsx needs openpyxl, not installed here", remedy) from None


def _text_cell(cell: Any, text: str, row: Row) -> Any:
    """A cell with a text: one that begins with = would be taken for a formula."""
    if len(text) > LONGEST:
        problem = f"a text of {len(text)} characters, and a cell of xlsx holds {LONGEST}"
        raise BadPost(f"post {str(row['id'])[:60]!r}", problem, "write parquet or csv")
    cell.value = text or None
    if text:
        cell.data_type = "s"
    return cell


def _rows(predictions: Iterable[Prediction]) -> Iterator[Row]:
    for prediction in predictions:
        yield from prediction_rows(prediction)
