"""An answer as plain data: what the command line writes and the service sends."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from postplace.places.rows import DECIMALS, degrees, longitude_degrees
from postplace.schema import Prediction, RankedPlace
from postplace.truncation import UnreadRecord


class PointRecord(TypedDict, total=False):
    """Degrees (WGS84) of what has coordinates; nothing where there are none."""

    latitude: float
    longitude: float


class PlaceRecord(PointRecord):
    """A ranked class; `radius_km` is that of a district, which the service answers with."""

    place: str
    probability: float
    radius_km: NotRequired[float]


class CircleRecord(TypedDict):
    """A circle: degrees and km."""

    latitude: float
    longitude: float
    radius_km: float


class PredictionRecord(TypedDict):
    """A `Prediction`; see `as_record` for which keys are there."""

    id: str
    modalities: list[str]
    confident: bool
    places: list[PlaceRecord]
    not_read: NotRequired[UnreadRecord]
    level: NotRequired[float]
    coverage_over: NotRequired[str]
    prediction_set: NotRequired[list[str]]
    caveat: NotRequired[str]
    prediction_circle: NotRequired[CircleRecord]


def as_record(prediction: Prediction) -> PredictionRecord:
    """One prediction as plain data. `place` is the class also where the classes are categories or cells.

    `prediction_set` and `prediction_circle` cover the true place as often as `level` says, on average over what
    `coverage_over` says: users (or venues), or posts; each is there if the run can guarantee it. `caveat` is there if
    they are wide for want of users, `not_read` if something of the post was not read: in words, and in numbers.
    """
    record: PredictionRecord = {
        "id": prediction.post_id,
        "modalities": list(prediction.modalities),
        "confident": prediction.confident,
        "places": [_place(ranked) for ranked in prediction.ranked],
    }
    if prediction.not_read:
        record["not_read"] = prediction.not_read.to_json()
    region = prediction.region
    if region is None:
        return record
    record["level"], record["coverage_over"] = region.level, region.coverage_over
    record["prediction_set"] = list(region.places)
    if region.caveat:
        record["caveat"] = region.caveat
    if region.centre is not None and region.radius_km is not None:
        latitude, longitude = region.centre
        record["prediction_circle"] = {
            "latitude": degrees(latitude),
            "longitude": longitude_degrees(longitude),
            "radius_km": round(region.radius_km, 3),
        }
    return record


def _place(ranked: RankedPlace) -> PlaceRecord:
    record: PlaceRecord = {"place": ranked.place.name, "probability": round(ranked.probability, DECIMALS)}
    where = point(ranked.place.latitude, ranked.place.longitude)
    if where:
        record["latitude"], record["longitude"] = where["latitude"], where["longitude"]
    return record


def point(latitude: float | None, longitude: float | None) -> PointRecord:
    """Rounded degrees under their names; nothing where there are none."""
    if latitude is None or longitude is None:
        return {}
    return {"latitude": degrees(latitude), "longitude": longitude_degrees(longitude)}
