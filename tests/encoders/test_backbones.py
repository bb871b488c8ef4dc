"""timm's networks: pooled features, timm's own pictures, weights from a file, and files that are not theirs."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from postplace.encoders import backbones
from postplace.encoders.backbones import CentreCrop, build_preparation, timm_image_encoder
from postplace.encoders.encoder import ImageEncoder
from postplace.errors import BadOption, BadWeights
from postplace.system.torchvision_compat import declare_missing_operators

declare_missing_operators()
pytest.importorskip("timm", reason="the extra is not installed")
SMALL = "test_resnet"  # timm's own toy, 160 px


def network_of(name: str) -> Any:
    """Random weights, the same ones each time."""
    import timm

    torch.manual_seed(0)
    return timm.create_model(name, pretrained=False)


def weights_of(name: str, path: Path, *, without: tuple[str, ...] = ()) -> Path:
    state = {key: value.contiguous() for key, value in network_of(name).state_dict().items()}
    save_file({key: value for key, value in state.items() if not key.startswith(without or ("none.",))}, path)
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weights_of(SMALL, tmp_path_factory.mktemp("weights") / "small.safetensors")


@pytest.fixture(scope="module")
def small(file: Path) -> ImageEncoder:
    return timm_image_encoder(f"timm/{SMALL}", weights=file)


def noise(wide: int, high: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (high, wide, 3), dtype=np.uint8))


# ---------------------------------------------------------------------- features


def test_contract(small: ImageEncoder, check_image_encoder: Callable[[ImageEncoder], None]) -> None:
    check_image_encoder(small)
    assert small.name == f"timm/{SMALL}"


def test_features_are_those_of_timm_on_its_own_pictures(small: ImageEncoder) -> None:
    import timm
    from timm.data import config as data
    from timm.data.transforms_factory import create_transform

    resolve: Any = data.resolve_data_config
    published: Any = timm.get_pretrained_cfg(SMALL)
    picture = noise(300, 200)
    pixels = create_transform(**resolve(pretrained_cfg=published.to_dict()))(picture)
    network = network_of(SMALL).eval()
    with torch.inference_mode():
        features = network.forward_features(pixels[None])
        expected = network.forward_head(features, pre_logits=True).numpy()
    (vector,) = small.encode(small.prepare(picture)[None])
    np.testing.assert_allclose(vector, expected[0], atol=2e-2 * np.abs(expected).max())
    assert np.abs(vector - expected[0]).mean() < 2e-3 * np.abs(expected).mean()


def test_vgg_gives_the_average_of_its_convolutional_features(tmp_path: Path) -> None:
    """MRLF III-A: 512-d; the two hidden layers of VGG's classifier are neither read nor asked for."""
    import timm

    features: Any = timm.create_model("vgg11", pretrained=False, device="meta").features
    features = features.to_empty(device="cpu").eval()
    for number, parameter in enumerate(features.parameters()):
        torch.nn.init.normal_(parameter, std=0.05, generator=torch.Generator().manual_seed(number))
    save_file({f"features.{key}": value for key, value in features.state_dict().items()}, tmp_path / "vgg.safetensors")
    encoder = timm_image_encoder("timm/vgg11", weights=tmp_path / "vgg.safetensors")
    prepared = encoder.prepare(noise(400, 300))[None]
    assert prepared.shape == (1, 224, 224, 3)
    pixels = torch.from_numpy(prepared.copy()).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    with torch.inference_mode():
        expected = features((pixels - mean) / std).mean(dim=(2, 3)).numpy()
    assert encoder.width == 512
    np.testing.assert_allclose(encoder.encode(prepared), expected, atol=1e-4 * expected.max())


@pytest.mark.parametrize(("name", "width"), [("resnet50", 2048), ("densenet121", 1024)])
def test_the_baselines_of_the_paper(name: str, width: int, tmp_path: Path) -> None:
    encoder = timm_image_encoder(name, weights=weights_of(name, tmp_path / "weights.safetensors"))
    vectors = encoder.encode(encoder.prepare(noise(300, 300))[None])
    assert (encoder.name, encoder.width, vectors.shape) == (f"timm/{name}.tv_in1k", width, (1, width))
    assert np.isfinite(vectors).all()
    assert vectors.std() > 0


# ---------------------------------------------------------------------- pictures


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"crop_mode": "squash", "crop_pct": 0.9},
        {"crop_mode": "border", "crop_pct": 0.9},
        {"input_size": (3, 160, 200)},
        {"crop_pct": 1.0, "interpolation": "bilinear"},
    ],
)
def test_pictures_are_timms_to_two_grey_levels(changes: dict[str, Any]) -> None:
    from timm.data import config as data
    from timm.data.transforms_factory import create_transform

    resolve: Any = data.resolve_data_config
    config = resolve(changes, pretrained_cfg={"mean": (0.485, 0.456, 0.406), "crop_pct": 0.875})
    theirs: Any = create_transform(**config, normalize=False)
    prepare = build_preparation(config)
    for size in ((640, 480), (333, 500), (224, 224), (37, 101), (1000, 101), (257, 256)):
        expected = theirs(noise(*size)).permute(1, 2, 0).numpy().astype(int)
        difference = np.abs(expected - prepare(noise(*size)))
        assert difference.shape == expected.shape
        assert difference.max() <= 2, size
        assert (difference > 0).mean() < 0.05, size


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
def test_a_strip_takes_no_memory(mode: str) -> None:
    prepare = pickle.loads(pickle.dumps(CentreCrop(224, 224, (256, 256), mode=mode, interpolation="bicubic")))
    for size in ((1, 2_000_000), (2_000_000, 1), (1, 1)):
        assert prepare(Image.new("RGB", size, "red"))[110:114, 110:114].max(axis=(0, 1)).tolist() == [255, 0, 0]


