"""A prediction as plain data: rounded, with the keys that apply."""

from __future__ import annotations

from postplace import Place, Prediction
from postplace.places.record import PredictionRecord, as_record
from postplace.schema import PredictionRegion, RankedPlace


def test_a_prediction_with_a_region() -> None:
    ranked = RankedPlace(Place("pier", 10.1234567, 20.0), 0.7), RankedPlace(Place("kiosk"), 0.3)
    region = PredictionRegion(0.9, ("pier",), centre=(10.1234567, 20.0), radius_km=1.23456)
    record = as_record(Prediction("1", ranked, ("text",), region=region))
    assert record["places"] == [
        {"place": "pier", "probability": 0.7, "latitude": 10.123457, "longitude": 20.0},
        {"place": "kiosk", "probability": 0.3},
    ]
    assert record["prediction_circle"] == {"latitude": 10.123457, "longitude": 20.0, "radius_km": 1.235}
    assert set(record) <= PredictionRecord.__required_keys__ | PredictionRecord.__optional_keys__


def test_a_post_with_nothing_to_go_by() -> None:
    assert as_record(Prediction("1", (), ())) == {"id": "1", "modalities": [], "confident": True, "places": []}
