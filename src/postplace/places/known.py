"""Places that are known beforehand, `places.csv`, and which of them a post was made at.

The columns are `place,name,latitude,longitude,category,aliases`; `place` is the id (an Instagram location id, say),
`aliases` are joined by `;`. A place without coordinates can be found by its id alone.
"""

from __future__ import annotations

import csv
import io
import math
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption, BadPlace
from postplace.geo.crs import check_crs, to_wgs84
from postplace.places.distance import great_circle_km, unit_vectors
from postplace.places.offset import PositionSample, find_offset
from postplace.schema import Post
from postplace.system.atomic_files import atomic_file
from postplace.system.text_tables import (
    SAVE_AS_UTF_8,
    find_separator,
    is_rounded,
    not_utf_8,
    plain_number,
    wide_encoding,
    with_decimal_point,
)

COLUMNS = ("place", "name", "latitude", "longitude", "category", "aliases")
BY_ID = "by location id"
BY_NAME = "by name"
BY_DISTANCE = "by the nearest place"
SEVERAL = "name of several places of the list"
UNLISTED = "name or id not in the list"
TOO_FAR = "too far from every place"
NO_LOCATION = "without a location"

_SAMPLE = 2**16  # bytes that are looked at for the encoding
_OPEN_DATA = "`postplace import places` makes one of open data"
_MARKS = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "an archive or a workbook",
    b"{": "JSON",
    b"[": "JSON",
    b"\x1f\x8b": "gzip",
}
_BATCH = 4096  # posts looked up at a time
_LONGEST_LINE = 2**20  # characters
_KEPT_NAMES = 100_000  # different names that are not in the list


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A place: its id, name, WGS84 degrees (both or neither), category ("" if unknown) and other names."""

    place: str
    name: str
    latitude: float | None = None
    longitude: float | None = None
    category: str = ""
    aliases: tuple[str, ...] = ()


class KnownPlaces:
    """Known places, and the posts' way to them.

    `places`: as given. `labels`: what a post's `place` is set to, in the same order: the name where no other place has
    it (people read names), else "name (id)"; the id where the name is empty.
    `offset`: what is said of a systematic offset between the posts assigned so far and the places (`places/offset.py`).
    `unlocated`: how many places of a file were at 0, 0, which is no position.
    `counts`: how the posts were assigned, summed over all calls: `BY_ID`, `BY_NAME`, `BY_DISTANCE`, or why they were
    not: `SEVERAL`, `UNLISTED`, `TOO_FAR`, `NO_LOCATION`. `unlisted`: how many posts had each name (else id) that the
    list does not have.
    """

    def __init__(self, places: Iterable[KnownPlace], *, unlocated: int = 0) -> None:
        self.places = tuple(places)
        self.unlocated = unlocated
        self.labels = _labels(self.places)
        self.counts: Counter[str] = Counter()
        self.unlisted: Counter[str] = Counter()
        self._by_name = _by_name(self.places, self.labels)
        self._by_id = {place.place: number for number, place in enumerate(self.places)}
        located = [(n, p.latitude, p.longitude) for n, p in enumerate(self.places) if p.latitude is not None]
        self._located = np.array([number for number, _, _ in located], dtype=np.int64)
        self._degrees = np.array([point for _, *point in located], dtype=np.float64).reshape(len(located), 2)
        self._tree = _tree(self._degrees)
        self._sample = PositionSample()

    @property
    def offset(self) -> str | None:
        """What fits better than the positions as given, in words; None where they fit, or too few are there."""
        return find_offset(self._sample.positions(), self._degrees)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Latitude and longitude (M, 2) of the places that have them."""
        return self._degrees

    def __len__(self) -> int:
        return len(self.places)

    def assign(self, post: Post, *, radius_km: float) -> Post:
        """The post with the place it was made at; for many posts `assign_many` is far faster.

        The place whose id is the post's venue (or its place); else the one whose name or alias is the post's place (or
        its venue), in any case, width and spacing, where both have coordinates within `radius_km`, the nearest of
        several; else the nearest of all (great circle) within `radius_km`; else none: `place` is then None, whatever it
        was, for the list says which places there are; the venue stays. Of a place found the post gets the label, the
        category (where the file has one) and the coordinates (where the post has none). Raises BadOption unless
        `radius_km` is positive.
        """
        return next(self.assign_many([post], radius_km=radius_km))

    def assign_many(self, posts: Iterable[Post], *, radius_km: float) -> Iterator[Post]:
        """As `assign`, for posts that need not fit into memory, in their order."""
        if not (radius_km > 0 and math.isfinite(radius_km)):
            raise BadOption("radius_km", f"{radius_km} km is not a radius", "give a number above 0, as 0.2")
        return self._assigned(iter(posts), radius_km)

    def _assigned(self, posts: Iterator[Post], radius_km: float) -> Iterator[Post]:
        while batch := list(islice(posts, _BATCH)):
            for post, (number, how) in zip(batch, self._found(batch, radius_km), strict=True):
                self.counts[how] += 1
                yield replace(post, place=None) if number is None else self._placed(post, number)

    def _found(self, posts: Sequence[Post], radius_km: float) -> Iterator[tuple[int | None, str]]:
        """The number of each post's place, or None, and how it was found."""
        known = [self._known(post, radius_km) for post in posts]
        self._sample.add(posts)
        asking = [n for n, post in enumerate(posts) if known[n] is None and post.located]
        nearest = dict(zip(asking, self._nearest([posts[n] for n in asking]), strict=True))
        for number, (post, found) in enumerate(zip(posts, known, strict=True)):
            if found is not None:
                yield found
            elif number in nearest:
                place, kilometres = nearest[number]
                yield (place, BY_DISTANCE) if kilometres <= radius_km else (None, TOO_FAR)
            elif name := post.place or post.venue:
                if name in self.unlisted or len(self.unlisted) < _KEPT_NAMES:
                    self.unlisted[name] += 1
                yield None, SEVERAL if self._by_name.get(_folded(name)) else UNLISTED
            else:
                yield None, NO_LOCATION

    def _known(self, post: Post, radius_km: float) -> tuple[int, str] | None:
        """The number of the place that a post names by its id, or by its name."""
        for key in (post.venue, post.place):
            if key and (number := self._by_id.get(key)) is not None:
                return number, BY_ID
        for key in (post.place, post.venue):
            named = self._by_name.get(_folded(key), ()) if key else ()
            if named and (number := self._named(post, named, radius_km)) is not None:
                return number, BY_NAME
        return None

    def _named(self, post: Post, named: Sequence[int], radius_km: float) -> int | None:
        """Which of the places of a name is the post's: chains have many branches, and towns a "Main Street" each."""
        if post.latitude is None or post.longitude is None:
            return named[0] if len(named) == 1 else None
        located = [number for number in named if self.places[number].latitude is not None]
        away = [(_kilometres(post, self.places[number]), number) for number in located]
        if near := [pair for pair in away if pair[0] <= radius_km]:
            return min(near)[1]
        return named[0] if len(named) == 1 and not located else None

    def _nearest(self, posts: Sequence[Post]) -> list[tuple[int, float]]:
        """The number of the nearest place, and how many km away it is; -1 and infinity when none has coordinates."""
        if self._tree is None or not posts:
            return [(-1, math.inf)] * len(posts)
        degrees = np.array([(post.latitude, post.longitude) for post in posts], dtype=np.float64)
        # the nearest by chord is the nearest by great circle
        rows = self._tree.query(unit_vectors(*degrees.T), return_distance=False)[:, 0]
        kilometres = great_circle_km(*degrees.T, *self._degrees[rows].T)
        return list(zip(self._located[rows].tolist(), kilometres.tolist(), strict=True))

    def _placed(self, post: Post, number: int) -> Post:
        place = self.places[number]
        latitude, longitude = (post.latitude, post.longitude) if post.located else (place.latitude, place.longitude)
        return replace(
            post,
            place=self.labels[number],
            category=place.category or post.category,
            latitude=latitude,
            longitude=longitude,
        )


