"""Coverage of sets in worlds made up for it: see `promises.py`.

A world is 20,000 users, of whom K are kept aside again and again; coverage is over all of the world. Over posts it is
promised for users who post no more than the most of those kept aside: `of all` is the coverage over everybody's posts,
which nobody promises. `none` is the share of draws where the product promises nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation.conformal import Over, coverage_by_group, group_quantile, set_scores, why_wide
from postplace.inference.calibrator import Calibration, calibrate
from postplace.inference.labelled_predictions import LabelledPredictions
from postplace.inference.scoring import GroundTruth
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

BAR, LEVEL, CLASSES, LARGEST = 0.015, 0.9, 20, 400
GROUPS = (5, 9, 12, 20, 40, 80, 200)
SPREAD_KM, OFF_KM, KM = 4.0, 0.3, 1 / 111.2  # of the places, and of posts about theirs; a km in degrees on a meridian


@dataclass(frozen=True)
class World:
    """Users of `sizes` (U,) posts each; the scores of their posts' truths (P,), and of all classes of some (Q,)."""

    name: str
    sizes: Rows
    scores: Floats
    every: Floats


def _city() -> PlaceVocabulary:
    points = np.random.default_rng(3).normal(0, SPREAD_KM * KM, (CLASSES, 2))
    return PlaceVocabulary("place", tuple(Place(f"p{row}", *point) for row, point in enumerate(points.tolist())))


PLACES = _city()  # at the equator, where degrees are alike


def main(*, quick: bool = False) -> bool:
    """Print the tables; whether every promise is kept."""
    print(f"sets for {LEVEL:.0%}; coverage is of the draws where something is promised")
    print("world                     K  over   none  users  posts  of all  classes  verdict")
    fine = True
    for world in worlds(4000 if quick else 20_000):
        for count in GROUPS[1::3] if quick else GROUPS:
            for over in get_args(Over):
                fine &= _row(world, count, over, draws=60 if quick else 300)
    return fine & both_parts(draws=10 if quick else 60)


def worlds(users: int) -> Iterator[World]:
    """Users of five posts each, alike or not at all, and users of Pareto sizes, the heavy ones easier or harder."""
    random = np.random.default_rng(0)
    equal = np.full(users, 5)
    yield _world("equal", equal, np.full(users, 2.5) + random.normal(0, 1, users), random)
    spread = np.repeat(random.random(users), equal)
    yield World("equal, all posts alike", equal, spread, np.sort(random.random(CLASSES * users)))
    pareto = np.clip((random.pareto(1.0, users) * 2 + 1).astype(np.int64), 1, LARGEST)
    for hard in (-0.5, 0.0, 0.5):
        skill = 2.5 - hard * np.log(pareto) + random.normal(0, 0.5, users)
        yield _world(f"Pareto, hard {hard:+.1f}", pareto, skill, random)


