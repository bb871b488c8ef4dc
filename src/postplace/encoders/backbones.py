"""Frozen convolutional networks of the `timm` library as image encoders (extra `timm`).

MRLF reads images with a frozen VGG19 (Simonyan & Zisserman, ICLR 2015): its convolutional features, averaged over the
image, then one layer that is trained (Dai et al., ICC 2023, section III-A). The average, 512-d, is what the encoder
gives; the layer is the model's own. The paper's baselines ResNet50 and ResNet101 (He et al., CVPR 2016; 2048-d) and
DenseNet121 (Huang et al., CVPR 2017; 1024-d), and any other network of timm, are pooled as timm itself does.

Weights are read as tensors alone: a safetensors file, or a PyTorch file that holds nothing but tensors. The second is
allowed because the networks' original weights are published so, and because PyTorch from 2.6 on then runs no code of
the file; one that asks for more is refused.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.bundled import PICTURES_AT_ONCE, PICTURES_ON_GPU, encode_rows, torch_threads
from postplace.encoders.encoder import ImageEncoder, ImagePreparation, Vectors
from postplace.encoders.hub.files import compute_sha256
from postplace.errors import BadOption, BadWeights, one_line, unknown_name
from postplace.system.torchvision_compat import declare_missing_operators

# The weights that the comparisons of the papers were made with (trained as first published), not timm's newest
WEIGHTS: Mapping[str, str] = {
    "vgg19": "vgg19.tv_in1k",
    "resnet50": "resnet50.tv_in1k",
    "resnet101": "resnet101.tv_in1k",
    "densenet121": "densenet121.tv_in1k",
}
HUB_FILE = "model.safetensors"
STEPS = "jpeg decoded at its scale next above, rgb"
_HEADS = ("pre_logits.", "classifier.", "head.", "fc.", "aux_logits.")  # of a file: what an encoder has no use for
_BUNDLED = "take the bundled encoder, which needs no file (bundled)"


@dataclass(frozen=True, slots=True)
class CentreCrop:
    """RGB image -> uint8 (height, width, 3) by timm's steps for evaluation: resized, then cut to the centre.

    `mode` center: the shorter side fills `scaled`; squash: both sides do, the aspect is not kept; border: the longer
    one does and the rest is filled with `fill`. Only what is kept is resized, so that an image of one by a million
    pixels takes no memory; against timm, which resizes all of it, a value may differ by 2 of 255.
    """

    height: int
    width: int
    scaled: tuple[int, int]  # height, width
    mode: str
    interpolation: str
    fill: tuple[int, int, int] = (0, 0, 0)

    @property
    def size(self) -> int:
        """The smaller side that is wanted of a decoded image, in pixels."""
        return min(self.scaled)

    def __call__(self, image: Any) -> NDArray[np.uint8]:
        """An image -> pixels (height, width, 3) uint8, as the network was trained on."""
        from PIL import Image

        resized = self._resized(*image.size)
        left, wide = _kept(resized[0], self.width)
        top, high = _kept(resized[1], self.height)
        (first, last), (x0, x1) = _span(left, wide, scale=image.width / resized[0], limit=image.width)
        (above, below), (y0, y1) = _span(top, high, scale=image.height / resized[1], limit=image.height)
        near = image.crop((first, above, last, below))
        part = near.resize((wide, high), Image.Resampling[self.interpolation.upper()], box=(x0, y0, x1, y1))
        if part.size != (self.width, self.height):
            canvas = Image.new("RGB", (self.width, self.height), self.fill)
            canvas.paste(part, ((self.width - wide) // 2, (self.height - high) // 2))
            part = canvas
        return np.asarray(part, dtype=np.uint8)

    def _resized(self, wide: int, high: int) -> tuple[int, int]:
        """What the whole image would be resized to: width, height."""
        to_high, to_wide = self.scaled
        if self.mode == "squash":
            return to_wide, to_high
        if self.mode == "border" or to_high != to_wide:
            pick = max if self.mode == "border" else min
            ratio = pick(high / to_high, wide / to_wide)
            return max(1, round(wide / ratio)), max(1, round(high / ratio))
        if wide <= high:
            return to_wide, int(to_high * high / wide)
        return int(to_wide * wide / high), to_high


class TimmImageEncoder:
    """A frozen network of timm: prepared images (B, height, width, 3) uint8 -> pooled features (B, D)."""

    def __init__(self, name: str, network: Any, config: Mapping[str, Any], *, sha256: str, device: str) -> None:
        import torch

        self.name, self.width = f"timm/{name}", int(network.head_hidden_size or network.num_features)
        self.prepare: ImagePreparation = build_preparation(config)
        self.fingerprint = f"{self.name}; timm {version('timm')}; sha256 {sha256}; {STEPS}, {_described(config)}"
        self._threads = max(1, (os.cpu_count() or 2) - 1)
        self._device = torch.device(device)
        self.network = network.eval().requires_grad_(False).to(self._device, memory_format=torch.channels_last)
        self._mean, self._std = (
            torch.tensor(config[key], device=self._device).view(1, -1, 1, 1) for key in ("mean", "std")
        )

    @property
    def batch_size(self) -> int:
        """How many images are encoded at once."""
        return PICTURES_AT_ONCE if self._device.type == "cpu" else PICTURES_ON_GPU

    def encode(self, batch: NDArray[Any]) -> Vectors:
        """See the class."""
        return self.run(batch, self.network, width=self.width)

    def run(self, batch: NDArray[Any], part: Callable[[Any], Any], *, width: int) -> Vectors:
        """Prepared images -> rows (B, width) of what `part` makes of scaled pixels (b, 3, height, width)."""
        with torch_threads(self._threads):
            return encode_rows(
                batch,
                lambda pixels: part(pixels.div_(255).sub_(self._mean).div_(self._std)),
                width=width,
                step=self.batch_size,
                device=self._device,
            )


def timm_image_encoder(name: str, *, weights: Path | None = None, device: str = "cpu") -> ImageEncoder:
    """The network `name` (vgg19, resnet50, resnet101, densenet121, or a name of timm), frozen, with its weights.

    `weights`: a local file; without it timm's published one, from the cache of the Hugging Face hub, else downloaded.
    Raises BadOption for an unknown name or where timm is not installed, BadWeights for weights that cannot be had or
    do not fit.
    """
    asked = name.removeprefix("timm/")
    _check_installed(name)
    declare_missing_operators()
    from timm.data import config as data

    full = asked if name.startswith("timm/") else WEIGHTS.get(asked, asked)
    published = _published(full, asked)
    path = weights or _from_hub(asked, published["hf_hub_id"])
    sha256 = _sha256(path)
    network = _network(full, published["architecture"])
    _load(network, path, asked)
    resolve: Any = data.resolve_data_config
    config = resolve(pretrained_cfg=published)
    return TimmImageEncoder(full, network, config, sha256=sha256, device=device)


def _network(full: str, architecture: str) -> Any:
    """The network without its classifier, its weights still to come."""
    import timm
    from torch import nn

    if not architecture.startswith("vgg"):
        return timm.create_model(full, pretrained=False, num_classes=0)
    # timm counts the two hidden layers of VGG's classifier (120 of its 140 million weights) among the features; the
    # paper averages what comes before them
    network: Any = timm.create_model(full, pretrained=False, num_classes=0, device="meta")
    network.pre_logits, network.head_hidden_size = nn.Identity(), network.num_features
    return network


def build_preparation(config: Mapping[str, Any]) -> CentreCrop:
    """timm's data config -> the same steps without torch."""
    _, high, wide = config["input_size"]
    scaled = math.floor(high / config["crop_pct"]), math.floor(wide / config["crop_pct"])
    mode = config["crop_mode"] or "center"
    red, green, blue = (round(255 * value) for value in config["mean"])
    fill = (red, green, blue) if mode == "border" else (0, 0, 0)
    return CentreCrop(high, wide, scaled, mode=mode, interpolation=config["interpolation"], fill=fill)


