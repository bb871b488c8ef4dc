"""The map of predictions: what is drawn, said and counted; bounded, harmless, and without the texts of posts."""

from __future__ import annotations

import json
import re

import pytest
from tests.report.test_page import EVIL, LOADING, read

from postplace.report import map_content as bounds
from postplace.report.map_content import map_content
from postplace.report.prediction_map import build_map, map_figure
from postplace.schema import Place, Prediction, PredictionRegion, RankedPlace


def prediction(number: int, place: Place, probability: float = 0.8, *, radius_km: float = 2.0) -> Prediction:
    other = RankedPlace(Place("other", -16.0, 179.0), 1.0 - probability)
    assert place.latitude is not None
    assert place.longitude is not None
    region = PredictionRegion(0.9, (place.name,), (place.latitude, place.longitude), radius_km)
    return Prediction(f"p{number}", (RankedPlace(place, probability), other), ("text",), number % 2 == 0, region)


PIER, BAR = Place("pier", -17.0, 179.5), Place("bar", -17.0, -179.5)
PREDICTIONS = [prediction(0, PIER), prediction(1, PIER, 0.6), prediction(2, BAR), Prediction("none", (), ())]


def test_a_place_is_a_dot_with_its_posts_and_their_probability() -> None:
    content = map_content(PREDICTIONS)
    assert (content.posts, content.unanswered, content.all_places, content.all_circles) == (4, 1, 3, 3)
    pier, bar, other = content.dots
    assert (pier.place.name, pier.posts, pier.confident, pier.named) == ("pier", 2, 1, [("p0", 0.8), ("p1", 0.6)])
    assert pier.mean_probability == pytest.approx(0.7)
    assert (bar.posts, bar.others) == (1, 0)
    assert (other.posts, other.others, other.mean_probability) == (0, 3, None)


def test_both_sides_of_the_antimeridian_are_next_to_each_other() -> None:
    figure = map_figure(map_content(PREDICTIONS))
    circles, rings, dots, _scale = figure["data"]
    assert dots["x"] == [179.5, 180.5]
    assert rings["x"] == [179.0]
    assert figure["layout"]["xaxis"]["ticktext"][-1].startswith("-179.")
    west, east = figure["layout"]["xaxis"]["range"]
    assert 178.0 < west < 179.0
    assert 180.5 < east < 182.0
    drawn = [longitude for longitude in circles["x"] if longitude is not None]
    assert len(drawn) == 3 * 73
    assert west < min(drawn)
    assert max(drawn) < east


def test_a_dot_says_its_class_and_its_probability() -> None:
    page = build_map(PREDICTIONS)
    figure = json.loads(re.search(r'<script type="application/json" id="figures">(.*?)</script>', page)[1])  # type: ignore[index]
    said = figure["places"]["data"][2]["customdata"][0]
    assert (
        said == "<b>pier</b><br>best place of 2 posts, 1 not confident; mean probability 0.70<br>p0: 0.80<br>p1: 0.60"
    )
    assert figure["places"]["data"][0]["customdata"][0] == "p0: 2.00 km<br>pier, 0.80"
    assert "at a level of 90%: 3 of 3 are drawn" in page
    assert "4 posts, 3 of them with a prediction" in page


def test_nothing_is_fetched_and_names_are_no_markup() -> None:
    reader = read(build_map([prediction(0, Place(EVIL, 1.0, 2.0)), Prediction(EVIL, (), ())], texts={EVIL: EVIL}))
    loading = [(tag, name, value) for tag, own in reader.met for name, value in own.items() if name in LOADING]
    assert {value for _, name, value in loading if name == "href"} == {"#content", "#places", "#posts"}
    assert [entry for entry in loading if entry[1] != "href"] == []
    assert not any(tag == "img" for tag, _ in reader.met)
    assert sum(tag == "script" for tag, _ in reader.met) == 3


def test_texts_are_shown_only_where_they_are_given() -> None:
    assert "a walk" not in build_map(PREDICTIONS)
    page = build_map(PREDICTIONS, texts={"p0": "a walk " * 100, "none": "nothing"})
    assert page.count("a walk") == bounds.CHARACTERS // len("a walk ")
    assert "nothing</td>" in page


def test_what_is_shown_is_bounded_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("PLACES", 3), ("CIRCLES", 2), ("LISTED", 4), ("NAMED_POSTS", 2)):
        monkeypatch.setattr(bounds, name, most)
    many = [prediction(number, Place(f"place {number % 5}", 1.0 + number % 5, 2.0)) for number in range(50)]
    content = map_content(many)
    sizes = [len(content.dots), len(content.circles), len(content.listed), len(content.dots[0].named)]
    assert sizes == [3, 2, 4, 2]
    assert (content.posts, content.all_places, content.all_circles) == (50, 6, 50)
    page = build_map(many)
    assert "Of 6 places those of most posts are drawn" in page
    assert "2 of 50 are drawn" in page
    assert "The first 4 of 50 posts" in page


def test_categories_have_a_table_and_no_map() -> None:
    page = build_map([Prediction("1", (RankedPlace(Place("Dining"), 0.9),), ("text",))])
    assert 'id="plot-' not in page
    assert "Dining" in page
