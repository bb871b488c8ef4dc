"""People filled from their surroundings: LaMa (Suvorov et al., WACV 2022), which MRLF takes, or something simpler.

Every way of filling changes the pixels of the mask and no other, and gives an image of the same size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from postplace.errors import BadOption, BadWeights, one_line, unknown_name
from postplace.images.onnx_network import Signature, Slot, digest, open_network, signature
from postplace.images.opencv import opencv

INPAINTERS = ("auto", "lama", "telea", "patchmatch", "none")
_STEP = 8  # LaMa halves an image three times
_LAMA_SIDE = 2048  # pixels; LaMa's paper goes to about 2,000; larger images are filled on a smaller copy
_QUICK_SIDE = 768  # pixels, for telea and patchmatch: they smooth or repeat, and gain nothing from more
_LAMA_REMEDY = "give an export of LaMa with the inputs image (1, 3, H, W) and mask (1, 1, H, W)"

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]


class Inpainter(Protocol):
    """Fills a part of an image. Must be picklable: it travels to worker processes and loads there what it needs."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        ...

    @property
    def fingerprint(self) -> str:
        """What decides its result: method, version, weights."""
        ...

    def fill(self, image: Image.Image, mask: Mask) -> Image.Image:
        """An image in mode RGB and what to fill (H, W) -> the image, changed where the mask is True alone."""
        ...


def find_inpainter(name: str = "auto", *, weights: Path | None = None) -> Inpainter:
    """The inpainter "lama", "telea", "patchmatch" or "none"; "auto" is LaMa where `weights` names its file, else Telea.

    Raises BadOption for an unknown name or a library that is not installed, BadWeights for a file that is missing or
    does not take an image and a mask.
    """
    if name not in INPAINTERS:
        raise unknown_name("inpainter", name, INPAINTERS)
    if name == "lama" or (name == "auto" and weights is not None):
        if weights is None:
            remedy = "name the ONNX file of its weights, or take 'telea', which needs none"
            raise BadOption("inpainter", "'lama' has no weights inside this package", remedy)
        return _lama(weights)
    if weights is not None:
        raise BadOption("inpainter", f"{name!r} has no use for {weights}", "take 'lama' or no file")
    if name == "patchmatch":
        _patchmatch()
        return PatchMatchInpainter(f"patchmatch 1, PyPatchMatch {version('PyPatchMatch')}")
    return NoInpainter() if name == "none" else TeleaInpainter(f"telea 1, OpenCV {opencv().__version__}")


def widened(mask: Mask) -> Mask:
    """The mask (H, W) grown by about a 160th of the image's longer side, at least 2 pixels.

    A mask found on a copy of 320 pixels is right to a pixel or two of that copy. Without a margin a rim of hair and
    clothes stays in the image, and every inpainter continues it into the hole: a ghost with the person's outline.
    """
    reach = max(2, round(max(mask.shape) / 160))
    grown = Image.fromarray(mask.astype(np.uint8) * 255)
    for _ in range(reach):  # a 3 x 3 square, several times: the time grows with the reach, not with its square
        grown = grown.filter(ImageFilter.MaxFilter(3))
    return np.asarray(grown) > 0


@dataclass(frozen=True, slots=True)
class NoInpainter:
    """Leaves the people where they are."""

    name: str = "none"
    fingerprint: str = "none"

    def fill(self, image: Image.Image, mask: Mask) -> Image.Image:
        """The same image."""
        _check(image, mask)
        return image


@dataclass(frozen=True, slots=True)
class TeleaInpainter:
    """Fast marching (Telea, Journal of Graphics Tools 9, 2004): smooth, quick, good for small holes."""

    fingerprint: str
    name: str = "telea"

    def fill(self, image: Image.Image, mask: Mask) -> Image.Image:
        """The image with the mask's pixels continued from its rim."""
        return _filled(image, mask, fill=_telea, side=_QUICK_SIDE)


@dataclass(frozen=True, slots=True)
class PatchMatchInpainter:
    """Patches of the same image (Barnes et al., SIGGRAPH 2009), by the package PyPatchMatch."""

    fingerprint: str
    name: str = "patchmatch"

    def fill(self, image: Image.Image, mask: Mask) -> Image.Image:
        """The image with the mask's pixels put together from patches of the rest."""
        return _filled(image, mask, fill=_patched, side=_QUICK_SIDE)


