"""Shapley values of games worked out by hand."""

from __future__ import annotations

import pytest

from postplace.explain.shapley import shapley_values, subsets


def test_the_glove_game() -> None:
    """One left glove (l), two right ones (r, s); a pair is worth 1: l gets 2/3, the others 1/6 each."""
    value = {s: float("l" in s and bool(s & {"r", "s"})) for s in subsets("lrs")}
    found = shapley_values("lrs", value)
    assert found == pytest.approx({"l": 2 / 3, "r": 1 / 6, "s": 1 / 6})
    assert sum(found.values()) == pytest.approx(value[frozenset("lrs")] - value[frozenset()])


def test_who_adds_nothing_gets_nothing_and_equals_get_the_same() -> None:
    value = {s: len(s & {"a", "b"}) ** 2 - 7.0 for s in subsets("abc")}
    assert shapley_values("abc", value) == pytest.approx({"a": 2.0, "b": 2.0, "c": 0.0})
