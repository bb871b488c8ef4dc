"""The registry: what it knows without importing a model, and settings that do not fit together."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest
from tests.models.contracts import contracts

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.registry import MODELS, built_in_files, find_model, required_inputs

CLASSES = 5


@pytest.mark.parametrize(
    ("name", "settings", "named"),
    [
        ("mrlf", {"heads": 7}, "heads"),
        ("mrlf", {"heads": 0}, "heads"),
        ("mrlf", {"dropout": "high"}, "dropout"),
        ("mrlf", {"dropout": 1.0}, "dropout"),
        ("mrlf", {"kernel": 4}, "kernel"),
        ("mrlf", {"word_kernel": 0}, "word_kernel"),
        ("mrlf", {"filters": 8.0}, "filters"),
        ("mrlf", {"fusion": None}, "fusion"),
        ("mrlf", {"gate": "sigmoid"}, "gate"),
        ("sg-mft", {"tokens": 5}, "tokens"),
        ("sg-mft", {"tokens": 0}, "tokens"),
        ("sg-mft", {"tokens": None}, "tokens"),
        ("sg-mft", {"tokens": 4, "features": 18}, "tokens"),
        ("sg-mft", {"features": 0}, "features"),
        ("sg-mft", {"tokens": "scalar"}, "normalise_over"),
        ("sg-mft", {"tokens": 1, "normalise_over": "tokens"}, "normalise_over"),
        ("sg-mft", {"head_width": 0}, "head_width"),
        ("sg-mft", {"tokens": "states"}, "cross_query"),
        ("sg-mft-tokens", {"cross_query": "other"}, "cross_query=own"),
        ("sg-mft-tokens", {"normalise_over": "tokens"}, "normalise_over=width"),
        ("sg-mft-tokens", {"tokens": 5}, "tokens"),
        ("sg-mft-tokens", {"text_input": "words"}, "text_input=vectors"),
        ("sg-mft", {"fusion": "add"}, "fusion"),
        ("sg-mft", {"text_input": "word"}, "did you mean 'words'"),
        ("mplug", {"connect_every": 3}, "connect_every: 3 with 3 layers: no connected layer would ever run"),
        ("mplug", {"layers": 6, "connect_every": 6}, "connect_every"),
        ("mplug", {"tokens": "chunks"}, "tokens"),
        ("merge-attention", {"tokens": 5}, "tokens"),
        ("co-attention", {"heads": 3}, "heads"),
        ("bridge-tower", {"layers": 2}, "layers"),  # the encoders give one
        ("bridge-tower-lite", {"tokens": "states"}, "tokens"),
    ],
)
def test_settings_that_do_not_fit(name: str, settings: dict[str, Any], named: str, sizes: InputSizes) -> None:
    entry = find_model(name)
    with pytest.raises(BadOption, match=named):
        entry.network(sizes, CLASSES, {**entry.settings, **contracts()[name].small, **settings})


def test_a_misspelt_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadOption, match="did you mean 'sg-mft'"):
        find_model("sgmft")


def test_the_names_read_from_the_files_are_those_that_are_registered() -> None:
    for name, module in built_in_files().items():
        entry = find_model(name)
        assert entry.name == name
        assert entry.factory.__module__ == module
        assert entry.modalities <= {"text", "hashtags", "image"}


@pytest.mark.parametrize("absent", ["text_states", "image_states"])
def test_encoders_without_states_are_refused(absent: str, sizes: InputSizes) -> None:
    entry = find_model("sg-mft-tokens")
    none = (
        dataclasses.replace(sizes, text_states=0)
        if absent == "text_states"
        else dataclasses.replace(sizes, image_states=0)
    )
    with pytest.raises(BadOption, match="tokens: 'states' asked for, but an encoder gives none"):
        entry.build(none, CLASSES, entry.settings)


def test_a_batch_without_states_is_refused(batch: Batch, sizes: InputSizes) -> None:
    entry = find_model("sg-mft-tokens")
    bare = dataclasses.replace(batch, image_states=None, image_states_mask=None)
    with pytest.raises(ValueError, match="states=True"):
        entry.network(sizes, CLASSES, entry.settings)(bare)


def test_what_is_needed_depends_on_the_settings() -> None:
    states, vectors = {"text_states", "image_states"}, {"text_vector", "image_vector"}
    for name, entry in MODELS.items():
        assert required_inputs(entry, entry.settings), name
    tokens, chunks = find_model("sg-mft-tokens"), find_model("sg-mft")
    assert required_inputs(tokens, {}) == states
    assert required_inputs(tokens, {"tokens": 32}) == vectors
    assert required_inputs(chunks, {"tokens": "states", "cross_query": "own"}) == states
    assert required_inputs(chunks, {"text_input": "words"}) == {"words", "image_vector"}
    assert required_inputs(find_model("mrlf"), {}) == {"characters", "words", "image_vector"}


@pytest.mark.parametrize("what", ["import postplace.models.registry", "from postplace import register_model"])
def test_the_registry_needs_no_torch(what: str) -> None:
    code = f"import sys; {what}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_misspelt_name_is_refused_without_torch() -> None:
    code = (
        "import sys\nfrom postplace.models.registry import find_model\n"
        "try: find_model('mrlff')\nexcept Exception as error: print(error)\nprint('torch' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "did you mean 'mrlf'?" in shown
    assert shown.endswith("False\n")


def test_a_constructor_says_the_defaults() -> None:
    settings = find_model("sg-mft").settings
    assert (settings["dropout"], settings["tokens"]) == (0.5, 32)  # what docs/results.md was made with
    assert find_model("sg-mft-tokens").settings["features"] == 256
    assert find_model("deepgeo").settings["filters"] == 128
    assert find_model("tfidf-image").fixed == {"beside": "image"}