@dataclass(frozen=True, slots=True)
class LamaInpainter:
    """LaMa from an ONNX file. Cheap to pickle: the file is opened once in each process."""

    path: Path
    sha256: str
    fixed: tuple[int, int] | None  # the export's height and width, None where they are free
    name: str = "lama"

    @property
    def fingerprint(self) -> str:
        """Changes with the weights and with the steps before and after the network."""
        return f"lama 1, weights {self.sha256}"

    def fill(self, image: Image.Image, mask: Mask) -> Image.Image:
        """The image with the mask's pixels as the network imagines them; raises BadWeights where it cannot run."""
        high, wide = self.fixed or (_LAMA_SIDE, _LAMA_SIDE)
        return _filled(image, mask, fill=self._network, side=min(high, wide))

    def _network(self, pixels: Pixels, mask: Mask) -> Pixels:
        high, wide = mask.shape
        full = self.fixed or (-(-high // _STEP) * _STEP, -(-wide // _STEP) * _STEP)
        below, right = full[0] - high, full[1] - wide
        image = np.pad(pixels, ((0, below), (0, right), (0, 0)), mode="symmetric")
        hole = np.pad(mask, ((0, below), (0, right)), mode="symmetric")
        session = open_network(self.path, self.sha256)
        answer = _run(session, image, hole, self.path)[:high, :wide]
        scaled: Pixels = np.clip(np.rint(answer * _unit(answer, pixels, mask)), 0, 255).astype(np.uint8)
        return scaled


def _unit(answer: NDArray[np.float32], pixels: Pixels, mask: Mask) -> float:
    """What the network's answer is to be multiplied by: exports give 0 to 255 or 0 to 1.

    The pixels outside the hole say which: LaMa gives them back as they were.
    """
    known = ~mask
    errors = {unit: float(np.abs(answer[known] * unit - pixels[known]).mean()) for unit in (1.0, 255.0)}
    return min(errors, key=lambda unit: errors[unit])


def _run(session: Any, image: Pixels, hole: Mask, path: Path) -> NDArray[np.float32]:
    """The network's answer (H, W, 3) for an image (H, W, 3) and a hole (H, W)."""
    seen = np.where(hole[..., None], np.float32(0), image)  # most exports do it inside; no person may shine through
    batch = np.ascontiguousarray(seen.transpose(2, 0, 1)[None], dtype=np.float32) / 255
    of_image, of_mask = _image_and_mask(signature(session), path)
    given = {of_image.name: batch, of_mask.name: hole[None, None].astype(np.float32)}
    try:
        answer = np.asarray(session.run(None, given)[0], dtype=np.float32)
    except Exception as error:  # onnxruntime's own, one for each thing that can be wrong with a graph
        reason = one_line(error, most=120)
        problem = f"cannot be run on {hole.shape[1]} x {hole.shape[0]} pixels ({reason})"
        raise BadWeights(str(path), problem, _LAMA_REMEDY) from None
    if answer.shape != batch.shape or not np.isfinite(answer).all():
        problem = f"gives {answer.shape}, not all numbers, for {batch.shape}"
        raise BadWeights(str(path), problem, _LAMA_REMEDY)
    found_pixels: NDArray[np.float32] = answer[0].transpose(1, 2, 0)
    return found_pixels


def _lama(path: Path) -> LamaInpainter:
    """The file's digest and size, after one small image has gone through it."""
    path = path.absolute()
    sha256 = digest(path)
    session = open_network(path, sha256)
    image, _ = _image_and_mask(signature(session), path)
    high, wide = image.shape[2:]
    inpainter = LamaInpainter(path, sha256, (high, wide) if high and wide else None)
    hole = np.zeros((64, 64), dtype=np.bool_)
    hole[28:36, 28:36] = True
    inpainter.fill(Image.new("RGB", (64, 64), (128, 128, 128)), hole)  # now, not in the middle of a batch
    return inpainter


def _image_and_mask(network: Signature, path: Path) -> tuple[Slot, Slot]:
    """Which of the two inputs is the image and which the mask, by their channels, then by their names."""
    taken = network.inputs
    if len(taken) == 2 and all(len(slot.shape) == 4 for slot in taken):
        for image, mask in (taken, taken[::-1]):
            if image.shape[1] == 3 and mask.shape[1] in (1, None):
                return image, mask
            if (image.shape[1], mask.shape[1]) in ((None, 1), (None, None)) and "mask" in mask.name.lower():
                return image, mask
    shapes = ", ".join(f"{slot.name} {slot.shape}" for slot in taken)
    raise BadWeights(str(path), f"takes {shapes}", _LAMA_REMEDY)


# ---------------------------------------------------------------------- what every way shares


def _filled(image: Image.Image, mask: Mask, *, fill: Callable[[Pixels, Mask], Pixels], side: int) -> Image.Image:
    """The image with `fill`'s answer in the mask's pixels.

    `fill` sees the mask and as much again around it, at most `side` pixels long: a larger piece is filled on a smaller
    copy, which bounds time and memory, and only the hole is taken back from it.
    """
    _check(image, mask)
    if not mask.any():
        return image
    pixels = np.array(image)
    if mask.all():  # nothing to continue from: the people go all the same
        return Image.new("RGB", image.size, tuple(np.rint(pixels.mean(axis=(0, 1))).astype(int).tolist()))
    rows, columns = _window(mask)
    part, hole = pixels[rows, columns], mask[rows, columns]
    scale = min(1.0, side / max(hole.shape))
    if scale == 1:
        part[hole] = fill(np.ascontiguousarray(part), np.ascontiguousarray(hole))[hole]
    else:
        part[hole] = _on_smaller_copy(part, hole, scale=scale, fill=fill)[hole]
    return Image.fromarray(pixels)


def _on_smaller_copy(part: Pixels, hole: Mask, *, scale: float, fill: Callable[[Pixels, Mask], Pixels]) -> Pixels:
    size = max(1, int(hole.shape[1] * scale)), max(1, int(hole.shape[0] * scale))
    small = np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BOX))
    share = np.asarray(Image.fromarray(hole.astype(np.float32)).resize(size, Image.Resampling.BOX))
    touched = share > 0  # a pixel of the copy with anything of the hole in it has some of the person's colour
    if touched.all():
        touched = share > share.min()
    if not touched.any():  # every pixel of the copy is as much hole as the others
        return np.broadcast_to(np.rint(part[~hole].mean(axis=0)).astype(np.uint8), part.shape)
    answer = Image.fromarray(fill(np.ascontiguousarray(small), touched))
    return np.asarray(answer.resize((hole.shape[1], hole.shape[0]), Image.Resampling.BICUBIC))


