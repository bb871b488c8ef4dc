"""Exported encoders give what the originals give."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from postplace.encoders.backbones import CentreCrop
from postplace.encoders.bundled import Squash, bundled_image_encoder, bundled_text_encoder
from postplace.encoders.encoder import ImageEncoder, ImagePreparation, TextEncoder
from postplace.encoders.hub.build import hub_image_encoder, hub_text_encoder
from postplace.encoders.hub.modules import ImageNetwork
from postplace.encoders.hub.preprocessing import HubPreparation, Normalisation
from postplace.encoders.onnx import encoders as onnx_encoders
from postplace.encoders.onnx.encoders import OnnxImageEncoder, OnnxTextEncoder, onnx_image_encoder, onnx_text_encoder
from postplace.encoders.onnx.export import export_image, export_text
from postplace.errors import BadOption, BadWeights
from postplace.system.torchvision_compat import declare_missing_operators

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

TEXTS = ["coffee", "", "外 滩 的 夜 景", "Coffee RIVER", "a b " * 500, "cut \ud83d short"]


@pytest.mark.parametrize("kind", ["chinese-clip", "siglip", "dinov3"])
def test_an_exported_image_encoder(
    kind: str,
    model_folder: Callable[[str], Path],
    check_image_encoder: Callable[[ImageEncoder], None],
    tmp_path: Path,
) -> None:
    encoder: Any = hub_image_encoder(str(model_folder(kind)), states=True)
    report = export_image(encoder, tmp_path / "out")
    assert report.float32.cosine_min > 0.99999
    assert report.float32.largest_difference < 1e-4
    exported = onnx_image_encoder(tmp_path / "out")
    check_image_encoder(exported)
    assert isinstance(exported, OnnxImageEncoder)
    assert exported.prepare == encoder.prepare
    pictures = np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    np.testing.assert_allclose(exported.encode(pictures), encoder.encode(pictures), atol=1e-4)
    np.testing.assert_allclose(exported.encode_states(pictures), encoder.encode_states(pictures), atol=1e-4)
    for one, other in zip(exported.encode_both(pictures), encoder.encode_both(pictures), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("kind", ["chinese-clip", "clip", "siglip", "bert"])
def test_an_exported_text_encoder(
    kind: str,
    model_folder: Callable[[str], Path],
    check_text_encoder: Callable[[TextEncoder], None],
    tmp_path: Path,
) -> None:
    encoder: Any = hub_text_encoder(str(model_folder(kind)), states=True)
    report = export_text(encoder, tmp_path / "out")
    assert report.float32.cosine_min > 0.99999
    exported = onnx_text_encoder(tmp_path / "out")
    check_text_encoder(exported)
    assert isinstance(exported, OnnxTextEncoder)
    np.testing.assert_allclose(exported.encode(TEXTS), encoder.encode(TEXTS), atol=1e-4)
    np.testing.assert_allclose(exported.encode_states(TEXTS), encoder.encode_states(TEXTS), atol=1e-4)
    for one, other in zip(exported.encode_both(TEXTS), encoder.encode_both(TEXTS), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    for states in (False, True):
        lengths = encoder.lengths(TEXTS, states=states)
        np.testing.assert_array_equal(exported.lengths(TEXTS, states=states), lengths)
        assert lengths[0, 0] == lengths[0, 1] > 0
        assert lengths[4, 0] < lengths[4, 1]
    np.testing.assert_allclose(exported.encode(TEXTS), encoder.encode(TEXTS), atol=1e-4)  # it cuts as before


def test_int8_is_measured_and_smaller(model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    encoder = hub_image_encoder(str(model_folder("chinese-clip")))
    exact = export_image(encoder, tmp_path / "exact")
    small = export_image(encoder, tmp_path / "small", int8=True)
    assert small.int8 is not None
    assert exact.int8 is None
    assert 0.9 < small.int8.cosine_min < small.float32.cosine_min
    assert small.megabytes < exact.megabytes
    assert "int8, 16 inputs: cosine 0.9" in str(small)
    stored = json.loads((tmp_path / "small" / "encoder.json").read_text())
    assert stored["agreement"]["int8"]["cosine_mean"] == small.int8.cosine_mean
    assert onnx_image_encoder(tmp_path / "small").fingerprint != onnx_image_encoder(tmp_path / "exact").fingerprint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exact", "small"]
    assert sorted(path.name for path in (tmp_path / "small").iterdir()) == ["encoder.json", "model.onnx"]


def test_weights_of_more_than_a_file_takes_lie_beside_it(
    model_folder: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from postplace.encoders.onnx import export as onnx_export

    monkeypatch.setattr(onnx_export, "LARGEST_FILE", 1000)
    encoder = hub_text_encoder(str(model_folder("bert")))
    for name, int8 in (("exact", False), ("small", True)):
        export_text(encoder, tmp_path / name, int8=int8)
        found = onnx_text_encoder(tmp_path / name).encode(["coffee"])
        np.testing.assert_allclose(found, encoder.encode(["coffee"]), atol=0.2 if int8 else 1e-4)
    exact, small = ((tmp_path / name / "model.onnx.data").stat().st_size for name in ("exact", "small"))
    assert exact > small > 10_000
    (tmp_path / "exact" / "model.onnx.data").unlink()
    with pytest.raises(BadWeights, match=r"is no whole export .* export the encoder again"):
        onnx_text_encoder(tmp_path / "exact")


def test_the_bundled_image_encoder(tmp_path: Path) -> None:
    encoder = bundled_image_encoder(threads=1)
    assert export_image(encoder, tmp_path / "out").float32.cosine_min > 0.99999
    exported = onnx_image_encoder(tmp_path / "out")
    pictures = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    np.testing.assert_allclose(exported.encode(pictures), encoder.encode(pictures), atol=1e-3)


def test_int8_of_convolutions_is_calibrated_on_pictures(tmp_path: Path) -> None:
    from torch import nn

    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = nn.Sequential(*layers)

    class Convolutions:
        name, width, fingerprint = "toy", 16, "toy"
        prepare: ImagePreparation = HubPreparation((32,), 32, 32, 3)
        module = ImageNetwork(network, Normalisation(1 / 255, (0.5,) * 3, (0.5,) * 3), network).requires_grad_(False)

        def encode(self, batch: Any) -> Any:
            return self.module(torch.from_numpy(batch)).numpy()

    pictures = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    report = export_image(Convolutions(), tmp_path / "out", int8=True, images=pictures)
    assert report.int8 is not None
    assert 0.98 < report.int8.cosine_min < report.float32.cosine_min
    assert b"QuantizeLinear" in (tmp_path / "out" / "model.onnx").read_bytes()


def test_a_timm_network(tmp_path: Path) -> None:
    declare_missing_operators()
    timm: Any = pytest.importorskip("timm")
    pytest.importorskip("torchvision")
    from safetensors.torch import save_file

    from postplace.encoders.backbones import timm_image_encoder

    network = timm.create_model("test_resnet.r160_in1k", pretrained=False)
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    encoder = timm_image_encoder("timm/test_resnet.r160_in1k", weights=tmp_path / "weights.safetensors")
    assert export_image(encoder, tmp_path / "out").float32.cosine_min > 0.99999
    assert onnx_image_encoder(tmp_path / "out").prepare == encoder.prepare


def test_the_bundled_text_encoder_needs_none(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"bundled-text: needs no export; .* numpy alone"):
        export_text(bundled_text_encoder(), tmp_path / "out")


def test_a_changed_file_is_found(model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export_text(hub_text_encoder(str(model_folder("bert"))), folder)
    with pytest.raises(BadWeights, match="holds an encoder of text, format 1, not image, 1"):
        onnx_image_encoder(folder)
    with pytest.raises(BadOption, match="is already there"):
        export_text(hub_text_encoder(str(model_folder("bert"))), folder)
    model = folder / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    with pytest.raises(BadWeights, match=r"model\.onnx: is not what was exported"):
        onnx_text_encoder(folder)
    model.unlink()
    with pytest.raises(BadWeights, match="is no whole export"):
        onnx_text_encoder(folder)


def test_a_preparation_of_elsewhere_is_not_imported(model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export_image(hub_image_encoder(str(model_folder("clip"))), folder)
    said = json.loads((folder / "encoder.json").read_text())
    said["preparation"] = {"class": "os.system", "fields": {}}
    (folder / "encoder.json").write_text(json.dumps(said))
    with pytest.raises(BadWeights, match="names a preparation that is not known here"):
        onnx_image_encoder(folder)


def test_an_exported_encoder_runs_without_torch(model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    export_image(hub_image_encoder(str(model_folder("clip"))), tmp_path / "image")
    export_text(hub_text_encoder(str(model_folder("clip"))), tmp_path / "text")
    code = """
