"""What longer limits on characters and words bring on the validation part, and what they cost; the test part is unused.

A limit cuts what a network is given of a post. For each, with the same split and start: of the best epoch (lowest
validation loss) the loss in nats and the accuracy; the seconds of processor time that an epoch takes, on one thread;
and what the training posts lose.
usage: OMP_NUM_THREADS=1 python benchmarks/lengths.py POSTS [--target category] [--model mrlf] [--seeds 0]
       [--lengths max_characters=140,max_words=30 max_characters=280,max_words=60]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch

from postplace import PostLocator, read_posts
from postplace.models.inputs import input_sizes
from postplace.training.dataset import SplitDataset
from postplace.training.loop import Hardware, fit
from postplace.truncation import truncation_lines

LENGTHS = ["max_characters=140,max_words=30", "max_characters=280,max_words=60"]


def main() -> None:
    """Print one line for each limit and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts", type=Path)
    parser.add_argument("--target", choices=("place", "category"), default="place")
    parser.add_argument("--min-posts", type=int)
    parser.add_argument("--model", default="mrlf")
    parser.add_argument("--lengths", nargs="+", default=LENGTHS, metavar="NAME=NUMBER[,NAME=NUMBER]")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    posts = read_posts(options.posts)
    for seed in options.seeds:
        prepared: SplitDataset | None = None
        for lengths in options.lengths:
            locator = PostLocator(
                options.target,
                options.model,
                min_posts=options.min_posts,
                settings=settings_of(lengths),
                seed=seed,
                device="cpu",
                cache=options.cache,
            )
            prepared = prepared or locator.build_dataset(posts)
            print(f"{options.model}, {lengths}, seed {seed}: {measured(locator, prepared)}", flush=True)


def settings_of(lengths: str) -> dict[str, int]:
    """`max_characters=280,max_words=60` -> settings."""
    pairs = (pair.partition("=") for pair in lengths.split(","))
    return {name: int(number) for name, _, number in pairs}


def measured(locator: PostLocator, prepared: SplitDataset) -> str:
    """Train once; what came of it, in a line."""
    train, validation = (prepared.labelled(rows) for rows in (prepared.split.train, prepared.split.validation))
    vocabularies = prepared.fit_vocabularies(locator.plan)
    sizes = input_sizes(locator.plan, *locator.encoders(), vocabularies, prepared.places)
    torch.manual_seed(locator.seed)
    network = locator.entry.network(sizes, len(prepared.places), locator.plan.model)
    tensors = prepared.tensors(locator.plan, vocabularies)
    data, training = (tensors.subset(train), tensors.subset(validation)), locator.plan.training
    if training is None:
        raise ValueError(f"{locator.entry.name} is no network")
    started = time.process_time()  # whatever else the machine does, it does not count
    epochs = fit(network, data, training=training, seed=locator.seed, hardware=Hardware("cpu"))
    seconds = (time.process_time() - started) / len(epochs)
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    losses = truncation_lines(prepared.losses(locator.plan, vocabularies, locator.encoders()[0]).to_json())
    return (
        f"validation loss {best.validation_loss:.4f}, accuracy {best.validation_accuracy:.3f} of {len(validation)} "
        f"(epoch {best.number} of {len(epochs)}), {seconds:.2f} s an epoch; {'; '.join(losses) or 'nothing is cut'}"
    )


if __name__ == "__main__":
    main()
