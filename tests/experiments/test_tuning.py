"""What a random search tries: the own settings first, each trial another model."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from postplace import Post, PostLocator
from postplace.experiments.tuning import EVERYTHING, available_inputs, draw
from postplace.features.pooled import MODALITIES
from postplace.models.registry import find_model
from postplace.schema import Place


def test_a_search_begins_with_the_own_settings_and_repeats_none() -> None:
    entry = find_model("mrlf")
    drawn = draw(entry, trials=6, seed=1)
    assert drawn[0] == {}
    assert len(drawn) == 6
    assert len({json.dumps(settings, sort_keys=True) for settings in drawn}) == 6
    assert draw(entry, trials=6, seed=1) == drawn
    assert all(set(settings) == {*entry.search, "learning_rate"} for settings in drawn[1:])


def test_what_a_row_is_about_is_not_searched() -> None:
    entry = find_model("mrlf")
    drawn = draw(entry, trials=6, seed=1, given={"dropout": 0.5, "fusion": "joint"})
    assert len(drawn) > 2
    assert all(set(settings) == {*entry.search, "learning_rate"} - {"dropout"} for settings in drawn[1:])


BARE = {"layers": 0, "fusion": "none"}


@pytest.mark.parametrize(
    ("model", "given", "there", "still"),
    [
        ("sg-mft", BARE, EVERYTHING, {"tokens", "head_width"}),  # Table 2: Baseline and + CLIP
        ("sg-mft", {**BARE, "text_input": "words"}, EVERYTHING, {"tokens", "head_width"}),
        ("sg-mft", {"layers": 0}, EVERYTHING, set()),  # SFM has heads, over tokens
        ("sg-mft", {"fusion": "none"}, EVERYTHING, set()),  # so has SIM
        ("sg-mft-tokens", BARE, EVERYTHING, {"head_width"}),
        ("mrlf", {}, EVERYTHING - {"text", "hashtags"}, {"filters"}),  # MRLF's Table III: the image branch alone
        ("mrlf", {}, EVERYTHING - {"image"}, {"image_features"}),
        ("mrlf", {}, EVERYTHING - {"text"}, set()),
        ("feature-cnns", {}, EVERYTHING - {"image"}, {"image_features"}),
        ("user-cnns", {}, EVERYTHING - {"image"}, set()),  # the width of the attributes too
        ("user-cnns", {"past": False}, EVERYTHING - {"image"}, {"image_features"}),
        ("transtagger", {}, EVERYTHING - {"coarse"}, {"coarse_weight"}),
    ],
)
def test_what_does_nothing_is_not_searched(
    model: str, given: dict[str, Any], there: frozenset[str], still: set[str]
) -> None:
    entry = find_model(model)
    every = {*entry.search, "learning_rate"} - set(given)
    drawn = draw(entry, trials=60, seed=1, given=given, there=there)
    assert [set(settings) for settings in drawn[1:]] == [every - still] * (len(drawn) - 1)
    choices = [len(values) for name, values in entry.search.items() if name not in {*given, *still}]
    assert len(drawn) == min(60, 3 * math.prod(choices))  # each once, and no more than there are


def test_available_inputs_is_what_posts_have(posts: list[Post], cache: Path) -> None:
    prepared = PostLocator("place", "mrlf", cache=cache, device="cpu").build_dataset(posts)
    assert available_inputs(prepared, ("text", "image")) == {"text", "image", "coarse"}
    absent = {**prepared.examples.present, "image": np.zeros(len(prepared.posts), dtype=np.bool_)}
    vars(prepared)["examples"] = replace(prepared.examples, present=absent)
    named = tuple(Place(place.name) for place in prepared.places.places)
    assert available_inputs(prepared, MODALITIES) == {"text", "hashtags", "coarse"}
    vars(prepared)["places"] = replace(prepared.places, places=named)
    assert available_inputs(prepared, ("text", "image")) == {"text"}


def test_no_search_takes_out_what_makes_a_system_what_it_is() -> None:
    named = {"layers": ("sg-mft", "mrlf"), "fusion": ("mrlf", "sg-mft"), "past": ("user-cnns",)}
    assert not [model for setting, models in named.items() for model in models if setting in find_model(model).search]
    for model, setting in (("mplug", "connect_every"), ("unis-mmc", "weight"), ("ogm-ge", "noise")):
        assert 0 not in find_model(model).search[setting]
