"""Deletion curves whose area is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from postplace import Post, PostLocator
from postplace.explain import deletion_curve, explain
from postplace.explain.faithfulness import DeletionCurve, curve_of
from postplace.explain.parts import Part


def test_the_area_is_that_of_the_trapezoids() -> None:
    """(0 + 0.6)/2 + (0.6 + 0.2)/2 + (0.2 + 0)/2 = 0.8, over three deletions."""
    curve = DeletionCurve(np.array([0.9, 0.1, 0.1, 0.1]), np.array([0.9, 0.7, 0.3, 0.1]))
    assert curve.area == pytest.approx(0.8 / 3)


def test_one_part_that_is_all_among_two() -> None:
    """Named first it is gone at once: 1, 0, 0. At random it is the first or the second: 1, 1/2, 0."""
    parts = [Part("hashtag", "leak"), Part("hashtag", "noise")]

    def probability(deleted: Sequence[Sequence[Part]]) -> NDArray[np.float64]:
        return np.array([float(parts[0] not in some) for some in deleted])

    curve = curve_of(parts, probability, steps=9, orders=2000)
    assert curve.named.tolist() == [1.0, 0.0, 0.0]
    assert curve.at_random == pytest.approx([1.0, 0.5, 0.0], abs=0.05)
    assert curve.area == pytest.approx(0.25, abs=0.03)
    backwards = curve_of(parts[::-1], probability, steps=9, orders=2000)
    assert backwards.area == pytest.approx(-0.25, abs=0.03)


def test_without_parts_there_is_no_area() -> None:
    curve = curve_of([], lambda deleted: np.full(len(deleted), 0.5), steps=5, orders=3)
    assert (curve.named.tolist(), curve.area) == ([0.5], 0.0)


def test_an_explanation_of_a_toy_beats_chance(toy: Callable[..., PostLocator]) -> None:
    locator = toy(lambda text, tags, red: 6.0 * ("leak" in tags) - 3.0)
    post = Post("1", text="one two three", hashtags=("a", "leak", "b"))
    curve = deletion_curve(locator, post, explain(locator, post), orders=20)
    assert curve.named[:2] == pytest.approx([1 / (1 + np.exp(-3.0)), 1 / (1 + np.exp(3.0))])
    assert len(curve.named) == 7  # six parts: spans of characters lie in words
    assert curve.area > 0.2
