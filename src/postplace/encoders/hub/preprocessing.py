"""What transformers' image processors do to an image, with Pillow and numpy alone: it runs in worker processes.

Resized and cut to uint8 here, scaled and normalised by `modules.Pixels` where the network runs: together the same
numbers as transformers' own (Pillow) processors of CLIP, Chinese-CLIP, SigLIP and DINOv2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.hub.files import PREPROCESSING, ModelFiles
from postplace.errors import BadWeights

_CLIP = {"image_mean": (0.48145466, 0.4578275, 0.40821073), "image_std": (0.26862954, 0.26130258, 0.27577711)}
_HALF = {"image_mean": (0.5, 0.5, 0.5), "image_std": (0.5, 0.5, 0.5)}
_IMAGENET = {"image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225)}
_CROPPED = {"resample": 3, "size": {"shortest_edge": 224}, "do_center_crop": True, "crop_size": 224}
# What a file that names one of these processors leaves unsaid
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "CLIP": {**_CROPPED, **_CLIP},
    "ChineseCLIP": {**_CROPPED, **_CLIP},
    "Bit": {**_CROPPED, **_CLIP},
    "Siglip": {"resample": 3, "size": {"height": 224, "width": 224}, **_HALF},
    "ViT": {"resample": 2, "size": {"height": 224, "width": 224}, **_HALF},
    "DINOv3ViT": {"resample": 2, "size": {"height": 224, "width": 224}, **_IMAGENET},
}
_SUFFIXES = ("Pil", "Fast", "ImageProcessor", "FeatureExtractor")
LONG = 4  # times as long as wide: from there on only what is kept is resized, so that no image takes much memory
REDUCING = 2  # a JPEG may come decoded at a fraction of its size, but at no less than twice what is wanted


@dataclass(frozen=True, slots=True)
class HubPreparation:
    """RGB image -> uint8 (height, width, 3): resized, then cut to its centre (or filled with black) if need be.

    `scaled` is one number, what the shorter side becomes, or two, height and width, the aspect not kept. `resample` is
    a filter of Pillow by its number. Of an image more than four times as long as wide only what is kept is resized;
    a value may then differ by 1 of 255 from cutting afterwards.
    """

    scaled: tuple[int, ...]
    height: int
    width: int
    resample: int

    @property
    def size(self) -> int:
        """The smaller side that is wanted of a decoded image, in pixels."""
        return REDUCING * min(self.scaled)

    def __call__(self, image: Any) -> NDArray[np.uint8]:
        """An image -> pixels (height, width, 3) uint8, resized and cut as the processor of the model does."""
        from PIL import Image

        high, wide = self._resized(image.height, image.width)
        method = Image.Resampling(self.resample)
        if max(image.size) <= LONG * min(image.size):
            part = image.resize((wide, high), method)
            left, top = max(0, (wide - self.width) // 2), max(0, (high - self.height) // 2)
            part = part.crop((left, top, min(wide, left + self.width), min(high, top + self.height)))
        else:
            across, down = image.width / wide, image.height / high
            kept_wide, kept_high = min(wide, self.width), min(high, self.height)
            left, top = (wide - kept_wide) // 2, (high - kept_high) // 2
            right, bottom = min((left + kept_wide) * across, image.width), min((top + kept_high) * down, image.height)
            part = image.resize((kept_wide, kept_high), method, box=(left * across, top * down, right, bottom))
        if part.size != (self.width, self.height):
            canvas = Image.new("RGB", (self.width, self.height))
            canvas.paste(part, ((self.width - part.width + 1) // 2, (self.height - part.height + 1) // 2))
            part = canvas
        return np.array(part, dtype=np.uint8)

    def _resized(self, high: int, wide: int) -> tuple[int, int]:
        """What the whole image becomes before it is cut: height, width."""
        if len(self.scaled) == 2:
            return self.scaled[0], self.scaled[1]
        (short,) = self.scaled
        return (int(short * high / wide), short) if wide <= high else (short, int(short * wide / high))


@dataclass(frozen=True, slots=True)
class Normalisation:
    """(value * scale - mean) / std for each of the three colours."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


def build_preparation(files: ModelFiles) -> tuple[HubPreparation, Normalisation]:
    """What the model's own files say of its preprocessing; raises BadWeights for what is not known here."""
    where = str(files.folder / PREPROCESSING[0])
    own = files.settings(PREPROCESSING[0]) or files.settings(PREPROCESSING[1]).get("image_processor") or {}
    named = str(own.get("image_processor_type") or own.get("feature_extractor_type") or "")
    kind = named
    for suffix in _SUFFIXES:
        kind = kind.removesuffix(suffix)
    if kind not in DEFAULTS:
        remedy = f"take a model with one of {', '.join(f'{known}ImageProcessor' for known in DEFAULTS)}"
        raise BadWeights(where, f"the image processor {named!r} is not known here", remedy)
    settings = {**DEFAULTS[kind], **{name: value for name, value in own.items() if value is not None}}
    if not settings.get("do_resize", True) or settings.get("do_pad"):
        raise BadWeights(where, "images are not brought to one size", "take a model of a fixed image size")
    scaled = _scaled(settings["size"], square=kind in ("Siglip", "ViT", "DINOv3ViT"), where=where)
    high, wide = scaled if len(scaled) == 2 else (scaled[0], scaled[0])
    if settings.get("do_center_crop", False):
        high, wide = _both(settings.get("crop_size", 224), where=where)
    elif len(scaled) == 1:
        raise BadWeights(where, "images keep their aspect and are not cut", "take a model of a fixed image size")
    scale = float(settings.get("rescale_factor", 1 / 255)) if settings.get("do_rescale", True) else 1.0
    normalised = settings.get("do_normalize", True)
    mean, std = (
        _colours(settings[name] if normalised else plain, where=where)
        for name, plain in (("image_mean", 0.0), ("image_std", 1.0))
    )
    return HubPreparation(scaled, high, wide, int(settings["resample"])), Normalisation(scale, mean, std)


def _scaled(size: Any, *, square: bool, where: str) -> tuple[int, ...]:
    if isinstance(size, int):
        return (size, size) if square else (size,)
    if isinstance(size, dict) and isinstance(size.get("shortest_edge"), int) and not size.get("longest_edge"):
        return (size["shortest_edge"],)
    return _both(size, where=where)


def _both(size: Any, *, where: str) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    if isinstance(size, dict) and isinstance(size.get("height"), int) and isinstance(size.get("width"), int):
        return size["height"], size["width"]
    raise BadWeights(where, f"a size of {size!r} is not known here", "take a model of a fixed image size")


def _colours(value: float | Sequence[float], *, where: str) -> tuple[float, ...]:
    values = (float(value),) * 3 if isinstance(value, int | float) else tuple(float(part) for part in value)
    if len(values) != 3:
        raise BadWeights(where, f"{len(values)} means or deviations for three colours", "take a model of RGB images")
    return values
