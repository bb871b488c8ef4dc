"""Runs of a text network -> vectors and token states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from postplace.encoders.text_outputs import NetworkOutput, TextReadout

TEXTS = ["abc", "", "de", "fghij"]


class Letters:
    """A network of letters: its vector is their number, the state of each its code and how many were read with it."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, texts: Sequence[str], longest: int) -> Iterable[NetworkOutput]:
        self.calls.append((len(texts), longest))
        for rows in (np.arange(len(texts))[::2], np.arange(len(texts))[1::2]):  # two runs, in another order
            cut = [texts[row][:longest] for row in rows]
            wide = max((len(text) for text in cut), default=0) + 1
            vectors = np.array([[float(len(text))] for text in cut], dtype=np.float32).reshape(-1, 1)
            states = np.full((len(cut), wide, 2), 99.0, dtype=np.float32)  # poisoned padding
            mask = np.zeros((len(cut), wide), dtype=np.int64)
            for row, text in enumerate(cut):
                for place, letter in enumerate(text, start=1):  # the padding stands on the left, too
                    states[row, place] = ord(letter), len(text)
                    mask[row, place] = 1
            yield rows, (vectors, states), mask


def runs(letters: Letters, *, longest: int = 4, states: int = 2, whole: bool = False) -> TextReadout:
    return TextReadout(letters, longest=longest, whole=whole, width=1, states=states, states_width=2)


def test_vectors_come_back_in_the_order_of_the_texts_and_read_the_longest_length() -> None:
    assert runs(Letters()).vectors(TEXTS).tolist() == [[3.0], [0.0], [2.0], [4.0]]
    assert runs(Letters()).vectors([]).shape == (0, 1)


def test_token_states_hold_real_tokens_first_and_zeros_where_there_are_none() -> None:
    found = runs(Letters()).token_states(TEXTS)
    assert found[..., 0].tolist() == [[97, 98], [0, 0], [100, 101], [102, 103]]
    assert found[2].tolist() == [[100, 2], [101, 2]]


def test_both_gives_what_each_gives_and_reads_longer_texts_a_second_time() -> None:
    letters = Letters()
    vectors, states = runs(letters).both(TEXTS)
    assert letters.calls == [(4, 4), (2, 2)]  # "abc" and "fghij" have more tokens than states
    assert (vectors == runs(Letters()).vectors(TEXTS)).all()
    assert (states == runs(Letters()).token_states(TEXTS)).all()


def test_a_network_that_pads_to_its_whole_length_is_run_once() -> None:
    letters = Letters()
    runs(letters, whole=True).both(TEXTS)
    assert len(letters.calls) == 1


def test_fewer_tokens_are_read_for_states_than_for_a_vector() -> None:
    assert [runs(Letters(), states=states).tokens_read(states=True) for states in (2, 9)] == [2, 4]
    assert runs(Letters(), states=2).tokens_read(states=False) == 4
