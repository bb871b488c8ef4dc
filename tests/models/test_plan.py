"""Overrides reach who takes them; what cannot be is refused by name."""

from __future__ import annotations

import dataclasses

import pytest

from postplace.errors import BadOption
from postplace.models.plan import plan_of
from postplace.models.table import MODELS


def test_overrides_reach_model_training_and_vocabulary() -> None:
    plan = plan_of(MODELS["mrlf"], {"fusion": "joint", "max_epochs": 5, "min_count": 3})
    assert plan.model["fusion"] == "joint"
    assert MODELS["mrlf"].training is not None
    assert plan.training == dataclasses.replace(MODELS["mrlf"].training, max_epochs=5)
    assert plan.vocabulary["min_count"] == 3


def test_a_model_without_tokens_takes_no_vocabulary_settings() -> None:
    with pytest.raises(BadOption, match="'min_count' is unknown"):
        plan_of(MODELS["sg-mft"], {"min_count": 3})


def test_whether_states_are_read_follows_from_the_settings() -> None:
    assert [plan_of(entry, {}).reads_states for entry in MODELS.values()] == [
        name in ("sg-mft-tokens", "bridge-tower") for name in MODELS
    ]
    assert plan_of(MODELS["sg-mft-tokens"], {}).needs == {"text_states", "image_states"}
    assert not plan_of(MODELS["sg-mft-tokens"], {"tokens": 32}).reads_states
    assert plan_of(MODELS["sg-mft"], {"tokens": "states", "cross_query": "own"}).reads_states


def test_of_how_many_layers_states_are_read_follows_from_the_settings() -> None:
    assert plan_of(MODELS["bridge-tower"], {}).state_layers == MODELS["bridge-tower"].settings["layers"] == 3
    assert plan_of(MODELS["bridge-tower"], {"layers": 5}).state_layers == 5
    assert plan_of(MODELS["sg-mft-tokens"], {"layers": 2}).state_layers == 1  # its own layers
    with pytest.raises(BadOption, match="layers"):
        plan_of(MODELS["bridge-tower"], {"layers": 0})


def test_what_does_not_go_with_states_is_refused_before_anything_is_encoded() -> None:
    with pytest.raises(BadOption, match="cross_query: 'other' does not go with tokens=states"):
        plan_of(MODELS["sg-mft"], {"tokens": "states"})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"max_epochs": "many"}, "max_epochs: 'many' is not a number"),
        ({"max_epochs": 2.5}, "is not a whole number"),
        ({"max_epochs": 0}, "is too small"),
        ({"betas": 0.9}, "is not a pair"),
        ({"learning_rate": float("nan")}, "is not a number"),
        ({"learning_rate": "fast"}, "is not a number"),
        ({"learning_rate": -1}, "is too small"),
        ({"dropout": 1.5}, "is no such share"),
        ({"optimiser": "sdg"}, "'sdg' is unknown"),
        ({"fusion": 3}, "is not a name"),
        ({"batch_size": True}, "is not a number"),
    ],
)
def test_values_that_cannot_be(setting: dict[str, object], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        plan_of(MODELS["mrlf"], setting)
