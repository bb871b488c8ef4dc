"""A file of posts in our own format, by its ending -> its records, one at a time, however large it is."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import json
import lzma
import re
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from postplace.errors import BadPost
from postplace.posts.columns import Record, arrow_records, check_columns, known_and_other
from postplace.posts.csv_files import SAMPLE, csv_records
from postplace.posts.dump import AUTO, InvalidRecord, JsonText
from postplace.posts.excel_files import excel_records
from postplace.posts.pipes import PipeContent, is_pipe
from postplace.posts.record import shown
from postplace.system.stray_files import is_stray_file
from postplace.system.text_tables import SAVE_AS_UTF_8, not_utf_8, wide_encoding

READ_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".xlsx")

LONGEST_LINE = 16 * 2**20  # bytes; a longer one is no post, and must not fill the memory
_OF_BYTES = (".parquet", ".xlsx")
_MARKS = {  # what text files are by mistake, by their first bytes
    b"PK\x03\x04": ("an Excel workbook or an archive", "name a workbook with the ending .xlsx, and unpack an archive"),
    b"\xd0\xcf\x11\xe0": ("a workbook of Excel before 2007", "save it as .xlsx, or as 'CSV UTF-8'"),
    b"\x1f\x8b": ("compressed with gzip", "name it {name}.gz"),
    b"BZh": ("compressed with bzip2", "name it {name}.bz2"),
    b"\xfd7zXZ\0": ("compressed with xz", "name it {name}.xz"),
    b"\x28\xb5\x2f\xfd": ("compressed with Zstandard", "name it {name}.zst"),
    b"PAR1": ("Parquet", "name it with the ending .parquet"),
    b"SQLite format 3\0": ("a database of SQLite", "export its table of posts as CSV"),
}
_BESIDE_RECIPE = ("posts.parquet", "split.json", "report.json")  # see preparation/prepared_folder.py
_ENDINGS = f"give a file with one of the endings {', '.join(READ_ENDINGS)}; text files may be compressed as .gz"
_OF_A_FOLDER = f"{_ENDINGS}; of what another program downloaded, {AUTO}"
_OTHER_ENDINGS = {
    ".txt": "name it for what is in it, as posts.csv, posts.tsv or posts.jsonl",
    ".xls": "save it as .xlsx, or as 'CSV UTF-8'",
    ".ods": "save it as .xlsx, or as CSV in UTF-8",
    ".numbers": "export it as CSV in UTF-8",
    ".zip": "unpack it, and give the file of posts in it",
    ".7z": "unpack it, and give the file of posts in it",
    ".rar": "unpack it, and give the file of posts in it",
    ".tar": "unpack it, and give the file of posts in it",
    ".tgz": "unpack it, and give the file of posts in it",
    ".feather": "write the table as .parquet",
    ".arrow": "write the table as .parquet",
    ".orc": "write the table as .parquet",
    ".avro": "write the table as .parquet",
    ".pkl": "write the table as .parquet",
    ".pickle": "write the table as .parquet",
    ".db": "export its table of posts as CSV",
    ".sqlite": "export its table of posts as CSV",
    ".duckdb": "export its table of posts: COPY posts TO 'posts.parquet'",
}
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # of `https://` a path keeps one slash; `C:` is a drive
_DAMAGED = (EOFError, zlib.error, lzma.LZMAError)


def file_records(path: Path, pipe: PipeContent | None = None) -> Iterator[Record]:
    """The records of a file, each with where it stands; or in its place why there is none (a BadPost).

    Read: JSON lines (`.jsonl`, `.ndjson`, `.json`), one JSON list of objects (`.json`), `.csv` and `.tsv`, `.parquet`
    (also a folder of its parts, as Spark writes it), `.xlsx`. Text may be compressed: `.gz`, `.bz2`, `.xz`, `.zst`.
    A pipe whose name has an ending is read once, into `pipe`, which lasts for later readings; not Parquet and .xlsx.
    Raises BadPost for a path that is none of these, with what it is instead where that is known.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            yield from _folder_records(path)
            return
        if is_stray_file(path.name):
            raise BadPost(str(path), "is a file that a Mac or Windows left beside another one", "give the other one")
        ending, packing = _ending(path)
        passes = is_pipe(status.st_mode)
        if ending not in READ_ENDINGS or (passes and ending in _OF_BYTES):
            raise _pipe_of_unknown(path) if passes else _no_such_ending(path, ending, packing)
        pipe = pipe or PipeContent()  # kept until the last record is read
        content = pipe.of(path) if passes else path
        if not content.stat().st_size:
            raise BadPost(str(path), "is empty", "give a file with at least one post")
        if ending in _OF_BYTES:
            if packing:
                raise BadPost(str(path), f"is compressed as {packing}", "unpack it: its format compresses by itself")
            yield from parquet_records(path) if ending == ".parquet" else excel_records(path)
            return
        opened = partial(_opened, content, packing)
        _check_kind(path, opened)
        yield from csv_records(path, opened) if ending in (".csv", ".tsv") else _json_records(path, ending, opened)
    except FileNotFoundError:
        if _ADDRESS.match(str(path)):
            raise BadPost(str(path), "is an address", "give the path of a file, downloaded if need be") from None
        raise BadPost(str(path), "does not exist", "check the path") from None
    except _DAMAGED as error:
        raise BadPost(str(path), f"is cut short or damaged ({error})", "compress or download it again") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        if isinstance(error, gzip.BadGzipFile) or "Invalid data stream" in str(error):
            remedy = "name it without the ending of a compressed file, or compress it again"
            raise BadPost(str(path), f"is not compressed as its ending says ({error})", remedy) from error
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise BadPost(str(path), problem, "check the path and the permissions") from error


