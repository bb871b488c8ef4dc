"""Places of Overture Maps (GeoParquet) -> candidates.

One row a place: `id`, `geometry` (WKB), `bbox`, `names.primary` and `names.common`, `categories` (until 2026) or
`basic_category` and `taxonomy`, `confidence`, `operating_status`, contact details (schema: docs.overturemaps.org,
guides/places). A struct column is found whole; other programs write the geometry as WKT, which is read too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from postplace.errors import BadPlace
from postplace.places.fsq import CLOSED, OUTSIDE, Box
from postplace.places.geometry import inner_point, wrapped_longitude
from postplace.places.open_data import Candidate
from postplace.places.osm_classes import overture_class

CATEGORIES = ("categories", "basic_category", "taxonomy")
_DETAILS = ("addresses", "websites", "phones", "socials", "emails", "brand")
_COLUMNS = ("id", "geometry", "bbox", "names", *CATEGORIES, "confidence", "operating_status", *_DETAILS)
_BATCH = 8192  # rows held at a time
_SLACK = 1e-4  # degrees: `bbox` is of single precision


def is_overture(columns: list[str]) -> bool:
    """Whether a Parquet file with these columns holds places of Overture Maps."""
    names = set(columns)
    return {"id", "names"} <= names and bool(names & {"geometry", "bbox"}) and bool(names & set(CATEGORIES))


def overture_candidates(files: list[Path], box: Box, left_out: Counter[str]) -> Iterator[Candidate]:
    """The places of the files, of which row groups outside the box are not read. Raises BadPlace."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    for file in files:
        try:
            data = ds.dataset(file, format="parquet")
            if not is_overture(data.schema.names):
                problem = "holds no places of Overture Maps, as the files beside it do"
                raise BadPlace(str(file), problem, "give the files of one theme alone")
            columns = [name for name in _COLUMNS if name in data.schema.names]
            inside = _inside(box, data.schema)
            passed = 0
            for batch in data.to_batches(columns=columns, filter=inside, batch_size=_BATCH, batch_readahead=2):
                passed += batch.num_rows
                yield from map(_candidate, batch.to_pylist())
            left_out[OUTSIDE] += data.count_rows() - passed
        except (pa.ArrowException, OSError) as error:
            raise BadPlace(str(file), f"cannot be read as Parquet ({error})", "download the file again") from error


def _inside(box: Box, schema: Any) -> Any:
    """What `bbox` says beforehand of the rows that may lie in the box; None where it says nothing."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    if "bbox" not in schema.names or box.west > box.east:
        return None
    kind = schema.field("bbox").type
    if not pa.types.is_struct(kind) or not {"xmin", "xmax", "ymin", "ymax"} <= {field.name for field in kind}:
        return None
    edges = {name: ds.field("bbox", name) for name in ("xmin", "xmax", "ymin", "ymax")}
    latitudes = (edges["ymax"] >= box.south - _SLACK) & (edges["ymin"] <= box.north + _SLACK)
    return latitudes & (edges["xmax"] >= box.west - _SLACK) & (edges["xmin"] <= box.east + _SLACK)


def _candidate(row: Mapping[str, Any]) -> Candidate:
    names = row.get("names")
    name = (names.get("primary") if isinstance(names, dict) else names) or ""
    longitude, latitude = inner_point(row.get("geometry")) or _middle(row.get("bbox")) or (None, None)
    labels = _labels(row)
    details = sum(bool(row.get(detail)) for detail in _DETAILS)
    return Candidate(
        str(row.get("id") or ""),
        " ".join(str(name).split()),
        latitude,
        longitude,
        overture_class(labels),
        labels,
        _aliases(names, name),
        (details, f"{row.get('confidence') or 0:.4f}"),
        CLOSED if row.get("operating_status") == "permanently_closed" else "",
    )


def _labels(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What a place is called, the most special first."""
    categories, taxonomy = row.get("categories"), row.get("taxonomy")
    given: list[object] = []
    if isinstance(taxonomy, dict):
        given += [taxonomy.get("primary"), *reversed(taxonomy.get("hierarchy") or ())]
    if isinstance(categories, dict):
        given += [categories.get("primary"), *(categories.get("alternate") or ())]
    given.append(row.get("basic_category"))
    return tuple(dict.fromkeys(str(label) for label in given if label))


def _aliases(names: object, primary: object) -> tuple[str, ...]:
    """The names in other languages; `;` parts them in places.csv."""
    common = names.get("common") if isinstance(names, dict) else None
    pairs = common.items() if isinstance(common, dict) else common or ()
    other = (" ".join(str(name).replace(";", ",").split()) for _, name in pairs if name)
    return tuple(dict.fromkeys(name for name in other if name != primary))


def _middle(bbox: object) -> tuple[float, float] | None:
    edges = [bbox.get(name) for name in ("xmin", "xmax", "ymin", "ymax")] if isinstance(bbox, dict) else [None]
    if None in edges:
        return None
    west, east, south, north = (float(edge) for edge in edges if edge is not None)
    east += 360 if west > east else 0  # across the antimeridian
    return wrapped_longitude((west + east) / 2), (south + north) / 2