def _window(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns of the mask and half its longer side, at least 32 pixels, around it."""
    high, wide = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    around = max(32, max(bottom - top, right - left) // 2)
    return (
        slice(max(0, top - around), min(high, bottom + around)),
        slice(max(0, left - around), min(wide, right + around)),
    )


def _check(image: Image.Image, mask: Mask) -> None:
    if mask.shape != (image.height, image.width):
        problem = f"is {mask.shape[1:]} x {mask.shape[:1]} for an image of {image.width} x {image.height}"
        raise BadOption("mask", problem.replace("(", "").replace(",)", ""), "give a mask of the image's size")


def _telea(pixels: Pixels, mask: Mask) -> Pixels:
    cv2 = opencv()
    filled: Pixels = cv2.inpaint(pixels, mask.astype(np.uint8), 5, cv2.INPAINT_TELEA)
    return filled


def _patched(pixels: Pixels, mask: Mask) -> Pixels:
    patchmatch = _patchmatch()
    patchmatch.set_random_seed(0)  # the same image must be filled in the same way
    return np.asarray(patchmatch.inpaint(pixels, mask, patch_size=5), dtype=np.uint8)


def _patchmatch() -> Any:
    try:
        patchmatch = import_module("patchmatch")
    except ImportError:
        remedy = "pip install 'postplace[patchmatch]', or take 'telea'"
        raise BadOption("inpainter", "'patchmatch' needs PyPatchMatch, not installed here", remedy) from None
    if not getattr(patchmatch, "patchmatch_available", False):
        problem = "the installed PyPatchMatch has no compiled part that runs here"
        raise BadOption("inpainter", problem, "install it where there is a wheel for the system, or take 'telea'")
    return patchmatch
