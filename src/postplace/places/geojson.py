"""Predictions -> GeoJSON (RFC 7946), for any map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NotRequired, TypedDict

from postplace.places.circles import circle_polygons
from postplace.places.extent import Extent
from postplace.places.rows import COLUMNS, Row, prediction_rows
from postplace.schema import Prediction

Shape = Literal["points", "circles"]
Geometry = Mapping[str, Any]  # its type, and coordinates of as many dimensions as the type has


class Feature(TypedDict):
    """One ranked place of a post, or the prediction circle of one."""

    type: str
    id: str
    geometry: Geometry | None
    properties: dict[str, str | int | float | None]


class FeatureCollection(TypedDict):
    """What a map reads; `bbox` is west, south, east, north, and is not there without a geometry."""

    type: str
    features: list[Feature]
    bbox: NotRequired[list[float]]


def feature_collection(predictions: Iterable[Prediction], *, shape: Shape = "points") -> FeatureCollection:
    """One Feature for each ranked place: a Point, longitude first (RFC 7946, 3.1.1), or null without coordinates.

    With `shape="circles"` one Feature for each post: its prediction circle as a MultiPolygon, which is cut at the
    antimeridian (3.1.9), with the properties of its best place; null without a circle.

    Properties are texts and numbers, the same in every Feature (see `docs/outputs.md`): post, rank, name, probability,
    modalities, confident, in_set, level, radius_km, coverage_over, not_read, circle_latitude, circle_longitude. Yes and
    no are 1 and 0, which GDAL's SQL can ask for. A post without a prediction keeps one Feature with a null geometry and
    rank 0, so that no post is lost.

    >>> from postplace.schema import Place, RankedPlace
    >>> best = RankedPlace(Place("tower", 31.24, 121.5), 0.75)
    >>> collection = feature_collection([Prediction("p1", (best,), ("text",))])
    >>> collection["bbox"], collection["features"][0]["geometry"]
    ([121.5, 31.24, 121.5, 31.24], {'type': 'Point', 'coordinates': [121.5, 31.24]})
    >>> properties = collection["features"][0]["properties"]
    >>> properties["name"], properties["rank"], properties["modalities"], properties["confident"]
    ('tower', 1, 'text', 1)
    """
    found = list(features(predictions, shape=shape))
    extent = Extent()
    for feature in found:
        extend(extent, feature)
    collection: FeatureCollection = {"type": "FeatureCollection", "features": found}
    if extent.box is not None:
        south, west, north, east = extent.box
        collection["bbox"] = [west, south, east, north]
    return collection


def features(predictions: Iterable[Prediction], *, shape: Shape = "points") -> Iterator[Feature]:
    """The Features of `feature_collection`, as the predictions come."""
    for prediction in predictions:
        for row in prediction_rows(prediction):
            geometry = _point(row) if shape == "points" else _circle(prediction)
            yield {
                "type": "Feature",
                "id": f"{row['id']}/{row['rank']}",
                "geometry": geometry,
                "properties": _properties(row),
            }
            if shape == "circles":
                break


def extend(extent: Extent, feature: Feature) -> None:
    """Let an extent hold the geometry of a Feature."""
    geometry = feature["geometry"]
    if geometry is None:
        return
    if geometry["type"] == "Point":
        extent.add(geometry["coordinates"][1], geometry["coordinates"][0])
        return
    for polygon in geometry["coordinates"]:
        longitudes, latitudes = zip(*polygon[0], strict=True)
        extent.add_box(min(latitudes), min(longitudes), max(latitudes), max(longitudes))


def _properties(row: Row) -> dict[str, str | int | float | None]:
    values = {column.property: row[column.name] for column in COLUMNS if column.property is not None}
    return {name: int(value) if isinstance(value, bool) else value for name, value in values.items()}


def _point(row: Row) -> Geometry | None:
    if row["latitude"] is None:
        return None
    return {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]}


def _circle(prediction: Prediction) -> Geometry | None:
    circle = prediction.region and prediction.region.circle
    return circle_polygons(*circle) if circle else None
