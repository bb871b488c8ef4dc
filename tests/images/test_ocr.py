"""Words in images: drawn signs, Latin and Chinese, their order and limits, and images that hold none."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from postplace.errors import BadImage, BadOption
from postplace.images import ocr
from postplace.images.ocr import TextReader, in_reading_order, read_words

# Strokes as left, top, right, bottom, in parts of the side: no font with Chinese letters needs to be installed
MIDDLE = ((0.12, 0.25, 0.88, 0.33), (0.12, 0.25, 0.2, 0.68), (0.8, 0.25, 0.88, 0.68), (0.12, 0.6, 0.88, 0.68))
MIDDLE_LINE = (0.46, 0.02, 0.54, 0.98)
MOUNTAIN = ((0.1, 0.4, 0.18, 0.9), (0.1, 0.82, 0.9, 0.9), (0.82, 0.4, 0.9, 0.9), (0.46, 0.08, 0.54, 0.9))


def write(image: Image.Image, text: str, at: tuple[int, int], size: int = 44) -> None:
    ImageDraw.Draw(image).text(at, text, fill="black", font=ImageFont.load_default(size))


def sign() -> Image.Image:
    """A white sign on green with English and the name 中山, and two words side by side below it."""
    image = Image.new("RGB", (1000, 640), "#33aa55")
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 40, 960, 420), fill="white")
    write(image, "Harbour Noodle House", (70, 70))
    for left, strokes in ((90, (*MIDDLE, MIDDLE_LINE)), (210, MOUNTAIN)):
        for x0, y0, x1, y1 in strokes:
            draw.rectangle((left + 110 * x0, 220 + 110 * y0, left + 110 * x1, 220 + 110 * y1), fill="black")
    write(image, "Platform", (500, 520))
    write(image, "Exit", (80, 528))
    return image


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    pytest.importorskip("rapidocr_onnxruntime", reason="the extra is not installed")


def test_a_sign_is_read_in_order() -> None:
    assert TextReader()(sign()) == "Harbour Noodle House 中山 Exit Platform"


def test_an_image_without_words_gives_none() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    assert TextReader()(Image.new("RGB", (400, 300), "white")) == ""
    assert TextReader()(Image.fromarray(noise)) == ""


@pytest.mark.parametrize("size", [(1, 1), (1, 3_000_000), (3_000_000, 1), (1280, 15), (16, 1280), (700, 17)])
def test_no_shape_of_an_image_is_too_odd(size: tuple[int, int]) -> None:
    assert read_words(Image.new("RGB", size, "white"), TextReader()) == ""


def test_no_image_larger_than_the_limit_reaches_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, ...]] = []

    def engine(pixels: Any) -> tuple[None, None]:
        sizes.append(pixels.shape)
        return None, None

    monkeypatch.setattr(ocr, "_engine", lambda: engine)
    for size in ((4000, 3000), (1280, 20), (1280, 15), (2, 1_000_000), (100, 90)):
        TextReader()(Image.new("RGB", size))
    assert sizes == [(960, 1280, 3), (20, 1280, 3), (90, 100, 3)]


def test_red_is_handed_over_as_red(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV's order: blue, green, red."""
    seen: list[list[int]] = []

    def engine(pixels: Any) -> tuple[None, None]:
        seen.append(pixels[0, 0].tolist())
        return None, None

    monkeypatch.setattr(ocr, "_engine", lambda: engine)
    TextReader()(Image.new("RGB", (64, 64), (250, 20, 10)))
    assert seen == [[10, 20, 250]]


def found(*lines: tuple[str, float]) -> Any:
    """An engine that finds these lines, one below the other."""
    box = np.array([[0, 0], [50, 0], [50, 20], [0, 20]])
    return lambda: (
        lambda pixels: ([[(box + np.array([0, 40 * n])).tolist(), *line] for n, line in enumerate(lines)], None)
    )


def test_unsure_lines_are_left_out_and_long_ones_cut_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_engine", found(("Old  Town", 0.9), ("xq7", 0.3), ("Market\nHall", 0.6)))
    image = Image.new("RGB", (64, 64))
    assert TextReader()(image) == "Old Town Market Hall"
    assert TextReader(confidence=0.2)(image) == "Old Town xq7 Market Hall"
    assert TextReader(most_characters=14)(image) == "Old Town"
    assert TextReader(most_characters=15)(image) == "Old Town Market"
    assert TextReader(most_characters=2)(image) == "Ol"


def test_rows_are_read_from_left_to_right() -> None:
    def at(x: int, y: int, text: str) -> ocr.Line:
        return np.array([[x, y], [x + 90, y], [x + 90, y + 30], [x, y + 30]]), text, 1.0

    lines = [at(200, 4, "b"), at(0, 9, "a"), at(0, 60, "c"), at(120, 52, "d"), at(60, 100, "e")]
    assert [text for _, text, _ in in_reading_order(lines)] == ["a", "b", "c", "d", "e"]
    assert in_reading_order([]) == []


def test_what_the_networks_stumble_over_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(pixels: Any) -> None:
        raise RuntimeError("non-zero status\ncode")

    monkeypatch.setattr(ocr, "_engine", lambda: engine)
    with pytest.raises(BadImage, match=r"words in an image: could not be read \(non-zero status code\)"):
        read_words(Image.new("RGB", (64, 64)), TextReader())


def test_a_reader_travels_to_other_processes_without_its_networks() -> None:
    read_words(Image.new("RGB", (64, 64)), TextReader())
    assert len(pickle.dumps(TextReader(confidence=0.7))) < 300
    assert pickle.loads(pickle.dumps(TextReader(confidence=0.7))) == TextReader(confidence=0.7)


def test_the_fingerprint_says_what_decides_the_words() -> None:
    fingerprint = TextReader().fingerprint
    assert "rapidocr-onnxruntime 1.4" in fingerprint
    assert len({fingerprint, TextReader(confidence=0.7).fingerprint, TextReader(most_characters=9).fingerprint}) == 3


def test_networks_run_on_one_thread() -> None:
    engine: Any = ocr._engine()
    for part in (engine.text_det, engine.text_cls, engine.text_rec):
        session: Any = getattr(part, "infer", None) or part.session
        options = session.session.get_session_options()
        assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ocr._engine.cache_clear()
    monkeypatch.setattr(ocr, "find_spec", lambda module: None)
    with pytest.raises(BadOption, match=r"rapidocr-onnxruntime is not installed here; pip install 'postplace\[ocr\]'"):
        TextReader()(Image.new("RGB", (64, 64)))
    with pytest.raises(BadOption, match="not installed"):
        read_words(Image.new("RGB", (64, 64)), TextReader())


def test_importing_loads_no_network() -> None:
    code = "import sys, postplace.images.ocr; sys.exit(bool({'cv2', 'onnxruntime', 'torch'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
