"""What a report shows, as plain data: numbers of a run on posts it has not learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.inference.evaluation_metrics import EvaluationMetrics
from postplace.inference.predictor import EvaluationResult
from postplace.inference.scoring import CITY_MEDIAN
from postplace.locator import PostLocator
from postplace.places.decode import minimum_expected_distance, point_estimate
from postplace.places.distance import EARTH_RADIUS_KM, great_circle_km, spherical_mean
from postplace.places.vocabulary import PlaceVocabulary
from postplace.report.confusion import PAIRS, Matrix, Pair, build_matrix, confused_pairs, count_pairs
from postplace.report.mistakes import MOST, Mistake, confident_mistakes
from postplace.splitting.known_posts import in_words

Floats = NDArray[np.float64]

LINES = 200  # pairs on the map
STEPS = 100  # points of a curve


@dataclass(frozen=True)
class Curve:
    """The share of located posts whose guess is within so many km: sorted kilometres and shares."""

    name: str
    km: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Dot:
    """A class on the plane: km east and north of the middle, its posts and how many were right."""

    name: str
    east_km: float
    north_km: float
    posts: int
    right: int


@dataclass(frozen=True)
class Plane:
    """The classes on a plain plane and the pairs confused between them, as indices into `dots`."""

    dots: tuple[Dot, ...]
    lines: tuple[Pair, ...]
    all_lines: int
    scale_km: float


@dataclass(frozen=True)
class Content:
    """All that a report shows. `mistakes` is None where posts are left out of it."""

    title: str
    model: str
    target: str
    metrics: EvaluationMetrics
    names: tuple[str, ...]
    matrix: Matrix
    pairs: tuple[Pair, ...]
    plane: Plane | None
    curves: tuple[Curve, ...]
    mistakes: tuple[Mistake, ...] | None
    facts: Sequence[tuple[str, str]]
    card: str


def build_content(
    locator: PostLocator, evaluated: EvaluationResult, *, card: str = "", mistakes: int = MOST, posts: bool = True
) -> Content:
    """The content of a report on what `PostLocator.evaluate_detailed` gave; no words of a post without `posts`."""
    places, truth = locator.fitted.places, evaluated.truth
    names = tuple(place.name for place in places.places)
    guesses = np.where(truth.answered, evaluated.calibrated_proba.argmax(axis=1), -1)
    labels = np.where(truth.labelled, truth.labels, -1)
    counts = count_pairs(labels, guesses, classes=len(names))
    pairs = confused_pairs(counts, places.coordinates())
    return Content(
        title=f"{locator.entry.name}: the {locator.target} of a post",
        model=locator.entry.name,
        target=places.target,
        metrics=evaluated.metrics,
        names=names,
        matrix=build_matrix(counts, names),
        pairs=tuple(pairs[:PAIRS]),
        plane=build_plane(places, counts, pairs),
        curves=tuple(_curves(locator, evaluated)),
        mistakes=tuple(confident_mistakes(evaluated, places, most=mistakes)) if posts else None,
        facts=_facts(locator, evaluated.metrics),
        card=card,
    )


def build_plane(places: PlaceVocabulary, counts: NDArray[np.int64], pairs: Sequence[Pair]) -> Plane | None:
    """The classes in km around their middle (equirectangular there); None where fewer than two have coordinates."""
    degrees = places.coordinates()
    located = ~np.isnan(degrees[:, 0])
    if located.sum() < 2:
        return None
    latitude, longitude = spherical_mean(*degrees[located].T)
    if not np.isfinite(latitude):
        latitude, longitude = (float(value) for value in degrees[located][0])
    turn = (degrees[:, 1] - longitude + 180.0) % 360.0 - 180.0
    east = np.radians(turn) * EARTH_RADIUS_KM * np.cos(np.radians(latitude))
    north = np.radians(degrees[:, 0] - latitude) * EARTH_RADIUS_KM
    index = np.cumsum(located) - 1
    dots = tuple(
        Dot(places.places[c].name, float(east[c]), float(north[c]), int(counts[c].sum()), int(counts[c, c]))
        for c in np.flatnonzero(located)
    )
    drawn = [pair for pair in pairs if located[pair.truth] and located[pair.guess]]
    lines = tuple(Pair(int(index[p.truth]), int(index[p.guess]), p.posts, p.share, p.km) for p in drawn[:LINES])
    width = max(float(np.ptp(east[located])), float(np.ptp(north[located])), 1e-3)
    return Plane(dots, lines, len(drawn), round_length(width / 4.0))


def round_length(km: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not longer.

    >>> round_length(7.3), round_length(0.3)
    (5.0, 0.2)
    """
    power = 10.0 ** np.floor(np.log10(km))
    return float(round(max(step for step in (1.0, 2.0, 5.0) if step * power <= km * (1.0 + 1e-9)) * power, 9))


