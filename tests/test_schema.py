"""What models read of a post, and the names of what they answer."""

from __future__ import annotations

import pytest

from postplace import Post
from postplace.explain.parts import words_of
from postplace.schema import Place, Prediction, PredictionRegion, RankedPlace
from postplace.text.cleaning import for_encoder
from postplace.text.segmentation import words


def test_a_mark_on_a_sign_makes_no_hashtag() -> None:
    """A hashtag is taken out of the text, for it is read among the hashtags; nobody puts one of a picture there."""
    post = Post("1", text="at #bund", hashtags=("bund",), image_text="＃外滩 #21 CAFE#BAR")
    assert post.full_text == "at #bund\n 外滩  21 CAFE BAR"
    assert for_encoder(post.full_text) == "at 外滩 21 CAFE BAR"
    assert words(post.full_text) == ["外滩", "21", "cafe", "bar"]
    assert [part.name for part in words_of(post)] == ["at", "外滩", "21", "CAFE", "BAR"]
    assert all(post.image_text[part.start : part.end] == part.name for part in words_of(post)[1:])


def test_a_prediction_has_its_old_names_for_one_version() -> None:
    region = PredictionRegion(0.9, ("tower",))
    prediction = Prediction("1", (RankedPlace(Place("tower"), 0.75),), ("text",), confident=False, region=region)
    for old, new in (("used", "modalities"), ("enough", "confident"), ("promised", "region")):
        with pytest.warns(DeprecationWarning, match=f"Prediction.{old} is called Prediction.{new}") as noted:
            assert getattr(prediction, old) == getattr(prediction, new)
        assert noted[0].filename == __file__
