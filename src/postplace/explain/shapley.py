"""Shapley values: each player's mean contribution over all orders of joining (Shapley, 1953); exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb


def subsets(players: Sequence[str]) -> list[frozenset[str]]:
    """All subsets, the empty one first, the whole last.

    >>> [sorted(subset) for subset in subsets("ab")]
    [[], ['a'], ['b'], ['a', 'b']]
    """
    return [frozenset(chosen) for size in range(len(players) + 1) for chosen in combinations(players, size)]


def shapley_values(players: Sequence[str], value: Mapping[frozenset[str], float]) -> dict[str, float]:
    """The Shapley value of each of n players; `value` is that of every subset. Their sum is all minus none.

    phi_i = sum over S without i of (v(S + i) - v(S)) / (n C(n - 1, |S|)).

    >>> worth = {"": 0.0, "a": 1.0, "b": 2.0, "ab": 6.0}
    >>> shapley_values("ab", {frozenset(subset): number for subset, number in worth.items()})
    {'a': 2.5, 'b': 3.5}
    """
    n = len(players)
    values = {}
    for player in players:
        others = subsets([other for other in players if other != player])
        gains = ((value[joined | {player}] - value[joined]) / (n * comb(n - 1, len(joined))) for joined in others)
        values[player] = float(sum(gains))
    return values
