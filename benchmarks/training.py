"""Seconds of a training epoch over those of a bare PyTorch loop: mrlf and sg-mft <= 1.15, any other network <= 1.3.

Every network of the table is trained, one with a loss of its own on that. Both sides train the same network from the
same start, on the same batches in the same order, with the same optimiser and loss; the bare loop takes its batches
without a loader. The training part of an epoch alone counts: the bare loop neither validates nor keeps checkpoints.
Rounds alternate, and of each side the fastest epoch counts: whatever else a machine does only ever adds time. Posts are
random, of the shapes that the bundled encoders give, many with two pictures; token states, which these do not give, are
of width 256. Where an epoch would take long there are fewer posts: as many batches as the bare loop does in a second,
at least three; where it lasts less than that, a round has more epochs, up to eight.
`sg-mft-paper` is measured at width 256, not 1024: its cost grows with the square. `image-finetune` trains the last
stage on stored states, here a layer and a mean, as in EfficientNet; a deeper one would only hide what the loop costs.
usage: python benchmarks/training.py [--posts 4000] [--rounds 3] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.features.batch import Batch, InputSizes, PostTensors, Vocabularies
from postplace.features.extraction import EncodedPosts
from postplace.models.entry import ModelEntry, Training
from postplace.models.inputs import StartsFromStage
from postplace.models.registry import MODELS, find_model
from postplace.models.settings import ResolvedSettings, resolve_settings
from postplace.text.tokens import TextTokens
from postplace.training.loop import CustomLoss, EpochOrder, Hardware, build_optimiser, fit

BAR, BARS = 1.3, {"mrlf": 1.15, "sg-mft": 1.15}
SMALLER: Mapping[str, Mapping[str, Any]] = {"sg-mft-paper": {"features": 256}}
CLASSES, DISTRICTS = 20, 5
EPOCHS = (2, 8)  # of a round, at least and at most
SECONDS = 1.0  # of a bare epoch, about
TEXT_WIDTH, IMAGE_WIDTH = 512, 1280
STATES, STATES_WIDTH = {"text": 32, "image": 49}, 256
STAGE_STATES, STAGE_WIDTH = 49, 320  # what the bundled image network's last layer is given


def main() -> None:
    """Print one line a network, and how many miss their bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", metavar="NAME")
    options = parser.parse_args()
    entries = [find_model(name) for name in options.only] if options.only else MODELS.values()
    started = time.perf_counter()
    missed = [
        entry.name
        for entry in entries
        if entry.training is not None and not measure(entry, posts=options.posts, rounds=options.rounds)
    ]
    print(f"missed: {', '.join(missed) or 'none'} ({time.perf_counter() - started:.0f} s)")


@dataclass(frozen=True)
class Task:
    """A network, what it learns from, and how."""

    entry: ModelEntry
    plan: ResolvedSettings
    training: Training
    tensors: PostTensors
    validation: PostTensors
    sizes: InputSizes

    def fresh(self) -> nn.Module:
        """The network from the same start."""
        torch.manual_seed(0)
        model = self.entry.network(self.sizes, CLASSES, self.plan.model)
        if isinstance(model, StartsFromStage):
            model.start_from(Stage())
        return model


class Stage(nn.Module):
    """States of a picture (P, n, D') -> its vector (P, D): a layer on each, then their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(STAGE_WIDTH, IMAGE_WIDTH)

    def forward(self, states: Tensor) -> Tensor:
        """See the class."""
        return functional.relu6(self.layer(states)).mean(dim=1)


def measure(entry: ModelEntry, *, posts: int, rounds: int) -> bool:
    """Alternate both loops and print the ratio; whether it holds its bar."""
    task = task_of(entry, posts=posts)
    ours, bare = [], []
    hardware = Hardware("cpu")
    for _ in range(rounds):
        history = fit(task.fresh(), (task.tensors, task.validation), training=task.training, seed=0, hardware=hardware)
        ours += [epoch.seconds for epoch in history]
        bare += bare_epochs(task.fresh(), task.tensors, task.training)
    ratio, bar = min(ours) / min(bare), BARS.get(entry.name, BAR)
    print(
        f"{entry.name}: epoch of {len(task.tensors)} posts {min(ours):.2f} s, bare PyTorch loop {min(bare):.2f} s, "
        f"ratio {ratio:.2f} (bar <= {bar}: {'holds' if ratio <= bar else 'MISSED'})",
        flush=True,
    )
    return ratio <= bar


def task_of(entry: ModelEntry, *, posts: int) -> Task:
    """The network with so many random posts, or with fewer if an epoch would take much longer than `SECONDS`."""
    plan = resolve_settings(entry, SMALLER.get(entry.name, {}))
    if plan.training is None:
        raise ValueError(f"{entry.name} is no network")
    training = replace(plan.training, max_epochs=EPOCHS[0], patience=EPOCHS[1])
    size = training.batch_size
    tensors, sizes = random_posts(plan, min(posts, 3 * size), seed=0)
    validation, _ = random_posts(plan, 32, seed=1)
    task = Task(entry, plan, training, tensors, validation, sizes)
    seconds = min(bare_epochs(task.fresh(), tensors, training))
    more = min(posts, size * max(3, round(3 * SECONDS / seconds)))
    tensors, sizes = random_posts(plan, more, seed=0)
    epochs = min(max(EPOCHS[0], round(SECONDS / (seconds * more / len(task.tensors)))), EPOCHS[1])
    return replace(task, tensors=tensors, sizes=sizes, training=replace(training, max_epochs=epochs))


def bare_epochs(model: nn.Module, tensors: PostTensors, training: Training) -> list[float]:
    """Seconds of each epoch of the shortest loop that trains the same."""
    optimiser = build_optimiser(model, training)
    model.train()
    seconds = []
    for epoch in range(training.max_epochs):
        started = time.perf_counter()
        for batch in bare_batches(tensors, training.batch_size, epoch=epoch):
            optimiser.zero_grad()
            loss_of(model, batch).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        seconds.append(time.perf_counter() - started)
    return seconds


def bare_batches(tensors: PostTensors, size: int, *, epoch: int) -> Iterator[Batch]:
    """The batches of `fit` with seed 0, in its order."""
    order = EpochOrder(len(tensors), seed=0)
    order.set_epoch(epoch)
    rows = list(order)
    for start in range(0, len(rows), size):
        yield tensors[rows[start : start + size]]


def loss_of(model: nn.Module, batch: Batch) -> Tensor:
    """The network's own loss if it has one, else the cross-entropy of its logits."""
    if batch.labels is None:
        raise ValueError("posts without labels")
    if isinstance(model, CustomLoss):
        return model.loss(batch, batch.labels, None)
    return functional.cross_entropy(model(batch), batch.labels)


