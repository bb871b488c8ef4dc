"""People found with what OpenCV 4 carries inside: detectors say where somebody is, GrabCut says which pixels.

Faces and upper bodies: boosted cascades (Viola & Jones, CVPR 2001); whole pedestrians: histograms of oriented
gradients (Dalal & Triggs, CVPR 2005); pixels: GrabCut (Rother, Kolmogorov & Blake, SIGGRAPH 2004). Nothing is
downloaded. It is a stand-in for a segmentation network and misses much: docs/portraits.md has the numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postplace.images.opencv import opencv

LONG_SIDE = 320  # pixels; bounds the time, whatever the image's size
_SMALLEST = 24  # pixels of a face at that size: the cascades were trained on 20 to 24
_MARGIN = 26  # pixels of grey around it: the cascades see no face that touches the edge, as a selfie's does
_CUT_SIDE = 200  # pixels for GrabCut, whose time grows with the pixels and whose edges are no better than its colours
_ROUNDS = 4
_VERSION = "1"

Mask = NDArray[np.bool_]
Grey = NDArray[np.uint8]


class Face(NamedTuple):
    """A face from brow to chin, in pixels: left, top, width, height. Everything else of a person is measured by it."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class EmbeddedSegmenter:
    """Finds people by OpenCV's own detectors. Cheap to pickle: the detectors are loaded once in each process."""

    fingerprint: str
    name: str = "embedded"

    def mask(self, image: Image.Image) -> Mask:
        """The pixels of people (H, W), True = person; all False where no detector answers."""
        cv2 = opencv()
        scale = LONG_SIDE / max(image.size)
        small = image.resize(_scaled(image.size, scale), Image.Resampling.BILINEAR)
        grey = cv2.cvtColor(np.asarray(small), cv2.COLOR_RGB2GRAY)
        faces = find_faces(grey)
        if not faces:
            return np.zeros((image.height, image.width), dtype=np.bool_)
        share = _CUT_SIDE / LONG_SIDE
        pixels = np.asarray(small.resize(_scaled(small.size, share), Image.Resampling.BILINEAR))
        found = _cut(pixels, [Face(*(part * share for part in face)) for face in faces])
        full = Image.fromarray(found.astype(np.uint8) * 255).resize(image.size, Image.Resampling.BILINEAR)
        return np.asarray(full) >= 128


def embedded_segmenter() -> EmbeddedSegmenter:
    """The segmenter that needs no file of weights; raises BadOption where OpenCV 4 is not installed."""
    return EmbeddedSegmenter(f"embedded {_VERSION}, OpenCV {opencv().__version__}")


def find_faces(grey: Grey) -> list[Face]:
    """Faces, seen or inferred from a body, in a grey image (H, W); one a person, the surest detector first."""
    framed = np.pad(grey, _MARGIN, constant_values=128)
    faces: list[Face] = []
    for found in (_frontal(framed), _profiles(framed), _upper_bodies(framed), _pedestrians(framed)):
        faces += [face for face in found if not any(_same_person(face, known) for known in faces)]
    return [face._replace(x=face.x - _MARGIN, y=face.y - _MARGIN) for face in faces]


# ---------------------------------------------------------------------- detectors


class _Detectors(NamedTuple):
    frontal: Any
    profile: Any
    upper_body: Any
    pedestrian: Any


@lru_cache(maxsize=1)
def _detectors() -> _Detectors:
    cv2 = opencv()
    folder = cv2.data.haarcascades
    names = ("frontalface_alt2", "profileface", "upperbody")
    pedestrian = cv2.HOGDescriptor()
    pedestrian.setSVMDetector(cv2.HOGDescriptor.getDefaultPeopleDetector())
    frontal, profile, upper = (cv2.CascadeClassifier(f"{folder}haarcascade_{name}.xml") for name in names)
    return _Detectors(frontal, profile, upper, pedestrian)


def _frontal(grey: Grey) -> list[Face]:
    boxes = _detectors().frontal.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=4, minSize=(_SMALLEST, _SMALLEST))
    return [Face(*map(float, box)) for box in boxes]


def _profiles(grey: Grey) -> list[Face]:
    """Faces from the side; the cascade knows one side, so the mirrored image is searched as well."""
    width = grey.shape[1]
    faces = [Face(*box) for box, sure in _weighed(_detectors().profile, grey, smallest=32) if sure > 1]
    for (x, y, wide, high), sure in _weighed(_detectors().profile, np.ascontiguousarray(grey[:, ::-1]), smallest=32):
        if sure > 1:
            faces.append(Face(width - x - wide, y, wide, high))
    return faces


