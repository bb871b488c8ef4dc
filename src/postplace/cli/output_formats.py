"""How predictions can be written, and which of it an ending of a file name asks for."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from postplace.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Mapping


class Format(StrEnum):
    """How predictions are written."""

    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"
    xlsx = "xlsx"
    geojson = "geojson"
    gpkg = "gpkg"
    geoparquet = "geoparquet"
    kml = "kml"
    map = "map"


class Shape(StrEnum):
    """What stands on a map for a post: its ranked places, or its prediction circle."""

    points = "points"
    circles = "circles"


BINARY = frozenset({Format.parquet, Format.xlsx, Format.gpkg, Format.geoparquet})
GEOGRAPHIC = frozenset({Format.geojson, Format.gpkg, Format.geoparquet, Format.kml})

# The formats that a file with an ending may hold: the first unless another is requested.
OF_ENDINGS: Mapping[str, tuple[Format, ...]] = {
    ".jsonl": (Format.jsonl,),
    ".ndjson": (Format.jsonl,),
    ".json": (Format.jsonl, Format.geojson),
    ".csv": (Format.csv,),
    ".parquet": (Format.parquet, Format.geoparquet),
    ".xlsx": (Format.xlsx,),
    ".geojson": (Format.geojson,),
    ".gpkg": (Format.gpkg,),
    ".geoparquet": (Format.geoparquet,),
    ".kml": (Format.kml,),
    ".html": (Format.map,),
    ".htm": (Format.map,),
}
# Endings of formats that predictions are not written in: another program would believe the name.
OTHERS = frozenset(
    f".{name}"
    for names in (
        "tsv xls xlsm xlsb ods dbf shp kmz gpx gml fgb topojson geojsonl geojsons feather arrow ipc orc avro db sqlite",
        "sqlite3 duckdb pkl pickle npy npz h5 xml yaml yml md pdf png jpg svg doc docx zip gz bz2 xz zst 7z tar tgz",
    )
    for name in names.split()
)


def choose_format(requested: Format | None, output: Path | None) -> Format:
    """The format requested, else that of the ending of `output`, else JSON lines.

    Raises BadOption for an ending that says otherwise, and for a format that a terminal cannot show.
    """
    ending = "" if output is None else output.suffix.lower()
    known = OF_ENDINGS.get(ending)
    if known is None and ending in OTHERS:
        remedy = f"give --output an ending of {', '.join(OF_ENDINGS)}"
        raise BadOption("--output", f"{output}: predictions are not written as {ending}", remedy)
    if requested is not None and known is not None and requested not in known:
        endings = [name for name, formats in OF_ENDINGS.items() if requested in formats]
        remedy = f"name the file {' or '.join(endings)}, or leave --format out"
        raise BadOption("--format", f"{requested} does not go into {output}", remedy)
    chosen = requested or (known[0] if known else Format.jsonl)
    if output is None and chosen in BINARY:
        raise BadOption("--format", f"{chosen} is not text", "give a file with --output")
    return chosen
