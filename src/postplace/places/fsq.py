"""Foursquare's open places (FSQ OS Places, Parquet) -> known places: a box, eight classes, a cut for popularity.

The files hold one row a place: `fsq_place_id`, `name`, `latitude`, `longitude`, `date_closed` (null while open),
`fsq_category_labels` (a list of paths as "Dining and Drinking > Restaurant"), since 2025 `unresolved_flags`, and
contact details (schema: docs.foursquare.com, Places OS Data Schemas). They say nothing about how often a place is
visited; two things stand in for it: posts made nearby (`PostCounts`) and how complete the record is (`most`).
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption, BadPlace
from postplace.places.distance import EARTH_RADIUS_KM, unit_vectors
from postplace.places.known import KnownPlace
from postplace.places.semantic import semantic_class
from postplace.schema import Post
from postplace.system.stray_files import is_stray_file, without_strays

NEEDED = ("fsq_place_id", "name", "latitude", "longitude", "date_closed", "fsq_category_labels")
DETAILS = ("address", "locality", "postcode", "tel", "website", "email", "facebook_id", "instagram", "twitter")
FLAGS = "unresolved_flags"
GONE = ("closed", "delete", "doesnt_exist", "duplicate", "inappropriate", "privatevenue")
"""Reports by users, not yet settled by Foursquare, that make a place unfit; other reports are let pass."""

OUTSIDE = "outside the box, or without coordinates"
NO_POSITION = "coordinates 0, 0, which are no position"
CLOSED = "closed"
NO_ID = "without an id"
NO_NAME = "without a name"
NO_CATEGORY = "without a category"
NO_CLASS = "a category of none of the eight classes"
AGAIN = "the same id again"
FEW_POSTS = "too few posts nearby"
LESS_COMPLETE = "a less complete record than those kept"

_BATCH = 8192  # rows held at a time
_SHOWN = 5  # names of files in a message
_AS_PUBLISHED = "give the Parquet files under places/parquet as Foursquare publishes them"
_KINDS = {  # by the ending
    ".csv": "a CSV file",
    ".tsv": "a table with tabs",
    ".geojson": "GeoJSON",
    ".json": "JSON",
    ".jsonl": "JSON lines",
    ".gpkg": "a GeoPackage",
    ".pbf": "an extract of OpenStreetMap",
    ".zip": "an archive",
    ".gz": "a compressed file",
}
_OTHERS = {  # by columns that only they have
    "places of Overture Maps": {"names", "categories", "geometry"},
    "FSQ's categories": {"category_id", "category_level"},
    "a table of OpenStreetMap": {"osm_id"},
}


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the globe in WGS84 degrees; with `west` > `east` it crosses the 180th meridian."""

    south: float
    west: float
    north: float
    east: float


def parse_box(text: str) -> Box:
    """`SOUTH,WEST,NORTH,EAST` -> a box. Raises BadOption.

    >>> parse_box("50.97,13.58,51.18,13.97")
    Box(south=50.97, west=13.58, north=51.18, east=13.97)
    """
    remedy = "give SOUTH,WEST,NORTH,EAST in degrees, as 50.97,13.58,51.18,13.97"
    try:
        south, west, north, east = (float(part) for part in text.split(","))
    except ValueError:
        raise BadOption("box", f"{text!r} is not four numbers", remedy) from None
    if not (-90 <= south < north <= 90):
        raise BadOption("box", f"{text!r}: {south:g} to {north:g} is not south to north", remedy)
    if not (abs(west) <= 180 and abs(east) <= 180 and west != east):
        raise BadOption("box", f"{text!r}: {west:g} to {east:g} is not west to east", remedy)
    return Box(south, west, north, east)


class PostCounts:
    """How many posts were made near a point: those with coordinates within `radius_km`; others count by their venue.

    Holds 24 bytes a post with coordinates, nothing else of them.
    """

    def __init__(self, posts: Iterable[Post], *, radius_km: float) -> None:
        if not (0 < radius_km < math.inf):
            raise BadOption("radius_km", f"{radius_km} km is not a radius", "give a number above 0, as 0.2")
        self._venues: Counter[str] = Counter()
        degrees = np.fromiter(self._points(posts), dtype=np.dtype((np.float64, 2)))
        self.located = len(degrees)
        self._chord = 2.0 * math.sin(min(radius_km / EARTH_RADIUS_KM, math.pi) / 2.0)
        self._tree: Any = None
        if self.located:
            from sklearn.neighbors import KDTree

            self._tree = KDTree(unit_vectors(*degrees.T))

    def _points(self, posts: Iterable[Post]) -> Iterator[tuple[float, float]]:
        for post in posts:
            if post.latitude is not None and post.longitude is not None:
                yield post.latitude, post.longitude
            elif post.venue:
                self._venues[post.venue] += 1

    @property
    def with_venue(self) -> int:
        """How many posts are counted by their venue."""
        return self._venues.total()

    def near(self, places: Sequence[KnownPlace]) -> NDArray[np.int64]:
        """The number of posts near each place, all of which have coordinates (P,)."""
        counts = np.array([self._venues[place.place] for place in places], dtype=np.int64)
        if self._tree is not None and places:
            degrees = np.array([(place.latitude, place.longitude) for place in places], dtype=np.float64)
            counts += self._tree.query_radius(unit_vectors(*degrees.T), r=self._chord, count_only=True)
        return counts


