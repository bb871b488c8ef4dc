"""A toy locator: real encoders' places are taken by ones that see words, tags and the redness of an image."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from postplace import Place, Post, PostLocator
from postplace.models.entry import READS_ALL
from postplace.places.vocabulary import PlaceVocabulary
from postplace.text.cleaning import for_encoder

Score = Callable[[str, tuple[str, ...], float], float]


class ToyText:
    """Texts -> one number, their length; the toy's answer reads the texts themselves."""

    name, width, fingerprint = "toy-text", 1, "toy text"

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls += 1
        return np.array([[float(len(text))] for text in texts], dtype=np.float32)


class Redness:
    """An image -> its mean red."""

    size = 8

    def __call__(self, image: Any) -> NDArray[np.float32]:
        return np.array([np.asarray(image, dtype=np.float32)[..., 0].mean()], dtype=np.float32)


class ToyImage:
    """Prepared images -> their mean red."""

    name, width, fingerprint = "toy-image", 1, "toy image"
    prepare = Redness()

    def encode(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return batch.reshape(-1, 1)


class ToyLocator:
    """Answers "here" or "there": the log-odds of "here" are `score` of text, tags and mean red, 0 to 255."""

    def __init__(self, score: Score, *, known: dict[str, str] | None = None) -> None:
        self.score, self.known = score, known or {}
        self.text, self.image = ToyText(), ToyImage()
        self.modalities = ("text", "hashtags", "image")
        places = PlaceVocabulary("place", (Place("here", 0.0, 0.0), Place("there", 1.0, 1.0)))
        self.predictor = SimpleNamespace(places=places, evidence=None, model=None, vocabularies=None)
        self.plan = SimpleNamespace(inputs=frozenset({"characters"}), states=False, modalities=READS_ALL, vocabulary={})
        self.entry = SimpleNamespace(name="toy")
        self.asked = 0

    def encoders(self) -> tuple[ToyText, ToyImage]:
        return self.text, self.image

    def subset_of(self, post: Post) -> str | None:
        return self.known.get(post.id)

    def probabilities(self, posts: Sequence[Post], encoded: Any) -> NDArray[np.float64]:
        self.asked += 1
        odds = []
        for row, post in enumerate(posts):
            rows = [index for index in encoded.image_index[row] if index >= 0]
            red = float(encoded.image_vectors[rows].mean()) if rows else 0.0
            odds.append(self.score(for_encoder(post.full_text), post.hashtags, red))
        here = 1 / (1 + np.exp(-np.array(odds)))
        return np.stack([here, 1 - here], axis=1)


def toy_locator(score: Score, **options: Any) -> PostLocator:
    """The toy, for what takes a locator."""
    return cast("PostLocator", ToyLocator(score, **options))


def image(*, red: tuple[int, int, int, int], size: int = 40) -> bytes:
    """A black square with a red box (left, top, right, bottom in pixels)."""
    image = Image.new("RGB", (size, size))
    image.paste((255, 0, 0), red)
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


@pytest.fixture
def toy() -> Callable[..., PostLocator]:
    """`toy(score)` -> a locator of two places."""
    return toy_locator


@pytest.fixture
def square() -> Callable[..., bytes]:
    """`square(red=box)` -> an encoded image."""
    return image


@pytest.fixture(scope="session")
def sg_mft_locator(posts: list[Post], cache: Path) -> PostLocator:
    """SG-MFT on places, one epoch, with evidence."""
    settings = {"max_epochs": 1}
    return PostLocator("place", "sg-mft", settings=settings, cache=cache, device="cpu", evidence=True).fit(posts)


@pytest.fixture(scope="session")
def majority_locator(posts: list[Post], cache: Path) -> PostLocator:
    """What is no network and looks at nothing, with evidence."""
    return PostLocator("place", "majority", cache=cache, device="cpu", evidence=True).fit(posts)
