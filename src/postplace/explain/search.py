"""The smallest set of edits that hides a place, at the least loss of meaning: greedy, then a beam over sets.

Letters: N posts, C classes, D width of text vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.explain.advice import AttackerView, Goal
from postplace.explain.edits import Edit, apply, clash
from postplace.explain.explainable import Explainable
from postplace.explain.variants import AT_ONCE, OpenedPost, encode
from postplace.features.extraction import EncodedPosts
from postplace.places.distance import great_circle_km
from postplace.schema import Post
from postplace.text.hashtags import normalise_hashtag

THINGS = 8  # tags, words, images and regions that sets are made of: those that hide most by themselves
WIDTH = 8  # sets of a size that are built upon
MOST_OF_A_SIZE = 120  # sets that are tried
SHOWN_OF_A_SIZE = 4
FINE = 100  # what differs by less than a hundredth, in what is left or in loss, counts as equal
NOTICEABLE = 0.05  # of what the best set hides: a set that hides less is not worth naming


@dataclass(frozen=True)
class Attacker:
    """A run as somebody who wants to know whether a post was made at the place of class `column`.

    `km` (C,) from each class to the place, NaN where one has no coordinates.
    """

    locator: Explainable
    column: int
    km: NDArray[np.float64]

    @classmethod
    def of(cls, locator: Explainable, column: int) -> Attacker:
        """A run and one of its classes."""
        centres = locator.predictor.places.coordinates()
        return cls(locator, column, great_circle_km(*centres.T, *centres[column]))

    def views(self, probabilities: NDArray[np.float64]) -> list[AttackerView]:
        """Probabilities (N, C) -> the view of each post."""
        names = [place.name for place in self.locator.predictor.places.places]
        located = ~np.isnan(self.km)
        views = []
        for row in probabilities:
            mass = float(row[located].sum())
            km = float(row[located] @ self.km[located]) / mass if mass > 0 else None
            views.append(AttackerView(float(row[self.column]), names[int(row.argmax())], km))
        return views

    def look(self, posts: Sequence[Post]) -> tuple[list[AttackerView], EncodedPosts]:
        """Posts in memory, answered in one batch, and their vectors."""
        encoded_posts, encoded = encode(self.locator, posts)
        return self.views(self.locator.probabilities(encoded_posts, encoded)), encoded


@dataclass(frozen=True)
class Meaning:
    """What a post says, as the run's encoders give it: vectors (D,) of text and hashtags, None where there is none."""

    text: NDArray[np.float32] | None
    hashtags: NDArray[np.float32] | None
    images: int

    @classmethod
    def of(cls, encoded: EncodedPosts, *, images: int) -> Meaning:
        """That of the first post."""
        text = encoded.text_vectors[0] if encoded.text_mask[0] else None
        return cls(text, encoded.hashtag_vectors[0] if encoded.hashtag_mask[0] else None, images)

    def loss(self, encoded: EncodedPosts, row: int, edits: Sequence[Edit]) -> float:
        """What an edited post says no longer, 0 to 1: the mean over the modalities that the post had.

        Of text and of hashtags 1 - cosine of their vectors (1 where nothing is left of them), of images the share of
        their area that is changed or gone.
        """
        lost = []
        if self.text is not None:
            lost.append(_moved(self.text, encoded.text_vectors[row] if encoded.text_mask[row] else None))
        if self.hashtags is not None:
            lost.append(_moved(self.hashtags, encoded.hashtag_vectors[row] if encoded.hashtag_mask[row] else None))
        if self.images:
            lost.append(min(1.0, sum(map(changed_area, edits)) / self.images))
        return float(np.mean(lost)) if lost else 0.0


@dataclass(frozen=True)
class Tried:
    """A set of edits, what is left to see, and what is lost; not the post with them: its images are megabytes."""

    edits: tuple[Edit, ...]
    view: AttackerView
    loss: float


Try = Callable[[Sequence[tuple[Edit, ...]]], list[Tried]]


def trying(attacker: Attacker, opened: OpenedPost, meaning: Meaning) -> Try:
    """A function that tries sets of edits, so many in a batch; no edited post outlives its batch."""

    def try_some(sets: Sequence[tuple[Edit, ...]]) -> list[Tried]:
        views, encoded = attacker.look([apply(opened, edits) for edits in sets])
        return [
            Tried(edits, view, meaning.loss(encoded, row, edits))
            for row, (edits, view) in enumerate(zip(sets, views, strict=True))
        ]

    def try_all(sets: Sequence[tuple[Edit, ...]]) -> list[Tried]:
        return [tried for start in range(0, len(sets), AT_ONCE) for tried in try_some(sets[start : start + AT_ONCE])]

    return try_all