def random_posts(plan: ResolvedSettings, count: int, *, seed: int) -> tuple[PostTensors, InputSizes]:
    """Posts of random characters, words, vectors and states, as far as the plan reads them."""
    rng = np.random.default_rng(seed)
    stage = "image_stage" in plan.inputs
    tokens = [random_tokens(rng) for _ in range(count)] if plan.vocabulary else None
    vocabularies = Vocabularies.fit(tokens, **plan.vocabulary) if tokens else None
    index = np.arange(2 * count, dtype=np.int64).reshape(count, 2)
    index[rng.random(count) < 0.5, 1] = -1
    layers = plan.state_layers

    def states(items: int, states: int, width: int) -> Any:
        return rng.normal(0, 1, (items, states, width)).astype(np.float16)

    encoded = EncodedPosts(
        text_vectors=rng.normal(0, 0.05, (count, TEXT_WIDTH)).astype(np.float32),
        text_mask=np.ones(count, dtype=np.bool_),
        hashtag_vectors=rng.normal(0, 0.05, (count, TEXT_WIDTH)).astype(np.float32),
        hashtag_mask=np.ones(count, dtype=np.bool_),
        image_vectors=rng.normal(0, 1, (2 * count, IMAGE_WIDTH)).astype(np.float32),
        image_index=index,
        broken=(),
        image_hashes=None,
        text_states=states(count, STATES["text"] * layers, STATES_WIDTH) if plan.reads_states else None,
        image_states=states(2 * count, STATES["image"] * layers, STATES_WIDTH)
        if plan.reads_states
        else (states(2 * count, STAGE_STATES, STAGE_WIDTH) if stage else None),
    )
    past = None
    if "past_vectors" in plan.inputs:
        vectors = rng.normal(0, 1, (count, TEXT_WIDTH + IMAGE_WIDTH)).astype(np.float32)
        past = (vectors, np.ones(count, dtype=np.bool_))
    labels = rng.integers(0, CLASSES, count)
    tensors = PostTensors(tokens, encoded, vocabularies=vocabularies, labels=labels, past=past, grids=stage)
    return tensors, input_sizes(plan, vocabularies)


def random_tokens(rng: np.random.Generator) -> TextTokens:
    """A text of 100 characters and 15 words, hashtags of 40 characters and 5 words."""
    alphabet = [*map(chr, range(ord("a"), ord("z") + 1)), " "]
    return TextTokens(
        text_characters="".join(rng.choice(alphabet, 100)),
        text_words=tuple(f"w{i}" for i in rng.integers(0, 500, 15)),
        hashtag_characters="".join(rng.choice(alphabet, 40)),
        hashtag_words=tuple(f"h{i}" for i in rng.integers(0, 100, 5)),
    )


def input_sizes(plan: ResolvedSettings, vocabularies: Vocabularies | None) -> InputSizes:
    """What a network is built with for such posts."""
    v = vocabularies
    counts = (2, 2, 2) if v is None else (len(v.characters), len(v.words), len(v.hashtags))
    more: dict[str, Any] = {"state_layers": plan.state_layers}
    if plan.reads_states:
        more |= {f"{kind}_states": number * plan.state_layers for kind, number in STATES.items()}
        more |= {f"{kind}_states_width": STATES_WIDTH for kind in STATES}
    if "coarse" in plan.inputs:
        more["coarse"] = tuple(place % DISTRICTS for place in range(CLASSES))
    if "past_vectors" in plan.inputs:
        more["past_width"] = TEXT_WIDTH + IMAGE_WIDTH
    return InputSizes(*counts, TEXT_WIDTH, IMAGE_WIDTH, **more)


if __name__ == "__main__":
    main()
