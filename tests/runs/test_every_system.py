"""Every model is trained, saved, loaded and used: not a bit of its answers changes.

On toy encoders that hand out all that real ones do, so that none has to be left out; `tests/models/test_estimators.py`
and `tests/test_locator.py` do the same with the bundled ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.contracts import small_settings
from tests.toy_encoders import Toy

from postplace import Post, PostLocator
from postplace.features.extraction import EncodedPosts
from postplace.models.inputs import NO_DISTRICTS
from postplace.models.registry import MODELS
from postplace.splitting.splits import PARTS
from postplace.training.dataset import SplitDataset, TargetSpec, build_dataset

POSTS, PLACES, WIDTH, STATES = 96, 3, 8, 6


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Toy encoders wherever a locator loads its own."""

    def load(text: str, image: str, *, device: str, states: object, layers: int) -> tuple[Toy, Toy]:
        def toy(name: str) -> Toy:
            return Toy(f"toy {name}", layers, width=WIDTH, states=STATES)

        return toy(text), toy(image)

    monkeypatch.setattr("postplace.features.encoder_pair.load_encoders", load)


@pytest.fixture(scope="module")
def prepared() -> dict[str, SplitDataset]:
    """The same posts with places, which have coordinates, and with categories, which have none."""
    random = np.random.default_rng(0)
    text, tags, image = (random.random(POSTS) < 0.8 for _ in range(3))
    words = ("old harbour", "new tower", "garden pond")
    posts = [
        Post(
            id=str(row),
            text=f"{words[row % PLACES]} number {row * 7919 % 1000}" if text[row] else "",
            hashtags=(words[row % PLACES].split()[1], f"t{row % 5}") if tags[row] else (),
            images=(Path(f"{row}.jpg"),) if image[row] else (),
            user=f"u{row % 32}",
            time=datetime(2024, 1, 1 + row % 28, tzinfo=UTC),
            place=f"place {row % PLACES}",
            category=f"kind {row % PLACES}",
            latitude=50.0 + row % PLACES,
            longitude=10.0,
        )
        for row in range(POSTS)
    ]
    states = [random.normal(size=(POSTS, STATES, WIDTH)).astype(np.float16) for _ in range(3)]
    vectors = [own.mean(axis=1, dtype=np.float32) for own in states]
    both = states[0] * (text | tags)[:, None, None]
    index = np.where(image, np.cumsum(image) - 1, -1)[:, None]

    def encode(given: Sequence[Post]) -> EncodedPosts:
        assert len(given) == POSTS
        hashes = random.integers(2**62, size=image.sum()).astype(np.uint64)
        of_text = (vectors[0] * text[:, None], text, vectors[1] * tags[:, None], tags)
        return EncodedPosts(*of_text, vectors[2][image], index, (), hashes, both, states[2][image])

    # So few words make near-duplicates of most texts: the split is given.
    names = np.repeat(PARTS, (POSTS - 36, 12, 12, 12))
    parts = {post.id: str(name) for post, name in zip(posts, names, strict=True)}
    made: dict[str, SplitDataset] = {}
    for target in ("place", "category"):
        classes = TargetSpec(target, None, None)
        made[target] = build_dataset(posts, encode, classes=classes, seed=0, log=lambda line: None, subsets=parts)
    return made


def _trained(name: str, target: str, prepared: dict[str, SplitDataset]) -> PostLocator:
    settings = {**small_settings(name), **({} if MODELS[name].training is None else {"max_epochs": 1})}
    locator = PostLocator(target, name, device="cpu", settings=settings)  # type: ignore[arg-type]
    return locator.fit_dataset(prepared[target].with_baselines(prepared[target].baselines))


@pytest.mark.parametrize("name", MODELS)
def test_a_run_is_saved_and_loaded(name: str, prepared: dict[str, SplitDataset], tmp_path: Path) -> None:
    locator = _trained(name, "place", prepared)
    posts, encoded, _ = prepared["place"].subset(np.arange(POSTS))
    before = locator.probabilities(posts, encoded)
    assert np.isfinite(before).all()
    locator.save(tmp_path / "run")
    loaded = PostLocator.load(tmp_path / "run", device="cpu")
    assert loaded.fitted.model is not locator.fitted.model
    assert np.array_equal(loaded.probabilities(posts, encoded), before)
    assert loaded.entry.name == name
    if MODELS[name].modalities:
        assert len(np.unique(before.round(12), axis=0)) > 1  # it tells posts apart, so that there is something to lose


@pytest.mark.parametrize("name", ["loctwi", "transtagger"])
def test_without_coordinates_it_is_said_that_there_is_no_district_head(
    name: str, prepared: dict[str, SplitDataset]
) -> None:
    with_places, with_kinds = (_trained(name, target, prepared) for target in ("place", "category"))
    assert with_places.report["notes"] == []
    assert with_kinds.report["notes"] == [NO_DISTRICTS]
    model: Any = with_kinds.fitted.model
    assert model.coarse_classifier is None