import sys
from PIL import Image
from postplace.encoders.onnx.encoders import onnx_image_encoder, onnx_text_encoder
image, text = onnx_image_encoder(sys.argv[1] + "/image"), onnx_text_encoder(sys.argv[1] + "/text")
image.encode(image.prepare(Image.new("RGB", (50, 40)))[None]), text.encode(["coffee"])
sys.exit(any(name in sys.modules for name in ("torch", "transformers", "onnx")))
"""
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0


def test_the_extra_is_named(
    model_folder: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from postplace.encoders.onnx import encoders as onnx_encoders

    encoder = hub_image_encoder(str(model_folder("clip")))
    monkeypatch.setattr(onnx_encoders, "find_spec", lambda package: None)
    with pytest.raises(BadOption, match=r"needs onnx and onnxruntime, not installed here; .*'postplace\[onnx\]'"):
        export_image(encoder, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "prepare"),
    [
        ("hub_preparation.HubPreparation", HubPreparation((224,), 224, 224, 3)),
        ("bundled.Squash", Squash()),
        ("backbones.CentreCrop", CentreCrop(224, 224, (256, 256), "center", "bicubic")),
    ],
)
def test_a_preparation_is_found_by_its_name_in_version_0_1_0(
    name: str, prepare: ImagePreparation, tmp_path: Path
) -> None:
    values = json.loads(json.dumps(asdict(prepare)))  # type: ignore[call-overload]
    found = onnx_encoders._preparation({"class": name, "fields": values}, tmp_path)
    assert found == prepare


def test_an_export_names_its_preparation_by_no_module(model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    export_image(hub_image_encoder(str(model_folder("clip"))), tmp_path / "out")
    path = tmp_path / "out" / "encoder.json"
    description = json.loads(path.read_text("utf-8"))
    assert description["preparation"]["class"] == "hub"
    new = onnx_image_encoder(tmp_path / "out")
    description["preparation"]["class"] = "hub_preparation.HubPreparation"  # as version 0.1.0 wrote it
    path.write_text(json.dumps(description), "utf-8")
    old = onnx_image_encoder(tmp_path / "out")
    assert (old.prepare, old.fingerprint) == (new.prepare, new.fingerprint)
