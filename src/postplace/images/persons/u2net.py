"""People by U2-Net, human segmentation (Qin et al., Pattern Recognition 106, 2020): MRLF's portrait recognition.

The ONNX file is the one that `rembg` publishes and keeps in its cache. It is run by onnxruntime here and not through
rembg itself, which imports a matting library and a compiler for it, ends the whole program where onnxruntime is
missing, and stretches every answer to the full range 0 to 1, so that an image without people gets a mask of noise.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postplace.errors import BadWeights, one_line
from postplace.images.onnx_network import digest, open_network, signature

FILE = "u2net_human_seg.onnx"
SIDE = 320  # pixels of the network's input, as it was trained
PERSON = 0.5  # probability from which a pixel counts
_MEAN = np.array((0.485, 0.456, 0.406), dtype=np.float32)
_STD = np.array((0.229, 0.224, 0.225), dtype=np.float32)
_VERSION = "1"
_REMEDY = "give the file that rembg publishes as " + FILE


@dataclass(frozen=True, slots=True)
class U2NetSegmenter:
    """Finds people by a network. Cheap to pickle: the file is opened once in each process."""

    path: Path
    sha256: str
    name: str = "u2net"

    @property
    def fingerprint(self) -> str:
        """Changes with the weights and with the steps before and after the network."""
        return f"u2net {_VERSION}, weights {self.sha256}"

    def mask(self, image: Image.Image) -> NDArray[np.bool_]:
        """The pixels of people (H, W), True = person; raises BadWeights where the file's answer is no probability."""
        found = Image.fromarray(_probability(open_network(self.path, self.sha256), image, self.path))
        return np.asarray(found.resize(image.size, Image.Resampling.BILINEAR)) >= PERSON


def u2net_segmenter(weights: Path | None = None) -> U2NetSegmenter:
    """The segmenter with the file `weights`, else with the one in rembg's cache; nothing is downloaded.

    Raises BadWeights where there is none, or where it is not the network; BadOption without onnxruntime.
    """
    path = weights or weights_in_cache()
    if path is None:
        looked = " nor ".join(map(str, cache_places(os.environ)))
        remedy = "run `rembg d u2net_human_seg` where there is a network, or name the file, or take 'embedded'"
        raise BadWeights(FILE, f"is neither {looked}", remedy)
    segmenter = U2NetSegmenter(path.absolute(), digest(path))
    session = open_network(segmenter.path, segmenter.sha256)
    _check(session, path)
    _probability(session, Image.new("RGB", (SIDE, SIDE), (90, 120, 150)), path)  # now, not in the middle of a batch
    return segmenter


def weights_in_cache() -> Path | None:
    """The file where rembg keeps it, None where it is not."""
    return next((path for path in cache_places(os.environ) if path.is_file()), None)


def cache_places(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where rembg 2 keeps the file: a folder for each model; all in one folder before that.

    U2NET_HOME wins over REMBG_HOME and XDG_DATA_HOME, as in rembg.
    """
    data = environment.get("XDG_DATA_HOME")
    old = Path(environment.get("U2NET_HOME") or Path(data or "~") / ".u2net")
    usual = Path(data) / "rembg" if data else Path("~/.rembg")
    new = old if environment.get("U2NET_HOME") else Path(environment.get("REMBG_HOME") or usual)
    return (new / "models" / "u2net_human_seg" / FILE).expanduser(), (old / FILE).expanduser()


def _check(session: Any, path: Path) -> None:
    """The network takes one image of 3 x 320 x 320 and gives a map of 320 x 320 first."""
    taken, given = signature(session)
    wanted, answer = (1, 3, SIDE, SIDE), (1, 1, SIDE, SIDE)
    if len(taken) != 1 or not _fits(taken[0].shape, wanted):
        shapes = ", ".join(str(slot.shape) for slot in taken)
        raise BadWeights(str(path), f"takes {shapes} where U2-Net takes {wanted}", _REMEDY)
    if not given or not _fits(given[0].shape, answer):
        shapes = ", ".join(str(slot.shape) for slot in given)
        raise BadWeights(str(path), f"gives {shapes} where U2-Net gives {answer} first", _REMEDY)


def _fits(shape: tuple[int | None, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(wanted) and all(a in (None, b) for a, b in zip(shape, wanted, strict=True))


def _probability(session: Any, image: Image.Image, path: Path) -> NDArray[np.float32]:
    """How probably each pixel is a person's (320, 320), after U2-Net's own normalisation."""
    resized = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(resized, dtype=np.float32)
    pixels = (pixels / max(float(pixels.max()), 1e-6) - _MEAN) / _STD
    batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
    try:
        answer = session.run(None, {session.get_inputs()[0].name: batch})[0]
    except Exception as error:  # onnxruntime's own, one for each thing that can be wrong with a graph
        reason = one_line(error, most=120)
        raise BadWeights(str(path), f"cannot be run ({reason})", _REMEDY) from None
    found: NDArray[np.float32] = np.asarray(answer, dtype=np.float32)
    if found.shape != (1, 1, SIDE, SIDE) or not (found.min() >= -1e-4 and found.max() <= 1 + 1e-4):  # NaN fails too
        raise BadWeights(str(path), "gives something other than a probability for each pixel", _REMEDY)
    return found.reshape(SIDE, SIDE)