def _described(config: Mapping[str, Any]) -> str:
    keys = ("input_size", "crop_pct", "crop_mode", "interpolation", "mean", "std")
    return ", ".join(f"{key} {config[key]}" for key in keys)


def _kept(resized: int, wanted: int) -> tuple[int, int]:
    """Where the centre of `wanted` pixels starts, and how many of them there are."""
    return (0, resized) if resized <= wanted else (round((resized - wanted) / 2), wanted)


def _span(start: int, length: int, *, scale: float, limit: int) -> tuple[tuple[int, int], tuple[float, float]]:
    """Along one side: the pixels of the image that count for `length` resized ones, and where among them they lie.

    A filter of timm reaches over 3 resized pixels; Pillow keeps positions in single precision, so they must be small.
    """
    margin = 4 * max(scale, 1)
    first = max(0, math.floor(start * scale - margin))
    last = min(limit, math.ceil((start + length) * scale + margin))
    return (first, last), (start * scale - first, min((start + length) * scale, limit) - first)


# ---------------------------------------------------------------------- names


def _check_installed(name: str) -> None:
    missing = [module for module in ("timm", "torchvision") if find_spec(module) is None]
    if missing:
        remedy = f"pip install 'postplace[timm]', or {_BUNDLED}"
        raise BadOption("image encoder", f"{name!r} needs {' and '.join(missing)}, not installed here", remedy)


