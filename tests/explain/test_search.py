"""Loss, goals and what is shown, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from postplace.explain import AttackerView, Edit, Part
from postplace.explain.advice import Goal
from postplace.explain.search import Attacker, Meaning, Tried, changed_area, larger_sets, pareto
from postplace.features.extraction import EncodedPosts

GOAL = Goal("here", below=0.2)


def tag(name: str) -> Edit:
    """A hashtag that goes."""
    return Edit("hide hashtag", Part("hashtag", name))


def tried(edits: str, left: float, loss: float) -> Tried:
    """A set of tags with what is left and lost."""
    return Tried(tuple(map(tag, edits)), AttackerView(left, "here"), loss)


def shown(*every: Tried, goal: Goal = GOAL) -> list[str]:
    """The sets on the list, best first."""
    found = pareto(every, goal=goal, before=AttackerView(0.9, "here"))
    return ["".join(edit.part.name for edit in own.edits) for own in found]


def test_the_fewest_edits_that_reach_the_goal_come_first_then_the_least_loss() -> None:
    assert shown(tried("ab", 0.05, 0.2), tried("c", 0.1, 0.4), tried("d", 0.19, 0.3), tried("e", 0.5, 0.1)) == [
        "d", "c", "ab", "e",
    ]  # fmt: skip


def test_what_is_beaten_is_not_shown() -> None:
    assert shown(tried("a", 0.1, 0.2), tried("b", 0.3, 0.2), tried("cd", 0.1, 0.2), tried("e", 0.1001, 0.2)) == ["a"]


def test_what_hides_next_to_nothing_is_not_shown() -> None:
    assert shown(tried("a", 0.1, 0.5), tried("b", 0.88, 0.01), tried("c", 0.95, 0.0)) == ["a"]
    assert shown(tried("a", 0.9, 0.5)) == []


def test_a_few_of_each_size() -> None:
    ones = [tried(name, 0.19 - 0.015 * row, 0.1 + 0.1 * row) for row, name in enumerate("abcdef")]
    pairs = [tried(name, 0.05 - 0.012 * row, 0.05 + 0.1 * row) for row, name in enumerate(("uv", "wx"))]
    assert shown(*ones, *pairs) == ["a", "b", "c", "d", "uv", "wx"]


def test_without_the_goal_what_comes_nearest_is_first() -> None:
    assert shown(tried("a", 0.5, 0.1), tried("bc", 0.3, 0.2), tried("d", 0.7, 0.05)) == ["bc", "a", "d"]


def test_a_goal_in_km_is_measured_in_km() -> None:
    goal = Goal("here", None, beyond_km=10.0)
    near, far = AttackerView(0.1, "there", 4.0), AttackerView(0.3, "here", 12.0)
    assert (goal.reached(near), goal.reached(far)) == (False, True)
    assert goal.shortfall(near) == pytest.approx(0.6)
    assert goal.left(near) > goal.left(far)
    both = Goal("here", below=0.2, beyond_km=10.0)
    assert not both.reached(near)
    assert not both.reached(far)


def test_expected_km_is_a_mean_over_the_places_that_have_coordinates() -> None:
    """0.5 here, 0.25 one degree away, 0.25 nowhere: 0.25 / 0.75 of 111.195 km."""
    names = [SimpleNamespace(name=name) for name in ("here", "there", "nowhere")]
    coordinates = np.array([[0.0, 0.0], [1.0, 0.0], [np.nan, np.nan]])
    places = SimpleNamespace(places=names, coordinates=lambda: coordinates)
    attacker = Attacker.of(SimpleNamespace(predictor=SimpleNamespace(places=places)), 0)
    (found,) = attacker.views(np.array([[0.5, 0.25, 0.25]]))
    assert (found.probability, found.answer) == (0.5, "here")
    assert found.expected_km == pytest.approx(111.195 / 3, abs=1e-3)
    nowhere = Attacker.of(SimpleNamespace(predictor=SimpleNamespace(places=places)), 2)
    assert nowhere.views(np.array([[0.5, 0.25, 0.25]]))[0].expected_km is None


def encoded(text: list[list[float]], tags: list[list[float]]) -> EncodedPosts:
    """Vectors of posts; a row of zeros is absent."""
    texts, hashtags = np.array(text, dtype=np.float32), np.array(tags, dtype=np.float32)
    masks = {"text_mask": texts.any(axis=1), "hashtag_mask": hashtags.any(axis=1)}
    return cast("EncodedPosts", SimpleNamespace(text_vectors=texts, hashtag_vectors=hashtags, **masks))


def test_loss_is_the_mean_over_what_the_post_had() -> None:
    """Text 60 degrees off: 0.5; hashtags gone: 1; of two images one is blurred by a quarter: 0.125."""
    vectors = encoded([[1, 0], [0.5, 0.75**0.5]], [[0, 2], [0, 0]])
    quarter = Edit("blur region", Part("region", "there", image=0, box=(0.0, 0.0, 0.5, 0.5)))
    meaning = Meaning.of(vectors, images=2)
    assert meaning.loss(vectors, 1, [tag("a"), quarter]) == pytest.approx((0.5 + 1.0 + 0.125) / 3)
    assert meaning.loss(vectors, 0, []) == 0.0
    only_text = Meaning.of(encoded([[1, 0]], [[0, 0]]), images=0)
    assert only_text.loss(encoded([[0, 0], [-1, 0]], [[0, 0], [0, 0]]), 1, []) == 1.0


def test_how_much_of_a_image_an_edit_changes() -> None:
    box = (0.0, 0.0, 0.5, 0.5)
    assert changed_area(Edit("blur region", Part("region", "x", image=0, box=box))) == 0.25
    assert changed_area(Edit("crop", Part("region", "x", image=0, box=box))) == 0.75
    assert changed_area(Edit("drop image", Part("image", "x", image=0))) == 1.0
    assert changed_area(tag("a")) == 0.0


def test_sets_are_made_of_different_things_and_asked_about_once() -> None:
    """Hiding a, replacing a, hiding b: two pairs, never both edits of a; the stronger removal stands first."""
    other = Tried((Edit("replace hashtag", Part("hashtag", "A"), "x"),), AttackerView(0.3, "here"), 0.9)
    asked: list[list[str]] = []

    def try_all(sets: Sequence[tuple[Edit, ...]]) -> list[Tried]:
        asked.extend([edit.describe() for edit in edits] for edits in sets)
        return [Tried(edits, AttackerView(0.1, "here"), 0.5) for edits in sets]

    singles = [tried("a", 0.6, 0.0), other, tried("b", 0.5, 0.5)]
    found = larger_sets(singles, goal=GOAL, before=AttackerView(0.9, "here"), most=3, try_all=try_all)
    hide, swap = "leave out the hashtag #{}".format, "write #x in the place of the hashtag #A"
    assert asked == [[hide("b"), swap], [hide("b"), hide("a")]]
    assert len(found) == 2
