"""One record, a mapping from any way in -> a `Post`, or a `BadPost` that says which key is wrong and what to do."""

from __future__ import annotations

import csv
import difflib
import json
import math
import os
import re
import reprlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import UUID

from postplace.errors import BadPost
from postplace.geo.crs import to_wgs84
from postplace.posts.image_values import NoImage, image_value, is_data_address, is_pixels
from postplace.posts.times import read_time
from postplace.schema import Post
from postplace.system.text_tables import EXACT_FLOAT, is_rounded, with_decimal_point
from postplace.text.hashtags import find_hashtags, unite_hashtags
from postplace.text.names import clean_name, spells_no_value

KEYS = tuple(field.name for field in fields(Post))
COMPLETE = "hashtags_complete"
RECORD_KEYS = (*KEYS, COMPLETE)
NAME_KEYS = ("id", "user", "venue", "place", "category")
"""The keys whose values are opaque names, often numbers."""
_SEPARATORS = r"\s;,；，、"
_TAG = re.compile(rf"#([^#{_SEPARATORS}](?:[^#;,；，、]*[^#{_SEPARATORS}])?)#(?=[{_SEPARATORS}]|$)|[^{_SEPARATORS}]+")
_BRACKETS = re.compile(r"\s*(?:\[(.*)\]|\{(.*)\})\s*", re.DOTALL)
_CUT_LIST = re.compile(r"""\s*\[\s*["']""")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'")
_EXACT_FLOAT32 = 2**24
_CUT, _AS_TEXT = "is a rounded number", "read it as text, so that it keeps all its digits"
_IMAGE_ENDING = re.compile(r"\.(?:jpe?g|png|webp|gif|bmp|tiff?|heic|avif)$", re.IGNORECASE)
_DEGREES = re.compile(r"\d\s*[°º′'\"″]|\d\s*[NSEWO]\b")
NO_POSITION = "coordinates 0, 0 left out: no position"


def parse(
    record: Mapping[str, object], *, where: str, folder: Path, crs: str = "wgs84", remarks: Counter[str] | None = None
) -> Post:
    """A record -> a post. Other keys than `RECORD_KEYS` are ignored; all but `id` may be absent (or null, NaN, empty).

    `hashtags`: a list, or names separated by spaces, `;` or `,`. To those given come those typed in the text, each once
    by its normal form; only an empty list says that there are none. Where `hashtags_complete` is true, as in a file of
    posts that lost some of their hashtags to a filter, there are none but those given, as they are.
    `images`: a list, or paths joined by `;`; relative ones are resolved against `folder`. An image is a path, the bytes
    of a file, an object with `bytes` and `path`, an image of Pillow, or pixels (H, W, 3) in uint8: see `image_values`.
    `time`: ISO 8601, a datetime, or seconds since 1970 (in UTC; see `posts/times.py`); a time without a zone stays so.
    `latitude`, `longitude`: degrees in the reference system `crs` (`geo/crs.py`), of the post in WGS84; 0, 0 is none.
    With `remarks`, a time that cannot be read costs the post its time, and what was left out is counted there.
    Half a surrogate pair (an emoji cut in two) becomes U+FFFD. Raises only `BadPost`, with `where` and the key.

    >>> parse({"id": 7, "text": "at #night"}, where="posts[0]", folder=Path("city")).hashtags
    ('night',)
    >>> parse({"id": 7, "text": "at #night", "hashtags": "bund"}, where="posts[0]", folder=Path("city")).hashtags
    ('bund', 'night')
    """
    try:
        return _parse(record, where, folder, crs, remarks)
    except BadPost:
        raise
    except Exception as error:  # a foreign object may raise anything when it is touched
        problem = f"cannot be read ({type(error).__name__})"
        raise BadPost(where, problem, "give plain texts, numbers and lists") from error


def says_nothing(post: Post) -> bool:
    """Whether a post has nothing that a model reads: no text, no hashtags, no images, no words in them."""
    return not (post.text.strip() or post.hashtags or post.images or post.image_text.strip())


