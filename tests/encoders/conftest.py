"""What every encoder must pass: fixtures that hand out the checks, for the test file of each encoder."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from postplace.encoders.encoder import ImageEncoder, TextEncoder, Vectors

SENTENCES = ["外滩的夜景", "coffee by the river", "a " * 60, "😀", "x", "#", "no\nbreak", "cut \ud83d short"]


@pytest.fixture
def check_text_encoder() -> Callable[[TextEncoder], None]:
    """Shape, type, order, frozenness and independence of a text encoder."""

    def check(encoder: TextEncoder) -> None:
        vectors = encoder.encode(SENTENCES)
        assert_vectors(vectors, rows=len(SENTENCES), width=encoder.width)
        alone = np.concatenate([encoder.encode([sentence]) for sentence in SENTENCES])
        np.testing.assert_allclose(alone, vectors, atol=1e-5)
        np.testing.assert_allclose(encoder.encode(SENTENCES[::-1])[::-1], vectors, atol=1e-5)
        assert_vectors(encoder.encode([]), rows=0, width=encoder.width)
        assert_vectors(encoder.encode(["", " \n"]), rows=2, width=encoder.width)
        assert encoder.name
        assert encoder.fingerprint

    return check


@pytest.fixture
def check_image_encoder() -> Callable[[ImageEncoder], None]:
    """The same of an image encoder, and of its preparation, which runs in other processes."""

    def check(encoder: ImageEncoder) -> None:
        rng = np.random.default_rng(0)
        sides = [(1, 1), (640, 17), (30, 500), (224, 224), (300, 300), (5, 5), (64, 48)]
        pictures = [Image.fromarray(rng.integers(0, 256, (high, wide, 3), dtype=np.uint8)) for wide, high in sides]
        prepare = pickle.loads(pickle.dumps(encoder.prepare))
        ready: NDArray[np.uint8] = np.stack([prepare(picture) for picture in pictures])
        before = ready.copy()
        vectors = encoder.encode(ready)
        assert_vectors(vectors, rows=len(sides), width=encoder.width)
        np.testing.assert_array_equal(ready, before)
        alone = np.concatenate([encoder.encode(ready[row : row + 1]) for row in range(len(ready))])
        np.testing.assert_allclose(alone, vectors, atol=1e-4)
        np.testing.assert_allclose(encoder.encode(ready[::-1])[::-1], vectors, atol=1e-4)
        assert_vectors(encoder.encode(ready[:0]), rows=0, width=encoder.width)
        assert encoder.name
        assert encoder.fingerprint

    return check


def assert_vectors(vectors: Vectors, *, rows: int, width: int) -> None:
    """Finite float32 (rows, width), no two rows alike by accident of a constant answer."""
    assert vectors.shape == (rows, width)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
