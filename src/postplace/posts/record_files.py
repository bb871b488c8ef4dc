"""Files of records as other programs write them: JSON lists, JSON lines and CSV, read one record at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from pathlib import Path
from typing import TextIO

from postplace.posts.dump import LONGEST_RECORD, ImportReport, InvalidRecord, JsonText, not_utf_8
from postplace.posts.json_files import UNPACKING, dump_files, json_values, open_text, sample_files, unpacked_name

HEADER_AGAIN = "header again"
_SAMPLE = 2**18  # characters of a file that are looked at to recognise it
_SAMPLED_RECORDS = 3

Found = Iterator[tuple[str, object]]  # where it stands; a record, or why there is none (InvalidRecord)


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How the tables of a program are known: by columns that all have. keys: what a column is called here, by its name
    in lower case (its own name where it is not listed). appended: newer versions append cells to rows under an old
    header.
    """

    required: Set[str]
    keys: Mapping[str, str] = field(default_factory=dict)
    appended: bool = False

    def header(self, row: list[str]) -> list[str] | None:
        """The keys of the columns, if the row is a header; a later one may have other columns than the first."""
        names = [self.keys.get(name.strip("\ufeff \t").casefold(), name.strip("\ufeff \t")) for name in row]
        return names if self.required <= set(names) else None


def folders_of_files(
    path: Path, tally: ImportReport, *, endings: tuple[str, ...]
) -> Iterator[tuple[Path, list[Path], bool]]:
    """Each folder with its files of records, in order, and whether it is read as a folder; a file stands for itself.

    Raises BadPost for a path that cannot be read and for a file with another ending.
    """
    files = dump_files(path, tally, wanted=lambda file: True, endings=endings)
    for folder, inside in groupby(files, key=lambda file: file.parent):
        yield folder, list(inside), path.is_dir()


def read_records(file: Path, tally: ImportReport, form: CsvForm | None = None) -> Found:
    """The records of a table (of the given form) or of a file of JSON, each with where it stands."""
    if form is not None and unpacked_name(file).endswith(".csv"):
        yield from open_records(file, lambda text: csv_records(text, tally, form))
        return
    empty = True
    for where, record in json_values(file):
        empty = False
        yield f"{file}{where}", record
    if empty:
        tally.left_out["empty file"] += 1


def open_records(file: Path, read: Callable[[TextIO], Found]) -> Found:
    """What `read` finds in a file; one that cannot be read is one record that cannot be."""
    try:
        with open_text(file) as text:
            for where, record in read(text):
                yield f"{file}{where}", record
    except UNPACKING as error:
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        remedy = "check the permissions, or download it again"
        yield str(file), InvalidRecord("file cannot be read", problem, remedy)


def whole_first(
    read: Callable[[ImportReport], Found], is_partial: Callable[[object], bool], tally: ImportReport
) -> Found:
    """The records that are whole, then those of which there is only a part; for these `read` is called once more.

    Of records with one id the first becomes the post: so it is the whole one.
    """
    partial_ones = 0
    for where, record in read(tally):
        if is_partial(record):
            partial_ones += 1
        else:
            yield where, record
    if partial_ones:
        yield from ((where, record) for where, record in read(ImportReport()) if is_partial(record))


# --- CSV


def csv_records(file: TextIO, tally: ImportReport, form: CsvForm) -> Found:
    """The rows below a header, which may come again: crawlers that are started again write it again."""
    rows = csv_rows(file)
    line, first = next(rows, (1, []))
    if isinstance(first, InvalidRecord):
        yield "", first
        return
    keys = form.header(first)
    if keys is None:
        tally.left_out["table that holds no posts" if first else "empty file"] += 1
        return
    empty = True
    for line, row in rows:
        where, empty = f", line {line}", False
        if isinstance(row, InvalidRecord):
            yield where, row
        elif (again := form.header(row)) is not None:
            keys = again
            tally.left_out[HEADER_AGAIN] += 1
        elif len(row) < len(keys) or (len(row) > len(keys) and not form.appended):
            reason = "row is cut short" if len(row) < len(keys) else "row is longer than its header"
            found = f"has {len(row)} fields, the header has {len(keys)}"
            yield where, InvalidRecord(reason, found, "export the file again")
        else:
            yield where, dict(zip(keys, row, strict=False))
    if empty:
        tally.left_out["table without rows"] += 1


def csv_rows(file: TextIO) -> Iterator[tuple[int, list[str] | InvalidRecord]]:
    """The rows that are not blank, or what is wrong with them, each with the line it begins on.

    Cells are parted by what stands most often in the first line: a comma, or what a spreadsheet writes for one.
    """
    first = file.readline(LONGEST_RECORD)
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(chain([first], iter(lambda: file.readline(LONGEST_RECORD), "")), delimiter=delimiter)
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows)
            "".join(row).encode()
        except StopIteration:
            return
        except UnicodeEncodeError:
            yield line, not_utf_8()
        except csv.Error as error:
            yield line, InvalidRecord("damaged row", f"is not a CSV row ({error})", "export the file again")
        else:
            if row:
                yield line, row


# --- what a file looks like, to recognise whose it is


def first_records(path: Path, *, endings: tuple[str, ...]) -> Iterator[Mapping[str, object]]:
    """The first objects or rows of the first files at a path; nothing is raised, whatever lies there.

    Of a file only the first 262,144 characters are looked at; of an object that is longer the lists in it.
    """
    for file in sample_files(path, endings):
        try:
            with open_text(file) as text:
                beginning = text.read(_SAMPLE)
            yield from _sampled_rows(beginning) if unpacked_name(file).endswith(".csv") else _sampled_values(beginning)
        except (*UNPACKING, ValueError, RecursionError, csv.Error, InvalidRecord):
            continue


def _sampled_rows(beginning: str) -> Iterator[Mapping[str, object]]:
    rows = (row for _, row in csv_rows(io.StringIO(beginning, newline="")) if isinstance(row, list))
    header = [name.strip("\ufeff \t") for name in next(rows, [])]
    yield from (dict(zip(header, row, strict=False)) for row in islice(chain(rows, [header]), 1))


def _sampled_values(beginning: str) -> Iterator[Mapping[str, object]]:
    text = JsonText(io.StringIO(beginning))
    items = text.list_items() if text.peek() == "[" else _sampled_objects(text, beginning)
    yield from (item for item in islice(items, _SAMPLED_RECORDS) if isinstance(item, dict))


def _sampled_objects(text: JsonText, beginning: str) -> Iterator[object]:
    try:
        first = text.value()
    except InvalidRecord:  # it is longer than what was read: the records may be in a list in it
        text = JsonText(io.StringIO(beginning))
        for _ in text.object_keys():
            if text.peek() == "[":
                yield from islice(text.list_items(), _SAMPLED_RECORDS)
                return
            text.value()
    else:
        yield first
        lists = [value for value in first.values() if isinstance(value, list)] if isinstance(first, dict) else []
        yield from (item for items in lists for item in items[:_SAMPLED_RECORDS])