def id_remedy(names: Iterable[str]) -> str:
    """What to do about a missing `id`, with the key that is most like one."""
    folded = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold().strip(): name for name in names}
    with_id = [name for name in folded if "id" in re.split(r"[^a-z0-9]+", name)]
    nearest = [name for name in ("id", "post_id") if name in folded] or with_id
    nearest = nearest or difflib.get_close_matches("id", folded, n=1, cutoff=0.6)
    return f"did you mean {shown(folded[nearest[0]])}? rename it to 'id'" if nearest else "give every post an 'id'"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_LONGEST_SHOWN = 80  # characters


def shown(value: object) -> str:
    """A value for a message: on one line, shortened."""
    try:
        text = " ".join(_SHORT.repr(value).split())
    except Exception:  # an integer of thousands of digits, or an object that cannot be printed
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


class _Refused(Exception):  # never leaves this file
    """What was found in a value, and the remedy."""


def _parse(record: Mapping[str, object], where: str, folder: Path, crs: str, remarks: Counter[str] | None) -> Post:
    if not isinstance(record, Mapping):
        raise BadPost(where, f"{shown(record)} is not a record", "give an object with at least the key 'id'")
    values: dict[str, Any] = {}
    for key, read in (*_READERS.items(), (COMPLETE, _yes_or_no)):
        value = record.get(key)
        value = value if key == "images" and is_pixels(value) else _plain(value)
        if _is_absent(value):
            continue
        try:
            if key in NAME_KEYS:
                _check_narrow(record.get(key), value)
            if (content := read(value)) != "":  # a name of nothing but invisible characters is none
                values[key] = content
        except _Refused as refused:
            if key == "time" and remarks is not None:
                remarks[f"time left out: {refused.args[0].removeprefix(shown(value)).strip()}"] += 1
                continue
            found, remedy = refused.args
            raise BadPost(f"{where}, key {key!r}", found, remedy + _addition(key, record, found)) from None
    if "id" not in values:
        found, remedy = (
            ("is empty", "give every post an 'id'") if "id" in record else ("is missing", id_remedy(map(str, record)))
        )
        raise BadPost(f"{where}, key 'id'", found, remedy)
    if ("latitude" in values) != ("longitude" in values):
        missing = "longitude" if "latitude" in values else "latitude"
        raise BadPost(f"{where}, key {missing!r}", "is missing", "give both latitude and longitude, or neither")
    _locate(values, crs, remarks)
    values["hashtags"] = _every_hashtag(values, record.get("hashtags"))
    values["images"] = tuple(i if isinstance(i, bytes) else _path(folder, i) for i in values.get("images", ()))
    return Post(**values)


def _locate(values: dict[str, Any], crs: str, remarks: Counter[str] | None) -> None:
    """Make the coordinates WGS84; 0, 0 is how programs write that there are none."""
    if "latitude" not in values:
        return
    if values["latitude"] == values["longitude"] == 0:
        del values["latitude"], values["longitude"]
        if remarks is not None:
            remarks[NO_POSITION] += 1
    elif crs != "wgs84":
        values["latitude"], values["longitude"] = to_wgs84(values["latitude"], values["longitude"], crs)


def _path(folder: Path, image: str) -> Path:
    """The path of an image; one with backslashes, as Windows writes it, is found on other systems too."""
    path = folder / image
    if "\\" in image and os.sep == "/":
        with suppress(OSError, ValueError):
            slashed = folder / image.replace("\\", "/")
            return slashed if slashed.exists() and not path.exists() else path
    return path


def _addition(key: str, record: Mapping[str, object], found: str) -> str:
    """To the remedy: where a column is better left out, and where latitude and longitude can only be swapped."""
    if found.endswith(_CUT) and key != "id":
        return f"; or leave {key!r} out: two of them may have become one"
    if key == "latitude":
        with suppress(TypeError, ValueError, OverflowError):
            latitude, longitude = (float(_plain(record.get(name))) for name in ("latitude", "longitude"))  # type: ignore[arg-type]
            if 90 < abs(latitude) <= 180 and 0 < abs(longitude) <= 90:
                return "; latitude and longitude look swapped"
    return ""


