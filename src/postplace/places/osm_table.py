"""Tables of OpenStreetMap's places (CSV) -> candidates.

Geofabrik's layers (`osm_id,code,fclass,name` with coordinates), what ogr2ogr writes of an extract (`X,Y` or `WKT`, tags
in columns and in `other_tags`), Overpass (`[out:csv(::id,::lat,::lon,name,amenity)]`: `@id`, `@lat`, `@lon`, with tabs)
and QuickOSM (`full_id`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from postplace.errors import BadPlace
from postplace.places.geometry import inner_point
from postplace.places.open_data import Candidate
from postplace.places.osm_classes import TAG_KEYS, osm_class
from postplace.system.text_tables import with_decimal_point

_IDS = ("osm_id", "@id", "full_id", "osm_way_id", "id")
_TYPES = ("@type", "osm_type")
_POINTS = (("lat", "lon"), ("@lat", "@lon"), ("latitude", "longitude"), ("lat", "lng"), ("y", "x"))
_GEOMETRIES = ("wkt", "geometry", "geom", "the_geom")
_OTHER_TAG = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')
_LONGEST_LINE = 2**24  # characters: a polygon of a large park
_DELIMITERS = ",;\t|"


def read_header(file: Path) -> list[str]:
    """The column names of a table, in lower case; [] for what is no table of text."""
    with suppress(OSError, UnicodeDecodeError, csv.Error), file.open(encoding="utf-8-sig", newline="") as opened:
        line = opened.readline(2**16)
        names = next(csv.reader([line], delimiter=_delimiter(line)), [])
        return [name.strip().casefold() for name in names]
    return []


def is_osm_table(columns: list[str]) -> bool:
    """Whether a table with these columns is one of OpenStreetMap's places."""
    names = set(columns)
    if names & {"osm_id", "osm_way_id", "full_id", "@id"}:
        return True
    return "name" in names and bool(names & {"fclass", "amenity", "other_tags"})


def table_candidates(files: list[Path]) -> Iterator[Candidate]:
    """The places of the files. Raises BadPlace for one without coordinates, or that cannot be read."""
    for file in files:
        try:
            with file.open(encoding="utf-8-sig", newline="") as opened:
                first = opened.readline(_LONGEST_LINE)
                names = [name.strip().casefold() for name in next(csv.reader([first], delimiter=_delimiter(first)), [])]
                _check(file, names)
                previous = csv.field_size_limit(_LONGEST_LINE)
                try:
                    for row in csv.reader(opened, delimiter=_delimiter(first)):
                        if any(row):
                            yield _candidate(dict(zip(names, row, strict=False)))
                finally:
                    csv.field_size_limit(previous)
        except UnicodeDecodeError:
            raise BadPlace(str(file), "is not UTF-8", "save the file as UTF-8") from None
        except (OSError, csv.Error) as error:
            raise BadPlace(str(file), f"cannot be read ({error})", "export the table again") from error


def _check(file: Path, names: list[str]) -> None:
    if _point_columns(names) is None and not set(names) & set(_GEOMETRIES):
        problem = "is a table of OpenStreetMap without coordinates"
        remedy = "export them too: lat and lon (Overpass: ::lat and ::lon with `out center`; ogr2ogr: X and Y, or WKT)"
        raise BadPlace(str(file), problem, remedy)


def _point_columns(names: list[str]) -> tuple[str, str] | None:
    return next(((south, west) for south, west in _POINTS if south in names and west in names), None)


def _candidate(row: Mapping[str, str]) -> Candidate:
    tags = dict(_OTHER_TAG.findall(row.get("other_tags", ""))) | {key: value for key, value in row.items() if value}
    category, labels = osm_class(tags)
    latitude, longitude = _degrees(row)
    name = " ".join(tags.get("name", "").split())
    details = sum(key not in ("name", *TAG_KEYS) for key in tags)
    return Candidate(_id(row) or name, name, latitude, longitude, category, labels, _aliases(tags, name), (details, ""))


def _id(row: Mapping[str, str]) -> str:
    """The number, with what kind of object has it, where that is said: a node and a way may have one number."""
    number = next((row[key].strip() for key in _IDS if row.get(key, "").strip()), "")
    kind = next((row[key].strip() for key in _TYPES if row.get(key, "").strip()), "")
    return f"{kind}/{number}" if kind and number else number


def _aliases(tags: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The names in other languages; `;` parts several in OpenStreetMap as in places.csv."""
    keys = [key for key in tags if key.startswith("name:") or key in ("alt_name", "int_name", "official_name")]
    names = (alias.strip() for key in keys for alias in tags[key].split(";"))
    return tuple(dict.fromkeys(alias for alias in names if alias and alias != name))


def _degrees(row: Mapping[str, str]) -> tuple[float | None, float | None]:
    columns = _point_columns(list(row))
    if columns is not None:
        with suppress(ValueError):
            latitude, longitude = (float(with_decimal_point(row[name])) for name in columns)
            return latitude, longitude
    for key in _GEOMETRIES:
        if point := inner_point(row.get(key)):
            return point[1], point[0]
    return None, None


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)