class FsqPlaces:
    """The places of a file, or of all `*.parquet` below a folder, that lie in `box`; every iteration begins again.

    `category` is one of the eight semantic classes; places of none are left out unless `any_category`. With `visits`,
    only places near at least `min_posts` posts; with `max_places`, only that many with the most complete records, most
    recently refreshed first. Rows are read in batches, only the columns needed and the row groups that the box touches.
    Raises `BadPlace` for a file that is not FSQ OS Places.

    `strays` is how many files a Mac, a NAS or Windows left there, which are passed over. Filled while iterating:
    `rows`, `kept`; `left_out`, the number of rows for every reason; `without_class`, how often each category was met
    that belongs to none of the eight.
    """

    def __init__(
        self,
        source: Path,
        *,
        box: Box,
        any_category: bool = False,
        visits: PostCounts | None = None,
        min_posts: int = 1,
        max_places: int | None = None,
    ) -> None:
        if min_posts < 1:
            raise BadOption("min_posts", f"{min_posts} posts are no cut", "give 1 or more")
        if max_places is not None and max_places < 1:
            raise BadOption("max_places", f"{max_places} places requested", "give 1 or more")
        self._files, self.strays = _parquet_files(Path(source))
        self._box, self._any_category = box, any_category
        self._visits, self._min_posts, self._max_places = visits, min_posts, max_places
        self._reset()

    def _reset(self) -> None:
        self.rows = self.kept = self._candidates = 0
        self.left_out: Counter[str] = Counter()
        self.without_class: Counter[str] = Counter()

    def __iter__(self) -> Iterator[KnownPlace]:
        self._reset()
        candidates = self._found()
        if self._max_places is None:
            places = (place for _, place in candidates)
        else:
            # the id breaks ties, so that the same files give the same places
            best = heapq.nlargest(
                self._max_places, self._counted(candidates), key=lambda pair: (pair[0], pair[1].place)
            )
            self.left_out[LESS_COMPLETE] = self._candidates - len(best)
            places = (place for _, place in best)
        for place in places:
            self.kept += 1
            yield place
        self.left_out = +self.left_out

    def _counted(self, found: Iterator[tuple[_Completeness, KnownPlace]]) -> Iterator[tuple[_Completeness, KnownPlace]]:
        for pair in found:
            self._candidates += 1
            yield pair

    def _found(self) -> Iterator[tuple[_Completeness, KnownPlace]]:
        """Every place that stands the box, the classes and the posts, with how complete its record is."""
        seen: set[int] = set()  # 8 bytes of a digest for each id
        for file in self._files:
            for batch in self._batches(file):
                fits = [pair for row in batch if (pair := self._fit(row)) is not None]
                for completeness, place in self._visited(fits):
                    digest = int.from_bytes(blake2b(place.place.encode(), digest_size=8).digest())
                    if digest in seen:
                        self.left_out[AGAIN] += 1
                        continue
                    seen.add(digest)
                    yield completeness, place

    def _batches(self, file: Path) -> Iterator[list[dict[str, Any]]]:
        """The rows in the box, batch by batch."""
        import pyarrow as pa
        import pyarrow.dataset as ds

        try:
            data = ds.dataset(file, format="parquet")
            _check_schema(data.schema, file)
            columns = [name for name in (*NEEDED, FLAGS, "date_refreshed", *DETAILS) if name in data.schema.names]
            total, inside = data.count_rows(), 0
            options = {"batch_size": _BATCH, "batch_readahead": 2, "fragment_readahead": 1}
            for batch in data.to_batches(columns=columns, filter=_inside(self._box), **options):
                inside += batch.num_rows
                yield batch.to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise _not_parquet(file, error) from error
        self.rows += total
        self.left_out[OUTSIDE] += total - inside

    def _fit(self, row: Mapping[str, Any]) -> tuple[_Completeness, KnownPlace] | None:
        name = " ".join((row["name"] or "").split())
        labels = [label for label in row["fsq_category_labels"] or () if label]
        flag = next((flag for flag in row.get(FLAGS) or () if flag in GONE), None)
        category = semantic_class(labels)
        reason = None
        if row["latitude"] == row["longitude"] == 0:
            reason = NO_POSITION
        elif row["date_closed"]:
            reason = CLOSED
        elif flag:
            reason = f"reported as {flag.replace('_', ' ')}"
        elif not row["fsq_place_id"]:
            reason = NO_ID
        elif not name:
            reason = NO_NAME
        elif not category and not self._any_category:
            reason = NO_CLASS if labels else NO_CATEGORY
            self.without_class.update(labels[:1])
        if reason:
            self.left_out[reason] += 1
            return None
        place = KnownPlace(row["fsq_place_id"], name, float(row["latitude"]), float(row["longitude"]), category)
        details = sum(bool(row.get(detail)) for detail in DETAILS)
        return (details, str(row.get("date_refreshed") or "")), place

    def _visited(self, pairs: Sequence[tuple[_Completeness, KnownPlace]]) -> Iterator[tuple[_Completeness, KnownPlace]]:
        if self._visits is None:
            yield from pairs
            return
        counts = self._visits.near([place for _, place in pairs])
        for pair, posts in zip(pairs, counts, strict=True):
            if posts >= self._min_posts:
                yield pair
            else:
                self.left_out[FEW_POSTS] += 1


