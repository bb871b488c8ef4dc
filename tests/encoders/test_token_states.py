"""Token states as rows: what an encoder hands out, and what is said of one that does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from postplace.encoders.encoder import States, TextEncoder, TextStates, Vectors
from postplace.encoders.token_states import StateRows, text_state_rows
from postplace.errors import BadOption


@dataclass
class Numbered:
    """The states of a text: n times its length, then n times 1."""

    name: str = "numbered"
    width: int = 1
    fingerprint: str = "numbered 1"
    states: int = 3
    states_width: int = 2
    given: int = 3

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 1), dtype=np.float32)

    def encode_states(self, texts: Sequence[str]) -> States:
        states = np.ones((len(texts), self.given, 2), dtype=np.float32)
        states[..., 0] = np.array([len(text) for text in texts])[:, None]
        return states


def test_rows_and_back() -> None:
    rows = text_state_rows(Numbered())
    assert rows.row == 6
    flat = rows.encode(["abc", "d"])
    np.testing.assert_array_equal(flat, [[3, 1, 3, 1, 3, 1], [1, 1, 1, 1, 1, 1]])
    assert rows.shaped(flat.astype(np.float16)).shape == (2, 3, 2)


def test_the_fingerprint_tells_states_from_vectors_and_from_other_states() -> None:
    found = {text_state_rows(Numbered(states=n, states_width=d)).fingerprint for n, d in ((3, 2), (2, 3), (6, 1))}
    found |= {Numbered().fingerprint, text_state_rows(Numbered(fingerprint="numbered 2")).fingerprint}
    assert len(found) == 5


def test_states_of_another_shape_are_told() -> None:
    with pytest.raises(ValueError, match=r"states of shape \(1, 2, 2\), expected \(1, 3, 2\)"):
        text_state_rows(Numbered(given=2)).encode(["abc"])


class Pooled:
    """One vector a text."""

    name, width, fingerprint = "pooled", 1, "pooled 1"

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 1), dtype=np.float32)


@pytest.mark.parametrize("encoder", [Pooled(), Numbered(states=0)], ids=["pooled", "none"])
def test_an_encoder_without_states_is_named(encoder: TextEncoder) -> None:
    remedy = r"take .*chinese-clip, .* or a model that reads vectors"
    with pytest.raises(BadOption, match=rf"text_encoder: {encoder.name} gives no token states; {remedy}"):
        text_state_rows(encoder)


def test_the_protocol_is_what_the_rows_ask_for() -> None:
    assert isinstance(Numbered(), TextStates)
    assert not isinstance(StateRows(Numbered().encode_states, "f", 1, 1), TextStates)
