"""What a model's files say of how it is used, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from postplace.encoders.hub.files import POOLING, ModelFiles
from postplace.encoders.hub.loading import (
    build_fingerprint,
    check_kind,
    check_layers,
    check_size,
    find_pooling,
    text_width,
    without_precision,
)
from postplace.encoders.hub.preprocessing import HubPreparation
from postplace.errors import BadOption, BadWeights


def files(folder: Path, kind: str = "bert") -> ModelFiles:
    weights = folder / "model.safetensors"
    weights.write_bytes(b"weights")
    (folder / "config.json").write_text("{}")
    return ModelFiles("some/model", folder, {"model_type": kind}, (weights,))


@pytest.mark.parametrize(
    ("said", "pooling"),
    [
        ({}, "mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode": "cls"}, "cls"),
        ({"pooling_mode": ["mean"], "pooling_mode_cls_token": False}, "mean"),
        ({"pooling_mode": "mean", "pooling_mode_mean_tokens": True}, "mean"),  # the same, said twice
    ],
)
def test_pooling_is_what_the_file_says_else_the_mean(tmp_path: Path, said: dict[str, Any], pooling: str) -> None:
    (tmp_path / POOLING).parent.mkdir()
    (tmp_path / POOLING).write_text(json.dumps(said))
    assert find_pooling(files(tmp_path)) == pooling


@pytest.mark.parametrize(
    "said", [{"pooling_mode": "max"}, {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}]
)
def test_pooling_by_another_or_by_two_ways_is_refused(tmp_path: Path, said: dict[str, Any]) -> None:
    (tmp_path / POOLING).parent.mkdir()
    (tmp_path / POOLING).write_text(json.dumps(said))
    with pytest.raises(BadWeights, match="not known here"):
        find_pooling(files(tmp_path))


def test_a_network_that_does_not_read_it_is_refused(tmp_path: Path) -> None:
    check_kind(files(tmp_path, "clip"), ("clip", "siglip"), "pictures")
    with pytest.raises(BadWeights, match="bert does not read pictures"):
        check_kind(files(tmp_path, "bert"), ("clip", "siglip"), "pictures")
    with pytest.raises(BadWeights, match="NaFlex"):
        check_kind(files(tmp_path, "siglip2"), ("clip", "siglip"), "pictures")


def test_only_dino_takes_any_size(tmp_path: Path) -> None:
    preparation = HubPreparation((224,), 224, 224, 3)
    check_size(files(tmp_path, "clip"), preparation, SimpleNamespace(image_size=224))
    check_size(files(tmp_path, "dinov2"), preparation, SimpleNamespace(image_size=518))
    for size in (336, [224, 336]):
        with pytest.raises(BadWeights, match="224 x 224"):
            check_size(files(tmp_path, "clip"), preparation, SimpleNamespace(image_size=size))


def test_the_width_of_a_text_is_that_of_its_projection_where_there_is_one() -> None:
    text = SimpleNamespace(hidden_size=768)
    assert text_width(SimpleNamespace(model_type="clip", projection_dim=512), text) == 512
    assert text_width(SimpleNamespace(model_type="bert"), text) == 768
    for projected, width in ((1152, 1152), (None, 768)):
        siglip = SimpleNamespace(hidden_size=768, projection_size=projected)
        assert text_width(SimpleNamespace(model_type="siglip"), siglip) == width


def test_more_layers_than_there_are_cannot_be_had(tmp_path: Path) -> None:
    network = SimpleNamespace(num_hidden_layers=3)
    check_layers(files(tmp_path), 3, network)
    for layers in (0, 4):
        with pytest.raises(BadOption, match="has 3"):
            check_layers(files(tmp_path), layers, network)


def test_the_fingerprint_is_of_what_the_files_hold_not_of_where_they_lie(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    a, b, c = (files(tmp_path / name) for name in ("a", "b", "c"))
    c.weights[0].write_bytes(b"others")
    found = [build_fingerprint(one, "224 px", dtype="torch.float32") for one in (a, b, c)]
    assert found[0] == found[1] != found[2]
    assert without_precision(found[0])[1] == "float32"
    assert build_fingerprint(a, "336 px", dtype="torch.float32") != found[0]