def read_places(path: Path, *, crs: str = "wgs84") -> KnownPlaces:
    """A file of places (CSV, UTF-8 with or without a byte order mark) -> the places in it.

    `crs`: the reference system of their coordinates, `wgs84`, `gcj02` or `bd09` (`geo/crs.py`). Of a place at 0, 0 the
    coordinates are left out, and counted in `unlocated`.
    Cells may be parted by semicolons, degrees may have a decimal comma.
    Columns may stand in any order, others are left unread; only `place` must be there and be filled. Rows that are the
    header again, as in files that were joined, are passed over, and a warning says how many. Raises `BadPlace`
    for the first bad row (naming how many more are), for an id given twice and for a file without a place.
    """
    check_crs(crs, name="places_crs")
    path = Path(path)
    places: dict[str, KnownPlace] = {}
    unlocated = 0
    lines: dict[str, int] = {}
    bad: list[BadPlace] = []
    for line, row in _rows(path):
        try:
            place = _place(row, f"{path}, line {line}")
            if place.place in places:
                problem = f"{place.place!r} is the id of line {lines[place.place]} already"
                raise BadPlace(
                    f"{path}, line {line}, column 'place'", problem, "give every place its own, or delete one"
                )
        except BadPlace as error:
            bad.append(error)
            continue
        if place.latitude == place.longitude == 0:
            place, unlocated = replace(place, latitude=None, longitude=None), unlocated + 1
        if crs != "wgs84" and place.latitude is not None and place.longitude is not None:
            latitude, longitude = to_wgs84(place.latitude, place.longitude, crs)
            place = replace(place, latitude=latitude, longitude=longitude)
        places[place.place], lines[place.place] = place, line
    if bad:
        more = f" (and {len(bad) - 1} more bad rows)" if len(bad) > 1 else ""
        raise BadPlace(bad[0].where, bad[0].found + more, bad[0].remedy)
    if not places:
        raise BadPlace(str(path), "holds no places", f"give a row a place below the header {','.join(COLUMNS)}")
    return KnownPlaces(places.values(), unlocated=unlocated)


