"""A CSV file of posts -> its records, whatever separates its cells; one in another encoding than UTF-8 is named."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from postplace.errors import BadPost
from postplace.posts.columns import Record, check_columns
from postplace.posts.record import NAME_KEYS
from postplace.system.text_tables import SEPARATORS, find_separator, not_utf_8, plain_number
from postplace.text.names import spells_no_value

LONGEST_LINE = 16 * 2**20  # bytes or characters; a longer one is no post, and must not fill the memory
SAMPLE = 2**16  # bytes that are looked at for the encoding

_DIRECTIVE = re.compile(r'"?sep=([^\w"])"?\s*')  # a first line that Excel reads and writes
_SPELLED_OUT = frozenset({"null", "NULL", "nan", "NaN", "None", "NA", "<NA>", r"\N", "[null]"})  # no value
_NEVER_WORDS = ("latitude", "longitude", "time")  # what spells out that there is no value can be nothing else there


def csv_records(path: Path, opened: Callable[[], BinaryIO]) -> Iterator[Record]:
    """The rows below the header. `opened` gives the file anew.

    Cells are parted by commas, semicolons, tabs or vertical bars: by that under which the header has an `id`.
    A number that a spreadsheet or pandas wrote as `123.0` is 123 in columns of ids and names.
    Raises BadPost for a header without `id`.
    """
    with opened() as binary:
        file = io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline="")
        first = file.readline(LONGEST_LINE)
        directive = _DIRECTIVE.fullmatch(first)
        before = 1 if directive else 0
        if directive:
            first = file.readline(LONGEST_LINE)
        separator = directive[1] if directive else find_separator(first, "id")
        lines = chain([first], iter(lambda: file.readline(LONGEST_LINE), ""))
        rows = _rows(csv.reader(lines, delimiter=separator, strict=True), path, before, opened)
        where, header = next(rows, (str(path), []))
        if isinstance(header, BadPost):
            raise header
        names = [name.strip() for name in header]
        check_columns(names, where)
        for where, row in rows:
            if isinstance(row, BadPost):
                yield where, row
            elif len(row) != len(names):
                found = f"has {len(row)} fields, the header has {len(names)}"
                remedy = (
                    f"put texts with {SEPARATORS.get(separator, separator)} in double quotes, and close every quote"
                )
                yield where, BadPost(where, found, remedy)
            else:
                yield where, {n: _cell(n, value) for n, value in zip(names, row, strict=True) if n or value.strip()}


def _cell(name: str, value: str) -> str:
    """A cell of a row, empty where it spells out that there is no value, as pandas, R and SQL do."""
    if value == r"\N" and name not in ("text", "image_text"):  # MySQL's and PostgreSQL's; texts are read as written
        return ""
    if name in ("hashtags", "images"):
        return "" if value.strip() in _SPELLED_OUT else value
    if name in _NEVER_WORDS:
        return "" if spells_no_value(value) else value
    return plain_number(value) if name in NAME_KEYS else value


def _rows(
    rows: Any, path: Path, before: int, opened: Callable[[], BinaryIO]
) -> Iterator[tuple[str, list[str] | BadPost]]:
    """The rows that are not blank, or what is wrong with them, each with the line it begins on."""
    encoding: tuple[str, str] | None = None
    while True:
        where = f"{path}, line {rows.line_num + before + 1}"
        try:
            row: list[str] = next(rows)
            "".join(row).encode()
        except StopIteration:
            return
        except UnicodeEncodeError:
            encoding = encoding or _encoding(opened)
            yield where, BadPost(where, f"is not UTF-8{encoding[0]}", encoding[1])
        except csv.Error as error:
            yield where, BadPost(where, f"is not a CSV row ({error})", _remedy(str(error)))
        else:
            if row:
                yield where, row


def _encoding(opened: Callable[[], BinaryIO]) -> tuple[str, str]:
    with opened() as file:
        return not_utf_8(file.read(SAMPLE))


def _remedy(error: str) -> str:
    if "field larger" in error:
        return "close every quote; if the cell is meant to be so long, write .jsonl or .parquet"
    return "put texts with commas, quotes or line breaks in double quotes, and close every quote"
