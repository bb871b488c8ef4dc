"""What every reader of a foreign dump shares: each record ends as a post, or in a reason that is counted."""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TextIO, TypeVar

from postplace.errors import BadPost
from postplace.geo.crs import located_in_wgs84
from postplace.posts.record import NAME_KEYS, parse, says_nothing, shown
from postplace.schema import Post
from postplace.system.stray_files import STRAY, is_stray_file, is_stray_folder
from postplace.system.text_tables import plain_number

KEPT_REFUSALS = 1_000
LONGEST_RECORD = 16 * 2**20  # characters of one record
LARGEST_FILE = 16 * 2**20  # bytes, unpacked; what is larger is no post, and must not fill the memory

Item = TypeVar("Item")  # what a reader finds and has not looked into yet

_ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2")
_CHUNK = 2**16
_SPACE = re.compile(r"[ \t\r\n]*")
_FOREIGN_BYTE = re.compile("[\udc80-\udcff]")  # how `surrogateescape` reads a byte that is not UTF-8

VIDEO = "video ignored"
NO_IMAGE = "image file is missing"
EMPTY_IMAGE = "image file is empty"
NO_METADATA = "image without metadata"
NO_CAPTION_METADATA = "caption without metadata"
NO_USER = "user unknown"
NO_TIME = "time unknown"
BAD_TIME = "time cannot be read"
BAD_COORDINATES = "coordinates cannot be read"
AGAIN = "the same post again"
NO_CONTENT = "no content that is known"
AUTO = "`postplace import auto` says which source reads it"
EMPTY = "neither text nor hashtags nor an image that is there"


class InvalidRecord(Exception):
    """Why a record is no post: the reason it is counted under, what was found, what to do. It never leaves a reader."""


class ImportReport:
    """What became of the records of a dump.

    posts: how many became posts; left_out: why the others did not, one reason a record; remarks: what posts lack that
    their record speaks of (an image, a time), any number a post. orphans: files that lack the record they should have.
    refused: the first 1,000 damaged records; `on_refused` is called with each, also those after.
    """

    def __init__(self, on_refused: Callable[[BadPost], object] | None = None) -> None:
        self.posts = 0
        self.left_out: Counter[str] = Counter()
        self.orphans: Counter[str] = Counter()
        self.remarks: Counter[str] = Counter()
        self._on_refused = on_refused
        self._venues: dict[str, str] = {}  # the first venue of each place
        self._shared: set[str] = set()  # places of several venues
        self.refused: list[BadPost] = []
        self.refused_count = 0
        self.remedy = ""  # what helps where no record became a post, as far as the reader knows
        self._noted: list[str] = []  # remarks on the record being read: none, unless it becomes a post
        self._seen: set[int] = set()  # 8 bytes of a digest for each id

    @property
    def records(self) -> int:
        """How many records ended, as a post or otherwise."""
        return self.posts + self.left_out.total()

    @property
    def counts(self) -> Counter[str]:
        """`posts` and every reason, in words."""
        return Counter({"posts": self.posts}) + self.left_out + self.orphans + self.remarks

    @property
    def shared_names(self) -> Sequence[str]:
        """The places that posts of several venues have: one name of several locations."""
        return sorted(self._shared)

    def note(self, remark: str) -> None:
        """What the post being read lacks."""
        self._noted.append(remark)

    def refuse(self, reason: str, error: BadPost) -> None:
        """A record that should have been a post and is damaged."""
        self._noted.clear()
        self.left_out[reason] += 1
        self.refused_count += 1
        if self._on_refused is not None:
            self._on_refused(error)
        if len(self.refused) < KEPT_REFUSALS:
            self.refused.append(error)

    def post(self, record: Mapping[str, object], *, where: str) -> Post | None:
        """The post of a record; None when it is refused, or has the id of an earlier one. "5.0" is the name 5."""
        names = {key: value for key in NAME_KEYS if isinstance(value := record.get(key), str)}
        try:
            post = parse({**record, **{k: plain_number(v) for k, v in names.items()}}, where=where, folder=Path())
        except BadPost as error:
            key = error.where.rpartition("key ")[2] if "key " in error.where[len(where) :] else "record"
            self.refuse(f"{key.strip(chr(39))} cannot be used", error)
            return None
        digest = int.from_bytes(blake2b(post.id.encode(), digest_size=8).digest())
        if digest in self._seen:
            self._noted.clear()
            self.left_out[AGAIN] += 1
            return None
        self._seen.add(digest)
        if post.place and post.venue and self._venues.setdefault(post.place, post.venue) != post.venue:
            self._shared.add(post.place)
        self.posts += 1
        if says_nothing(post):
            self._noted.append(EMPTY)
        self.remarks.update(self._noted)
        self._noted.clear()
        return post

    def coordinates(self, latitude: object, longitude: object) -> dict[str, float]:
        """Both coordinates in degrees or, when they are absent or not on the globe, neither. 0, 0 is no position."""
        if latitude in (None, "") and longitude in (None, ""):
            return {}
        degrees = [math.nan, math.nan]
        with suppress(TypeError, ValueError, OverflowError):
            degrees = [float(value) for value in (latitude, longitude)]  # type: ignore[arg-type]  # else TypeError
        if not (abs(degrees[0]) <= 90 and abs(degrees[1]) <= 180) or degrees == [0, 0]:
            self.note(BAD_COORDINATES)
            return {}
        return {"latitude": degrees[0], "longitude": degrees[1]}


