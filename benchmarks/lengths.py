"""What longer limits on characters and words bring on the validation part, and what they cost; the test part is unused.

A limit cuts what a network is given of a post. For each, with the same split and start: which share of the training
posts it cuts and of their words and characters it loses, and of the best epoch (lowest validation loss) the loss in
nats, the accuracy, and the median seconds of the training part of an epoch.
usage: python benchmarks/lengths.py POSTS [--target category] [--model mrlf] [--limits 140/30 280/60] [--seeds 0]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median

import torch

from postplace import PostLocator, read_posts
from postplace.inputs import sizes_of
from postplace.training.fit import Hardware, fit
from postplace.training_data import Prepared


def main() -> None:
    """Print one line for each limit and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts", type=Path)
    parser.add_argument("--target", choices=("place", "category"), default="place")
    parser.add_argument("--min-posts", type=int)
    parser.add_argument("--model", default="mrlf")
    parser.add_argument("--limits", nargs="+", default=["140/30", "280/60"], metavar="CHARACTERS[/WORDS]")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    posts = read_posts(options.posts)
    for seed in options.seeds:
        prepared: Prepared | None = None
        for limits in options.limits:
            locator = PostLocator(
                options.target,
                options.model,
                min_posts=options.min_posts,
                settings=settings_of(limits),
                seed=seed,
                device="cpu",
                cache=options.cache,
            )
            prepared = prepared or locator.prepare(posts)
            print(f"{options.model}, limits {limits}, seed {seed}: {measured(locator, prepared)}", flush=True)


def settings_of(limits: str) -> dict[str, int]:
    """`280/60` or `280` -> settings."""
    return dict(zip(("max_characters", "max_words"), map(int, limits.split("/")), strict=False))


def measured(locator: PostLocator, prepared: Prepared) -> str:
    """Train once; what came of it, in a line."""
    train, validation = (prepared.labelled(rows) for rows in (prepared.split.train, prepared.split.validation))
    vocabularies = prepared.fit_vocabularies(locator.plan)
    sizes = sizes_of(locator.plan, *locator.encoders(), vocabularies, prepared.places)
    torch.manual_seed(locator.seed)
    network = locator.entry.network(sizes, len(prepared.places), locator.plan.model)
    tensors = prepared.tensors(locator.plan, vocabularies)
    data, training = (tensors.subset(train), tensors.subset(validation)), locator.plan.training
    if training is None:
        raise ValueError(f"{locator.entry.name} is no network")
    epochs = fit(network, data, training=training, seed=locator.seed, hardware=Hardware("cpu"))
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    seconds = median(epoch.seconds for epoch in epochs)
    return (
        f"validation loss {best.validation_loss:.4f}, accuracy {best.validation_accuracy:.3f} of {len(validation)} "
        f"(epoch {best.number} of {len(epochs)}), {seconds:.2f} s an epoch"
    )


if __name__ == "__main__":
    main()
