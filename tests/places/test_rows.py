"""Predictions as flat rows: what stands in each column, rounded, and missing where there is nothing."""

from __future__ import annotations

import pytest

from postplace.places.rows import COLUMNS, Row, longitude_degrees, prediction_rows
from postplace.schema import Place, Prediction, PredictionRegion, RankedPlace

TOWER, CAFE = Place("tower", 31.23456789, 181.25), Place("café")


def rows(*ranked: RankedPlace, region: PredictionRegion | None = None) -> list[Row]:
    return list(prediction_rows(Prediction("p1", ranked, ("text", "image"), region=region)))


def test_the_places_are_ranked_from_one_and_rounded() -> None:
    first, second = rows(RankedPlace(TOWER, 0.123456789), RankedPlace(CAFE, 0.1))
    assert (first["rank"], first["place"], first["probability"]) == (1, "tower", 0.123457)
    assert (first["latitude"], first["longitude"]) == (31.234568, -178.75)
    assert (second["rank"], second["place"], second["latitude"], second["longitude"]) == (2, "café", None, None)
    assert first["modalities"] == second["modalities"] == "text image"


def test_a_place_with_half_a_position_has_none() -> None:
    (row,) = rows(RankedPlace(Place("half", 31.0, None), 1.0))
    assert (row["latitude"], row["longitude"]) == (None, None)


def test_the_set_and_the_circle_stand_in_every_row() -> None:
    region = PredictionRegion(0.9, ("café",), (31.0, -180.5), 1.23456, coverage_over="posts")
    first, second = rows(RankedPlace(TOWER, 0.6), RankedPlace(CAFE, 0.4), region=region)
    assert (first["in_set"], second["in_set"]) == (False, True)
    for row in (first, second):
        assert (row["level"], row["coverage_over"], row["radius_km"]) == (0.9, "posts", 1.235)
        assert (row["circle_latitude"], row["circle_longitude"]) == (31.0, 179.5)


def test_a_set_without_a_circle_has_a_level_alone() -> None:
    (row,) = rows(RankedPlace(CAFE, 1.0), region=PredictionRegion(0.8, ("café",)))
    assert (row["in_set"], row["level"], row["radius_km"], row["circle_latitude"]) == (True, 0.8, None, None)


def test_a_post_without_a_prediction_is_one_row_of_rank_0() -> None:
    (row,) = prediction_rows(Prediction("p2", (), (), confident=False))
    assert (row["id"], row["rank"], row["place"], row["probability"]) == ("p2", 0, "", None)
    assert (row["confident"], row["in_set"], row["modalities"], row["not_read"]) == (False, False, "", "")


def test_every_row_has_the_columns_that_are_listed_with_values_of_their_kind() -> None:
    kinds = {"text": str, "integer": int, "number": float, "boolean": bool}
    region = PredictionRegion(0.9, ("tower",), (31, 121), 2)  # whole numbers, as people write them
    for row in (*rows(RankedPlace(TOWER, 1), region=region), *rows()):
        assert set(row) == {column.name for column in COLUMNS}
        for column in COLUMNS:
            value = row[column.name]
            missing = value is None and column.kind == "number"
            assert missing or type(value) is kinds[column.kind], column.name


@pytest.mark.parametrize(
    ("given", "expected"), [(190.0, -170.0), (-190.0, 170.0), (540.0, -180.0), (12.3456784, 12.345678)]
)
def test_longitudes_from_minus_180_to_180(given: float, expected: float) -> None:
    assert longitude_degrees(given) == expected
