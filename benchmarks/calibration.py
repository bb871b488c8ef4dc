"""Do probabilities, sets and circles keep their word? On a synthetic city and, where they are at hand, on real posts.

Each seed trains once. ECE (equal-mass bins) is of the test parts of all seeds together, before and after the
temperature of each (bar: <= 0.03 after). Coverage is the mean over random splits of the groups of the calibration and
test parts: one half gives the threshold, the other is covered. Both promises are judged, over users and over posts,
each by the mean that it promises (bar: within 1.5 points of 90 %), with the other mean beside it; `none` is the share
of the splits where too few groups are left to promise anything. Sets are never empty: a system that is right for more
than 90 % of a group's posts covers as often as that, and 95 % says more of it.
With --label-noise a share of the city's posts is recorded at another place than they show, so that no system can be
right for as many: how well sets keep their word is then seen at 90 % too.
usage: python benchmarks/calibration.py [DATA] [--seeds 5] [--splits 20] [--models logistic sg-mft mrlf] [--posts 4000]
       [--label-noise 0.02] [--only NAME ...]
DATA holds shanghai-checkins/, hefei-places/ or dresden-tags/ with a posts.jsonl; of what is not there nothing is said.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from postplace import PostLocator, make_city, read_posts
from postplace.evaluation.calibration import debiased_calibration_error, expected_calibration_error
from postplace.evaluation.conformal import Over, coverage_by_group, effective_groups, least_groups
from postplace.inference.calibrator import Calibration, calibrate
from postplace.inference.labelled_predictions import LabelledPredictions, joined
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.synthetic.parameters import CityParameters
from postplace.training.dataset import SplitDataset

ECE_BAR, COVERAGE_BAR = 0.03, 0.015
LEVELS = (0.9, 0.95)
REAL: dict[str, dict[str, Any]] = {
    "shanghai-checkins": {"target": "category"},
    "hefei-places": {"target": "place", "min_posts": 20},
    "dresden-tags": {"target": "place", "cells": 20},
}
Kept = dict[tuple[float, Over], list[dict[str, float]]]


def main() -> None:
    """Print a few lines a data set and model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--models", nargs="+", default=["logistic", "sg-mft", "mrlf"])
    parser.add_argument("--posts", type=int, default=4000, help="of the synthetic city")
    parser.add_argument("--label-noise", type=float, default=CityParameters().label_noise, help="of the synthetic city")
    parser.add_argument("--only", nargs="+", default=["city", *REAL], help="city, or folders of DATA")
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sets: list[tuple[str, Path, dict[str, Any]]] = []
        if "city" in options.only:
            parameters = CityParameters(users=options.posts // 5, label_noise=options.label_noise)
            make_city(Path(scratch) / "city", posts=options.posts, seed=11, parameters=parameters)
            sets.append(("synthetic city", Path(scratch) / "city" / "posts.jsonl", {"target": "place"}))
        for name, how in REAL.items():
            path = options.data and options.data / name / "posts.jsonl"
            if name in options.only and path and path.exists():
                sets.append((name, path, how))
            elif name in options.only:
                print(f"{name}: not at hand, skipped")
        for title, path, how in sets:
            for model in options.models:
                measure(title, path, how, model, options, Path(scratch) / "vectors")


def measure(
    title: str, path: Path, how: dict[str, Any], model: str, options: argparse.Namespace, scratch: Path
) -> None:
    """Train over the seeds, and print how the word is kept."""
    posts = read_posts(path)
    before, after, hits = [], [], []
    kept: Kept = {(level, over): [] for level in LEVELS for over in get_args(Over)}
    base: PostLocator | None = None
    for seed in range(options.seeds):
        locator = PostLocator(model=model, seed=seed, device="cpu", cache=options.cache or scratch, **how)
        if base is not None:
            locator.encoder_pair.share(base.encoder_pair)
        base = base or locator
        prepared = locator.build_dataset(posts)
        locator.fit_dataset(prepared, evaluate=False)
        found = {name: judged_of(locator, prepared, rows) for name, rows in prepared.split.subsets()}
        calibration = locator.fitted.calibration
        assert calibration is not None
        test = found["test"].known()
        told = calibration.calibrated_proba(test.probabilities)
        before.append(test.probabilities.max(axis=1))
        after.append(told.max(axis=1))
        hits.append((told.argmax(axis=1) == test.truth.labels).astype(float))
        both = joined(found["calibration"], found["test"])
        for number in range(options.splits):
            _split(found["validation"], both, prepared.places, kept, seed=number)
    _print(f"{title}, {model}", np.concatenate(before), np.concatenate(after), np.concatenate(hits), kept)


def judged_of(locator: PostLocator, prepared: SplitDataset, rows: NDArray[np.int64]) -> LabelledPredictions:
    """What the system says to a part, beside the truth."""
    posts, encoded, groups = prepared.subset(rows)
    return locator.predictor.predict_with_truth(posts, encoded, groups=groups)


def _split(
    validation: LabelledPredictions, both: LabelledPredictions, places: PlaceVocabulary, kept: Kept, *, seed: int
) -> None:
    """One random split of the groups: half of them for the threshold, half to be covered."""
    groups = np.unique(both.truth.groups)
    chosen = np.random.default_rng(seed).permutation(groups)[: len(groups) // 2]
    first = np.isin(both.truth.groups, chosen)
    calibration, rest = calibrate(validation, both.only(first), places), both.only(~first)
    for (level, over), found in kept.items():
        found.append(_coverage(calibration, rest, places, level, over))


def _coverage(
    calibration: Calibration, rest: LabelledPredictions, places: PlaceVocabulary, level: float, over: Over
) -> dict[str, float]:
    """Coverage over users and over posts of one promise; nothing where nothing is promised."""
    if effective_groups(calibration.set_groups, over=over) < least_groups(1 - level) - 1e-9:
        return {}
    known, alpha = rest.known(), 1 - level
    sets = calibration.place_sets(known.probabilities, known.randomization_u, alpha=alpha, over=over)
    held = sets[np.arange(len(sets)), known.truth.labels]
    found = _both("sets", held, known.truth.groups) | {"classes": float(sets.sum(axis=1).mean())}
    located = rest.only(rest.truth.answered & ~np.isnan(rest.truth.coordinates[:, 0]))
    if not places.located or not len(located.randomization_u):
        return found
    centres, radii = calibration.circles(located.probabilities, places, alpha=alpha, over=over)
    inside = great_circle_km(*centres.T, *located.truth.coordinates.T) <= radii
    return found | _both("circles", inside, located.truth.groups) | {"km": float(np.median(radii))}


def _both(name: str, covered: NDArray[np.bool_], groups: NDArray[np.int64]) -> dict[str, float]:
    return {f"{name} over users": coverage_by_group(covered, groups), f"{name} over posts": float(covered.mean())}


def _print(
    title: str,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    hits: NDArray[np.float64],
    kept: Kept,
) -> None:
    ece = expected_calibration_error(after, hits)
    debiased = debiased_calibration_error(after, hits)
    verdict = "holds" if ece <= ECE_BAR else "MISSED"
    print(
        f"{title}: accuracy {hits.mean():.3f} of {len(hits)} test posts; "
        f"ECE {expected_calibration_error(before, hits):.3f} -> {ece:.3f} "
        f"(bar <= {ECE_BAR}: {verdict}), debiased {debiased:.3f}",
        flush=True,
    )
    for (level, over), splits in kept.items():
        made = [split for split in splits if split]
        none = f", none in {1 - len(made) / len(splits):.0%}" if len(made) < len(splits) else ""
        if not made:
            print(f"  {level:.0%} over {over}: too few groups in every split, nothing is promised", flush=True)
            continue
        for name, size in (("sets", "classes"), ("circles", "km")):
            if size in made[0]:
                print(f"  {name} for {level:.0%} over {over}: {_told(name, size, made, level, over)}{none}", flush=True)


def _told(name: str, size: str, made: list[dict[str, float]], level: float, over: Over) -> str:
    means = {mean: float(np.mean([split[f"{name} over {mean}"] for split in made])) for mean in get_args(Over)}
    verdict = "holds" if abs(means[over] - level) <= COVERAGE_BAR else "MISSED"
    held = ", ".join(f"{value:.1%} over {mean}" for mean, value in means.items())
    middle = np.mean([split[size] for split in made if size in split])
    shown = f"{middle:.2f} classes" if size == "classes" else f"median radius {middle:.2f} km"
    return f"{held}; {shown}; {len(made)} splits (bar 1.5 points: {verdict})"


if __name__ == "__main__":
    main()