# --- paths


def _ending(path: Path) -> tuple[str, str]:
    """The ending that says the format, and that of the compression ("" for none), in lower case."""
    suffix = path.suffix.lower()
    return (Path(path.stem).suffix.lower(), suffix) if suffix in _PACKED else (suffix, "")


def _no_such_ending(path: Path, ending: str, packing: str) -> BadPost:
    if ending == ".tar" or (not ending and packing):
        remedy = "unpack it, and give the file of posts in it"
        found = "is an archive" if ending else f"says by {packing} that it is compressed, not what is in it"
        return BadPost(str(path), found, remedy if ending else f"name it as posts.jsonl{packing}")
    problem = f"has the unknown ending {path.suffix!r}" if path.suffix else "has no ending"
    return BadPost(str(path), problem, _OTHER_ENDINGS.get(ending, _ENDINGS))


def _pipe_of_unknown(path: Path) -> BadPost:
    """The error for a pipe whose name does not say how it is read, or whose format is not read from its beginning."""
    if path.suffix:
        remedy = "write it to a file first, and give that, or pass JSON lines through a pipe named posts.jsonl"
        return BadPost(str(path), f"is a pipe, and {path.suffix} cannot be read from one", remedy)
    remedy = "write it to a file first, as `... > posts.jsonl`, and give that, or use a pipe so named (`mkfifo`)"
    return BadPost(str(path), "is a pipe whose name does not say what comes out of it", remedy)


def _folder_records(folder: Path) -> Iterator[Record]:
    if all((folder / name).is_file() for name in _BESIDE_RECIPE):
        remedy = "this was a folder of prepared posts: copy it again or prepare the posts again"
        raise BadPost(str(folder / "recipe.json"), "is missing", remedy)
    files = sorted(file for file in folder.iterdir() if not is_stray_file(file.name))
    parts = [file for file in files if file.suffix.lower() == ".parquet" and file.is_file()]
    others = [file for file in files if file not in parts and not file.name.startswith(("_", "."))]
    if parts and not others:  # as Spark, Dask and Hugging Face write one table
        for part in parts:
            yield from parquet_records(part)
        return
    tables = [file.name for file in files if _ending(file)[0] in READ_ENDINGS and file.is_file()]
    names = ", ".join(tables[:3]) + (", ..." if len(tables) > 3 else "")
    raise BadPost(str(folder), "is a folder", f"give a file in it: {names}" if tables else _OF_A_FOLDER)


def _opened(path: Path, packing: str) -> BinaryIO:
    return _PACKED[packing](path) if packing else path.open("rb")


def _zstandard(path: Path) -> BinaryIO:
    import pyarrow

    return io.BufferedReader(pyarrow.input_stream(str(path), compression="zstd"))


_PACKED: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _zstandard,
}


def _check_kind(path: Path, opened: Callable[[], BinaryIO]) -> None:
    """Refuse by name what is no text in UTF-8, as its first bytes show."""
    with opened() as file:
        start = file.read(256)
    for mark, (kind, remedy) in _MARKS.items():
        if start.startswith(mark):
            raise BadPost(str(path), f"is {kind}, as its first bytes show, not text", remedy.format(name=path.name))
    if (name := wide_encoding(start)) is not None:
        found = (
            f"byte 1 is not UTF-8 but {name}"
            if _ending(path)[0] not in (".csv", ".tsv")
            else f"is not UTF-8 but {name}"
        )
        remedy = f"{SAVE_AS_UTF_8}: 'CSV UTF-8' in Excel, `iconv -f {name} -t UTF-8` in a shell"
        raise BadPost(f"{path}, line 1", found, remedy)


# --- JSON


def _json_records(path: Path, ending: str, opened: Callable[[], BinaryIO]) -> Iterator[Record]:
    if ending == ".json" and not _holds_lines(opened):
        yield from _json_values(path, opened)
        return
    with opened() as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
            where = f"{path}, line {number}"
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                yield where, BadPost(where, f"is longer than {LONGEST_LINE} bytes", "write one JSON object a line")
            elif content := (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).strip():
                yield where, _json_record(content, where, opened)


