"""An answer as plain data: what the command line writes and the service sends."""

from __future__ import annotations

from typing import Any

from postplace.places.rows import DECIMALS, degrees, longitude_degrees
from postplace.schema import Prediction


def as_record(prediction: Prediction) -> dict[str, Any]:
    """One prediction as plain data. `place` is the class also where the classes are categories or cells.

    `prediction_set` and `prediction_circle` cover the true place as often as `level` says, on average over what
    `coverage_over` says: users (or venues), or posts; each is there if the run can promise it. `caveat` is there if
    they are wide for want of users, `not_read` if something of the post was not read: in words, and in numbers.
    """
    ranked = [
        {"place": r.place.name, "probability": round(r.probability, DECIMALS)}
        | point(r.place.latitude, r.place.longitude)
        for r in prediction.ranked
    ]
    record = {
        "id": prediction.post_id,
        "modalities": list(prediction.modalities),
        "confident": prediction.confident,
        "places": ranked,
    }
    if prediction.not_read:
        record["not_read"] = prediction.not_read.to_json()
    region = prediction.region
    if region is None:
        return record
    record |= {"level": region.level, "coverage_over": region.coverage_over, "prediction_set": list(region.places)}
    if region.caveat:
        record["caveat"] = region.caveat
    if region.centre is not None and region.radius_km is not None:
        record["prediction_circle"] = {**point(*region.centre), "radius_km": round(region.radius_km, 3)}
    return record


def point(latitude: float | None, longitude: float | None) -> dict[str, float]:
    """Rounded degrees under their names; nothing where there are none."""
    if latitude is None or longitude is None:
        return {}
    return {"latitude": degrees(latitude), "longitude": longitude_degrees(longitude)}
