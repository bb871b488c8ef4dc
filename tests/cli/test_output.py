"""The three formats, by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from postplace.cli.output import write_predictions
from postplace.errors import WriteFailed
from postplace.schema import Place, Prediction, PredictionRegion, RankedPlace

ANSWERS = [
    Prediction(
        "1",
        (RankedPlace(Place("a, b", 31.5, 121.25), 0.75), RankedPlace(Place("c"), 0.25)),
        ("text", "hashtags"),
        region=PredictionRegion(0.9, ("a, b",), (31.5, 121.25), 1.23456),
    ),
    Prediction("2", (), (), confident=False),
]


def test_predictions_as_json_lines(tmp_path: Path) -> None:
    write_predictions(ANSWERS, "jsonl", tmp_path / "out")
    first, second = map(json.loads, (tmp_path / "out").read_text().splitlines())
    place = {"place": "a, b", "probability": 0.75, "latitude": 31.5, "longitude": 121.25}
    places = [place, {"place": "c", "probability": 0.25}]
    circle = {"latitude": 31.5, "longitude": 121.25, "radius_km": 1.235}
    promised = {"level": 0.9, "coverage_over": "users", "prediction_set": ["a, b"], "prediction_circle": circle}
    assert first == {"id": "1", "modalities": ["text", "hashtags"], "confident": True, "places": places, **promised}
    assert second == {"id": "2", "modalities": [], "confident": False, "places": []}


def test_predictions_as_csv(tmp_path: Path) -> None:
    write_predictions(ANSWERS, "csv", tmp_path / "out")
    assert (tmp_path / "out").read_text().splitlines() == [
        "id,rank,place,probability,latitude,longitude,modalities,confident,in_set,level,radius_km,coverage_over,not_read,"
        "circle_latitude,circle_longitude",
        '1,1,"a, b",0.750000,31.5,121.25,text hashtags,yes,yes,0.9,1.235,users,,31.5,121.25',
        "1,2,c,0.250000,,,text hashtags,yes,no,0.9,1.235,users,,31.5,121.25",
        "2,0,,,,,,no,,,,,,,",
    ]


def test_degrees_are_rounded_to_a_tenth_of_a_metre(tmp_path: Path) -> None:
    place = Place("tower", 31.23456789012345, 121.98765432109876)
    answers = [Prediction("1", (RankedPlace(place, 1.0),), ("image",))]
    for name in ("csv", "jsonl"):
        write_predictions(answers, name, tmp_path / name)
    assert (tmp_path / "csv").read_text().splitlines()[1] == "1,1,tower,1.000000,31.234568,121.987654,image,yes,,,,,,,"
    (found,) = json.loads((tmp_path / "jsonl").read_text())["places"]
    assert (found["latitude"], found["longitude"]) == (31.234568, 121.987654)


def test_geojson_has_longitude_first(tmp_path: Path) -> None:
    write_predictions(ANSWERS, "geojson", tmp_path / "out")
    features = json.loads((tmp_path / "out").read_text())["features"]
    assert features[0]["geometry"] == {"type": "Point", "coordinates": [121.25, 31.5]}


def test_an_error_on_the_way_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("before")

    def breaking() -> object:
        yield ANSWERS[0]
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        write_predictions(breaking(), "jsonl", tmp_path / "out")  # type: ignore[arg-type]
    assert (tmp_path / "out").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WriteFailed, match="nowhere"):
        write_predictions(ANSWERS, "csv", tmp_path / "nowhere" / "out")
