"""The preparation of pictures gives transformers' own numbers."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from postplace.encoders.hub.files import ModelFiles
from postplace.encoders.hub.preprocessing import HubPreparation, build_preparation
from postplace.errors import BadWeights
from postplace.system.torchvision_compat import declare_missing_operators

declare_missing_operators()
transformers: Any = pytest.importorskip("transformers")

SIZES = [(1, 1), (224, 224), (300, 200), (97, 331), (17, 60), (640, 480), (223, 225), (1000, 333), (5, 20)]


def files(folder: Path, settings: dict[str, Any], *, name: str = "preprocessor_config.json") -> ModelFiles:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(settings))
    return ModelFiles("tiny", folder, {}, ())


def picture(wide: int, high: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(wide).integers(0, 256, (high, wide, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("processor", "options"),
    [
        ("CLIPImageProcessorPil", {}),
        ("ChineseCLIPImageProcessorPil", {}),
        ("ChineseCLIPImageProcessorPil", {"size": {"height": 224, "width": 224}, "do_center_crop": False}),
        ("SiglipImageProcessorPil", {}),
        ("SiglipImageProcessorPil", {"size": {"height": 40, "width": 60}, "resample": 2}),
        ("BitImageProcessorPil", {"size": {"shortest_edge": 256}}),  # DINOv2's
        ("BitImageProcessorPil", {"size": {"shortest_edge": 20}, "crop_size": {"height": 31, "width": 27}}),
        ("ViTImageProcessorPil", {}),
    ],
)
def test_same_numbers_as_transformers(processor: str, options: dict[str, Any], tmp_path: Path) -> None:
    theirs = getattr(transformers, processor)(**options)
    theirs.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "preprocessor_config.json").read_text())
    short = {"image_processor_type": written["image_processor_type"], **options}
    for settings in (written, short):
        preparation, normalisation = build_preparation(files(tmp_path, settings))
        preparation = pickle.loads(pickle.dumps(preparation))
        for size in SIZES:
            ready = preparation(picture(*size))
            assert ready.dtype == np.uint8
            ours = (ready * normalisation.scale - np.array(normalisation.mean)) / np.array(normalisation.std)
            expected = theirs(picture(*size), return_tensors="np")["pixel_values"][0]
            np.testing.assert_allclose(ours.transpose(2, 0, 1), expected, atol=1e-5, err_msg=str(size))


def test_dinov3_is_within_the_rounding_of_a_byte(tmp_path: Path) -> None:
    """Its own processor resizes fractions of 1, with torchvision; ours bytes, with Pillow."""
    pytest.importorskip("torchvision")
    theirs = transformers.DINOv3ViTImageProcessor()
    theirs.save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "preprocessor_config.json").read_text())
    preparation, normalisation = build_preparation(files(tmp_path, settings))
    for size in SIZES:
        ready = preparation(picture(*size)) * normalisation.scale
        own = theirs(picture(*size), return_tensors="pt")["pixel_values"][0].numpy().transpose(1, 2, 0)
        expected = own * np.array(normalisation.std) + np.array(normalisation.mean)
        assert np.abs(ready - expected).max() <= 1.01 / 255


def test_a_ribbon_is_cut_before_it_is_resized() -> None:
    preparation = HubPreparation(scaled=(224,), height=224, width=224, resample=3)
    ribbon = picture(2000, 300)
    short = ribbon.resize((int(224 * 2000 / 300), 224), Image.Resampling.BICUBIC)
    left = (short.width - 224) // 2
    expected = np.array(short.crop((left, 0, left + 224, 224))).astype(int)
    assert np.abs(preparation(ribbon).astype(int) - expected).max() <= 1
    endless = Image.new("RGB", (1_000_000, 1), "blue")  # resized as a whole it would take 150 GB
    assert preparation(endless)[100, 100].tolist() == [0, 0, 255]
    assert preparation(endless.transpose(Image.Transpose.ROTATE_90)).shape == (224, 224, 3)


def test_a_processor_inside_processor_config_is_found(tmp_path: Path) -> None:
    inside = {"image_processor": {"image_processor_type": "SiglipImageProcessor", "size": {"height": 8, "width": 9}}}
    preparation, _ = build_preparation(files(tmp_path, inside, name="processor_config.json"))
    assert (preparation.height, preparation.width) == (8, 9)
    assert preparation.size == 16


def test_steps_left_out_are_left_out(tmp_path: Path) -> None:
    settings = {"image_processor_type": "SiglipImageProcessor", "do_rescale": False, "do_normalize": False}
    _, normalisation = build_preparation(files(tmp_path, settings))
    assert (normalisation.scale, normalisation.mean, normalisation.std) == (1, (0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_processor_type": "PixtralImageProcessor"}, "'PixtralImageProcessor' is not known here"),
        ({}, "'' is not known here"),
        ({"image_processor_type": "CLIPImageProcessor", "do_resize": False}, "not brought to one size"),
        ({"image_processor_type": "CLIPImageProcessor", "do_center_crop": False}, "keep their aspect"),
        ({"image_processor_type": "CLIPImageProcessor", "size": {"longest_edge": 9}}, "a size of .* is not known"),
        ({"image_processor_type": "CLIPImageProcessor", "image_mean": [0.5]}, "1 means or deviations"),
    ],
)
def test_what_is_not_known_is_refused(settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match=message):
        build_preparation(files(tmp_path, settings))
