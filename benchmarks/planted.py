"""Does every system learn what it reads, and nothing else? Synthetic cities where one modality alone shows the place.

In the city of a modality the other two show some other place, so that whoever does not read it can only guess; nothing
is missing, misspelt or off the subject, and everybody writes English. Prints for every system its accuracy on posts it
has not seen (calibration and test part), and its share of what a faultless reader of that modality would reach on them
(bar: >= 0.95 for a system that reads it; for others, no better than the most frequent class by more than twice the
standard error).
There are four places, and what shows one names it: the question is whether a system learns, not how fine the frozen
encoders see.
usage: python benchmarks/planted.py [--posts N] [--only NAME ...] [--modality text] [--cache DIR] [--max-epochs N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from postplace import PostLocator, make_city, read_posts
from postplace.errors import PostplaceError
from postplace.inference.scoring import correct_predictions, ground_truth
from postplace.models.entry import ModelEntry
from postplace.models.registry import MODELS
from postplace.models.settings import resolve_settings
from postplace.synthetic.parameters import MODALITIES, Knobs
from postplace.training.dataset import SplitDataset

BAR = 0.95
POSTS = {"text": 8000, "hashtags": 2000, "image": 2000}  # a text's vector tells names apart only in fine differences


def main() -> None:
    """Print one line a system and modality, and how many bars hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, help="in a city; 8000 where the text shows the place, else 2000")
    parser.add_argument("--only", nargs="+", choices=MODELS, metavar="NAME")
    parser.add_argument("--modality", nargs="+", choices=MODALITIES, default=MODALITIES)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--max-epochs", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        held = missed = 0
        for modality in options.modality:
            for name in options.only or MODELS:
                holds = measure(MODELS[name], modality, options, Path(scratch))
                held, missed = held + (holds is True), missed + (holds is False)
        print(f"{held} bars hold, {missed} are missed")


CITIES: dict[tuple[str, object], tuple[PostLocator, SplitDataset, float]] = {}


def city_of(
    entry: ModelEntry, modality: str, options: argparse.Namespace, scratch: Path
) -> tuple[PostLocator, SplitDataset, float]:
    """A locator with loaded encoders, the city's prepared posts, what a faultless reader reaches.

    Made once for all systems that are given the same of it: vectors, or what lies before an encoder's last stage too.
    """
    key = modality, resolve_settings(entry, {}).states
    if key not in CITIES:
        # What is asked is whether the system learns, not how it reads slang that it has seen twice.
        plain = dict.fromkeys(
            ("slang", "misspelling", "markup", "chinese", "duplicates", "portraits", "several_images"), 0.0
        )
        shown = {f"{kind}_{name}": 0.0 for name in ("text", "hashtags") for kind in ("missing", "irrelevant")}
        plain |= shown | {"name_leak": 1.0, "missing_images": 0.0, "irrelevant_image": 0.0}
        knobs = Knobs(places=4, single_modality=modality, **plain)  # type: ignore[arg-type]
        report = make_city(
            scratch / modality / str(key[1]), posts=options.posts or POSTS[modality], seed=7, knobs=knobs
        )
        posts = read_posts(scratch / modality / str(key[1]) / "posts.jsonl")
        base = PostLocator("place", entry.name, device="cpu", cache=options.cache or scratch / "vectors", workers=1)
        CITIES[key] = base, base.build_dataset(posts), report.ceilings[modality]
    return CITIES[key]


def measure(entry: ModelEntry, modality: str, options: argparse.Namespace, scratch: Path) -> bool | None:
    """Train one system on one city; whether its bar holds, None where it cannot be run."""
    if resolve_settings(entry, {}).reads_states:
        print(f"{modality:9} {entry.name:20} not run: the bundled encoders hand out no token states", flush=True)
        return None
    base, prepared, ceiling = city_of(entry, modality, options, scratch)
    quick = {} if entry.training is None or options.max_epochs is None else {"max_epochs": options.max_epochs}
    started = time.perf_counter()
    try:
        locator = PostLocator("place", entry.name, device="cpu", cache=base.cache, settings=quick)
        locator.encoder_pair.share(base.encoder_pair)
        locator.fit_dataset(prepared.with_baselines(prepared.baselines), evaluate=False)
    except PostplaceError as failure:
        print(f"{modality:9} {entry.name:20} FAILED: {failure}", flush=True)
        return False
    unseen = np.sort(np.concatenate([prepared.split.calibration, prepared.split.test]))
    posts, encoded, groups = prepared.subset(unseen)
    answers = ground_truth(posts, encoded, places=prepared.places, groups=groups)
    accuracy = float(correct_predictions(locator.probabilities(posts, encoded), answers).mean())
    most = np.bincount(prepared.labels[prepared.split.train], minlength=len(prepared.places)).argmax()
    chance = float((answers.labels == most).mean())
    error = (chance * (1 - chance) / len(unseen)) ** 0.5
    reads = modality in entry.modalities
    holds = accuracy >= BAR * ceiling if reads else accuracy <= chance + 2 * error
    verdict = "holds" if holds else "MISSED"
    compared = (
        f"{accuracy / ceiling:.2f} of the ceiling {ceiling:.3f}" if reads else f"chance {chance:.3f} ± {error:.3f}"
    )
    took = f"{time.perf_counter() - started:.0f} s"
    print(f"{modality:9} {entry.name:20} accuracy {accuracy:.3f}, {compared}: {verdict} ({took})", flush=True)
    return holds


if __name__ == "__main__":
    main()
