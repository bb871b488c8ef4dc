"""Training the last stage of the image network, from posts to a saved run and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch

from postplace import Post, PostLocator, make_city, read_posts
from postplace.features.pooled import pooled_features
from postplace.models.inputs import build_tensors
from postplace.models.networks.image_network import ImageFinetune


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> list[Post]:
    """A city of 90 posts, some of several pictures, some of none."""
    folder = tmp_path_factory.mktemp("synthetic") / "city"
    make_city(folder, posts=90, seed=1)
    posts = read_posts(folder / "posts.jsonl")
    more = [image for post in posts[:3] for image in post.images]
    return [Post(**{**_fields(posts[0]), "images": tuple(more)}), *posts[1:]]


def _fields(post: Post) -> dict[str, Any]:
    return {name: getattr(post, name) for name in post.__dataclass_fields__}


def _fitted(posts: list[Post], cache: Path, rate: float) -> PostLocator:
    settings = {"max_epochs": 2, "learning_rate": rate, "batch_size": 16}
    locator = PostLocator("category", "image-finetune", cache=cache, settings=settings, device="cpu", workers=0)
    return locator.fit(posts)


def _pooled(locator: PostLocator, posts: list[Post]) -> Any:
    """What the network makes of the pictures of posts, and what the encoder does."""
    encoded = locator.encoder_pair.encode(posts)
    model = cast("ImageFinetune", locator.fitted.model)
    with torch.inference_mode():
        found = model.pooled(build_tensors(locator.plan, posts, encoded, None)[list(range(len(posts)))])
    return found.numpy(), pooled_features(encoded)[0]["image"]


def test_at_no_learning_rate_the_vectors_are_those_of_the_probe(few: list[Post], cache: Path) -> None:
    own, expected = _pooled(_fitted(few, cache, 1e-30), few)
    assert sum(not row.any() for row in expected) < len(few) / 2
    far = np.linalg.norm(own - expected, axis=1) / np.linalg.norm(expected, axis=1).clip(min=1)
    assert far.max() < 2e-4  # what is left of the float16 in which states are stored


def test_the_stage_learns_and_a_loaded_run_answers_the_same(few: list[Post], cache: Path, tmp_path: Path) -> None:
    locator = _fitted(few, cache, 1e-4)
    own, expected = _pooled(locator, few)
    assert np.abs(own - expected).max() > 1e-2 * np.abs(expected).max()
    losses = [epoch["training_loss"] for epoch in locator.report["epochs"]]
    assert losses[1] < losses[0]
    assert locator.report["parameters"] > 1_000_000
    locator.save(tmp_path / "run")
    loaded = PostLocator.load(tmp_path / "run", device="cpu", cache=cache)
    pd.testing.assert_frame_equal(loaded.predict_proba(few[:9]), locator.predict_proba(few[:9]))
