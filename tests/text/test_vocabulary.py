"""Items <-> ids."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.errors import BadOption, BadRun
from postplace.text.vocabulary import PADDING, UNKNOWN, Vocabulary


def test_items_by_falling_count_then_alphabet_from_id_two() -> None:
    vocabulary = Vocabulary.fit([["b", "c", "a"], ["c", "b", "d"], ["a", "c"]], min_count=2)
    assert vocabulary.items == ("c", "a", "b")
    assert len(vocabulary) == 5
    assert (PADDING, UNKNOWN) == (0, 1)
    assert vocabulary.encode(["b", "d", "c"], length=5).tolist() == [4, 1, 2, 0, 0]


def test_repetitions_within_a_sequence_count() -> None:
    assert Vocabulary.fit([["a", "a"], ["b"]], min_count=2).items == ("a",)


def test_max_size_counts_padding_and_unknown() -> None:
    vocabulary = Vocabulary.fit(["aaabbc"], min_count=1, max_size=4)
    assert vocabulary.items == ("a", "b")
    assert len(vocabulary) == 4


def test_encode_many_cuts_and_pads() -> None:
    vocabulary = Vocabulary.fit(["ab"], min_count=1)
    ids = vocabulary.encode_many(["abab", "", "zb"], length=3)
    assert ids.dtype == np.int64
    assert ids.tolist() == [[2, 3, 2], [0, 0, 0], [1, 3, 0]]
    assert vocabulary.encode_many([], length=3).shape == (0, 3)


def test_round_trip_through_json() -> None:
    vocabulary = Vocabulary.fit(["ab", ["外滩", "\ud83d"]], min_count=1)
    loaded = Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())))
    assert loaded == vocabulary
    assert loaded.encode(["外滩"], length=1).tolist() == vocabulary.encode(["外滩"], length=1).tolist()


@pytest.mark.parametrize("damaged", [None, {}, "ab", [1], ["a", None], ["a", "a"]])
def test_a_damaged_vocabulary(damaged: object) -> None:
    with pytest.raises(BadRun, match=r"vocabulary\.json: .*; train the run again"):
        Vocabulary.from_json(damaged)


def test_options_out_of_range() -> None:
    with pytest.raises(BadOption, match="min_count: 0 is too small"):
        Vocabulary.fit([], min_count=0)
    with pytest.raises(BadOption, match="max_size: 1 is too small"):
        Vocabulary.fit([], min_count=1, max_size=1)
    with pytest.raises(BadOption, match="length: -1 is negative"):
        Vocabulary.fit([], min_count=1).encode([], length=-1)


@given(st.lists(st.lists(st.text(max_size=2), max_size=5), max_size=5), st.integers(1, 3))
def test_the_order_of_the_posts_changes_nothing(sequences: list[list[str]], min_count: int) -> None:
    shuffled = sequences[::-1]
    assert Vocabulary.fit(shuffled, min_count=min_count) == Vocabulary.fit(sequences, min_count=min_count)
