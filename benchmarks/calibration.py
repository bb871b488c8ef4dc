"""Do probabilities, sets and circles keep their word? On a synthetic city and, where they are at hand, on real posts.

Each seed trains once. ECE (equal-mass bins) is of the test parts of all seeds together, before and after the
temperature of each (bar: <= 0.03 after). Coverage is the mean over random splits of the groups of the calibration and
test parts: one half gives the threshold, the other is covered (bar: within 1.5 points of 90 %). The city has many users
of few posts each: with K groups to go by, sets cover up to 1 / (K + 1) more than they promise. Sets are never empty: a
system that is right for more than 90 % of a group's posts covers as often as that, and 95 % says more of it.
With --label-noise a share of the city's posts is recorded at another place than they show, so that no system can be
right for as many: how well sets keep their word is then seen at 90 % too.
usage: python benchmarks/calibration.py [DATA] [--seeds 5] [--splits 20] [--models logistic sg-mft mrlf] [--posts 4000]
       [--label-noise 0.02]
DATA holds shanghai-checkins/ with a posts.jsonl.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from postplace import PostLocator, make_city, read_posts
from postplace.calibrated import Calibration, Judged, calibrate
from postplace.evaluation.calibration import debiased_calibration_error, expected_calibration_error
from postplace.evaluation.conformal import coverage_by_group
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.synthetic.knobs import Knobs
from postplace.training_data import Prepared

ECE_BAR, COVERAGE_BAR = 0.03, 0.015
LEVELS = (0.9, 0.95)


def main() -> None:
    """Print a few lines a data set and model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--models", nargs="+", default=["logistic", "sg-mft", "mrlf"])
    parser.add_argument("--posts", type=int, default=4000, help="of the synthetic city")
    parser.add_argument("--label-noise", type=float, default=Knobs().label_noise, help="of the synthetic city")
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        knobs = Knobs(users=options.posts // 5, label_noise=options.label_noise)
        make_city(Path(scratch) / "city", posts=options.posts, seed=11, knobs=knobs)
        sets = [("synthetic city", Path(scratch) / "city" / "posts.jsonl", "place")]
        real = options.data and options.data / "shanghai-checkins" / "posts.jsonl"
        if real and real.exists():
            sets.append(("shanghai-checkins", real, "category"))
        else:
            print("shanghai-checkins: not at hand, skipped")
        for title, path, target in sets:
            for model in options.models:
                measure(title, path, target, model, options, Path(scratch) / "vectors")


def measure(title: str, path: Path, target: str, model: str, options: argparse.Namespace, scratch: Path) -> None:
    """Train over the seeds, and print how the word is kept."""
    posts = read_posts(path)
    before, after, hits = [], [], []
    kept: dict[float, list[dict[str, float]]] = {level: [] for level in LEVELS}
    base: PostLocator | None = None
    for seed in range(options.seeds):
        locator = PostLocator(target, model, seed=seed, device="cpu", cache=options.cache or scratch)  # type: ignore[arg-type]
        if base is not None:
            locator.share_encoders(base)
        base = base or locator
        prepared = locator.prepare(posts)
        locator.fit_prepared(prepared, judge=False)
        found = {name: judged_of(locator, prepared, rows) for name, rows in prepared.split.parts()}
        calibration = locator.fitted.calibration
        assert calibration is not None
        test = found["test"].known()
        told = calibration.tell(test.probabilities)
        before.append(test.probabilities.max(axis=1))
        after.append(told.max(axis=1))
        hits.append((told.argmax(axis=1) == test.answers.labels).astype(float))
        both = _joined(found["calibration"], found["test"])
        for level in LEVELS:
            splits = (
                _coverage(found["validation"], both, prepared.places, level, seed=n) for n in range(options.splits)
            )
            kept[level] += splits
    _print(f"{title}, {model}", np.concatenate(before), np.concatenate(after), np.concatenate(hits), kept)


def judged_of(locator: PostLocator, prepared: Prepared, rows: NDArray[np.int64]) -> Judged:
    """What the system says to a part, beside the truth."""
    posts, encoded, groups = prepared.part(rows)
    return locator._system.judged(posts, encoded, groups=groups)


def _coverage(
    validation: Judged, both: Judged, places: PlaceVocabulary, level: float, *, seed: int
) -> dict[str, float]:
    """One random split of the groups: half of them for the threshold, half to be covered."""
    groups = np.unique(both.answers.groups)
    chosen = np.random.default_rng(seed).permutation(groups)[: len(groups) // 2]
    first = np.isin(both.answers.groups, chosen)
    calibration, rest = calibrate(validation, both.only(first), places), both.only(~first).known()
    sets = calibration.place_sets(rest.probabilities, rest.chance, alpha=1 - level)
    rows, own = np.arange(len(sets)), rest.answers.labels
    found = {
        "sets": coverage_by_group(sets[rows, own], rest.answers.groups),
        "classes": float(sets.sum(axis=1).mean()),
        "posts": float(sets[rows, own].mean()),
    }
    return found | _circles(calibration, rest, places, level)


def _circles(calibration: Calibration, rest: Judged, places: PlaceVocabulary, level: float) -> dict[str, float]:
    located = rest.only(~np.isnan(rest.answers.coordinates[:, 0]))
    if np.isnan(places.coordinates()).all() or not len(located.chance):
        return {}
    centres, radii = calibration.circles(located.probabilities, places, alpha=1 - level)
    inside = great_circle_km(*centres.T, *located.answers.coordinates.T) <= radii
    return {"circles": coverage_by_group(inside, located.answers.groups), "km": float(np.median(radii))}


def _print(
    title: str,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    hits: NDArray[np.float64],
    kept: dict[float, list[dict[str, float]]],
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
    for level, splits in kept.items():
        for name in ("sets", "circles"):
            values = [split[name] for split in splits if name in split]
            if not values:
                continue
            mean = float(np.mean(values))
            verdict = "holds" if abs(mean - level) <= COVERAGE_BAR else "MISSED"
            within = f"{len(values)} splits (bar 1.5 points: {verdict})"
            print(f"  {name} of {level:.0%}: {mean:.1%} over groups, {within}{_size(name, splits)}", flush=True)


def _size(name: str, kept: list[dict[str, float]]) -> str:
    if name == "circles":
        return f", median radius {np.mean([split['km'] for split in kept if 'km' in split]):.2f} km"
    classes, posts = (np.mean([split[key] for split in kept]) for key in ("classes", "posts"))
    return f", {classes:.2f} classes, {posts:.1%} of posts"


def _joined(a: Judged, b: Judged) -> Judged:
    names = [field.name for field in fields(a.answers)]
    answers = replace(
        a.answers, **{name: np.concatenate([getattr(a.answers, name), getattr(b.answers, name)]) for name in names}
    )
    return Judged(np.concatenate([a.probabilities, b.probabilities]), answers, np.concatenate([a.chance, b.chance]))


if __name__ == "__main__":
    main()