class Dump:
    """The posts of a dump, in the order in which its reader meets them, one at a time; every iteration begins again.

    Filled while iterating: `tally`, and of it `counts`, the number of "posts" and, in words, of every reason for which
    a record did not become a post or a post lacks something; `refused_count`, and `refused`, the first 1,000 damaged
    records. `on_refused` is called with every damaged record. Of `read_source` it raises `BadPost` at its end where no
    post has text, hashtags or an image: then the dump is another program's, or incomplete.
    """

    def __init__(
        self, read: Callable[[ImportReport], Iterator[Post]], *, on_refused: Callable[[BadPost], object] | None = None
    ) -> None:
        self._read, self._on_refused = read, on_refused
        self.explain: Callable[[BadPost], BadPost] = lambda error: error  # of a path that is not this source's
        self.crs = "wgs84"  # the reference system of the coordinates; they become WGS84 (`geo/crs.py`)
        self.tally = ImportReport(on_refused)
        self.path: Path | None = None  # where the dump lies: told by `read_source`

    @property
    def counts(self) -> Counter[str]:
        """How many posts, and how often every reason."""
        return self.tally.counts

    @property
    def refused(self) -> list[BadPost]:
        """The first 1,000 damaged records."""
        return self.tally.refused

    @property
    def refused_count(self) -> int:
        """How many records are damaged."""
        return self.tally.refused_count

    def __iter__(self) -> Iterator[Post]:
        self.tally = ImportReport(self._on_refused)
        try:
            for post in self._read(self.tally):
                yield located_in_wgs84(post, self.crs)
            if self.path is not None and 0 < self.tally.posts == self.tally.remarks[EMPTY]:
                found = f"none of its {self.tally.posts} posts has text, hashtags or an image"
                raise BadPost(str(self.path), found, AUTO)
        except BadPost as error:
            raise self.explain(error) from error.__cause__


def make_posts(
    items: Iterable[tuple[str, Item]], tally: ImportReport, *, record: Callable[[Item], Mapping[str, object] | None]
) -> Iterator[Post]:
    """What every reader does with what it finds in a dump: each item becomes a post, or a reason that is counted.

    Of an item, given with where it stands, `record` makes what `parse` reads; None when it is no post and counted
    already. What it raises as `InvalidRecord` is counted here.
    """
    for where, item in items:
        try:
            values = record(item)
        except InvalidRecord as refused:
            reason, found, remedy = refused.args
            tally.refuse(reason, BadPost(where, found, remedy))
            continue
        if values is not None and (post := tally.post(values, where=where)):
            yield post


def require_content(record: Mapping[str, object], keys: Sequence[str]) -> None:
    """Refuse a record that has none of the keys in which a source keeps what a post says: an id alone is no post.

    A key counts where it stands, with nothing in it too: a post may be empty. Raises InvalidRecord.
    """
    if not any(key in record for key in keys):
        has = ", ".join(shown(key)[1:-1] for key in list(record)[:8]) or "none at all"
        found = f"has none of the keys {', '.join(keys)} (it has {has})"
        raise InvalidRecord(NO_CONTENT, found, f"if another program wrote it, {AUTO}")


def cannot_be_opened(path: Path, error: OSError | ValueError) -> BadPost:
    """The error for a file or folder that is not there or may not be read."""
    if isinstance(error, FileNotFoundError):
        return BadPost(str(path), "does not exist", "check the path")
    if isinstance(error, NotADirectoryError) and path.is_file():
        return BadPost(str(path), "is a file, not a folder", of_one_file(path, "give the folder"))
    found = f"cannot be read ({getattr(error, 'strerror', None) or error})"
    return BadPost(str(path), found, "check the path and the permissions")


def of_one_file(path: Path, remedy: str) -> str:
    """What to do about a file that a source does not read: its remedy, where the file is no archive."""
    return "unpack it, and give the folder" if path.suffix.lower() in _ARCHIVES else f"{remedy}, or see: {AUTO}"


