"""Overrides reach who takes them; what cannot be is refused by name."""

from __future__ import annotations

import dataclasses

import pytest

from postplace.errors import BadOption
from postplace.models.registry import MODELS
from postplace.models.settings import VOCABULARY, drop_inactive, resolve_settings
from postplace.text.tokens import LENGTHS


def test_overrides_reach_model_training_and_vocabulary() -> None:
    plan = resolve_settings(MODELS["mrlf"], {"fusion": "joint", "max_epochs": 5, "min_count": 3})
    assert plan.model["fusion"] == "joint"
    assert MODELS["mrlf"].training is not None
    assert plan.training == dataclasses.replace(MODELS["mrlf"].training, max_epochs=5)
    assert plan.vocabulary["min_count"] == 3


def test_a_model_without_tokens_takes_no_vocabulary_settings() -> None:
    with pytest.raises(BadOption, match="'min_count' is unknown"):
        resolve_settings(MODELS["sg-mft"], {"min_count": 3})


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("deepgeo", {"min_count", "max_characters"}),
        ("feature-cnns", {"min_count", "max_words", "max_hashtags", "word_rules"}),
        ("user-cnns", {"min_count", "max_words", "max_hashtags", "word_rules"}),
        ("mrlf", {"min_count", "max_characters", "max_words", "max_hashtags", "word_rules"}),
        ("loctwi", {"min_count", "max_characters", "max_words", "max_hashtags", "word_rules"}),
        ("gated", set()),
    ],
)
def test_lengths_are_those_of_what_is_read(name: str, takes: set[str]) -> None:
    entry = MODELS[name]
    assert set(resolve_settings(entry, {}).vocabulary) == takes
    for setting in VOCABULARY:
        value = "sg-mft" if setting == "word_rules" else 7
        if setting in takes:
            assert resolve_settings(entry, {setting: value}).vocabulary[setting] == value
        else:
            with pytest.raises(BadOption, match=f"'{setting}' is unknown"):
                resolve_settings(entry, {setting: value})


def test_the_baseline_of_a_paper_keeps_the_words_of_the_paper() -> None:
    for name, rules in (("sg-mft", "sg-mft"), ("sg-mft-paper", "sg-mft")):
        settings = {"text_input": "words", "layers": 0, "fusion": "none"}
        assert resolve_settings(MODELS[name], settings).word_rules == rules
    assert resolve_settings(MODELS["mrlf"], {}).word_rules == "places"
    assert resolve_settings(MODELS["mrlf"], {"word_rules": "sg-mft"}).word_rules == "sg-mft"


def test_betas_are_refused_where_the_optimiser_has_none() -> None:
    betas = [0.8, 0.9]
    for name, more in (("mrlf", {}), ("gated", {"optimiser": "rmsprop"})):
        with pytest.raises(BadOption, match="betas: rmsprop has none: they would do nothing"):
            resolve_settings(MODELS[name], {"betas": betas, **more})
    for name, more in (("gated", {}), ("mrlf", {"optimiser": "adam"})):
        training = resolve_settings(MODELS[name], {"betas": betas, **more}).training
        assert training is not None
        assert training.betas == (0.8, 0.9)


def test_what_did_nothing_in_a_run_of_an_earlier_version_is_dropped() -> None:
    saved = {"max_words": 9, "max_characters": 99, "min_count": 3, "betas": [0.8, 0.9], "hidden": 8}
    kept = drop_inactive(MODELS["deepgeo"], saved)
    assert kept == {name: value for name, value in saved.items() if name != "max_words"}
    assert set(drop_inactive(MODELS["mrlf"], {"betas": [0.8, 0.9], "max_words": 9})) == {"max_words"}
    assert set(drop_inactive(MODELS["mrlf"], {"betas": [0.8, 0.9], "optimiser": "adam"})) == {"betas", "optimiser"}
    for name, entry in MODELS.items():
        plan = resolve_settings(entry, {})
        assert drop_inactive(entry, plan.vocabulary) == plan.vocabulary, name
    with pytest.raises(BadOption, match="'min_count' is unknown"):  # as before
        resolve_settings(MODELS["gated"], drop_inactive(MODELS["gated"], {"min_count": 3}))


def test_whether_states_are_read_follows_from_the_settings() -> None:
    assert [resolve_settings(entry, {}).reads_states for entry in MODELS.values()] == [
        name in ("sg-mft-tokens", "bridge-tower") for name in MODELS
    ]
    assert resolve_settings(MODELS["sg-mft-tokens"], {}).inputs == {"text_states", "image_states"}
    assert not resolve_settings(MODELS["sg-mft-tokens"], {"tokens": 32}).reads_states
    assert resolve_settings(MODELS["sg-mft"], {"tokens": "states", "cross_query": "own"}).reads_states


def test_of_how_many_layers_states_are_read_follows_from_the_settings() -> None:
    assert resolve_settings(MODELS["bridge-tower"], {}).state_layers == MODELS["bridge-tower"].settings["layers"] == 3
    assert resolve_settings(MODELS["bridge-tower"], {"layers": 5}).state_layers == 5
    assert resolve_settings(MODELS["sg-mft-tokens"], {"layers": 2}).state_layers == 1  # its own layers
    with pytest.raises(BadOption, match="layers"):
        resolve_settings(MODELS["bridge-tower"], {"layers": 0})


def test_what_does_not_go_with_states_is_refused_before_anything_is_encoded() -> None:
    with pytest.raises(BadOption, match="cross_query: 'other' does not go with tokens=states"):
        resolve_settings(MODELS["sg-mft"], {"tokens": "states"})


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
        ({"word_rules": "paper"}, "word_rules: 'paper' is unknown"),
        ({"fusion": 3}, "is not a name"),
        ({"batch_size": True}, "is not a number"),
    ],
)
def test_values_that_cannot_be(setting: dict[str, object], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        resolve_settings(MODELS["mrlf"], setting)


def test_lengths_are_those_of_a_paper_that_prints_them_and_else_longer() -> None:
    assert resolve_settings(MODELS["loctwi"], {}).vocabulary == {
        "min_count": 2, "max_characters": 140, "max_words": 30, "max_hashtags": 30, "word_rules": "places",
    }  # fmt: skip
    assert resolve_settings(MODELS["deepgeo"], {}).vocabulary["max_characters"] == 300
    assert resolve_settings(MODELS["mrlf"], {}).vocabulary == {"min_count": 2, **LENGTHS, "word_rules": "places"}
    assert dict(LENGTHS) == {"max_characters": 280, "max_words": 60, "max_hashtags": 30}
    assert resolve_settings(MODELS["mrlf"], {"max_words": 9}).vocabulary["max_words"] == 9


def test_a_plan_says_what_may_move_the_answer() -> None:
    assert resolve_settings(MODELS["tagvisor"], {}).modalities == {"hashtags"}
    assert resolve_settings(MODELS["mrlf"], {}).modalities == {"text", "hashtags", "image"}