def _every_hashtag(values: dict[str, Any], raw: object) -> tuple[str, ...]:
    """The hashtags given (`raw`, and as they were read) and typed; takes `COMPLETE` out of the values."""
    given: tuple[str, ...] = values.get("hashtags", ())
    if values.pop(COMPLETE, False) or _listed(_plain(raw)) in ([], ()):
        return given
    return unite_hashtags(given, find_hashtags(values.get("text", "")))


def _plain(value: object) -> object:
    """numpy's scalars and arrays, and pandas' columns, as Python's own values."""
    dtype: Any = getattr(value, "dtype", None)
    if dtype is None:
        return value
    array: Any = value
    if getattr(array, "ndim", 0):
        return array.tolist()
    return array.astype("datetime64[us]").item() if dtype.kind == "M" else array.item()


def _is_absent(value: object) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, float | Decimal) and math.isnan(value)


def _check_narrow(raw: object, value: object) -> None:
    """Refuse a float of 32 bits or fewer that has lost digits."""
    dtype: Any = getattr(raw, "dtype", None)
    narrow = dtype is not None and dtype.kind == "f" and dtype.itemsize < 8
    if narrow and isinstance(value, float) and abs(value) >= _EXACT_FLOAT32:
        raise _Refused(f"{shown(value)} {_CUT}", _AS_TEXT)


def _text(value: object) -> str:
    return _whole(value) if isinstance(value, str) else _name(value)


