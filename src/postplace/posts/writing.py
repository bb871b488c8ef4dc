"""Posts -> a file in our own format, JSON lines, CSV or Parquet, that `read_posts` gives back the same."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from postplace.errors import BadOption, BadPost
from postplace.posts.record import COMPLETE, KEYS, NAME_KEYS, RECORD_KEYS, shown
from postplace.schema import Post
from postplace.system.atomic_files import atomic_file
from postplace.system.json_types import JsonObject
from postplace.system.targets import final_path, is_stream, real_path
from postplace.system.text_tables import is_rounded, plain_number
from postplace.text.hashtags import find_hashtags, unite_hashtags

JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
ENDINGS = (*JSON_ENDINGS, ".csv", ".parquet")
_Rows = Iterable[dict[str, Any]]
_ROW_GROUP = 4096
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


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


def id_digest(post_id: str) -> int:
    """8 bytes of a digest of an id: ids may be long."""
    return int.from_bytes(blake2b(post_id.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _writer(path: Path) -> Callable[[_Rows, BinaryIO], None]:
    writers = dict.fromkeys(JSON_ENDINGS, _write_json)
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
        for key in NAME_KEYS:  # a space keeps what a reader of CSV would take for a number or for nothing
            name = record.get(key)
            if isinstance(name, str) and (plain_number(name) != name or name == r"\N"):
                record[key] = f" {name}"
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


def _records(posts: Iterable[Post], folder: Path | None) -> _Rows:
    seen: set[int] = set()
    for post in posts:
        digest = id_digest(post.id)
        if digest in seen:
            raise BadPost(f"post {shown(post.id)}", "its id is that of an earlier post", "give every post its own")
        seen.add(digest)
        yield _record(post, folder)


def _record(post: Post, folder: Path | None) -> JsonObject:
    where = f"post {shown(post.id)}"
    if rounded := [key for key in NAME_KEYS if is_rounded(getattr(post, key) or "")]:
        problem = f"{shown(getattr(post, rounded[0]))} is a rounded number, and would not be read again"
        raise BadPost(f"{where}, key {rounded[0]!r}", problem, "give the number with all its digits, or a name")
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


def _folder_of_images(path: Path) -> Path | None:
    """The folder that image paths may be relative to: by whatever name the file is read, they are found from there."""
    same = not is_stream(path) and final_path(path).parent == real_path(path.parent)
    return path.parent if same else None


def _relative(image: Path, folder: Path | None) -> str:
    absolute = image.absolute()
    if folder is None or not absolute.is_relative_to(folder.absolute()):
        return str(absolute)
    return absolute.relative_to(folder.absolute()).as_posix()
