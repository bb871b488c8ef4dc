"""GeoJSON (RFC 7946) -> candidates: points, and a point inside of each polygon.

A FeatureCollection or features one a line (with a record separator before each or not, as osmium and GDAL write them).
Properties are read as OpenStreetMap's tags (overpass turbo, osmium, QuickOSM), as those of Overture Maps, or with a
`category` that is one of the eight classes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from postplace.errors import BadPlace
from postplace.places.geometry import inner_point
from postplace.places.open_data import Candidate
from postplace.places.osm_classes import osm_class, overture_class
from postplace.places.semantic import CLASSES

_LIST = re.compile(r'"features"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,\x1e]*")
_CHUNK = 2**16
_LONGEST = 64 * 2**20  # characters of one feature, and of what stands before the first
_IDS = ("@id", "full_id", "osm_id", "osm_way_id", "id", "place")


def feature_candidates(files: list[Path]) -> Iterator[Candidate]:
    """The places of the files, one at a time. Raises BadPlace for what is no GeoJSON."""
    for file in files:
        try:
            with file.open(encoding="utf-8-sig") as opened:
                for number, feature in enumerate(_features(opened), start=1):
                    if not isinstance(feature, dict) or "geometry" not in feature:
                        raise BadPlace(f"{file}, feature {number}", "is no feature", "give GeoJSON as RFC 7946 has it")
                    yield _candidate(feature)
        except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are both
            raise BadPlace(str(file), f"is no complete GeoJSON ({type(error).__name__})", "export it again") from error
        except OSError as error:
            raise BadPlace(str(file), f"cannot be read ({error.strerror or error})", "check the permissions") from error


def is_geojson(file: Path) -> bool:
    """Whether a file begins as GeoJSON does; never raises."""
    try:
        with file.open(encoding="utf-8-sig") as opened:
            start = opened.read(_CHUNK)
    except (OSError, ValueError):
        return False
    return start.lstrip(" \t\r\n\x1e").startswith("{") and re.search(r'"type"\s*:\s*"Feature', start) is not None


def _features(file: TextIO) -> Iterator[object]:
    """The items of `features`, or the features one after the other."""
    text = file.read(_CHUNK)
    collection = re.search(r'"type"\s*:\s*"FeatureCollection"', text) or not re.search(r'"type"\s*:\s*"Feature"', text)
    position = 0
    if collection:
        while not (match := _LIST.search(text)):
            if not (more := file.read(_CHUNK)) or len(text) > _LONGEST:
                raise ValueError("no features")
            text += more
        position = match.end()
    decoder, ended = json.JSONDecoder(), False
    while True:
        position = _BETWEEN.match(text, position).end()  # type: ignore[union-attr]  # it matches nothing, too
        if position < len(text) and text[position] == "]" and collection:
            return
        if position == len(text) and ended:
            if collection:
                raise ValueError("the list has no end")
            return
        try:
            value, position = decoder.raw_decode(text, position)
        except RecursionError:
            raise ValueError("nested too deep") from None
        except json.JSONDecodeError:
            if ended or len(text) - position > _LONGEST:
                raise
            text = text[position:]
            more = file.read(max(_CHUNK, len(text)))
            text, position, ended = text + more, 0, not more
        else:
            yield value


def _candidate(feature: Mapping[str, Any]) -> Candidate:
    given = feature.get("properties")
    values: dict[str, Any] = given if isinstance(given, dict) else {}
    names = _nested(values.get("names"))
    name = " ".join(str(_first(values.get("name"), names.get("primary"), values.get("name:en")) or "").split())
    longitude, latitude = inner_point(feature.get("geometry")) or (None, None)
    category, labels = _class(values)
    place = _first(feature.get("id"), *(values.get(key) for key in _IDS), name)
    return Candidate(
        "" if place is None else str(place),
        name,
        latitude,
        longitude,
        category,
        labels,
        _aliases(values, name),
        (sum(value not in (None, "") for value in values.values()), ""),
    )


def _class(values: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    if (category := values.get("category")) in CLASSES:
        return str(category), (str(category),)
    categories, taxonomy = _nested(values.get("categories")), _nested(values.get("taxonomy"))
    labels = [taxonomy.get("primary"), *reversed(taxonomy.get("hierarchy") or ()), categories.get("primary")]
    labels += [*(categories.get("alternate") or ()), values.get("basic_category")]
    known = tuple(dict.fromkeys(str(label) for label in labels if label))
    if known:
        return overture_class(known), known
    found, tags = osm_class(values)
    return found, tags or ((str(category),) if category else ())


def _nested(value: object) -> Mapping[str, Any]:
    """A struct, which GDAL writes as a text of JSON."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _aliases(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    keys = [key for key in values if key.startswith("name:") or key in ("alt_name", "int_name", "official_name")]
    names = (alias.strip() for key in keys for alias in str(values[key] or "").split(";"))
    return tuple(dict.fromkeys(alias for alias in names if alias and alias != name))


def _first(*values: object) -> object:
    return next((value for value in values if value not in (None, "")), None)
