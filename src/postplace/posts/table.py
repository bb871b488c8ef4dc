"""Posts in our own format: JSON lines, CSV, Parquet, a DataFrame or dicts, through one `parse`."""

from __future__ import annotations

import codecs
import csv
import json
import re
import stat
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from postplace.errors import BadPost, unknown_name
from postplace.geo.crs import check_crs, located_in_wgs84
from postplace.posts.checks import REPAIRED, PostChecks, repair_post
from postplace.posts.dump import AUTO
from postplace.posts.keys import KNOWN, SAYS, is_header, on_unused, require_known, suggestions
from postplace.posts.record import NO_POSITION, RECORD_KEYS, id_remedy, parse, says_nothing, shown
from postplace.posts.writing import ENDINGS, JSON_ENDINGS, id_digest, write_posts
from postplace.schema import Post
from postplace.system.stray_files import is_stray_file

__all__ = ["ENDINGS", "PostStream", "parse", "read_posts", "write_posts"]

_POSTS = "posts"  # the name of a source that is dicts or posts
_KEPT_REASONS = 1_000
_LONGEST_LINE = 16 * 2**20  # bytes; a longer one is no post, and must not fill the memory
_BESIDE_RECIPE = ("posts.parquet", "split.json", "report.json")  # see preparation/prepared_folder.py
_SPELLED_OUT = frozenset({"null", "NULL", "nan", "NaN", "None", "NA", "<NA>", r"\N", "[null]"})  # in CSV: no value
_Record = tuple[str, object]  # where it stands, and the record, or why there is none (a BadPost)


class PostStream:
    """The posts of `source`, one at a time: a file larger than memory can be read.

    `source`: a path (.jsonl, .ndjson, .json with one object a line, .csv, .parquet; UTF-8), a DataFrame, dicts, posts.
    A record that is not a post, or has the id of an earlier one, raises `BadPost`; with `on_bad_post="skip"` it is
    counted. A record of which nothing but the id is known is no post. A source without a single post always raises it,
    and so does one in which no post has text, hashtags or images, unless `on_empty="keep"`: of what is given as dicts
    or posts, only where no record has a key for them. A row that is the header again is passed over.

    `repair_text`: undo UTF-8 that was read as Latin-1 or Windows-1252 (`text/misread.py`), counted in `remarks`.
    `crs`: the reference system of the coordinates, `wgs84`, `gcj02` or `bd09`; they become WGS84 (`geo/crs.py`).

    Filled while iterating: `read`, the number of posts given out; `empty`, how many records gave a post without text,
    hashtags and images; `header_again`; `skipped_count`, and `skipped`, the reasons of the first 1,000; `ignored_keys`,
    how often each unknown key occurred; `remarks`, of how many posts something is true that should be known, in words.
    `notes` says all of them.
    """

    def __init__(
        self,
        source: object,
        *,
        on_bad_post: str = "error",
        on_empty: str = "error",
        crs: str = "wgs84",
        repair_text: bool = False,
    ) -> None:
        if on_bad_post not in ("error", "skip"):
            raise unknown_name("on_bad_post", str(on_bad_post), ("error", "skip"))
        if on_empty not in ("error", "keep"):
            raise unknown_name("on_empty", str(on_empty), ("error", "keep"))
        check_crs(crs)
        self._crs, self._repairs = crs, repair_text
        self._source = Path(source) if isinstance(source, str) else source
        self._skips, self._keeps_empty = on_bad_post == "skip", on_empty == "keep"
        self._reset()

    def _reset(self) -> None:
        self.read = self.empty = self.header_again = 0
        self.skipped: list[BadPost] = []
        self.skipped_count = 0
        self.ignored_keys: Counter[str] = Counter()
        self.remarks: Counter[str] = Counter()
        self._checks = PostChecks()
        self._used: set[str] = set()

    def __iter__(self) -> Iterator[Post]:
        self._reset()
        seen: set[int] = set()  # 8 bytes of a digest for each id: ids may be long
        name, folder, records = _open(self._source)
        for where, record in records:
            try:
                post = self._checked(where, record, folder, seen)
            except BadPost as reason:
                if not self._skips:
                    raise
                self.skipped_count += 1
                self.skipped += [reason] if len(self.skipped) < _KEPT_REASONS else []
                continue
            if post is not None:
                self.read += 1
                self._checks.add(post)
                yield post
        self.remarks.update(self._checks.remarks())
        if not self.read:
            raise self._nothing(name)
        if self.empty == self.read and not self._keeps_empty and not (name == _POSTS and self._used & {*SAYS}):
            raise self._all_empty(name)

    def _checked(self, where: str, record: object, folder: Path, seen: set[int]) -> Post | None:
        """The post of a record; None for a header."""
        if isinstance(record, BadPost):
            raise record
        if isinstance(record, Post):
            post = self._located(record)
        elif isinstance(record, Mapping) and is_header(record):
            self.header_again += 1
            return None
        else:
            post = parse(record, where=where, folder=folder, crs=self._crs, remarks=self.remarks)  # type: ignore[arg-type]  # parse says so if it is no mapping
            self._used.update(key for key in record if key in RECORD_KEYS)  # type: ignore[attr-defined]
            self.ignored_keys.update(str(key) for key in record if key not in RECORD_KEYS)  # type: ignore[attr-defined]
            require_known(record, where)  # type: ignore[arg-type]
        if self._repairs and (repaired := repair_post(post)) != post:
            self.remarks[REPAIRED] += 1
            post = repaired
        digest = id_digest(post.id)
        if digest in seen:
            raise BadPost(
                f"{where}, key 'id'", f"{shown(post.id)} is the id of an earlier post", "give every post its own"
            )
        seen.add(digest)
        self.empty += not isinstance(record, Post) and says_nothing(post)
        return post

    def _located(self, post: Post) -> Post:
        """A post that was made in Python, its coordinates treated as those of a table."""
        if post.latitude is None or post.longitude is None:
            return post
        if post.latitude == post.longitude == 0:
            self.remarks[NO_POSITION] += 1
            return replace(post, latitude=None, longitude=None)
        return located_in_wgs84(post, self._crs)

    def notes(self) -> list[str]:
        """What should be known of the records that were read, a line each; what was skipped is not among it."""
        lines = []
        if self.header_again:
            lines.append(f"rows that are the header again, passed over: {self.header_again}")
        if self.empty:
            lines.append(f"{self.empty} of {self.read} posts have no text, no hashtags and no images")
        lines += [f"{remark} ({count} of {self.read} posts)" for remark, count in self.remarks.most_common()]
        if self.ignored_keys:
            lines.append(on_unused(self.ignored_keys, self._used))
        return lines

    def _nothing(self, name: str) -> BadPost:
        if not self.skipped_count:
            return BadPost(name, "holds no posts", "give at least one record with an id")
        found = f"none of its {self.skipped_count} records is a post; the first: {self.skipped[0].found}"
        return BadPost(name, found, f"correct the records, as {self.skipped[0].where}: {self.skipped[0].remedy}")

    def _all_empty(self, name: str) -> BadPost:
        found = f"none of {self.read} posts has text, hashtags or images"
        if self.ignored_keys:
            found += f" ({on_unused(self.ignored_keys, KNOWN)})"
        guess = suggestions(sorted(self.ignored_keys), self._used - {*SAYS})
        return BadPost(name, found, f"{guess} rename it" if guess else f"fill at least one of {', '.join(SAYS[:3])}")


