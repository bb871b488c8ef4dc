"""Predictions as GeoPackage, GeoParquet and KML, through geopandas and pyogrio (extra `geo`).

The features and their properties are those of GeoJSON; here every property also has a declared type.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from postplace.errors import BadOption
from postplace.places.geojson import Feature, features
from postplace.places.rows import COLUMNS

if TYPE_CHECKING:
    from postplace.schema import Prediction

LAYER = "predictions"
_TYPES = {"integer": "int32", "number": "float64", "boolean": "int32"}
_GEOMETRIES = {"points": "Point", "circles": "MultiPolygon"}


def write_geopackage(predictions: Iterable[Prediction], file: BinaryIO, *, shape: str) -> None:
    """One layer, `predictions`."""
    frame = _frame(predictions, shape)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.gpkg"
        frame.to_file(path, driver="GPKG", layer=LAYER, engine="pyogrio", geometry_type=_GEOMETRIES[shape])
        _copy(path, file)


def write_geoparquet(predictions: Iterable[Prediction], file: BinaryIO, *, shape: str) -> None:
    """GeoParquet 1.0, with the geometry as WKB."""
    frame = _frame(predictions, shape)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.parquet"
        frame.to_parquet(path, index=False, schema_version="1.0.0")
        _copy(path, file)


def kml_text(predictions: Iterable[Prediction], *, shape: str) -> str:
    """A Placemark a Feature; its name is that of the place, the other properties are its extended data."""
    frame = _frame(predictions, shape)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.kml"
        frame.to_file(path, driver="KML", layer=LAYER, engine="pyogrio", geometry_type=_GEOMETRIES[shape])
        return path.read_text(encoding="utf-8")


def check_installed() -> None:
    """Raise BadOption, before any work, where the libraries are missing."""
    try:
        import geopandas  # noqa: F401
        import pyogrio  # noqa: F401
    except ImportError as error:
        problem = f"this format needs {error.name}, not installed here"
        raise BadOption("--format", problem, 'pip install "postplace[geo]", or write geojson') from None


def _frame(predictions: Iterable[Prediction], shape: str) -> Any:
    """The Features as a GeoDataFrame, in WGS84."""
    import geopandas
    import pandas as pd
    from shapely.geometry import shape as geometry_of

    found: list[Feature] = list(features(predictions, shape="circles" if shape == "circles" else "points"))
    columns: dict[str, Any] = {}
    for column in COLUMNS:
        if column.property is not None:
            values = [feature["properties"][column.property] for feature in found]
            columns[column.property] = pd.Series(values, dtype=_TYPES.get(column.kind, "str"))
    geometry = [None if feature["geometry"] is None else geometry_of(feature["geometry"]) for feature in found]
    return geopandas.GeoDataFrame(columns, geometry=geopandas.GeoSeries(geometry, crs="EPSG:4326"))


def _copy(path: Path, file: BinaryIO) -> None:
    with path.open("rb") as whole:
        shutil.copyfileobj(whole, file)
