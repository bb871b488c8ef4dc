"""What models read of a post, and the names of what they answer."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import pytest

from postplace import Post
from postplace.explain.parts import word_parts
from postplace.schema import Place, Prediction, PredictionRegion, Predictions, RankedPlace
from postplace.text.cleaning import for_encoder
from postplace.text.segmentation import words


def test_a_mark_on_a_sign_makes_no_hashtag() -> None:
    """A hashtag is taken out of the text, for it is read among the hashtags; nobody puts one of a picture there."""
    post = Post("1", text="at #bund", hashtags=("bund",), image_text="＃外滩 #21 CAFE#BAR")
    assert post.full_text == "at #bund\n 外滩  21 CAFE BAR"
    assert for_encoder(post.full_text) == "at 外滩 21 CAFE BAR"
    assert words(post.full_text) == ["外滩", "21", "cafe", "bar"]
    assert [part.name for part in word_parts(post)] == ["at", "外滩", "21", "CAFE", "BAR"]
    assert all(post.image_text[part.start : part.end] == part.name for part in word_parts(post)[1:])


def test_a_prediction_has_its_old_names_for_one_version() -> None:
    region = PredictionRegion(0.9, ("tower",))
    prediction = Prediction("1", (RankedPlace(Place("tower"), 0.75),), ("text",), confident=False, region=region)
    for old, new in (("used", "modalities"), ("enough", "confident"), ("promised", "region")):
        with pytest.warns(DeprecationWarning, match=f"Prediction.{old} is called Prediction.{new}") as noted:
            assert getattr(prediction, old) == getattr(prediction, new)
        assert noted[0].filename == __file__


def two_predictions() -> Predictions:
    ranked = (RankedPlace(Place("tower", 31.25, 121.5), 0.75), RankedPlace(Place("<b>"), 0.25))
    region = PredictionRegion(0.9, ("tower", "<b>"), centre=(31.0, 121.0), radius_km=2.5)
    return Predictions([Prediction("1", ranked, ("text", "image"), region=region), Prediction("2", (), (), False)])


def test_predictions_are_a_frame_with_a_row_a_post() -> None:
    frame = two_predictions().to_frame()
    assert frame.loc[0].to_dict() == {
        "id": "1",
        "place": "tower",
        "probability": 0.75,
        "latitude": 31.25,
        "longitude": 121.5,
        "confident": True,
        "modalities": ("text", "image"),
        "prediction_set": ("tower", "<b>"),
        "circle_latitude": 31.0,
        "circle_longitude": 121.0,
        "circle_radius_km": 2.5,
    }
    nothing = frame.loc[1]
    assert (nothing["id"], nothing["place"], nothing["confident"], nothing["modalities"]) == ("2", None, False, ())
    assert nothing["prediction_set"] is None
    numbers = frame.select_dtypes("float64")
    assert list(numbers) == [
        "probability",
        "latitude",
        "longitude",
        "circle_latitude",
        "circle_longitude",
        "circle_radius_km",
    ]
    assert all(map(math.isnan, numbers.loc[1]))


def test_a_frame_of_no_predictions_has_the_same_columns() -> None:
    none, some = Predictions().to_frame(), two_predictions().to_frame()
    assert len(none) == 0
    assert dict(none.dtypes) == dict(some.dtypes)


def test_predictions_are_a_list() -> None:
    predictions = two_predictions()
    assert predictions == list(predictions)
    assert isinstance(predictions[:1], Predictions)
    assert predictions[0].best == Place("tower", 31.25, 121.5)
    assert pickle.loads(pickle.dumps(predictions)) == predictions


def test_predictions_are_a_table_in_a_notebook_of_the_first_twenty() -> None:
    shown = Predictions(list(two_predictions()) * 11)._repr_html_()
    assert "<caption>22 predictions, the first 20</caption>" in shown
    assert shown.count("<tr>") == 1 + 20
    assert "<td>tower</td><td>0.750</td><td>yes</td><td>text, image</td>" in shown


def test_what_anybody_wrote_is_escaped_in_a_notebook() -> None:
    evil = "<script>alert('1')</script>"
    place = Place(evil)
    region = PredictionRegion(0.9, (evil,), caveat=evil)
    prediction = Prediction(evil, (RankedPlace(place, 1.0),), (evil,), region=region)
    post = Post(evil, text=evil, hashtags=(evil,), images=(Path(evil), b"12"), user=evil, place=evil)
    for shown in (prediction, Predictions([prediction]), region, post):
        html = shown._repr_html_()
        assert "&lt;script&gt;" in html
        assert "<script" not in html


def test_a_post_is_a_table_of_what_it_has() -> None:
    shown = Post("1", text="sea", images=(Path("folder/a.jpg"), b"12"), latitude=0.0, longitude=1.0)._repr_html_()
    rows = ("id", "1"), ("text", "sea"), ("images", "a.jpg, 2 bytes"), ("latitude", "0.0"), ("longitude", "1.0")
    assert shown == f"<table>{''.join(f'<tr><td>{name}</td><td>{value}</td></tr>' for name, value in rows)}</table>"


def test_a_prediction_is_a_table_with_its_region() -> None:
    shown = two_predictions()[0]._repr_html_()
    assert "<caption>post 1 (from text, image)</caption>" in shown
    assert "<td>prediction set (90% of users)</td><td>tower, &lt;b&gt;</td>" in shown
    assert "<td>prediction circle</td><td>2.500 km around 31.000000, 121.000000</td>" in shown
    assert "post 2: not confident" in two_predictions()[1]._repr_html_()