def build_curve(name: str, errors_km: Floats) -> Curve:
    """Errors (N,) in km, infinite for a post without an answer -> the share of all N within each distance.

    >>> build_curve("x", np.array([2.0, 1.0, np.inf, np.inf]))
    Curve(name='x', km=(1.0, 2.0), shares=(0.25, 0.5))
    """
    finite = np.sort(errors_km[np.isfinite(errors_km)])
    rows = np.unique(np.linspace(0, len(finite) - 1, min(STEPS, len(finite))).round().astype(np.int64))
    shares = (rows + 1) / max(len(errors_km), 1)
    return Curve(name, tuple(np.round(finite[rows], 4).tolist()), tuple(np.round(shares, 4).tolist()))


def _curves(locator: PostLocator, evaluated: EvaluationResult) -> list[Curve]:
    """Of the best place, of the point of least expected distance, and of the middle of the city."""
    places, truth, probabilities = locator.fitted.places, evaluated.truth, evaluated.calibrated_proba
    located = ~np.isnan(truth.coordinates[:, 0]) & truth.labelled
    if not located.any() or not places.located:
        return []
    name = locator.entry.name
    points = {name: point_estimate(probabilities, places)}
    points[f"{name}, least expected km"] = minimum_expected_distance(probabilities, places)
    median = locator.fitted.baselines.city_median
    if median is not None:
        points[CITY_MEDIAN] = np.broadcast_to(np.array(median, dtype=np.float64), truth.coordinates.shape)
    curves = []
    for title, guessed in points.items():
        errors = np.asarray(great_circle_km(*guessed.T, *truth.coordinates.T), dtype=np.float64)
        errors = np.where(truth.answered & ~np.isnan(errors), errors, np.inf)
        curves.append(build_curve(title, errors[located]))
    return curves


def _groups_by_part(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How many groups each part has, and what the split could not keep; runs of earlier versions do not say."""
    if "groups_by_part" not in report:
        return []
    groups = ", ".join(f"{name} {number:,}" for name, number in report["groups_by_part"].items())
    return [
        ("Groups of each part", groups),
        ("What the split could not keep", "; ".join(report["split_notes"]) or "nothing"),
    ]


def _facts(locator: PostLocator, metrics: EvaluationMetrics) -> list[tuple[str, str]]:
    """What was learned from, how it was split, and what was evaluated."""
    report, options = locator.report, locator.options()
    split = ", ".join(f"{name} {posts:,}" for name, posts in report["split"].items())
    left_out = report["left_out_classes"]
    encoders = ", ".join(f"{kind}: {encoder['name']}" for kind, encoder in locator.encoder_pair.to_json().items())
    settings = ", ".join(f"{name} = {value}" for name, value in locator.settings.items())
    return [
        (
            "Posts evaluated here",
            f"{metrics.posts:,} in {metrics.groups:,} groups, {metrics.labelled:,} labelled",
        ),
        ("Left out, because the run had learned from them", _left_out(metrics)),
        ("Images of these that could not be read", f"{len(metrics.broken_images):,}"),
        *_cut_short(metrics),
        ("Posts that the run was made from", f"{report['used']:,} of {report['posts']:,}"),
        ("Parts of the split", split),
        (
            "Groups (user, else venue, and near-duplicates)",
            f"{report['groups']:,}, the largest of {report['largest_group']:,}",
        ),
        *_groups_by_part(report),
        ("Near-duplicates", f"{report['near_duplicate_texts']:,} texts, {report['near_duplicate_images']:,} images"),
        ("Classes", f"{report['classes']:,}"),
        ("Classes left out as too rare", f"{len(left_out):,} with {sum(left_out.values()):,} posts"),
        ("Modalities looked at", ", ".join(locator.modalities)),
        ("Encoders", encoders),
        ("Settings other than the defaults", settings or "none"),
        ("Parameters", f"{report['parameters']:,}"),
        ("Seed", str(options["seed"])),
    ]


def _cut_short(metrics: EvaluationMetrics) -> list[tuple[str, str]]:
    found = len(metrics.cut_short_images)
    return [("Images of these that lack their end, read as far as they go", f"{found:,}")] if found else []


def _left_out(metrics: EvaluationMetrics) -> str:
    """How many posts, and by what they were recognised."""
    number, by = f"{metrics.left_out_as_seen:,}", in_words(metrics.left_out_by)
    return f"{number}: {by}" if by else number
