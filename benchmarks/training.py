"""Seconds of a training epoch over those of a bare PyTorch loop with the same model and data (bar: <= 1.15).

Both sides train the same network from the same start on the same batches in the same order, with the same optimiser;
rounds alternate because machines are noisy, and the median ratio counts.
usage: python benchmarks/training.py [--posts 4000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from postplace.batch import InputSizes, PostTensors, TextTokens, Vocabularies
from postplace.encode import EncodedPosts
from postplace.models.entry import ModelEntry, Training
from postplace.models.table import MODELS
from postplace.training.fit import EpochOrder, batches, build_optimiser, fit
from postplace.training.losses import cross_entropy

BAR = 1.15
CLASSES = 20
EPOCHS = 2


def main() -> None:
    """Print one line a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    tensors, sizes = random_posts(options.posts, seed=0)
    validation, _ = random_posts(200, seed=1)
    for name in ("mrlf", "sg-mft"):
        measure(MODELS[name], tensors, validation, sizes, rounds=options.rounds)


def measure(
    entry: ModelEntry, tensors: PostTensors, validation: PostTensors, sizes: InputSizes, *, rounds: int
) -> None:
    """Alternate both loops and print the median ratio."""
    ratios, ours, bare = [], 0.0, 0.0
    if entry.training is None:
        return
    plan = replace(entry.training, max_epochs=EPOCHS, patience=EPOCHS)
    for _ in range(rounds):
        history = fit(fresh(entry, sizes), (tensors, validation), training=plan, seed=0)
        ours = min(epoch.seconds for epoch in history)
        bare = min(bare_epochs(fresh(entry, sizes), tensors, plan))
        ratios.append(ours / bare)
    ratio = statistics.median(ratios)
    verdict = "holds" if ratio <= BAR else "MISSED"
    print(
        f"{entry.name}: epoch of {len(tensors)} posts {ours:.2f} s, bare PyTorch loop {bare:.2f} s, "
        f"ratio {ratio:.2f} (bar <= {BAR}: {verdict})"
    )


def fresh(entry: ModelEntry, sizes: InputSizes) -> nn.Module:
    """The model from the same start."""
    torch.manual_seed(0)
    return entry.network(sizes, CLASSES, entry.settings)


def bare_epochs(model: nn.Module, tensors: PostTensors, plan: Training) -> list[float]:
    """Seconds of each epoch of the shortest loop that trains the same."""
    optimiser = build_optimiser(model, plan)
    order = EpochOrder(len(tensors), seed=0)
    seconds = []
    for epoch in range(plan.max_epochs):
        order.set_epoch(epoch)
        model.train()
        started = time.perf_counter()
        for batch in batches(tensors, batch_size=plan.batch_size, order=order):
            optimiser.zero_grad()
            loss = cross_entropy(model(batch), batch.labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        seconds.append(time.perf_counter() - started)
    return seconds


def random_posts(count: int, *, seed: int) -> tuple[PostTensors, InputSizes]:
    """Posts of random characters, words and vectors in the shapes of the bundled encoders."""
    rng = np.random.default_rng(seed)
    alphabet = [chr(ord("a") + i) for i in range(26)] + [" "]
    tokens = [
        TextTokens(
            text_characters="".join(rng.choice(alphabet, 100)),
            text_words=tuple(f"w{i}" for i in rng.integers(0, 500, 15)),
            hashtag_characters="".join(rng.choice(alphabet, 40)),
            hashtag_words=tuple(f"h{i}" for i in rng.integers(0, 100, 5)),
        )
        for _ in range(count)
    ]
    encoded = EncodedPosts(
        text_vectors=rng.normal(0, 0.05, (count, 512)).astype(np.float32),
        text_mask=np.ones(count, dtype=np.bool_),
        hashtag_vectors=rng.normal(0, 0.05, (count, 512)).astype(np.float32),
        hashtag_mask=np.ones(count, dtype=np.bool_),
        image_vectors=rng.normal(0, 1, (count, 1280)).astype(np.float32),
        image_index=np.arange(count, dtype=np.int64)[:, None],
        broken=(),
        image_hashes=None,
    )
    vocabularies = Vocabularies.fit(tokens)
    labels = rng.integers(0, CLASSES, count)
    v = vocabularies
    sizes = InputSizes(len(v.characters), len(v.words), len(v.hashtags), 512, 1280)
    return PostTensors(tokens, encoded, vocabularies=vocabularies, labels=labels), sizes


if __name__ == "__main__":
    main()