def _upper_bodies(grey: Grey) -> list[Face]:
    """The cascade's box holds head and shoulders, the face in its upper middle. It errs often: only sure ones count."""
    boxes = _weighed(_detectors().upper_body, grey, smallest=60)
    return [
        Face(x + 0.36 * wide, y + 0.2 * high, 0.28 * wide, 0.36 * high)
        for (x, y, wide, high), sure in boxes
        if sure > 4
    ]


def _pedestrians(grey: Grey) -> list[Face]:
    """The box is twice as wide as the pedestrian and an eighth of it is left free above the head."""
    if grey.shape[0] < 128 or grey.shape[1] < 64:  # the detector's window
        return []
    boxes, weights = _detectors().pedestrian.detectMultiScale(grey, winStride=(8, 8), padding=(16, 16), scale=1.08)
    return [
        Face(x + 0.42 * wide, y + 0.14 * high, 0.16 * wide, 0.1 * high)
        for (x, y, wide, high), sure in zip(boxes, np.ravel(weights), strict=True)
        if sure > 0.8
    ]


def _weighed(cascade: Any, grey: Grey, *, smallest: int) -> list[tuple[tuple[float, float, float, float], float]]:
    """Boxes with the score of the cascade's last stage."""
    boxes, _, weights = cascade.detectMultiScale3(
        grey, scaleFactor=1.1, minNeighbors=4, minSize=(smallest, smallest), outputRejectLevels=True
    )
    return [
        ((float(x), float(y), float(wide), float(high)), float(sure))
        for (x, y, wide, high), sure in zip(boxes, np.ravel(weights), strict=True)
    ]


def _same_person(face: Face, known: Face) -> bool:
    """Whether the face lies on the head or the body of somebody who was found already."""
    across = abs(face.x + face.width / 2 - known.x - known.width / 2)
    down = face.y + face.height / 2 - known.y
    return across < 1.3 * known.width and -0.7 * known.height < down < 5 * known.height


# ---------------------------------------------------------------------- pixels


def _cut(pixels: NDArray[np.uint8], faces: Iterable[Face]) -> Mask:
    """GrabCut (H, W) started with what a person below and around each face looks like."""
    cv2 = opencv()
    labels = np.full(pixels.shape[:2], cv2.GC_BGD, dtype=np.uint8)
    shapes = [_shapes(face, pixels.shape[0], pixels.shape[1]) for face in faces]
    for near, _, _ in shapes:
        labels[near & (labels == cv2.GC_BGD)] = cv2.GC_PR_BGD
    for _, person, _ in shapes:
        labels[person] = cv2.GC_PR_FGD
    for _, _, core in shapes:
        labels[core] = cv2.GC_FGD
    likely: Mask = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if likely.all() or not (labels == cv2.GC_FGD).any():
        return likely  # nothing is left to tell people from
    cv2.setRNGSeed(0)  # its k-means draws numbers: the same image must give the same mask
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(pixels), labels, None, background, foreground, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    found: Mask = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if found.sum() < 0.4 * likely.sum():  # colours that do not part: the person's usual outline is the better guess
        found = likely
    return _touching(found, core=labels == cv2.GC_FGD)


def _shapes(face: Face, high: int, wide: int) -> tuple[Mask, Mask, Mask]:
    """(H, W) each: where the person may be, where they probably are, where they surely are.

    Lengths are in faces, as drawing books give them: shoulders three wide, the waist four below the brow.
    """
    y, x = np.mgrid[0.5:high, 0.5:wide]
    u = (x - face.x - face.width / 2) / face.width  # in face widths from the middle
    v = (y - face.y) / face.height  # in face heights below the brow
    head = (u / 0.68) ** 2 + ((v - 0.42) / 0.85) ** 2 <= 1
    shoulders = np.interp(v, (0.95, 1.2, 1.7, 2.6, 5.5, 7), (0.4, 0.5, 1.25, 1.5, 1.5, 1.1))
    person = head | ((np.abs(u) <= shoulders) & (v > 0.9) & (v < 7))
    near = (np.abs(u) < np.interp(v, (-1, 1, 2), (1.3, 1.6, 2.6))) & (v > -0.8) & (v < 9)
    core = ((u / 0.4) ** 2 + ((v - 0.5) / 0.5) ** 2 <= 1) | ((np.abs(u) < 0.45) & (v > 1.4) & (v < 3.5))
    return near, person, core


def _touching(found: Mask, *, core: Mask) -> Mask:
    """The connected parts that hold some of the sure pixels, without the holes in them."""
    cv2 = opencv()
    count, parts = cv2.connectedComponents(found.astype(np.uint8))
    kept = np.isin(parts, np.setdiff1d(np.unique(parts[core & found]), [0])) if count > 1 else found
    outlines, _ = cv2.findContours(kept.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(found.shape, dtype=np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, thickness=cv2.FILLED)
    return filled.astype(np.bool_)


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