def read_posts(
    source: object, *, on_bad_post: str = "error", crs: str = "wgs84", repair_text: bool = False
) -> list[Post]:
    """All posts of a source at once; see `PostStream`.

    One warning says how many were skipped, and one each what `PostStream.notes` says: posts with nothing in them,
    values that could not be used, keys that are not used.
    """
    stream = PostStream(source, on_bad_post=on_bad_post, crs=crs, repair_text=repair_text)
    posts = list(stream)
    if stream.skipped_count:
        total = stream.skipped_count + stream.read
        warnings.warn(
            f"skipped {stream.skipped_count} of {total} records; the first: {stream.skipped[0]}", stacklevel=2
        )
    for note in stream.notes():
        warnings.warn(note, stacklevel=2)
    return posts


# --- where records come from


def _open(source: object) -> tuple[str, Path, Iterator[_Record]]:
    """The name of a source, the folder its image paths are relative to, and its records."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return "DataFrame", Path(), _frame_records(source)
    if isinstance(source, Path):
        return str(source), source.parent, _file_records(source)
    if isinstance(source, Iterable) and not isinstance(source, Mapping | bytes):
        return _POSTS, Path(), ((f"posts[{number}]", record) for number, record in enumerate(source))
    raise BadPost("posts", f"{shown(source)} is not a source", "give a path, a DataFrame or a list of dicts or posts")


def _file_records(path: Path) -> Iterator[_Record]:
    readers = dict.fromkeys(JSON_ENDINGS, _json_records)
    readers |= {".csv": _csv_records, ".parquet": _parquet_records}
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            if all((path / name).is_file() for name in _BESIDE_RECIPE):
                remedy = "this was a folder of prepared posts: copy it again or prepare the posts again"
                raise BadPost(str(path / "recipe.json"), "is missing", remedy)
            remedy = (
                f"give a file with one of the endings {', '.join(ENDINGS)}; of what another program downloaded, {AUTO}"
            )
            raise BadPost(str(path), "is a folder", remedy)
        if is_stray_file(path.name):
            raise BadPost(str(path), "is a file that a Mac or Windows left beside another one", "give the other one")
        if path.suffix.lower() not in readers:
            problem = f"has the unknown ending {path.suffix!r}" if path.suffix else "has no ending"
            raise BadPost(str(path), problem, f"give a file with one of the endings {', '.join(ENDINGS)}")
        if not status.st_size:
            raise BadPost(str(path), "is empty", "give a file with at least one post")
        yield from readers[path.suffix.lower()](path)
    except FileNotFoundError:
        raise BadPost(str(path), "does not exist", "check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise BadPost(str(path), problem, "check the path and the permissions") from error


def _json_records(path: Path) -> Iterator[_Record]:
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), start=1):
            where = f"{path}, line {number}"
            if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                while (rest := file.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                yield where, BadPost(where, f"is longer than {_LONGEST_LINE} bytes", "write one JSON object a line")
            elif content := (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).strip():
                yield where, _json_record(content, where)


def _json_record(line: bytes, where: str) -> object:
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError as error:
        return BadPost(where, f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8")
    except json.JSONDecodeError as error:
        found = f"is not a complete JSON object ({error.msg.removesuffix(' at')} at column {error.colno})"
        return BadPost(where, found, "write one JSON object a line, without a list around them")
    except (ValueError, RecursionError):
        return BadPost(where, "holds a number too long or lists too deep", "write plain values")
    if not isinstance(record, dict):
        return BadPost(where, f"{shown(record)} is not a JSON object", "write one JSON object a line")
    return record


def _csv_records(path: Path) -> Iterator[_Record]:
    rows = _csv_rows(path)
    where, header = next(rows, (str(path), []))
    if isinstance(header, BadPost):
        raise header
    names = [name.strip() for name in header]
    if len(names) == 1 and re.search("[;\t]", names[0]):
        raise BadPost(where, "has no commas", "separate the columns with commas")
    _check_columns(names, where)
    for where, row in rows:
        if isinstance(row, BadPost):
            yield where, row
        elif len(row) != len(names):
            found = f"has {len(row)} fields, the header has {len(names)}"
            yield where, BadPost(where, found, "put texts with commas in double quotes, and close every quote")
        else:
            yield where, {name: _cell(name, value) for name, value in zip(names, row, strict=True)}


def _cell(name: str, value: str) -> str:
    """A cell of a CSV row, empty where it spells out that there are no hashtags or images, as pandas and SQL do."""
    return "" if name in ("hashtags", "images") and value.strip() in _SPELLED_OUT else value


def _csv_rows(path: Path) -> Iterator[tuple[str, list[str] | BadPost]]:
    """The rows that are not blank, or what is wrong with them, each with the line it begins on."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = csv.reader(iter(lambda: file.readline(_LONGEST_LINE), ""), strict=True)
        while True:
            where = f"{path}, line {rows.line_num + 1}"
            try:
                row = next(rows)
                "".join(row).encode()
            except StopIteration:
                return
            except UnicodeEncodeError:
                yield where, BadPost(where, "is not UTF-8", "save the file as UTF-8")
            except csv.Error as error:
                remedy = "put texts with commas, quotes or line breaks in double quotes, and close every quote"
                yield where, BadPost(where, f"is not a CSV row ({error})", remedy)
            else:
                if row:
                    yield where, row