def walk(
    folder: Path, tally: ImportReport, *, endings: tuple[str, ...], notice: tuple[str, ...] = ()
) -> Iterator[tuple[Path, list[str], Mapping[str, str]]]:
    """Each folder, its own files before its folders', in order: its path, the names with one of the `endings`, and
    those of the others with an ending of `notice`, by the name with the ending in lower case. Endings (in lower case
    here) are found in any case. Raises `BadPost` when the first folder cannot be read; others are counted, and so are
    the files that a Mac, a NAS or Windows left, which are passed over.
    """
    try:
        os.scandir(folder).close()
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise cannot_be_opened(folder, error) from error
    waiting = [folder]
    while waiting:
        inside = waiting.pop()
        try:
            names, folders, noticed = _listing(inside, tally, endings, notice)
        except OSError as error:
            tally.refuse("folder cannot be read", cannot_be_opened(inside, error))
            continue
        yield inside, names, by_ending(noticed)
        waiting += [inside / name for name in reversed(folders)]


def by_ending(names: Iterable[str]) -> Mapping[str, str]:
    """Names by themselves with their ending in lower case; of two that differ in that alone, each by itself.

    >>> by_ending(["a.jpg", "a.JPG", "B.Png"])
    {'a.jpg': 'a.jpg', 'B.png': 'B.Png', 'a.JPG': 'a.JPG'}
    """
    found: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (name != _lowered(name), name)):
        lowered = _lowered(name)
        found[name if lowered in found else lowered] = name
    return found


def _lowered(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return f"{stem}{dot}{ending.lower()}"


def _listing(
    folder: Path, tally: ImportReport, endings: tuple[str, ...], notice: tuple[str, ...]
) -> tuple[list[str], list[str], list[str]]:
    names, folders, noticed = [], [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            lowered = entry.name.lower()
            if (is_stray_folder if entry.is_dir(follow_symlinks=False) else is_stray_file)(entry.name):
                tally.orphans[STRAY] += 1
            elif not _is_unicode(entry.name):  # a path that no file of posts can hold
                if entry.is_dir() or lowered.endswith(endings):
                    error = BadPost(f"{folder}", f"{shown(entry.name)} is not UTF-8", "rename it")
                    tally.refuse("name is not UTF-8", error)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.is_symlink() and entry.is_dir():  # it may lead back up
                tally.left_out["link to a folder ignored"] += 1
            elif lowered.endswith(endings):
                names.append(entry.name)
            elif notice and lowered.endswith(notice):
                noticed.append(entry.name)
    return sorted(names), sorted(folders), noticed


def _is_unicode(name: str) -> bool:
    return not _FOREIGN_BYTE.search(name)


def at(value: object, *keys: str | int) -> object:
    """What lies at the keys of nested objects and lists, or None.

    >>> at({"owner": {"id": 7}}, "owner", "id"), at([], 0, "node")
    (7, None)
    """
    for key in keys:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key] if key < len(value) else None
        else:
            return None
    return value


def first(*values: object) -> object:
    """The first value that is neither None nor an empty text, or None."""
    return next((value for value in values if value is not None and value != ""), None)


def not_a_post(value: object) -> InvalidRecord:
    """The reason for a value that is no record at all."""
    return InvalidRecord("not a record", f"{shown(value)} is not an object", "download it again")


class JsonText:
    """JSON read piece by piece. Raises `InvalidRecord` where it is damaged: the next value has no known beginning."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text, self._at, self._ended = "", 0, False

    def peek(self) -> str:
        """The next character that is no space, "" at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing, too
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._read_on()

    def take(self, expected: str) -> str:
        """The next character, which must be one of those expected."""
        if (found := self.peek()) and found in expected:
            self._at += 1
            return found
        raise _damaged(f"has {found!r} in the place of one of {expected!r}" if found else "ends before its time")

    def list_items(self) -> Iterator[object]:
        """The items of the list that begins here."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        yield self.value()
        while self.take(",]") == ",":
            yield self.value()

    def object_keys(self) -> Iterator[str]:
        """The keys of the object that begins here; after each, its value must be read."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        separator = ","
        while separator == ",":
            key = self.value()
            self.take(":")
            yield str(key)
            separator = self.take(",}")

    def value(self) -> object:
        """The value that begins here; an `InvalidRecord` where it is not UTF-8."""
        self.peek()
        while True:
            complete = self._ended or len(self._text) - self._at > LONGEST_RECORD
            try:
                value, end = json.JSONDecoder().raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if complete or not isinstance(error, json.JSONDecodeError):
                    raise _damaged(f"is not complete JSON ({type(error).__name__})") from error
            else:
                if complete or end < len(self._text):
                    foreign = _FOREIGN_BYTE.search(self._text, self._at, end)
                    self._at = end
                    return not_utf_8() if foreign else value
            self._read_on()

    def _read_on(self) -> None:
        rest = self._text[self._at :]
        more = self._file.read(max(_CHUNK, len(rest)))
        self._text, self._at, self._ended = rest + more, 0, not more


def _damaged(found: str) -> InvalidRecord:
    return InvalidRecord("damaged JSON, the rest of its file", found, "export the file again")


def not_utf_8() -> InvalidRecord:
    """The reason for a record that is not UTF-8."""
    return InvalidRecord("not UTF-8", "is not UTF-8", "save the file as UTF-8")
