"""Posts in our own format: JSON lines, CSV, Parquet, a DataFrame or dicts, through one `parse`."""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import re
import stat
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from postplace.errors import BadOption, BadPost, unknown_name
from postplace.posts.record import COMPLETE, KEYS, RECORD_KEYS, id_remedy, parse, shown
from postplace.schema import Post
from postplace.system.atomic_files import atomic_file
from postplace.system.targets import final_path, is_stream
from postplace.text.hashtags import find_hashtags, unite_hashtags

__all__ = ["ENDINGS", "PostStream", "parse", "read_posts", "write_posts"]

_JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
ENDINGS = (*_JSON_ENDINGS, ".csv", ".parquet")
_KEPT_REASONS = 1_000
_LONGEST_LINE = 16 * 2**20  # bytes; a longer one is no post, and must not fill the memory
_BESIDE_RECIPE = ("posts.parquet", "split.json", "report.json")  # see preparation/prepared_folder.py
_SPELLED_OUT = frozenset({"null", "NULL", "nan", "NaN", "None", "NA", "<NA>", r"\N", "[null]"})  # in CSV: no value
_Record = tuple[str, object]  # where it stands, and the record, or why there is none (a BadPost)


class PostStream:
    """The posts of `source`, one at a time: a file larger than memory can be read.

    `source`: a path (.jsonl, .ndjson, .json with one object a line, .csv, .parquet; UTF-8), a DataFrame, dicts, posts.
    A record that is not a post, or has the id of an earlier one, raises `BadPost`; with `on_bad_post="skip"` it is
    counted. A source without a single post always raises it.

    Filled while iterating: `read`, the number of posts given out; `skipped_count`, and `skipped`, the reasons of the
    first 1,000; `ignored_keys`, how often each unknown key occurred.
    """

    def __init__(self, source: object, *, on_bad_post: str = "error") -> None:
        if on_bad_post not in ("error", "skip"):
            raise unknown_name("on_bad_post", str(on_bad_post), ("error", "skip"))
        self._source = Path(source) if isinstance(source, str) else source
        self._skips = on_bad_post == "skip"
        self._reset()

    def _reset(self) -> None:
        self.read = 0
        self.skipped: list[BadPost] = []
        self.skipped_count = 0
        self.ignored_keys: Counter[str] = Counter()

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
            self.read += 1
            yield post
        if not self.read:
            raise self._nothing(name)

    def _checked(self, where: str, record: object, folder: Path, seen: set[int]) -> Post:
        if isinstance(record, BadPost):
            raise record
        if isinstance(record, Post):
            post = record
        else:
            post = parse(record, where=where, folder=folder)  # type: ignore[arg-type]  # parse says so if it is no mapping
            self.ignored_keys.update(str(key) for key in record if key not in RECORD_KEYS)  # type: ignore[attr-defined]
        digest = _digest(post.id)
        if digest in seen:
            raise BadPost(
                f"{where}, key 'id'", f"{shown(post.id)} is the id of an earlier post", "give every post its own"
            )
        seen.add(digest)
        return post

    def _nothing(self, name: str) -> BadPost:
        if not self.skipped_count:
            return BadPost(name, "holds no posts", "give at least one record with an id")
        found = f"none of its {self.skipped_count} records is a post; the first: {self.skipped[0].found}"
        return BadPost(name, found, f"correct the records, as {self.skipped[0].where}: {self.skipped[0].remedy}")


def read_posts(source: object, *, on_bad_post: str = "error") -> list[Post]:
    """All posts of a source at once; see `PostStream`. Skipped ones are reported by one warning."""
    stream = PostStream(source, on_bad_post=on_bad_post)
    posts = list(stream)
    if stream.skipped_count:
        total = stream.skipped_count + stream.read
        warnings.warn(
            f"skipped {stream.skipped_count} of {total} records; the first: {stream.skipped[0]}", stacklevel=2
        )
    return posts


def write_posts(posts: Iterable[Post], path: Path) -> None:
    """Write posts as JSON lines, CSV or Parquet, by the ending of `path`, whole or not at all.

    `read_posts` gives the same posts back. They are written as they come: there may be more than fit in memory. Image
    paths below the file's folder are written relative to it, others absolute (all of them where `path` is a link into
    another folder, or a device or a pipe, which without an ending gets JSON lines); times as ISO 8601 texts, which keep
    their zone. Raises `WriteFailed`, `BadOption` for another ending, and `BadPost` for an image that is bytes, for an
    id given twice and for a text that is not Unicode.
    """
    path = Path(path)
    write = _writer(path)
    with atomic_file(path) as file:
        write(_records(posts, _folder_of_images(path)), file)


def _digest(post_id: str) -> int:
    return int.from_bytes(blake2b(post_id.encode("utf-8", "surrogatepass"), digest_size=8).digest())


# --- where records come from