def _published(full: str, asked: str) -> Mapping[str, Any]:
    """What timm says of a network: where its weights are, what images it takes."""
    import timm

    try:
        found: Any = timm.get_pretrained_cfg(full) if timm.is_model(full) else None
    except RuntimeError:  # the network is known, these weights of it are not
        tags = timm.list_pretrained(f"{full.split('.')[0]}.*")
        raise unknown_name("image encoder", asked, tags) from None
    if found is None:
        raise unknown_name("image encoder", asked, _near(asked, timm.list_models()))
    described: Mapping[str, Any] = found.to_dict()
    return described


def _near(name: str, known: list[str]) -> list[str]:
    """The few names worth naming: timm has more than a thousand."""
    import difflib

    return [
        *WEIGHTS,
        *difflib.get_close_matches(name, [each for each in known if each not in WEIGHTS], n=4, cutoff=0.6),
    ]


# ---------------------------------------------------------------------- weights


def _from_hub(name: str, repository: str | None) -> Path:
    """The published file, from the cache if it is there, so that nothing depends on a network from then on."""
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    by_hand = f"name a local file of its weights ({name}=FILE.safetensors), or {_BUNDLED}"
    if repository is None:
        raise BadWeights(name, "timm publishes no weights for it on the hub", by_hand)
    cached = try_to_load_from_cache(repository, HUB_FILE)
    if isinstance(cached, str):
        return Path(cached)
    try:
        with _quiet("huggingface_hub"):
            return Path(hf_hub_download(repository, HUB_FILE))
    except Exception as error:  # the hub's client passes on whatever its network library raises
        folder = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
        offline = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "HF_HUB_OFFLINE is not set"
        cause = error.__cause__ or error
        reason = one_line(cause, most=100)
        problem = f"{HUB_FILE} of {repository} is not in {folder}, and the hub did not give it ({offline}; {reason})"
        raise BadWeights(name, problem, f"download it where the hub answers and {by_hand}") from error


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """One message in the end, not one for each try."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise BadWeights(str(path), "is no file", f"check the path, or {_BUNDLED}")
    return compute_sha256(path)


def _load(network: Any, path: Path, name: str) -> None:
    """Every weight of the network from the file; what the file has for classifying is left out."""
    state, own = _fitting(network, _read(path)), network.state_dict()
    wanted = {key for key in own if not key.endswith("num_batches_tracked")}
    missing = sorted(wanted - state.keys())
    strange = sorted(key for key in state.keys() - own.keys() if not key.startswith(_HEADS))
    remedy = f"give the weights of {name}, as timm or torchvision publishes them"
    if missing or strange:
        parts = [f"lacks {len(missing)} of its weights (first {missing[0]})"] if missing else []
        parts += [f"holds {len(strange)} that it has not (first {strange[0]})"] if strange else []
        raise BadWeights(str(path), f"is not of the network {name}: it {' and '.join(parts)}", remedy)
    fitting = {key: state[key].to(own[key].dtype) for key in own.keys() & state.keys()}
    try:
        network.load_state_dict(fitting, strict=False, assign=True)
    except RuntimeError as error:
        shapes = " ".join(str(error).split("\n", 1)[-1].split())[:160]
        raise BadWeights(str(path), f"is not of the network {name}: {shapes}", remedy) from None


def _fitting(network: Any, state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The weights under the network's names: timm knows older names for some networks."""
    import sys

    translate = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    if translate is None or not network.state_dict().keys() - state.keys():
        return state
    try:
        translated: Mapping[str, Any] = translate(dict(state), network)
    except Exception:  # written for the weights it knows; others are told apart by their names
        return state
    return translated


def _read(path: Path) -> Mapping[str, Any]:
    import torch
    from timm.models import clean_state_dict

    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes raise nearly anything
        kind = "a safetensors file" if path.suffix == ".safetensors" else "a PyTorch file of tensors alone"
        reason = one_line(error, most=80)
        remedy = "give a .safetensors file: nothing in it can run code, and none of it is missed"
        raise BadWeights(str(path), f"is not {kind} ({reason})", remedy) from None
    if not isinstance(content, Mapping):
        raise BadWeights(str(path), "holds no weights by name", "save the network's state_dict() instead")
    inner = content.get("state_dict", content)
    cleaned: Mapping[str, Any] = clean_state_dict(inner)
    return cleaned