def larger_sets(
    singles: Sequence[Tried],
    *,
    goal: Goal,
    before: AttackerView,
    most: int,
    try_all: Try,
    at_once: int = MOST_OF_A_SIZE,
) -> list[Tried]:
    """Sets of 2 to `most` edits: the best of each size, each with one more edit of the things that hide most alone.

    Of each size at most `at_once` are tried, those whose edits leave least by themselves.
    First in a set is the edit of what gives most away: of what leaves least to see when it is gone.
    """
    pool = building_blocks(singles, goal=goal, before=before)
    alone = {tried.edits[0]: goal.left(tried.view) for tried in pool}
    gone = left_without(singles, goal)
    beam, larger = pool, []
    for _ in range(2, most + 1):
        sets: dict[frozenset[Edit], tuple[Edit, ...]] = {}
        for held in beam:
            for one in pool:
                edits = (*held.edits, one.edits[0])
                if not any(clash(one.edits[0], edit) for edit in held.edits):
                    strongest = sorted(edits, key=lambda edit: gone.get(thing(edit), alone[edit]))
                    sets.setdefault(frozenset(edits), tuple(strongest))
        likely = sorted(sets.values(), key=lambda edits: sum(alone[edit] for edit in edits))[:at_once]
        tried = try_all(likely)
        larger += tried
        beam = sorted(tried, key=lambda one: (goal.shortfall(one.view), goal.left(one.view)))[:WIDTH]
    return larger


def building_blocks(singles: Sequence[Tried], *, goal: Goal, before: AttackerView) -> list[Tried]:
    """Of the things that hide most when edited alone, two edits each: what hides most, and what does so at its loss.

    Also things that hide nothing alone, where there are few: of two tags that say the same, neither does.
    """
    start = goal.left(before)
    by_thing: dict[object, list[Tried]] = {}
    for tried in singles:
        by_thing.setdefault(thing(tried.edits[0]), []).append(tried)
    things = sorted(by_thing.values(), key=lambda tries: min(goal.left(tried.view) for tried in tries))[:THINGS]
    blocks = []
    for tries in things:
        most = min(tries, key=lambda tried: goal.left(tried.view))
        cheapest = max(tries, key=lambda tried: (start - goal.left(tried.view)) / (tried.loss + 0.01))
        blocks += [most] if cheapest is most else [most, cheapest]
    return blocks


def left_without(singles: Sequence[Tried], goal: Goal) -> dict[object, float]:
    """By thing, what is left to see when it is gone."""
    return {thing(single.edits[0]): goal.left(single.view) for single in singles if single.edits[0].replacement is None}


def pareto(tried: Sequence[Tried], *, goal: Goal, before: AttackerView) -> list[Tried]:
    """Those that none beats in what is left, loss and number of edits at once, best first, a few of each size.

    Best: see `rank`.
    """
    start = goal.left(before)
    best = min((goal.left(candidate.view) for candidate in tried), default=start)
    worth = [
        candidate for candidate in tried if start - goal.left(candidate.view) >= max(NOTICEABLE * (start - best), 1e-9)
    ]
    ordered = sorted(worth, key=lambda candidate: rank(candidate.edits, candidate.loss, candidate.view, goal))
    keys = [_rounded(candidate, goal) for candidate in ordered]
    front = [
        candidate
        for row, candidate in enumerate(ordered)
        if not any(_beats(keys, other, row) for other in range(len(keys)))
    ]
    shown: dict[int, int] = {}
    best_of_each_size = []
    for candidate in front:
        shown[len(candidate.edits)] = shown.get(len(candidate.edits), 0) + 1
        if shown[len(candidate.edits)] <= SHOWN_OF_A_SIZE:
            best_of_each_size.append(candidate)
    return best_of_each_size


def changed_area(edit: Edit) -> float:
    """The share of its image that an edit changes or takes away; 0 of an edit of words."""
    if edit.kind == "drop image":
        return 1.0
    if edit.part.box is None:
        return 0.0
    left, top, right, bottom = edit.part.box
    area = (right - left) * (bottom - top)
    return 1.0 - area if edit.kind == "crop" else area


def rank(edits: Sequence[Edit], loss: float, view: AttackerView, goal: Goal) -> tuple[Any, ...]:
    """What sets are sorted by, best first: the fewest edits at the least loss that reach the goal, then the nearest."""
    missing, left = goal.shortfall(view), goal.left(view)
    return (False, len(edits), loss, left) if missing <= 0 else (True, missing, len(edits), loss)


def _rounded(tried: Tried, goal: Goal) -> tuple[float, float, int]:
    return round(goal.left(tried.view) * FINE), round(tried.loss * FINE), len(tried.edits)


def _beats(keys: Sequence[tuple[float, float, int]], other: int, row: int) -> bool:
    """Whether another is nowhere worse and somewhere better, or the same and named before."""
    if other == row or any(a > b for a, b in zip(keys[other], keys[row], strict=True)):
        return False
    return keys[other] != keys[row] or other < row


def thing(edit: Edit) -> object:
    """What an edit is of."""
    if edit.modality == "hashtags":
        return "hashtag", normalise_hashtag(edit.part.name)
    if edit.modality == "text":
        return "word", edit.part.start, edit.part.end
    return "image", edit.part.image, None if edit.kind == "crop" else edit.part.box


def _moved(before: NDArray[np.float32], after: NDArray[np.float32] | None) -> float:
    """1 - cosine of two vectors (D,), 0 to 1; 1 where nothing is left."""
    if after is None:
        return 1.0
    if np.array_equal(before, after):
        return 0.0
    a, b = before.astype(np.float64), after.astype(np.float64)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.clip(1.0 - (a @ b) / lengths, 0.0, 1.0)) if lengths > 0 else 1.0
