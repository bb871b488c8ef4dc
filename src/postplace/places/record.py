"""An answer as plain data: what the command line writes and the service sends."""

from __future__ import annotations

from typing import Any

from postplace.places.geojson import DECIMALS
from postplace.schema import Prediction


def as_record(prediction: Prediction) -> dict[str, Any]:
    """One prediction as plain data. `place` is the class also where the classes are categories or cells.

    `set` and `circle` hold the truth as often as `level` says, on average over what `coverage_over` says: users (or
    venues), or posts; each is there if the run can promise it. `caveat` is there if they are wide for want of users,
    `not_read` if something of the post was not read: in words, and in numbers.
    """
    ranked = [
        {"place": r.place.name, "probability": round(r.probability, 6)} | point(r.place.latitude, r.place.longitude)
        for r in prediction.ranked
    ]
    found = {"id": prediction.post_id, "used": list(prediction.used), "enough": prediction.enough, "places": ranked}
    if prediction.not_read:
        found["not_read"] = prediction.not_read.to_json()
    promise = prediction.promised
    if promise is None:
        return found
    found |= {"level": promise.level, "coverage_over": promise.coverage_over, "set": list(promise.places)}
    if promise.caveat:
        found["caveat"] = promise.caveat
    if promise.centre is not None and promise.radius_km is not None:
        found["circle"] = {**point(*promise.centre), "radius_km": round(promise.radius_km, 3)}
    return found


def point(latitude: float | None, longitude: float | None) -> dict[str, float]:
    """Rounded degrees under their names; nothing where there are none."""
    if latitude is None or longitude is None:
        return {}
    return {"latitude": round(latitude, DECIMALS), "longitude": round(longitude, DECIMALS)}
