"""What people have that no source reads: exports of their own accounts, archives, lists of places, tables of posts."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from postplace.posts.json_files import first_objects, open_text, sample_files

_PACKED = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar")
_TABLE_ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl", ".json")
_NO_READER = (
    "no source reads it yet: make a table of it (id, text, images, time, latitude, longitude) and give that where "
    "posts are asked for, or write a source of your own (docs/extending.md)"
)
NO_POSTS = "it holds places, not posts: "
_PLACES = f"{NO_POSTS}`postplace import places` makes a places.csv of it"
_FSQ = f"{NO_POSTS}give the Parquet files as Foursquare publishes them to `postplace import places`"
UNPACK = "unpack it, and give the folder"
NO_IMPORT = "it needs no import: "
TABLE = "it needs no import: give it where posts are asked for, as to train or predict"


class KnownExport(NamedTuple):
    """What a path holds, in words that follow its name; and what to do."""

    is_: str
    remedy: str


def known_export(path: Path) -> KnownExport | None:
    """What a path holds that is no source's, or None; never raises."""
    for looks in (_posts_among_others, _archive, _by_names, _by_records, _by_columns):
        if (found := looks(path)) is not None:
            return found
    return None


def _posts_among_others(path: Path) -> KnownExport | None:
    """The tables of posts that lie in a folder itself: whatever lies beside them, they are what is looked for."""
    if not path.is_dir():
        return None
    beside = (file for file in sample_files(path, _TABLE_ENDINGS) if file.parent == path)
    names = [file.name for file in beside if _are_of_posts({str(name).casefold() for name in _columns(file)})]
    if not names:
        return None
    return KnownExport(f"holds {names[0]}, posts", f"{NO_IMPORT}give a file in it: {', '.join(names)}")


def _are_of_posts(columns: Set[str]) -> bool:
    return "id" in columns and not columns.isdisjoint({"text", "images"})


def _archive(path: Path) -> KnownExport | None:
    packed = [file for file in _files(path) if file.name.lower().endswith(_PACKED)]
    if not packed:
        return None
    if packed[0] == path:
        return KnownExport("is an archive", UNPACK)
    return KnownExport(f"holds the archive {packed[0].name}", "unpack it, and give the folder that comes out of it")


def _by_names(path: Path) -> KnownExport | None:
    """By the folders and files that an export always has."""
    names = {file.name.lower() for file in _files(path)} | {name.lower() for name in path.parts[-1:]}
    folders = _folders(path)
    html = any(name.endswith(".html") for name in names)
    if "your_instagram_activity" in folders:
        if html and not any(name.endswith(".json") for name in names):
            return KnownExport("is an export of Instagram in HTML", "ask Instagram for it in the format JSON")
        return KnownExport("is Instagram's export of one's own account", _NO_READER)
    if "your archive.html" in names or ("account.js" in names and "manifest.js" in names):
        return KnownExport("is an archive of X without tweets.js", "give the folder that holds data/tweets.js")
    if any(".supplemental-meta" in name for name in names) or "takeout" in folders:
        return KnownExport("is Google Photos as Takeout gives it", _NO_READER)
    if {"outbox.json", "actor.json"} <= names:
        return KnownExport("is Mastodon's export of one's own account", _NO_READER)
    return None


def _by_records(path: Path) -> KnownExport | None:
    for record in first_objects(path, (".json", ".jsonl", ".geojson")):
        for what, looks in _RECORDS.items():
            if looks(record):
                return KnownExport(f"is {what}", _PLACES if "places" in what else _NO_READER)
    return None


def _is_instagram(record: Mapping[str, object]) -> bool:
    media = record.get("media")
    first = media[0] if isinstance(media, list) and media else record
    return isinstance(first, dict) and {"uri", "creation_timestamp"} <= set(first)


_RECORDS: Mapping[str, Callable[[Mapping[str, object]], bool]] = {
    "Instagram's export of one's own account": _is_instagram,
    "Flickr's export of one's own account": lambda record: (
        {"date_taken", "original", "count_views"} & set(record) != set() and {"id", "name"} <= set(record)
    ),
    "Mastodon's export of one's own account": lambda record: record.get("type") == "OrderedCollection",
    "Google Photos as Takeout gives it": lambda record: "photoTakenTime" in record,
    "a dump of instagram-scraper": lambda record: "GraphImages" in record or "GraphProfileInfo" in record,
    "GeoJSON, of places as it seems": lambda record: record.get("type") in ("FeatureCollection", "Feature"),
}


def _by_columns(path: Path) -> KnownExport | None:
    """By the columns of tables: places that are open data, and posts in a table of one's own."""
    for file in sample_files(path, _TABLE_ENDINGS):
        columns = {str(name).casefold() for name in _columns(file)}
        for what, needed in _TABLES.items():
            if needed <= columns:
                as_text = what == "FSQ OS Places" and not file.name.lower().endswith(".parquet")
                return KnownExport(f"holds {what}", _FSQ if as_text else _PLACES)
        if _are_of_posts(columns):
            return KnownExport("is a table of posts already" if file == path else f"holds {file.name}, posts", TABLE)
        if {"place", "name"} <= columns:
            return KnownExport("is a list of places already", "give it to the option or the parameter `places`")
    return None


_TABLES = {
    "FSQ OS Places": {"fsq_place_id", "latitude"},
    "places of Overture Maps": {"names", "geometry", "categories"},
    "places of OpenStreetMap": {"osm_id", "name"},
    "places of OpenStreetMap, from Overpass": {"@id", "name"},
}


def _columns(file: Path) -> list[str]:
    with suppress(Exception):  # pyarrow has errors of its own for what is no Parquet
        if file.name.lower().endswith(".parquet"):
            import pyarrow.parquet as pq

            return list(pq.read_schema(file).names)
        if file.name.lower().endswith((".json", ".jsonl")):
            return [key for record in first_objects(file) for key in record]
        with open_text(file) as opened:
            line = opened.readline(2**16)
            return next(csv.reader([line], delimiter=max(",;\t", key=line.count)), [])
    return []


def _files(path: Path) -> Iterator[Path]:
    yield from sample_files(path, ("",))


def _folders(path: Path) -> set[str]:
    """The names of the folder and of those in it."""
    names = {path.name.lower()}
    with suppress(OSError, ValueError):
        names |= {entry.name.lower() for entry in path.iterdir() if entry.is_dir()}
    return names
