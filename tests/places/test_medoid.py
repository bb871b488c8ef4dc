"""The least expected distance: the same as by all pairs, of work and memory that are bounded."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from postplace.places import medoid
from postplace.places.decode import least_expected
from postplace.places.distance import great_circle_km
from postplace.places.medoid import Distances
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place


def centres(count: int, *, seed: int = 0) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.random.default_rng(seed).uniform([31.0, 121.0], [31.3, 121.4], (count, 2))
    return found


def masses(posts: int, count: int, *, seed: int = 1) -> NDArray[np.float64]:
    powers = np.exp(np.random.default_rng(seed).normal(0.0, 2.0, (posts, count)))
    found: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return found


def by_all_pairs(points: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = mass @ great_circle_km(points[:, :1], points[:, 1:], points[:, 0], points[:, 1])
    return found


@pytest.mark.parametrize(("bytes_", "kind"), [(8 * 200**2, np.float64), (4 * 200**2, np.float32)])
def test_the_centre_is_that_of_all_pairs(bytes_: int, kind: type[np.floating]) -> None:
    points, mass = centres(200), masses(30, 200)
    made = Distances.between(points, at_most=bytes_)
    assert made.exact
    assert made.km.dtype == kind
    found, least = made.least_expected(mass)
    risks = by_all_pairs(points, mass)
    np.testing.assert_allclose(least, risks.min(axis=1), rtol=1e-6)
    np.testing.assert_allclose(risks[np.arange(30), found], risks.min(axis=1), rtol=1e-6)


def test_with_nodes_it_is_within_its_bound_and_its_km_are_exact() -> None:
    points, mass = centres(600), masses(20, 600)
    made = Distances.between(points, at_most=4 * 600 * 64)
    assert not made.exact
    assert made.km.nbytes <= 4 * 600 * 64
    found, least = made.least_expected(mass)
    risks = by_all_pairs(points, mass)
    moved = mass @ made.km[np.arange(600), made.node].astype(np.float64)
    assert (least <= risks.min(axis=1) + 2.0 * moved).all()
    np.testing.assert_allclose(least, risks[np.arange(20), found])
    assert (least <= 1.02 * risks.min(axis=1)).mean() > 0.9


def test_a_post_costs_no_distances_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    counted, largest = [0], [0]

    def counting(*arguments: NDArray[np.float64]) -> NDArray[np.float64]:
        found = great_circle_km(*arguments)
        counted[0] += found.size
        largest[0] = max(largest[0], found.size)
        return found

    monkeypatch.setattr(medoid, "great_circle_km", counting)
    places = PlaceVocabulary("place", tuple(Place(f"p{n}", *point) for n, point in enumerate(centres(3000).tolist())))
    least_expected(masses(1, 3000), places)
    first = counted[0]
    assert first < 3000**2  # a distance is the same both ways
    assert largest[0] <= 1_000_000
    assert places.distances.km.nbytes <= medoid.BYTES
    for seed in range(3):
        least_expected(masses(2, 3000, seed=seed), places)
    assert counted[0] == first


def test_with_nodes_a_post_costs_a_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Distances.between(centres(2000), at_most=4 * 2000 * 64)
    counted = [0]

    def counting(*arguments: NDArray[np.float64]) -> NDArray[np.float64]:
        found = great_circle_km(*arguments)
        counted[0] += found.size
        return found

    monkeypatch.setattr(medoid, "great_circle_km", counting)
    made.least_expected(masses(3, 2000))
    assert counted[0] <= 3 * 8 * 2000


def test_many_posts_are_answered_a_block_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made, mass = Distances.between(centres(50)), masses(101, 50)
    whole = made.least_expected(mass)
    monkeypatch.setattr(medoid, "_AT_ONCE", 500)  # ten posts a block
    parts = made.least_expected(mass)
    np.testing.assert_array_equal(whole[0], parts[0])
    np.testing.assert_allclose(whole[1], parts[1])


def test_no_posts_and_equal_centres() -> None:
    made = Distances.between(np.full((3, 2), 31.0))
    assert [len(found) for found in made.least_expected(np.zeros((0, 3)))] == [0, 0]
    found, least = made.least_expected(np.full((1, 3), 1 / 3))
    assert (found.tolist(), least.tolist()) == ([0], [0.0])
    many = Distances.between(np.full((100, 2), 31.0), at_most=4 * 100 * 8)  # centres that no halving parts
    assert many.least_expected(np.full((1, 100), 0.01))[1].tolist() == [0.0]


def test_the_antimeridian_is_no_border_between_neighbours() -> None:
    """The same cloud of centres across it and elsewhere: the same nodes, the same answers."""
    points, mass = centres(600), masses(20, 600)
    across = points.copy()
    across[:, 1] = (points[:, 1] - 121.2 + 180.0 + 180.0) % 360.0 - 180.0
    assert (across[:, 1] > 0).any()
    assert (across[:, 1] < 0).any()
    here, there = (Distances.between(own, at_most=4 * 600 * 64) for own in (points, across))
    moved_here, moved_there = (mass @ own.km[np.arange(600), own.node].astype(np.float64) for own in (here, there))
    np.testing.assert_allclose(moved_there.mean(), moved_here.mean(), rtol=0.2)
    assert (there.least_expected(mass)[1] <= 1.02 * by_all_pairs(across, mass).min(axis=1)).mean() > 0.9