_Completeness = tuple[int, str]  # how many details are filled, when the record was last refreshed


def _parquet_files(source: Path) -> tuple[list[Path], int]:
    """The files to read, and how many of a Mac, a NAS or Windows lie among them."""
    if source.is_dir():
        below = sorted(file for file in source.rglob("*.parquet") if file.is_file())
        files, strays = without_strays(below, source)
        if not files:
            raise BadPlace(str(source), f"holds no .parquet files{_held(source)}", _AS_PUBLISHED)
        return [Path(file) for file in files], strays
    if not source.exists():
        raise BadPlace(str(source), "does not exist", "check the path")
    return [source], 0


def _held(folder: Path) -> str:
    """What a folder holds instead, for a message."""
    names = sorted(entry.name for entry in folder.iterdir() if not is_stray_file(entry.name))
    more = ", ..." if len(names) > _SHOWN else ""
    return f" (it holds {', '.join(names[:_SHOWN])}{more})" if names else " (it is empty)"


def _not_parquet(file: Path, error: Exception) -> BadPlace:
    """The error for a file that pyarrow cannot read: damaged, or another format."""
    with suppress(OSError), file.open("rb") as opened:
        if opened.read(4) == b"PAR1":
            return BadPlace(str(file), f"cannot be read as Parquet ({error})", "download the file again")
        if is_stray_file(file.name):
            return BadPlace(str(file), "is a file that a Mac left beside another one", "give the file without the '._'")
        kind = _KINDS.get(file.suffix.lower(), "no Parquet file")
        return BadPlace(str(file), f"is {kind}: it is not FSQ OS Places", _AS_PUBLISHED)
    return BadPlace(str(file), f"cannot be read ({error})", "check the path and the permissions")


def _check_schema(schema: Any, file: Path) -> None:
    import pyarrow as pa

    if missing := [name for name in NEEDED if name not in schema.names]:
        if NEEDED[0] in schema.names:
            raise BadPlace(str(file), f"has no column {missing[0]!r}: it was written anew without it", _AS_PUBLISHED)
        known = next((name for name, columns in _OTHERS.items() if columns <= set(schema.names)), None)
        is_not = f"it is {known}, not FSQ OS Places" if known else "it is not FSQ OS Places"
        raise BadPlace(str(file), f"has no column {missing[0]!r}: {is_not}", _AS_PUBLISHED)
    for name in ("latitude", "longitude"):
        kind = schema.field(name).type
        if not (pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            raise BadPlace(f"{file}, column {name!r}", f"holds {kind}, not numbers", "give the files as published")
    kind = schema.field("fsq_category_labels").type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        problem = f"holds {kind}, not lists of texts"
        raise BadPlace(f"{file}, column 'fsq_category_labels'", problem, "give the files as published")


def _inside(box: Box) -> Any:
    import pyarrow.dataset as ds

    latitude, longitude = ds.field("latitude"), ds.field("longitude")
    rows = (latitude >= box.south) & (latitude <= box.north)
    east_of, west_of = longitude >= box.west, longitude <= box.east
    return rows & ((east_of & west_of) if box.west < box.east else (east_of | west_of))
