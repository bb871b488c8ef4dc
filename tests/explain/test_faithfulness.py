"""Deletion curves whose area is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from postplace import Post, PostLocator
from postplace.explain import deletion_curve, explain
from postplace.explain.explanation import ClassProbability, Effect, Explanation
from postplace.explain.faithfulness import DeletionCurve, compute_agreement, compute_curve
from postplace.explain.parts import Kind, Part, modality_part


def test_the_area_is_that_of_the_trapezoids() -> None:
    """(0 + 0.6)/2 + (0.6 + 0.2)/2 + (0.2 + 0)/2 = 0.8, over three deletions."""
    curve = DeletionCurve(np.array([0.9, 0.1, 0.1, 0.1]), np.array([0.9, 0.7, 0.3, 0.1]))
    assert curve.area == pytest.approx(0.8 / 3)


def test_one_part_that_is_all_among_two() -> None:
    """Named first it is gone at once: 1, 0, 0. At random it is the first or the second: 1, 1/2, 0."""
    parts = [Part("hashtag", "leak"), Part("hashtag", "noise")]

    def probability(deleted: Sequence[Sequence[Part]]) -> NDArray[np.float64]:
        return np.array([float(parts[0] not in some) for some in deleted])

    curve = compute_curve(parts, probability, steps=9, orders=2000)
    assert curve.named.tolist() == [1.0, 0.0, 0.0]
    assert curve.at_random == pytest.approx([1.0, 0.5, 0.0], abs=0.05)
    assert curve.area == pytest.approx(0.25, abs=0.03)
    backwards = compute_curve(parts[::-1], probability, steps=9, orders=2000)
    assert backwards.area == pytest.approx(-0.25, abs=0.03)


def test_without_parts_there_is_no_area() -> None:
    curve = compute_curve([], lambda deleted: np.full(len(deleted), 0.5), steps=5, orders=3)
    assert (curve.named.tolist(), curve.area) == ([0.5], 0.0)


def test_an_explanation_of_a_toy_beats_chance(toy: Callable[..., PostLocator]) -> None:
    locator = toy(lambda text, tags, red: 6.0 * ("leak" in tags) - 3.0)
    post = Post("1", text="one two three", hashtags=("a", "leak", "b"))
    curve = deletion_curve(locator, post, explain(locator, post), orders=20)
    assert curve.named[:2] == pytest.approx([1 / (1 + np.exp(-3.0)), 1 / (1 + np.exp(3.0))])
    assert len(curve.named) == 7  # six parts: spans of characters lie in words
    assert curve.area > 0.2


def test_agreement_with_shapley_values_by_hand() -> None:
    """Two posts: shares 3 + 1 of text and 1 of tags beside values 2 and 1; then -1 and 2 beside -2 and 3."""

    def explanation(shares: list[tuple[Kind, float]], values: list[tuple[str, float]]) -> Explanation:
        probability = ClassProbability(0.5, 0.0)
        parts = tuple(Effect(Part(kind, "x"), nats, 0.0) for kind, nats in shares)
        modalities = tuple(Effect(modality_part(name), nats, 0.0) for name, nats in values)
        return Explanation("1", "a", "a", "gradients", probability, probability, modalities, parts)

    found = compute_agreement(
        [
            explanation([("word", 3.0), ("characters", 1.0), ("hashtag", 1.0)], [("text", 2.0), ("hashtags", 1.0)]),
            explanation([("word", -1.0), ("hashtag", 2.0)], [("text", -2.0), ("hashtags", 3.0)]),
        ]
    )
    shares, values = [4.0, 1.0, -1.0, 2.0], [2.0, 1.0, -2.0, 3.0]
    assert found.linear == pytest.approx(np.corrcoef(shares, values)[0, 1])
    assert found.ranks == pytest.approx(1 - 6 * (1 + 0 + 0 + 1) / (4 * 15))  # ranks 4 2 1 3 beside 3 2 1 4
    assert found.totals == (3.0, 2.0)
    assert found.same_first == 1.0
