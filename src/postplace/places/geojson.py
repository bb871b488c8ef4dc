"""Predictions -> GeoJSON (RFC 7946), for any map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from postplace.schema import Place, Prediction

DECIMALS = 6  # of degrees: a tenth of a metre


class Geometry(TypedDict):
    """A point, longitude first."""

    type: str
    coordinates: list[float]


class Feature(TypedDict):
    """One ranked place of a post."""

    type: str
    id: str
    geometry: Geometry | None
    properties: dict[str, object]


class FeatureCollection(TypedDict):
    """What a map reads."""

    type: str
    features: list[Feature]


def feature_collection(predictions: Iterable[Prediction]) -> FeatureCollection:
    """One Feature for each ranked place: a Point, longitude first (RFC 7946, 3.1.1), or null without coordinates.

    Properties: post, rank (from 1), probability (0 to 1), name, modalities, confident; where the run can promise it,
    also level, coverage_over, in_set and prediction_circle (longitude, latitude, radius in km), for GeoJSON knows no
    circles; where something of the post was not read, not_read, in words. A post without a prediction keeps one Feature
    with a null geometry and null rank, probability and name, so that no post is lost.

    >>> from postplace.schema import RankedPlace
    >>> best = RankedPlace(Place("tower", 31.24, 121.5), 0.75)
    >>> feature = feature_collection([Prediction("p1", (best,), ("text",))])["features"][0]
    >>> feature["geometry"]
    {'type': 'Point', 'coordinates': [121.5, 31.24]}
    >>> feature["properties"]
    {'post': 'p1', 'rank': 1, 'probability': 0.75, 'name': 'tower', 'modalities': ['text'], 'confident': True}
    """
    return {
        "type": "FeatureCollection",
        "features": [feature for prediction in predictions for feature in _features(prediction)],
    }


def _features(prediction: Prediction) -> list[Feature]:
    if not prediction.ranked:
        return [_feature(prediction, rank=None, place=None, probability=None)]
    return [
        _feature(prediction, rank=rank, place=ranked.place, probability=ranked.probability)
        for rank, ranked in enumerate(prediction.ranked, start=1)
    ]


def _feature(prediction: Prediction, *, rank: int | None, place: Place | None, probability: float | None) -> Feature:
    return {
        "type": "Feature",
        "id": f"{prediction.post_id}/{rank or 0}",
        "geometry": _geometry(place),
        "properties": {
            "post": prediction.post_id,
            "rank": rank,
            "probability": None if probability is None else float(probability),
            "name": None if place is None else place.name,
            "modalities": list(prediction.modalities),
            "confident": prediction.confident,
            **_region(prediction, place),
            **({"not_read": prediction.not_read.said} if prediction.not_read else {}),
        },
    }


def _region(prediction: Prediction, place: Place | None) -> dict[str, object]:
    region = prediction.region
    if region is None or place is None:
        return {}
    covered = place.name in region.places
    properties: dict[str, object] = {"level": region.level, "coverage_over": region.coverage_over, "in_set": covered}
    if region.centre is None or region.radius_km is None:
        return properties
    latitude, longitude = (round(degrees, DECIMALS) for degrees in region.centre)
    return {**properties, "prediction_circle": [longitude, latitude, round(region.radius_km, 3)]}


def _geometry(place: Place | None) -> Geometry | None:
    if place is None or place.latitude is None or place.longitude is None:
        return None
    degrees = float(place.longitude), float(place.latitude)
    return {"type": "Point", "coordinates": [round(number, DECIMALS) for number in degrees]}
