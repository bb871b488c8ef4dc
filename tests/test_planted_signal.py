"""Every model learns what it reads, and nothing else: in each toy post one modality shows the class.

The others are there too in most posts, full of words, hashtags and pictures that have nothing to do with the class: who
does not read what shows it has something to be misled by.
`benchmarks/planted.py` asks the same on synthetic cities, with the bundled encoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.models.contracts import quick_settings
from tests.toy_encoders import Toy

from postplace import Post, PostLocator
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import MODALITIES
from postplace.inference.scoring import correct_predictions, ground_truth
from postplace.models.registry import MODELS
from postplace.splitting.splits import PARTS
from postplace.training.dataset import SplitDataset, TargetSpec, build_dataset

POSTS, CLASSES, WIDTH = 1000, 4, 64
STATES = 6  # two positions of three layers each, for the system that reads layers
RIGHT = 0.95  # how often what a post shows is its class; else it shows any
WORDS = ("harbour ferry", "tower lift", "garden pond", "market stall")
FILL = ("lovely day", "with friends", "so tired", "again here", "what a view", "nice light")
TAGS = ("mood", "sunday", "friends", "happy", "goodlife")
MISLED = 0.8  # how often each of the other modalities is there


@pytest.fixture(scope="module")
def planted() -> tuple[SplitDataset, np.ndarray, np.ndarray]:
    """Posts of four places, the modality (an index) that shows the place in each, and whether it shows the right."""
    random = np.random.default_rng(5)
    labels, shows = random.integers(CLASSES, size=POSTS), random.integers(len(MODALITIES), size=POSTS)
    shown = np.where(random.random(POSTS) < RIGHT, labels, random.integers(CLASSES, size=POSTS))
    planted = [shows == index for index in range(len(MODALITIES))]
    text, hashtags, image = (own | (random.random(POSTS) < MISLED) for own in planted)
    fill, of_tags = random.integers(len(FILL), size=(POSTS, 2)), random.integers(len(TAGS), size=POSTS)
    words = [WORDS[place] if here else "" for place, here in zip(shown, planted[0], strict=True)]
    named = [f"{WORDS[place].split()[0]}s" for place in shown]
    tags = [name if here else TAGS[n] for name, here, n in zip(named, planted[1], of_tags, strict=True)]
    posts = [
        Post(
            id=str(row),
            text=f"{FILL[fill[row, 0]]} {words[row]} {FILL[fill[row, 1]]} {row % 97}" if text[row] else "",
            hashtags=(tags[row], f"t{row % 7}") if hashtags[row] else (),
            images=(Path(f"{row}.jpg"),) if image[row] else (),
            user=f"u{row % 400}",
            time=datetime(2024, 1 + row % 12, 1 + row % 28, tzinfo=UTC),
            place=f"place {labels[row]}",
        )
        for row in range(POSTS)
    ]
    states, vectors = {}, {}
    for name, here, own in zip(MODALITIES, (text, hashtags, image), planted, strict=True):
        # As many kinds of what says nothing as there are classes; which of them a post has is drawn for itself
        kinds, noise = random.normal(size=(2 * CLASSES, 1, WIDTH)), random.normal(size=(POSTS, STATES, WIDTH))
        kind = np.where(own, shown, CLASSES + random.integers(CLASSES, size=POSTS))
        states[name] = np.where(here[:, None, None], kinds[kind] + noise, 0).astype(np.float16)
        vectors[name] = states[name].mean(axis=1, dtype=np.float32)
    index = np.where(image, np.cumsum(image) - 1, -1)[:, None]

    def encode(given: Sequence[Post]) -> EncodedPosts:
        assert len(given) == POSTS
        hashes = random.integers(2**62, size=image.sum()).astype(np.uint64)
        of_text = (vectors["text"], text, vectors["hashtags"], hashtags)
        halves = [states[name][:, : STATES // 2] for name in ("text", "hashtags")]  # a position of three layers each
        both = np.concatenate(halves, axis=1)
        return EncodedPosts(*of_text, vectors["image"][image], index, (), hashes, both, states["image"][image])

    # So few words make near-duplicates of most texts: the split is given.
    names = np.repeat(PARTS, (700, 100, 100, 100))
    parts = {post.id: str(name) for post, name in zip(posts, names, strict=True)}
    made = build_dataset(
        posts, encode, classes=TargetSpec("place", None, None), seed=0, log=lambda line: None, subsets=parts
    )
    return made, shows, shown == labels


# The literal reading of a paper that takes an hour an epoch; its equations are tested in tests/models.
SYSTEMS = [name for name in MODELS if name != "sg-mft-paper"]


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_learns_what_it_reads(name: str, planted: tuple[SplitDataset, np.ndarray, np.ndarray]) -> None:
    prepared, shows, right = planted
    entry = MODELS[name]
    locator = PostLocator("place", name, device="cpu", settings=quick_settings(name), cache=None)
    layers = locator.plan.state_layers
    text, image = (Toy(name, layers, width=WIDTH, states=STATES) for name in ("text", "image"))
    locator.encoder_pair.use(text, image)  # type: ignore[arg-type]
    locator.fit_dataset(prepared.with_baselines(prepared.baselines), evaluate=False)
    unseen = np.sort(np.concatenate([prepared.split.calibration, prepared.split.test]))
    posts, encoded, groups = prepared.subset(unseen)
    hits = correct_predictions(
        locator.probabilities(posts, encoded), ground_truth(posts, encoded, places=prepared.places, groups=groups)
    )
    chance = 1 / CLASSES
    for index, modality in enumerate(MODALITIES):
        own = shows[unseen] == index
        if modality in entry.modalities:
            assert hits[own].mean() >= 0.95 * right[unseen][own].mean()  # of what a faultless reader of it is right in
        else:
            assert hits[own].mean() <= chance + 4 * (chance * (1 - chance) / own.sum()) ** 0.5