def _world(name: str, sizes: Rows, skill: Floats, random: np.random.Generator) -> World:
    own, every = [], []
    for part in np.array_split(np.repeat(skill, sizes), max(1, int(sizes.sum()) // 20_000)):
        probabilities, labels = _answers(part, random)
        scores = set_scores(probabilities, random.random(len(part)))
        own.append(scores[np.arange(len(part)), labels])
        every.append(scores[:2000].ravel())
    return World(name, sizes, np.concatenate(own), np.sort(np.concatenate(every)))


def _answers(skill: Floats, random: np.random.Generator) -> tuple[Floats, Rows]:
    """Probabilities (N, C) of a system that is too sure, and the truth (N,)."""
    labels = random.integers(0, CLASSES, len(skill))
    logits = random.normal(size=(len(skill), CLASSES))
    logits[np.arange(len(skill)), labels] += skill
    powers = np.exp(1.3 * logits)
    return powers / powers.sum(axis=1, keepdims=True), labels


def _row(world: World, count: int, over: Over, *, draws: int) -> bool:
    starts = np.concatenate([[0], np.cumsum(world.sizes)])
    count_parameters, weight = np.repeat(world.sizes, world.sizes), np.repeat(1.0 / world.sizes, world.sizes)
    order = np.argsort(world.scores)
    ranked, by_user = world.scores[order], np.cumsum(weight[order]) / len(world.sizes)
    some = np.random.default_rng(1).permutation(len(ranked))[:50_000]
    random, found, said, promised = np.random.default_rng(2), [], [], 0
    for _ in range(draws):
        chosen = random.integers(0, len(world.sizes), count)
        scores = np.concatenate([world.scores[starts[user] : starts[user + 1]] for user in chosen])
        groups = np.repeat(np.arange(count), world.sizes[chosen])
        threshold = group_quantile(scores, groups, alpha=1 - LEVEL, over=over)
        if not np.isfinite(threshold):
            continue
        promised += 1
        said.append(bool(why_wide(groups, alpha=1 - LEVEL, over=over)))
        within, light = world.scores[some] <= threshold, count_parameters[some] <= world.sizes[chosen].max()
        below = int(np.searchsorted(ranked, threshold, side="right"))
        classes = np.searchsorted(world.every, threshold, side="right") / len(world.every) * CLASSES
        users = float(by_user[below - 1]) if below else 0.0
        right = (world.scores[some] <= 0.0) if over == "posts" else weight[some] * (world.scores[some] <= 0.0)
        first = float(right[light].mean() if over == "posts" else right.sum() / weight[some].sum())
        found.append((users, within[light].mean(), within.mean(), classes, first))
    start = f"{world.name:24} {count:3}  {over:5}  {1 - promised / draws:4.0%}"
    if promised < 10:
        print(f"{start}  nothing is promised", flush=True)
        return True
    users, posts, every, classes, first = np.mean(found, axis=0)
    kept = users if over == "users" else posts
    verdict = _verdict(float(kept), float(first), float(np.mean(said)))
    print(f"{start}  {users:.3f}  {posts:.3f}  {every:.3f}  {classes:7.2f}  {verdict}", flush=True)
    return verdict != "MISSED"


def _verdict(kept: float, first: float, said: float) -> str:
    if abs(kept - LEVEL) <= BAR:
        return "holds"
    if kept < LEVEL:
        return "MISSED"
    if first >= LEVEL:
        return "more: the first class is right as often"
    return "more, as is said" if said > 0.5 else "more, and nothing said of it: MISSED"


def both_parts(*, draws: int) -> bool:
    """Few users in each of two small parts, and a network that was stopped at the epoch that suited one of them."""
    print(
        "\nK users of 5 posts in the validation and in the calibration part, the epoch of 20 that suits the first best"
    )
    print("           sets                    circles")
    print("  K  over   users  posts  classes  users  posts     km  thresholds from")
    fine = True
    for count in (5, 9, 15, 30):
        for over in get_args(Over):
            found = [_stopped(count, over, seed=seed) for seed in range(draws)]
            *sets, in_users, in_posts, km = np.mean([each[:6] for each in found], axis=0)
            held = np.array([(each[0], each[3]) if over == "users" else (each[1], each[4]) for each in found])
            chance = 0.0 if draws >= 60 else 2.0 * held.std(axis=0, ddof=1) / draws**0.5  # of a quick look
            missed = bool((held.mean(axis=0) < LEVEL - BAR - chance).any())
            said = " MISSED" if missed else ""
            told = f"{sets[0]:.3f}  {sets[1]:.3f}  {sets[2]:7.2f}  {in_users:.3f}  {in_posts:.3f}  {km:5.1f}"
            print(f"{count:3}  {over:5}  {told}  {found[0][6]}{said}", flush=True)
            fine &= not missed
    return fine


def _stopped(count: int, over: Over, *, seed: int) -> tuple[float, float, float, float, float, float, str]:
    """Coverage of sets over users and posts, classes; that of circles, their median radius in km; what it is from."""
    random = np.random.default_rng(seed)
    parts = [_epochs(users, random) for users in (count, count, 200)]
    losses = [-np.log(np.maximum(epoch[np.arange(len(epoch)), parts[0][1]], 1e-9)).mean() for epoch in parts[0][0]]
    best = int(np.argmin(losses))
    validation, calibration, new = (_judged(epochs[best], labels, random) for epochs, labels in parts)
    made: Calibration = calibrate(validation, calibration, PLACES)
    sets = made.place_sets(new.probabilities, new.randomization_u, alpha=1 - LEVEL, over=over)
    held = sets[np.arange(len(sets)), new.truth.labels]
    by_user = coverage_by_group(held, new.truth.groups)
    centres, radii = made.circles(new.probabilities, PLACES, alpha=1 - LEVEL, over=over)
    inside = great_circle_km(*centres.T, *new.truth.coordinates.T) <= radii
    circles = coverage_by_group(inside, new.truth.groups), float(inside.mean()), float(np.median(radii))
    return by_user, float(held.mean()), float(sets.sum(axis=1).mean()), *circles, " and ".join(made.parts)


def _epochs(users: int, random: np.random.Generator) -> tuple[list[Floats], Rows]:
    """Probabilities of 20 epochs, which differ by chance, and the truth."""
    skill = np.repeat(2.6 + random.normal(0, 0.7, users), 5)
    labels = random.integers(0, CLASSES, len(skill))
    logits = random.normal(size=(len(skill), CLASSES))
    logits[np.arange(len(skill)), labels] += skill
    powers = [np.exp(1.4 * (logits + random.normal(0, 0.4, logits.shape))) for _ in range(20)]
    return [each / each.sum(axis=1, keepdims=True) for each in powers], labels


def _judged(probabilities: Floats, labels: Rows, random: np.random.Generator) -> LabelledPredictions:
    every, patterns = np.ones(len(labels), dtype=np.bool_), np.full(len(labels), "T")
    own = np.array([(PLACES.places[label].latitude, PLACES.places[label].longitude) for label in labels], dtype=float)
    points = own + random.normal(0, OFF_KM * KM, own.shape)
    answers = GroundTruth(labels, every, points, every, patterns, np.arange(len(labels)) // 5)
    return LabelledPredictions(probabilities, answers, random.random(len(labels)))


if __name__ == "__main__":
    main()