def _open(source: object) -> tuple[str, Path, Iterator[_Record]]:
    """The name of a source, the folder its image paths are relative to, and its records."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return "DataFrame", Path(), _frame_records(source)
    if isinstance(source, Path):
        return str(source), source.parent, _file_records(source)
    if isinstance(source, Iterable) and not isinstance(source, Mapping | bytes):
        return "posts", Path(), ((f"posts[{number}]", record) for number, record in enumerate(source))
    raise BadPost("posts", f"{shown(source)} is not a source", "give a path, a DataFrame or a list of dicts or posts")


def _file_records(path: Path) -> Iterator[_Record]:
    readers = dict.fromkeys(_JSON_ENDINGS, _json_records)
    readers |= {".csv": _csv_records, ".parquet": _parquet_records}
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            if all((path / name).is_file() for name in _BESIDE_RECIPE):
                remedy = "this was a folder of prepared posts: copy it again or prepare the posts again"
                raise BadPost(str(path / "recipe.json"), "is missing", remedy)
            raise BadPost(str(path), "is a folder", f"give a file with one of the endings {', '.join(ENDINGS)}")
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


# --- writing

_Rows = Iterable[dict[str, Any]]
_ROW_GROUP = 4096
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def _writer(path: Path) -> Callable[[_Rows, BinaryIO], None]:
    writers = dict.fromkeys(_JSON_ENDINGS, _write_json)
    writers |= {".csv": _write_csv, ".parquet": _write_parquet}
    if not path.suffix and is_stream(path):
        return _write_json
    if path.suffix.lower() not in writers:
        problem = f"has the unknown ending {path.suffix!r}" if path.suffix else "has no ending"
        raise BadOption(str(path), problem, f"give a file with one of the endings {', '.join(ENDINGS)}")
    return writers[path.suffix.lower()]


def _write_json(records: _Rows, file: BinaryIO) -> None:
    file.writelines(_JSON.encode(record).encode() + b"\n" for record in records)


def _write_csv(records: _Rows, file: BinaryIO) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    rows = csv.DictWriter(text, RECORD_KEYS, restval="", lineterminator="\r\n")  # a writer quotes what ends its lines
    rows.writeheader()
    for record in records:
        for key in ("hashtags", "images"):
            record[key] = _JSON.encode(record[key])
        if too_long := [key for key, value in record.items() if len(str(value)) > csv.field_size_limit()]:
            problem = f"is longer than the {csv.field_size_limit()} characters that a CSV reader takes"
            raise BadPost(f"post {shown(record['id'])}, key {too_long[0]!r}", problem, "write .jsonl or .parquet")
        rows.writerow(record)
    text.detach()


def _write_parquet(records: _Rows, file: BinaryIO) -> None:
    import pyarrow
    from pyarrow import parquet

    types = dict.fromkeys(("hashtags", "images"), pyarrow.list_(pyarrow.string()))
    types |= dict.fromkeys(("latitude", "longitude"), pyarrow.float64())
    types[COMPLETE] = pyarrow.bool_()
    schema = pyarrow.schema([(key, types.get(key, pyarrow.string())) for key in RECORD_KEYS])
    rows = iter(records)
    with parquet.ParquetWriter(file, schema) as writer:
        while group := list(islice(rows, _ROW_GROUP)):
            writer.write_table(pyarrow.Table.from_pylist(group, schema))


def _folder_of_images(path: Path) -> Path | None:
    """The folder that image paths may be relative to: by whatever name the file is read, they are found from there."""
    same = not is_stream(path) and final_path(path).parent == path.parent.resolve()
    return path.parent if same else None


def _records(posts: Iterable[Post], folder: Path | None) -> _Rows:
    seen: set[int] = set()
    for post in posts:
        digest = _digest(post.id)
        if digest in seen:
            raise BadPost(f"post {shown(post.id)}", "its id is that of an earlier post", "give every post its own")
        seen.add(digest)
        yield _record(post, folder)


def _record(post: Post, folder: Path | None) -> dict[str, Any]:
    where = f"post {shown(post.id)}"
    if any(isinstance(image, bytes) for image in post.images):
        problem = "an image is bytes; only paths can be written"
        raise BadPost(f"{where}, key 'images'", problem, "save the image to a file and give its path")
    record: dict[str, Any] = {name: value for name in KEYS if (value := getattr(post, name)) is not None}
    if not post.image_text:
        del record["image_text"]
    record["hashtags"] = list(post.hashtags)  # written even when empty: an empty list says that there are none
    if post.hashtags and unite_hashtags(post.hashtags, find_hashtags(post.text)) != post.hashtags:
        record[COMPLETE] = True  # else those typed in the text would come back with them
    record["images"] = [_relative(image, folder) for image in post.images if isinstance(image, Path)]
    if post.time is not None:
        record["time"] = post.time.isoformat()
    try:
        for value in record.values():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{value} is not finite")
            ("".join(value) if isinstance(value, list) else str(value)).encode()
    except (ValueError, TypeError) as error:
        raise BadPost(where, f"cannot be written ({error})", "give finite numbers and Unicode texts") from error
    return record


def _relative(image: Path, folder: Path | None) -> str:
    absolute = image.absolute()
    if folder is None or not absolute.is_relative_to(folder.absolute()):
        return str(absolute)
    return absolute.relative_to(folder.absolute()).as_posix()
