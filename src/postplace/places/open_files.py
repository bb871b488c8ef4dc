"""A file or a folder of places, whatever its kind -> the places in a box: which kind it is, and what reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from postplace.errors import BadPlace
from postplace.places.features import feature_candidates, is_geojson
from postplace.places.fsq import Box, FsqPlaces, PostCounts
from postplace.places.open_data import Candidate, OpenPlaces
from postplace.places.osm_table import is_osm_table, read_header, table_candidates
from postplace.places.overture import is_overture, overture_candidates
from postplace.system.stray_files import without_strays
from postplace.system.targets import is_circular

FSQ, OVERTURE, OSM, GEOJSON = "FSQ OS Places", "places of Overture Maps", "a table of OpenStreetMap", "GeoJSON"

_TABLES = (".csv", ".tsv", ".txt")
_FEATURES = (".geojson", ".geojsonl", ".geojsons", ".geojsonseq", ".json", ".jsonl", ".ndjson")
_PARQUET = (".parquet", ".geoparquet")
_ENDINGS = (*_PARQUET, *_TABLES, *_FEATURES)
_READS = "FSQ OS Places and Overture Maps in Parquet, tables of OpenStreetMap in CSV, and GeoJSON"


def open_places(
    source: Path | str,
    *,
    box: Box,
    any_category: bool = False,
    visits: PostCounts | None = None,
    min_posts: int = 1,
    max_places: int | None = None,
) -> FsqPlaces | OpenPlaces:
    """The places of a file, or of the files below a folder, that lie in the box; the other options are `FsqPlaces`'s.

    FSQ OS Places and Overture Maps (Parquet), OpenStreetMap (CSV of Geofabrik's layers, ogr2ogr, Overpass) and GeoJSON.
    Raises BadPlace for anything else, named for what it is, and for a folder that holds several kinds.
    """
    kind, files, strays = _kind(Path(source))
    make: Callable[..., FsqPlaces | OpenPlaces]
    if kind == FSQ:
        make = partial(FsqPlaces, Path(source))
    else:
        make = partial(OpenPlaces, partial(_READERS[kind], files), strays=strays)
    return make(box=box, any_category=any_category, visits=visits, min_posts=min_posts, max_places=max_places)


def _of_tables(files: list[Path], box: Box, left_out: Counter[str]) -> Iterator[Candidate]:
    return table_candidates(files)


def _of_features(files: list[Path], box: Box, left_out: Counter[str]) -> Iterator[Candidate]:
    return feature_candidates(files)


_READERS = {OVERTURE: overture_candidates, OSM: _of_tables, GEOJSON: _of_features}


def _kind(source: Path) -> tuple[str, list[Path], int]:
    """What the files are, which there are, all of one kind, and how many a Mac, a NAS or Windows left."""
    if is_circular(source):
        raise BadPlace(str(source), "is a link that leads in a circle", "give the file itself")
    if not source.exists():
        raise BadPlace(str(source), "does not exist", "check the path")
    if not source.is_dir():
        return file_kind(source) or FSQ, [source], 0  # what is no kind at all is named by the reader of FSQ's
    below = [file for file in sorted(source.rglob("*")) if file.name.lower().endswith(_ENDINGS) and file.is_file()]
    files, strays = without_strays(below, source)
    kinds: dict[str, list[Path]] = {}
    for file in files:
        if (kind := file_kind(Path(file))) is not None:
            kinds.setdefault(kind, []).append(Path(file))
    if len(kinds) > 1:
        found = ", ".join(f"{kind} ({each[0].name})" for kind, each in kinds.items())
        raise BadPlace(str(source), f"holds several kinds of places: {found}", "give the files of one of them")
    return *next(iter(kinds.items()), (FSQ, [])), strays


def file_kind(file: Path) -> str | None:
    """Which kind of places a file holds, by its columns or how it begins; None for what is none of them.

    Raises BadPlace for what is known not to be one, named for what it is.
    """
    ending = file.suffix.lower()
    if ending in _PARQUET:
        return _kind_of_parquet(file)
    if ending in _TABLES:
        return _kind_of_table(file)
    if ending in _FEATURES:
        return GEOJSON if is_geojson(file) else None
    return None


def _kind_of_parquet(file: Path) -> str | None:
    import pyarrow.parquet as pq

    columns: list[str] = []
    with suppress(Exception):  # pyarrow has errors of its own for what is no Parquet; it is named when it is read
        columns = list(pq.read_schema(file).names)
    return FSQ if "fsq_place_id" in columns or not is_overture(columns) else OVERTURE


def _kind_of_table(file: Path) -> str:
    columns = read_header(file)
    if "fsq_place_id" in columns:
        problem = "is FSQ OS Places saved as a table of text, in which every program writes its lists another way"
        raise BadPlace(str(file), problem, "give the Parquet files as Foursquare publishes them")
    if is_osm_table(columns):
        return OSM
    if {"id", "place"} <= set(columns) and {"text", "images"} & set(columns):
        raise BadPlace(str(file), "is a table of posts, not of places", "give a list of places, or open data of places")
    if "place" in columns:
        raise BadPlace(str(file), "is a list of places already", "give it to the option or the parameter `places`")
    if columns:
        shown = ", ".join(map(repr, columns[:8]))
        raise BadPlace(str(file), f"is a table with the columns {shown}, of no kind that is known", f"give {_READS}")
    raise BadPlace(str(file), "has no header that can be read as UTF-8", "save the table as UTF-8, with its header")
