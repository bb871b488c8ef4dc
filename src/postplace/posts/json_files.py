"""JSON that other programs wrote, in whatever shape: its records one at a time, and a look at the first of a dump."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, TextIO

from postplace.errors import BadPost
from postplace.posts.dump import (
    LONGEST_RECORD,
    ImportReport,
    InvalidRecord,
    JsonText,
    cannot_be_opened,
    not_utf_8,
    walk,
)
from postplace.system.stray_files import is_stray_file, is_stray_folder

LINE_ENDINGS = (".jsonl", ".ndjson", ".jl")
JSON_ENDINGS = (".json", *LINE_ENDINGS)
_PACKED = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
UNPACKING = (OSError, EOFError, zlib.error, lzma.LZMAError)
_FOREIGN_BYTE = re.compile("[\udc80-\udcff]")  # how `surrogateescape` reads a byte that is not UTF-8
_ASSIGNMENT = re.compile(r"\s*(?:window\.)?[\w.]+\s*=\s*")  # before the data of an archive's .js

_LOOKED_AT = 12  # files of a folder that are looked into to recognise it
_LISTED = 2_000  # entries of a folder that are listed for that
_DEEPEST = 6  # folders below the one that is given
_FIRST = 3  # records of a file that are looked at
_BEGINNING = 256  # characters

Located = tuple[str, object]  # where a record stands in its file; its value, or why it has none (InvalidRecord)


def unpacked_name(path: Path) -> str:
    """The name without the ending of a compressed file, in lower case.

    >>> unpacked_name(Path("Tweets.JSONL.gz"))
    'tweets.jsonl'
    """
    name = path.name.lower()
    return name.rpartition(".")[0] if name.endswith(tuple(_PACKED)) else name


def open_text(path: Path) -> TextIO:
    """A text file in UTF-8, also one compressed as .gz, .bz2 or .xz; bytes that are not UTF-8 are surrogates."""
    packed = _PACKED.get(path.suffix.lower())
    options = {"encoding": "utf-8-sig", "errors": "surrogateescape", "newline": ""}
    file: IO[str] = packed(path, "rt", **options) if packed else path.open("r", **options)  # type: ignore[operator,call-overload]
    return file  # type: ignore[return-value]


def text_lines(file: TextIO) -> Iterator[tuple[int, str | InvalidRecord]]:
    """The lines that are not blank, with their numbers; of one that is too long or not UTF-8, why it is no record."""
    number = 0
    while line := file.readline(LONGEST_RECORD):
        number += 1
        if len(line) >= LONGEST_RECORD and not line.endswith("\n"):
            while (rest := file.readline(LONGEST_RECORD)) and not rest.endswith("\n"):
                pass
            yield number, InvalidRecord("record is too long", "is longer than any post", "leave the line out")
        elif _FOREIGN_BYTE.search(line):
            yield number, not_utf_8()
        elif line.strip():
            yield number, line


def json_values(path: Path) -> Iterator[Located]:
    """The records of a file: the items of a list, an object a line, or objects one after the other; of an archive's
    `.js`, those of the list that it assigns. A line that is damaged costs itself, a list the rest of its file.
    """
    try:
        with open_text(path) as file:
            if unpacked_name(path).endswith(".js"):
                yield from _numbered(_assigned(file))
            elif _is_lines(path):
                for number, line in text_lines(file):
                    value = line if isinstance(line, InvalidRecord) else _parsed(line)
                    yield from ((f", line {number}", item) for item in _items(value))
            else:
                yield from _numbered(_values(JsonText(file)))
    except UNPACKING as error:
        found = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        yield "", InvalidRecord("file cannot be read", found, "check the permissions, or download it again")


def json_records(
    path: Path, tally: ImportReport, *, wanted: Callable[[Path], bool], endings: tuple[str, ...] = JSON_ENDINGS
) -> Iterator[tuple[Path, str, object]]:
    """The records of a file, or of the files of a folder that are `wanted`, each with its file and where it stands.

    Raises BadPost for a path that cannot be read, and for a file with another ending.
    """
    for file in dump_files(path, tally, wanted=wanted, endings=endings):
        empty = True
        for where, value in json_values(file):
            empty = False
            yield file, f"{file}{where}", value
        if empty:
            tally.left_out["empty file"] += 1


def dump_files(
    path: Path, tally: ImportReport, *, wanted: Callable[[Path], bool], endings: tuple[str, ...]
) -> Iterator[Path]:
    """The file itself, or those of a folder with one of the endings (compressed too) that are wanted.

    Raises BadPost for a path that cannot be read, and for a file with another ending.
    """
    endings = (*endings, *(ending + packed for ending in endings for packed in _PACKED))
    try:
        is_file = path.is_file()
    except (OSError, ValueError) as error:
        raise cannot_be_opened(path, error) from error
    if is_file:
        if not path.name.lower().endswith(endings):
            known = ", ".join(ending for ending in endings if ending.count(".") == 1)
            raise BadPost(str(path), f"has the unknown ending {path.suffix!r}", f"give a folder, or a file ({known})")
        yield path
        return
    for folder, names, _ in walk(path, tally, endings=endings):
        yield from (folder / name for name in names if wanted(folder / name))


# --- a look at what a path holds


def sample_files(path: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """The file itself if it has one of the endings, else the first few of a folder, those nearest to it first.

    Never raises: of what cannot be read, nothing is given.
    """
    endings = (*endings, *(ending + packed for ending in endings for packed in _PACKED))
    yield from islice((file for file in _nearest_files(path) if file.name.lower().endswith(endings)), _LOOKED_AT)


def first_objects(path: Path, endings: tuple[str, ...] = JSON_ENDINGS) -> Iterator[Mapping[str, object]]:
    """The first records of the first files that are JSON objects; never raises."""
    for file in sample_files(path, endings):
        with suppress(OSError, ValueError, InvalidRecord, RecursionError):
            for _, value in islice(json_values(file), _FIRST):
                if isinstance(value, dict):
                    yield value


def _nearest_files(path: Path) -> Iterator[Path]:
    """The files of a folder, level by level and in order of their names."""
    try:
        if path.is_file():
            yield path
            return
    except (OSError, ValueError):
        return
    level, listed = [path], 0
    for _ in range(_DEEPEST + 1):
        below: list[Path] = []
        for folder in level:
            try:
                with os.scandir(folder) as entries:
                    inside = sorted(islice(entries, _LISTED), key=lambda entry: entry.name)
            except (OSError, ValueError):
                continue
            listed += len(inside)
            shown = [entry for entry in inside if not entry.name.startswith(".") and not is_stray_file(entry.name)]
            below += [
                folder / entry.name
                for entry in shown
                if entry.is_dir(follow_symlinks=False) and not is_stray_folder(entry.name)
            ]
            yield from (folder / entry.name for entry in shown if not entry.is_dir())
            if listed > _LISTED:
                return
        level = below


# --- shapes


def _is_lines(path: Path) -> bool:
    """Whether a file holds an object a line: its first line is one, or its ending says so."""
    with open_text(path) as file:
        if not unpacked_name(path).endswith(LINE_ENDINGS) and not file.read(_BEGINNING).lstrip().startswith("{"):
            return False  # a list, whose first line may be the whole file
        file.seek(0)
        line = next((line for _, line in text_lines(file)), "")
    if isinstance(line, InvalidRecord):
        return unpacked_name(path).endswith(LINE_ENDINGS)
    text = line.strip()
    if text.startswith("{") and not isinstance(_parsed(text), InvalidRecord):
        return True
    if not unpacked_name(path).endswith(LINE_ENDINGS) or text in ("{", "["):
        return False
    return not text.startswith("[") or not isinstance(_parsed(text), InvalidRecord)  # else a list over several lines


def _items(value: object) -> list[object]:
    """The objects of a line that is a list of objects; else the line's value."""
    listed = isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
    return value if listed else [value]  # type: ignore[return-value]  # it is a list


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return InvalidRecord("damaged JSON", f"is not complete JSON ({type(error).__name__})", "export the file again")


def _values(text: JsonText) -> Iterator[object]:
    while opening := text.peek():
        if opening == "[":
            yield from text.list_items()
        else:
            yield text.value()


def _numbered(values: Iterator[object]) -> Iterator[Located]:
    number = 0
    try:
        for value in values:
            number += 1
            yield f", record {number}", value
    except InvalidRecord as damage:
        yield f", after record {number}", damage


class _After:
    """A file from after what stands before its data: `first`, then the rest."""

    def __init__(self, first: str, file: TextIO) -> None:
        self._first, self._file = first, file

    def read(self, size: int) -> str:
        first, self._first = self._first, ""
        return first or self._file.read(size)


def _assigned(file: TextIO) -> Iterator[object]:
    """What `window.YTD.tweets.part0 = [...]` assigns."""
    start = file.read(2**16)
    if match := _ASSIGNMENT.match(start):
        start = start[match.end() :]
    text = JsonText(_After(start, file))  # type: ignore[arg-type]  # it is read from, nothing else
    if text.peek() == "[":
        yield from text.list_items()
    elif text.peek():
        yield text.value()