def _json_record(line: bytes, where: str, opened: Callable[[], BinaryIO]) -> object:
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError as error:
        with opened() as file:
            name, remedy = not_utf_8(file.read(SAMPLE))
        return BadPost(where, f"byte {error.start + 1} is not UTF-8{name}", remedy)
    except json.JSONDecodeError as error:
        found = f"is not a complete JSON object ({error.msg.removesuffix(' at')} at column {error.colno})"
        remedy = "write one JSON object a line, without a list around them"
        return BadPost(where, found, f"{remedy}, or name it .json" if line.startswith(b"[") or line == b"{" else remedy)
    except (ValueError, RecursionError):
        return BadPost(where, "holds a number too long or lists too deep", "write plain values")
    if not isinstance(record, dict):
        remedy = "write one JSON object a line" + (", or name it .json" if isinstance(record, list) else "")
        return BadPost(where, f"{shown(record)} is not a JSON object", remedy)
    return _checked_shape(record, where)


def _holds_lines(opened: Callable[[], BinaryIO]) -> bool:
    """Whether a file holds an object a line: its first line is one, or a damaged one that is followed by others."""
    with opened() as file:
        lines = (line for line in iter(lambda: file.readline(LONGEST_LINE), b"") if line.strip())
        first, second = (next(lines, b"").removeprefix(codecs.BOM_UTF8).strip() for _ in range(2))
    if first.startswith(b"["):
        return False
    with suppress(ValueError, RecursionError):
        json.loads(first)
        return True
    return second.startswith(b"{") or not second


def _json_values(path: Path, opened: Callable[[], BinaryIO]) -> Iterator[Record]:
    """The items of one list, or objects one after the other, over as many lines as they take."""
    number = 0
    with opened() as binary:
        text = JsonText(io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline=""))
        try:
            while opening := text.peek():
                for value in text.list_items() if opening == "[" else iter((text.value(),)):
                    number += 1
                    where = f"{path}, record {number}"
                    yield where, _listed(value, where, opened)
        except InvalidRecord as damage:
            _, found, _ = damage.args
            where = f"{path}, after record {number}"
            remedy = "it is damaged or cut short there: write or download the file again"
            yield where, BadPost(where, found, remedy)


def _listed(value: object, where: str, opened: Callable[[], BinaryIO]) -> object:
    if isinstance(value, InvalidRecord):  # it is not UTF-8
        with opened() as file:
            name, remedy = not_utf_8(file.read(SAMPLE))
        return BadPost(where, f"is not UTF-8{name}", remedy)
    if not isinstance(value, dict):
        return BadPost(where, f"{shown(value)} is not a JSON object", "write a list of objects, one for each post")
    return _checked_shape(value, where)


def _checked_shape(record: dict[str, object], where: str) -> object:
    """The record; or why it is none: a whole table, or an object around the list of posts."""
    remedy = "write a record for each post: in pandas `to_json(path, orient='records')`"
    ids = record.get("id")
    if isinstance(ids, list) or (isinstance(ids, dict) and not any(str(key).startswith("$") for key in ids)):
        return BadPost(where, "is a whole table, column by column", remedy)
    if {"columns", "data"} <= set(record) or (record and all(isinstance(value, dict) for value in record.values())):
        return BadPost(where, "is a whole table, not one record", remedy)
    lists = [key for key, value in record.items() if isinstance(value, list) and value and isinstance(value[0], dict)]
    if "id" not in record and len(lists) == 1:
        return BadPost(where, f"has its records in a list, under {shown(lists[0])}", "give that list alone")
    return record


# --- Parquet


def parquet_records(path: Path) -> Iterator[Record]:
    """The rows of a Parquet file. Raises BadPost for one without `id`, and for what is no Parquet file."""
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:  # with the buffer nearly the whole file is held
            names = file.schema_arrow.names
            check_columns(names, str(path))
            known, other = known_and_other(names)
            yield from arrow_records(file.iter_batches(batch_size=1024, columns=known), other, _rows_of(path))
    except pyarrow.ArrowNotImplementedError as error:
        problem = f"has a type or a compression that is not read here ({_first_line(error)})"
        remedy = "write numbers of more than 64 bits as texts (in Polars `cast(pl.String)`), and compress with zstd"
        raise BadPost(str(path), problem, remedy) from error
    except pyarrow.ArrowException as error:
        problem = f"is not a Parquet file, or is damaged ({_first_line(error)})"
        raise BadPost(str(path), problem, "write the file again") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:80]


def _rows_of(path: Path) -> str:
    return f"{path}, row ".replace("{", "{{").replace("}", "}}") + "{}"
