"""What an explanation consists of."""

from __future__ import annotations

import math

import numpy as np
import pytest

from postplace.explain.explanation import LEAST, Effect, log_odds, strongest_first
from postplace.explain.parts import Part


def test_log_odds_of_hand_computed_probabilities() -> None:
    found = log_odds(np.array([[0.2, 0.3, 0.5], [0.0, 0.25, 0.75]]), 1)
    assert found == pytest.approx([math.log(0.3 / 0.7), math.log(1 / 3)])


def test_log_odds_are_bounded_where_a_class_is_certain_or_impossible() -> None:
    found = log_odds(np.array([[1.0, 0.0], [0.0, 1.0]]), 0)
    assert found == pytest.approx([-math.log(LEAST), math.log(LEAST)])


def test_log_odds_keep_what_is_lost_in_one_minus_a_probability_near_one() -> None:
    found = log_odds(np.array([[1.0, 1e-8, 1e-8]]), 0)
    assert found == pytest.approx([-math.log(2e-8)])


def test_effects_for_the_place_stand_before_those_against_it_and_equal_ones_keep_their_order() -> None:
    effects = [Effect(Part("word", name), nats, 0.0) for name, nats in (("a", -1), ("b", 0.5), ("c", 2), ("d", 0.5))]
    assert [effect.part.name for effect in strongest_first(effects)] == ["c", "b", "d", "a"]
    assert strongest_first([]) == ()
