"""Words in an image: signs, menus and posters, read on the CPU (extra `ocr`: PP-OCRv4, weights inside the package).

Du et al., PP-OCR: A Practical Ultra Lightweight OCR System, arXiv 2009.09941: lines of text are found, turned upright
and read, Chinese and Latin letters. People place a photo by what is written in it; off by default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from postplace.errors import BadImage, BadOption, one_line

PACKAGE, MODULE = "rapidocr-onnxruntime", "rapidocr_onnxruntime"
LONGEST_SIDE = 1280  # pixels of the image that is read; time grows with them
SHORTEST_SIDE = 16  # a strip narrower than this holds no letters, only cost
MOST_LINES = 100  # a page of a newspaper is no sign

Line = tuple[Any, str, float]  # four corners (x, y), what it says, how sure


@dataclass(frozen=True, slots=True)
class TextReader:
    """Decoded RGB image -> the words in it; the networks are loaded once a process, at the first image.

    `confidence`: from 0 to 1, of a line that is kept. `most_characters`: what is given at most, cut between words.
    """

    confidence: float = 0.6
    most_characters: int = 500

    @property
    def fingerprint(self) -> str:
        """What decides the words: the package, its weights' sha256, onnxruntime, the limits."""
        limits = f"long side {LONGEST_SIDE}, {MOST_LINES} lines of confidence {self.confidence}"
        weights = " ".join(_sums())
        versions = f"{PACKAGE} {version(PACKAGE)}, onnxruntime {version('onnxruntime')}"
        return f"words in pictures; {versions}; sha256 {weights}; {limits}, {self.most_characters} characters"

    def __call__(self, image: Any) -> str:
        """`PIL.Image.Image` in mode RGB -> its lines in reading order, joined by spaces; "" where there are none."""
        scale = min(1.0, LONGEST_SIDE / max(image.size))
        size = tuple(max(1, round(side * scale)) for side in image.size)
        if min(size) < SHORTEST_SIDE:
            return ""
        from PIL.Image import Resampling

        small = image if scale == 1 else image.resize(size, Resampling.BICUBIC, reducing_gap=2.0)
        pixels = np.ascontiguousarray(np.asarray(small, dtype=np.uint8)[..., ::-1])  # blue first, as OpenCV has it
        found, _ = _engine()(pixels)
        lines = [(np.asarray(box), text, float(sure)) for box, text, sure in found or []]
        texts = [text for _, text, sure in in_reading_order(lines) if sure >= self.confidence]
        return _shortened(" ".join(" ".join(texts).split()), self.most_characters)


def read_words(image: Any, reader: TextReader) -> str:
    """What `reader` reads; whatever the networks stumble over is a BadImage, to be counted like any other."""
    try:
        return reader(image)
    except BadOption:
        raise
    except Exception as error:  # OpenCV and onnxruntime raise types of their own
        reason = one_line(error, most=80)
        raise BadImage("words in an image", f"could not be read ({reason})", "the post goes on without them") from error


def check_text_reader() -> None:
    """Raise BadOption, naming the extra, where images cannot be read: before the work, not in the midst of it."""
    if find_spec(MODULE) is None:
        raise BadOption("words in images", f"{PACKAGE} is not installed here", "pip install 'postplace[ocr]'")


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Rows from top to bottom, each from left to right; a line is of a row if its middle lies within the row's first.

    >>> def at(x, y):
    ...     return np.array([[x, y], [x + 50, y], [x + 50, y + 20], [x, y + 20]])
    >>> lines = [(at(90, 43), "3", 1.0), (at(10, 0), "Exit", 1.0), (at(0, 40), "Platform", 1.0)]
    >>> [text for _, text, _ in in_reading_order(lines)]
    ['Exit', 'Platform', '3']
    """
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: float(line[0][:, 1].mean())):
        middle = line[0][:, 1].mean()
        if rows and middle <= rows[-1][0][0][:, 1].max():
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: float(line[0][:, 0].min()))]


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    cut = text[: most + 1].rfind(" ")
    return text[: cut if cut > 0 else most].rstrip()


@cache
def _engine() -> Any:
    """One a process; one thread, as there is a process for every core already."""
    check_text_reader()
    from rapidocr_onnxruntime import RapidOCR

    # "max": a small image is not enlarged, which for a strip of 1280 x 16 pixels would make it 3,000 times as large
    return RapidOCR(
        intra_op_num_threads=1,
        inter_op_num_threads=1,
        det_limit_type="max",
        det_max_candidates=MOST_LINES,
        text_score=0.0,
    )


@cache
def _sums() -> tuple[str, ...]:
    check_text_reader()
    spec = find_spec(MODULE)
    folder = Path(spec.origin if spec and spec.origin else ".").parent / "models"
    return tuple(hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in sorted(folder.glob("*.onnx")))
