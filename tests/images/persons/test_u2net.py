"""People by U2-Net: its own normalisation, and what is refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from postplace.errors import BadWeights
from postplace.images.persons import u2net
from postplace.images.persons.u2net import FILE, U2NetSegmenter, cache_places, weights_in_cache

SEGMENTER = U2NetSegmenter(Path("net.onnx"), "12ab")


class Session:
    """Takes what it is given and answers with one thing."""

    def __init__(self, answer: NDArray[Any]) -> None:
        self.answer = answer
        self.given: list[NDArray[np.float32]] = []

    def get_inputs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name="input")]

    def run(self, _: None, inputs: dict[str, NDArray[np.float32]]) -> list[NDArray[Any]]:
        self.given.append(inputs["input"])
        return [self.answer]


def opened(monkeypatch: pytest.MonkeyPatch, answer: NDArray[Any]) -> Session:
    session = Session(answer)
    monkeypatch.setattr(u2net, "open_network", lambda path, sha256: session)
    return session


def test_pixels_are_divided_by_the_brightest_and_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(monkeypatch, np.zeros((1, 1, 320, 320)))
    assert not SEGMENTER.mask(Image.new("RGB", (10, 20), (100, 50, 0))).any()
    (given,) = session.given
    assert given.shape == (1, 3, 320, 320)
    expected = [(1.0 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.0 - 0.406) / 0.225]
    assert given[0, :, 160, 160] == pytest.approx(expected, abs=1e-5)


def test_a_black_image_is_no_division_by_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(monkeypatch, np.zeros((1, 1, 320, 320)))
    SEGMENTER.mask(Image.new("RGB", (10, 20)))
    assert np.isfinite(session.given[0]).all()


def test_the_mask_has_the_size_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = np.zeros((1, 1, 320, 320))
    answer[..., 160:, :] = 1.0
    opened(monkeypatch, answer)
    mask = SEGMENTER.mask(Image.new("RGB", (10, 40)))
    assert mask.shape == (40, 10)
    assert not mask[:18].any()
    assert mask[22:].all()


@pytest.mark.parametrize(
    "answer",
    [np.full((1, 1, 320, 320), 1.5), np.full((1, 1, 320, 320), np.nan), np.zeros((1, 320, 320))],
)
def test_an_answer_that_is_no_probability_is_refused(monkeypatch: pytest.MonkeyPatch, answer: NDArray[Any]) -> None:
    opened(monkeypatch, answer)
    with pytest.raises(BadWeights, match="other than a probability"):
        SEGMENTER.mask(Image.new("RGB", (10, 10)))


def test_the_fingerprint_changes_with_the_weights_and_not_with_where_they_lie() -> None:
    assert SEGMENTER.fingerprint == U2NetSegmenter(Path("elsewhere.onnx"), "12ab").fingerprint
    assert SEGMENTER.fingerprint != U2NetSegmenter(Path("net.onnx"), "12ac").fingerprint


def test_weights_in_the_cache_are_those_of_the_newer_layout_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("U2NET_HOME", str(tmp_path))
    newer, older = cache_places({"U2NET_HOME": str(tmp_path)})
    assert older == tmp_path / FILE
    assert weights_in_cache() is None
    for path in (older, newer):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        assert weights_in_cache() == path