def _name(value: object) -> str:
    """Texts and numbers -> a text: 1, 1.0 and "1" are one name."""
    if isinstance(value, str):
        return _whole(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _Refused(f"{shown(value)} is not a text", _instead(value))
    if isinstance(value, float) and abs(value) >= EXACT_FLOAT:
        raise _Refused(f"{shown(value)} {_CUT}", _AS_TEXT)
    return str(int(value)) if value == int(value) else str(value)


def _instead(value: object) -> str:
    """The remedy for a value that is neither a text nor a number."""
    if isinstance(value, Mapping) and value:
        key = next((key for key in ("id", "text", "name") if key in value), next(iter(value)))
        return f"give one of its values alone, as that of {shown(key)}"
    if isinstance(value, bytes | bytearray | memoryview):
        return "give it as a text; a UUID as str(UUID(bytes=value))"
    return "give a text or a number"


def _identifier(value: object) -> str:
    """What a thing is called: texts, numbers and UUIDs; numbers that have lost digits make one thing of two."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str) and is_rounded(value):
        raise _Refused(f"{shown(value)} {_CUT}", "format the column as text where it comes from, and export it again")
    return _name(value)


def _class_name(value: object) -> str:
    return clean_name(_identifier(value))


def _yes_or_no(value: object) -> bool:
    known = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
    name = str(value).strip().lower()
    if name not in known:
        raise _Refused(f"{shown(value)} is neither true nor false", "give true or false, or leave it out")
    return known[name]


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _hashtags(value: object) -> tuple[str, ...]:
    items = _listed(value)
    if items is None:
        pieces = (match[1] or match[0] for match in _TAG.finditer(_name(value).replace("＃", "#").replace("|", ";")))
        items = [tag for piece in pieces for tag in piece.split("#")]
    names = (name for item in map(_plain, items) if not _is_absent(item) for name in _chained(_name(item)))
    return tuple(dict.fromkeys(name for name in names if name))


def _chained(item: str) -> list[str]:
    """One item of a list: several tags where each has its mark, `#river#sea`."""
    marked = item.replace("＃", "#").startswith("#")
    return [name.strip() for name in re.split("[#＃]", item)] if marked else [item.strip("#＃").strip()]


def _images(value: object) -> tuple[str | bytes, ...]:
    items = _listed(value)
    if items is None:
        several = getattr(value, "ndim", 0) > 3 and is_pixels(value)
        joined = isinstance(value, str) and not is_data_address(value)
        items = list(value) if several else _split_paths(value) if joined else [value]  # type: ignore[arg-type,call-overload]
    return tuple(image for item in items if not _is_absent(item) for image in _image(item))


def _split_paths(value: str) -> list[str]:
    """Paths joined by `;`, or by `|`, commas or spaces where that leaves an ending on each: a name may hold them."""
    if ";" not in value:
        if "|" in value and all(PurePath(part.strip()).suffix for part in value.split("|")):
            return value.split("|")
        for separator in (",", " "):
            parts = [part.strip() for part in value.split(separator) if part.strip()]
            if len(parts) > 1 and all(_IMAGE_ENDING.search(part) for part in parts):
                return parts
    return value.split(";")


def _image(value: object) -> Sequence[str | bytes]:
    """The image, as its path or its bytes; none where it is an object whose values are all null."""
    try:
        image = image_value(value)
    except NoImage as error:
        raise _Refused(*error.args) from None
    if not isinstance(image, str):
        return [] if image is None else [image]
    path = image.strip()
    if path.startswith("file:"):
        path = url2pathname(urlsplit(path).path)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", path):
        raise _Refused(f"{shown(path)} is an address", "download the image and give its path")
    if "\0" in path:
        raise _Refused(f"{shown(path)} is not a path", "give the path of an image")
    return [path] if path else []


def _listed(value: object) -> Sequence[object] | None:
    """The items of a list, or of a text that is a JSON list, `[a, b]` (DuckDB) or `{a,b}` (Postgres); else None."""
    if isinstance(value, list | tuple):
        return value
    if not isinstance(value, str):
        return None
    match = _BRACKETS.fullmatch(value)
    if match is None:
        if _CUT_LIST.match(value):
            raise _Refused(f"{shown(value)} is a list without its end", "join the items with ';'")
        return None
    if match[2] is not None:
        return _of_database(match[2], quote='"', text=value)
    content = match[1].strip()
    with suppress(ValueError, RecursionError):
        items = json.loads(value)
        if isinstance(items, list) and (not items or content[0] == '"'):
            return items
    if content.startswith(('"', "'")) and not _QUOTED.sub("", content).strip(" ,\n"):
        raise _Refused(f"{shown(value)} is a list printed by a program", "join the items with ';'")
    return _of_database(content, quote="'", text=value)


def _of_database(items: str, *, quote: str, text: str) -> Sequence[object]:
    """The items of a list as DuckDB (quoted by ') or Postgres (by ") writes it in CSV; NULL without quotes is none."""
    read = next(csv.reader([items], quotechar=quote, skipinitialspace=True, escapechar="\\"), [])
    if any(mark in item for item in read for mark in "[]{}"):
        raise _Refused(f"{shown(text)} is a list of lists", "join the items with ';'")
    if quote == "'" and any('"' in item for item in read):
        raise _Refused(f"{shown(text)} is a list printed by a program", "join the items with ';'")
    null_is_a_name = f"{quote}NULL{quote}" in items
    return [item.strip() for item in read if null_is_a_name or item.strip() != "NULL"]


def _time(value: object) -> datetime:
    try:
        return read_time(value)
    except ValueError as error:
        found, remedy = error.args
        raise _Refused(f"{shown(value)} {found}", remedy) from None


def _degrees(name: str, limit: int) -> Callable[[object], float]:
    def read(value: object) -> float:
        degrees = math.nan
        value = with_decimal_point(value) if isinstance(value, str) else value
        if isinstance(value, int | float | str | Decimal) and not isinstance(value, bool):
            with suppress(ValueError, OverflowError):
                degrees = float(value)
        if not -limit <= degrees <= limit:
            raise _Refused(f"{shown(value)} is not a {name}", _degrees_instead(value, degrees, limit))
        return degrees

    return read


def _degrees_instead(value: object, degrees: float, limit: int) -> str:
    """The remedy for what are no degrees."""
    if isinstance(value, str) and _DEGREES.search(value):
        return "give decimal degrees, as 51.0544"
    if (isinstance(value, str) and spells_no_value(value)) or set(str(abs(degrees)).removesuffix(".0")) == {"9"}:
        return "leave it out where there is none"
    return f"give degrees between -{limit} and {limit}"


_READERS: dict[str, Callable[[object], Any]] = {
    "id": _identifier,
    "text": _text,
    "image_text": _text,
    "hashtags": _hashtags,
    "images": _images,
    "user": _identifier,
    "time": _time,
    "place": _class_name,
    "venue": _class_name,
    "category": _class_name,
    "latitude": _degrees("latitude", 90),
    "longitude": _degrees("longitude", 180),
}