def write_places(places: Iterable[KnownPlace], path: Path) -> None:
    """Write places as CSV that `read_places` gives back, whole or not at all. Raises WriteFailed."""
    path = Path(path)
    with atomic_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for place in places:
            point = ("", "") if place.latitude is None else (place.latitude, place.longitude)
            writer.writerow((place.place, place.name, *point, place.category, ";".join(place.aliases)))
        text.detach()


# --- rows


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str] | BadPlace]]:
    """The rows that are not blank, by column name, or what is wrong with them, each with the line it begins on."""
    lines = _lines(path)
    number, header = next(lines, (1, []))
    names = [name.strip() for name in header]
    _check_columns(names, f"{path}, line {number}")
    again = 0
    for number, row in lines:
        if len(names) > 1 and [value.strip() for value in row] == names:
            again += 1
        elif len(row) != len(names):
            found = f"has {len(row)} fields, the header has {len(names)}"
            remedy = "put names with commas or semicolons in double quotes, and close every quote"
            yield number, BadPlace(f"{path}, line {number}", found, remedy)
        else:
            yield number, {name: value.strip() for name, value in zip(names, row, strict=True)}
    if again:
        warnings.warn(f"{path}: rows that are the header again, passed over: {again}", stacklevel=3)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    line = 1
    try:
        _check_kind(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline(_LONGEST_LINE)
            lines = chain([first], iter(lambda: file.readline(_LONGEST_LINE), ""))
            rows = csv.reader(lines, delimiter=find_separator(first, "place"), strict=True)
            while (row := next(rows, None)) is not None:
                if any(value.strip() for value in row):
                    yield line, row
                line = rows.line_num + 1
    except csv.Error as error:
        remedy = "put names with commas, quotes or line breaks in double quotes, and close every quote"
        raise BadPlace(f"{path}, line {line}", f"is not a row of CSV ({error})", remedy) from None
    except UnicodeDecodeError:
        with path.open("rb") as file:
            name, remedy = not_utf_8(file.read(_SAMPLE))
        raise BadPlace(str(path), f"is not UTF-8{name}", remedy) from None
    except FileNotFoundError:
        raise BadPlace(str(path), "does not exist", "check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise BadPlace(str(path), problem, "check the path and the permissions") from error


def _check_kind(path: Path) -> None:
    """Refuse by name what is no table of text."""
    if path.is_dir():
        raise BadPlace(str(path), "cannot be read: it is a folder", f"give a file of places; {_OPEN_DATA}")
    with path.open("rb") as file:
        start = file.read(256)
    if (wide := wide_encoding(start)) is not None:
        raise BadPlace(str(path), f"is not UTF-8 but {wide}", SAVE_AS_UTF_8)
    for mark, kind in _MARKS.items():
        if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(mark):
            raise BadPlace(str(path), f"is {kind}, not a table in CSV", f"give places.csv; {_OPEN_DATA}")


def _check_columns(names: Sequence[str], where: str) -> None:
    if "place" not in names:
        problem = f"there is no column 'place' among {', '.join(map(repr, names[:8])) or 'none'}"
        raise BadPlace(where, problem, f"begin the file with the line {','.join(COLUMNS)}")
    if twice := [name for name, count in Counter(names).items() if count > 1 and name in COLUMNS]:
        raise BadPlace(where, f"the column {twice[0]!r} is there twice", "give every column its own name")
    if ("latitude" in names) != ("longitude" in names):
        missing = "longitude" if "latitude" in names else "latitude"
        raise BadPlace(where, f"there is no column {missing!r}", "give both latitude and longitude, or neither")


def _place(row: Mapping[str, str] | BadPlace, where: str) -> KnownPlace:
    if isinstance(row, BadPlace):
        raise row
    if not row["place"]:
        raise BadPlace(f"{where}, column 'place'", "is empty", "give every place an id")
    if is_rounded(row["place"]):
        remedy = "format the column as text where it comes from, and export it again"
        raise BadPlace(f"{where}, column 'place'", f"{row['place']!r} is a rounded number", remedy)
    latitude = _degrees(row.get("latitude", ""), "latitude", 90, where)
    longitude = _degrees(row.get("longitude", ""), "longitude", 180, where)
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise BadPlace(f"{where}, column {missing!r}", "is empty", "give both latitude and longitude, or neither")
    aliases = dict.fromkeys(alias.strip() for alias in row.get("aliases", "").split(";"))
    names = tuple(alias for alias in aliases if alias)
    return KnownPlace(
        plain_number(row["place"]), row.get("name", ""), latitude, longitude, row.get("category", ""), names
    )


def _degrees(text: str, column: str, limit: int, where: str) -> float | None:
    if not text:
        return None
    try:
        degrees = float(with_decimal_point(text))
    except ValueError:
        degrees = math.nan
    if not abs(degrees) <= limit:
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        remedy = f"give degrees between -{limit} and {limit}, with a point, as 51.05"
        raise BadPlace(f"{where}, column {column!r}", f"{shown!r} is not a {column}", remedy)
    return degrees


# --- looking up


def _labels(places: Sequence[KnownPlace]) -> tuple[str, ...]:
    """One label a place, no two alike."""
    shared = Counter(place.name.casefold() for place in places)
    labels = []
    for place in places:
        alone = place.name and shared[place.name.casefold()] == 1
        labels.append(place.name if alone else f"{place.name} ({place.place})" if place.name else place.place)
    while clashing := {label for label, count in Counter(labels).items() if count > 1}:  # "Mill (7)" may be a name, too
        labels = [place.place if label in clashing else label for place, label in zip(places, labels, strict=True)]
    return tuple(labels)


def _by_name(places: Sequence[KnownPlace], labels: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """Every name, alias and label, folded -> the places that have it."""
    numbers: dict[str, dict[int, None]] = {}
    for number, (place, label) in enumerate(zip(places, labels, strict=True)):
        for name in filter(None, map(_folded, (place.name, label, *place.aliases))):
            numbers.setdefault(name, {})[number] = None
    return {name: tuple(numbers) for name, numbers in numbers.items()}


def _kilometres(post: Post, place: KnownPlace) -> float:
    degrees = (post.latitude, post.longitude, place.latitude, place.longitude)
    return float(great_circle_km(*(np.float64(value or 0.0) for value in degrees)))


def _folded(name: str) -> str:
    """A name as it is compared: without regard to case, width and spaces.

    >>> _folded("Old  BRIDGE") == _folded("ｏｌｄ bridge")
    True
    """
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _tree(degrees: NDArray[np.float64]) -> Any:  # scikit-learn has no types
    if not len(degrees):
        return None
    from sklearn.neighbors import KDTree

    return KDTree(unit_vectors(*degrees.T))