def test_a_decoded_picture_is_never_below_what_is_resized_to() -> None:
    assert CentreCrop(224, 200, (256, 228), mode="center", interpolation="bicubic").size == 228


def test_preparation_needs_no_torch() -> None:
    code = "import sys, postplace.encoders.backbones; sys.exit(bool({'torch', 'timm', 'torchvision'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---------------------------------------------------------------------- weights


def test_the_fingerprint_names_file_version_and_steps(small: ImageEncoder, file: Path, tmp_path: Path) -> None:
    from importlib.metadata import version

    assert f"timm {version('timm')}; sha256 {hashlib.sha256(file.read_bytes()).hexdigest()};" in small.fingerprint
    assert "input_size (3, 160, 160), crop_pct 0.95" in small.fingerprint
    state = {key: value + 1e-3 for key, value in network_of(SMALL).state_dict().items()}
    save_file(state, tmp_path / "other.safetensors")
    assert timm_image_encoder(SMALL, weights=tmp_path / "other.safetensors").fingerprint != small.fingerprint


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_file_of_tensors_alone_gives_the_same(small: ImageEncoder, tmp_path: Path, wrapped: bool) -> None:
    """As training scripts save them: nested, and under the names of data-parallel training."""
    state = network_of(SMALL).state_dict()
    saved = {"epoch": 3, "state_dict": {f"module.{key}": value for key, value in state.items()}} if wrapped else state
    torch.save(saved, tmp_path / "weights.pth")
    picture = small.prepare(noise(200, 200))[None]
    loaded = timm_image_encoder(SMALL, weights=tmp_path / "weights.pth")
    np.testing.assert_array_equal(loaded.encode(picture), small.encode(picture))


class Hostile:
    """Pickled, it would create a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"fc.weight": Hostile(tmp_path / "ran")}, tmp_path / "weights.pth")
    with pytest.raises(BadWeights, match=r"weights\.pth: is not a PyTorch file of tensors alone .* \.safetensors"):
        timm_image_encoder(SMALL, weights=tmp_path / "weights.pth")
    assert not (tmp_path / "ran").exists()


def test_a_damaged_file_is_named(file: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(BadWeights, match=r"cut\.safetensors: is not a safetensors file"):
        timm_image_encoder(SMALL, weights=cut)
    with pytest.raises(BadWeights, match=r"none\.safetensors: is no file; check the path, or take the bundled"):
        timm_image_encoder(SMALL, weights=tmp_path / "none.safetensors")


def test_weights_of_another_network_are_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match=r"is not of the network test_vit: it lacks \d+ .* and holds \d+ that"):
        timm_image_encoder("timm/test_vit", weights=file)
    part = weights_of(SMALL, tmp_path / "part.safetensors", without=("layer1.0.conv1.",))
    with pytest.raises(BadWeights, match=r"lacks 1 of its weights \(first layer1\.0\.conv1\.weight\)"):
        timm_image_encoder(SMALL, weights=part)
    wide = {
        key: torch.cat([value, value]) if value.ndim else value for key, value in network_of(SMALL).state_dict().items()
    }
    save_file(wide, tmp_path / "wide.safetensors")
    with pytest.raises(BadWeights, match="size mismatch"):
        timm_image_encoder(SMALL, weights=tmp_path / "wide.safetensors")


def test_weights_for_other_classes_are_taken(small: ImageEncoder, tmp_path: Path) -> None:
    """A network trained anew, on scenes say: its own classes are not wanted."""
    state = network_of(SMALL).state_dict()
    state |= {"fc.weight": torch.ones(365, state["fc.weight"].shape[1]), "fc.bias": torch.ones(365)}
    save_file(state, tmp_path / "scenes.safetensors")
    picture = small.prepare(noise(200, 200))[None]
    loaded = timm_image_encoder(SMALL, weights=tmp_path / "scenes.safetensors")
    np.testing.assert_array_equal(loaded.encode(picture), small.encode(picture))


# ---------------------------------------------------------------------- the hub


def test_no_weights_is_one_message_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def refuse(repository: str, file: str) -> str:
        raise ConnectionError("the network is unreachable")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BadWeights) as caught:
        timm_image_encoder("vgg19")
    message = str(caught.value)
    assert message.count("\n") == 0
    for part in (
        "model.safetensors of timm/vgg19.tv_in1k",
        str(tmp_path / "models--timm--vgg19.tv_in1k"),
        "HF_HUB_OFFLINE is set",
        "the network is unreachable",
        "vgg19=FILE.safetensors",
        "bundled",
    ):
        assert part in message


def test_what_is_in_the_cache_is_taken_without_asking(
    monkeypatch: pytest.MonkeyPatch, file: Path, small: ImageEncoder
) -> None:
    import huggingface_hub

    def cached(repository: str, name: str) -> str:
        assert (repository, name) == ("timm/test_resnet.r160_in1k", "model.safetensors")
        return str(file)

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", cached)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", None)
    assert timm_image_encoder(SMALL).fingerprint == small.fingerprint


def test_unknown_names_are_refused_with_the_nearest(file: Path) -> None:
    with pytest.raises(BadOption, match="did you mean 'resnet50'"):
        timm_image_encoder("resnet5O", weights=file)
    with pytest.raises(BadOption, match=r"known: .*resnet50\.tv_in1k"):
        timm_image_encoder("timm/resnet50.tv", weights=file)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbones, "find_spec", lambda module: None)
    with pytest.raises(
        BadOption, match=r"'vgg19' needs timm and torchvision.*pip install 'postplace\[timm\]'.*bundled"
    ):
        timm_image_encoder("vgg19")