def _parquet_records(path: Path) -> Iterator[_Record]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            _check_columns(names, str(path))
            ignored = dict.fromkeys(name for name in names if name not in RECORD_KEYS)
            row = 0
            for batch in file.iter_batches(batch_size=1024, columns=[name for name in names if name in RECORD_KEYS]):
                for record in _batch_records(batch):
                    row += 1
                    where = f"{path}, row {row}"
                    if isinstance(record, Exception):
                        yield where, BadPost(where, f"cannot be read ({type(record).__name__})", "write texts as UTF-8")
                    else:
                        yield where, ignored | record
    except pyarrow.ArrowException as error:
        problem = f"is not a Parquet file, or is damaged ({str(error).splitlines()[0][:80]})"
        raise BadPost(str(path), problem, "write the file again") from error


def _batch_records(batch: Any) -> Iterator[dict[str, object] | Exception]:
    """The rows of an Arrow batch; one by one where a damaged value keeps them from coming all at once."""
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError):
        for row in range(batch.num_rows):
            try:
                yield from batch.slice(row, 1).to_pylist()
            except (ValueError, OverflowError) as error:
                yield error


def _frame_records(frame: Any) -> Iterator[_Record]:
    _check_columns([str(name) for name in frame.columns], "DataFrame")
    known = [name for name in frame.columns if name in RECORD_KEYS]
    ignored = dict.fromkeys(str(name) for name in frame.columns if name not in RECORD_KEYS)
    for row, values in enumerate(zip(*(frame[name] for name in known), strict=True)):
        yield f"DataFrame.iloc[{row}]", ignored | dict(zip(known, values, strict=True))


def _check_columns(names: Sequence[str], where: str) -> None:
    if "id" not in names:
        raise BadPost(where, "there is no column 'id'", id_remedy(names))
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise BadPost(where, f"the column {shown(twice[0])} is there twice", "give every column its own name")
