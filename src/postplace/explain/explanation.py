"""What an explanation consists of. Letters: N posts, C classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from postplace.explain.documents import (
    AttentionDocument,
    EffectDocument,
    ExplanationDocument,
    NeighbourDocument,
    NotReadDocument,
    ProbabilityDocument,
)
from postplace.explain.parts import Part
from postplace.truncation import WHOLE, Unread

Method = Literal["occlusion", "gradients"]
LEAST = 1e-9  # probabilities are held between this and 1 - this, so that log-odds stay within 21 nats
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Effect:
    """How much a part moved the answer: the log-odds (nats) and the probability of the place, with it minus without."""

    part: Part
    log_odds: float
    probability: float

    def to_dict(self) -> EffectDocument:
        """The part's own keys and the two numbers."""
        return {**self.part.to_dict(), "log_odds": _rounded(self.log_odds), "probability": _rounded(self.probability)}


@dataclass(frozen=True, slots=True)
class ClassProbability:
    """A probability, 0 to 1, and its log-odds in nats."""

    probability: float
    log_odds: float

    def to_dict(self) -> ProbabilityDocument:
        """Both numbers."""
        return {"probability": _rounded(self.probability), "log_odds": _rounded(self.log_odds)}


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training post like the explained one: its id, its place, the cosine of their vectors."""

    id: str
    place: str
    similarity: float

    def to_dict(self) -> NeighbourDocument:
        """The three, the similarity rounded."""
        return {"id": self.id, "place": self.place, "similarity": _rounded(self.similarity)}


@dataclass(frozen=True)
class AttentionMap:
    """One attention of a network as it is, which explains nothing by itself.

    `weights` (h, N, M), each row of M summing to 1; `queries` (N) and `keys` (M) name the tokens.
    """

    name: str
    weights: NDArray[np.float32]
    queries: tuple[str, ...]
    keys: tuple[str, ...]

    def to_dict(self) -> AttentionDocument:
        """The mean over heads, to four decimals."""
        mean = np.round(self.weights.mean(axis=0).astype(np.float64), 4)
        queries, keys = list(self.queries), list(self.keys)
        return {"name": self.name, "queries": queries, "keys": keys, "weights": mean.tolist()}


@dataclass(frozen=True)
class Explanation:
    """Why `place`: what a run believes with the `whole` post and with `nothing` of it, and what each part gave.

    `modalities` are Shapley values: they sum to `whole` minus `nothing`. `parts` are taken away one at a time (or, by
    gradients, share the difference), the one that speaks most for the place first; what speaks against it is negative.
    `answer` is the run's own answer. `notes` say what was left out or is to be known. `unread` is how far the post was
    read; the words and hashtags in `not_read` were not, so that nothing is known of their effect.
    """

    post_id: str
    place: str
    answer: str
    method: Method
    whole: ClassProbability
    nothing: ClassProbability
    modalities: tuple[Effect, ...]
    parts: tuple[Effect, ...]
    evidence: tuple[Neighbour, ...] = ()
    attention: tuple[AttentionMap, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()
    unread: Unread = WHOLE
    not_read: tuple[Part, ...] = ()

    def to_dict(self) -> ExplanationDocument:
        """Plain data; spans are in characters of the post's own text, boxes in shares of an image's sides."""
        document: ExplanationDocument = {
            "id": self.post_id,
            "place": self.place,
            "answer": self.answer,
            "method": self.method,
            "unit": "nats",
            "whole": self.whole.to_dict(),
            "nothing": self.nothing.to_dict(),
            "modalities": [effect.to_dict() for effect in self.modalities],
            "parts": [effect.to_dict() for effect in self.parts],
            "evidence": [neighbour.to_dict() for neighbour in self.evidence],
            "attention": [attention_map.to_dict() for attention_map in self.attention],
            "notes": list(self.notes),
        }
        if self.unread or self.not_read:
            document["not_read"] = _not_read(self.unread, self.not_read)
        return document


def log_odds(probabilities: NDArray[np.float64], column: int) -> NDArray[np.float64]:
    """Log-odds (N,) of one class, from the probabilities (N, C) of all.

    The others are added up rather than taken from 1, which would lose them where a class is nearly certain.

    >>> log_odds(np.array([[0.5, 0.5], [0.8, 0.2], [1.0, 0.0]]), 0).round(3).tolist()
    [0.0, 1.386, 20.723]
    """
    others = np.delete(probabilities, column, axis=1).sum(axis=1)
    of_class = np.maximum(probabilities[:, column], LEAST)
    odds: NDArray[np.float64] = np.log(of_class) - np.log(np.maximum(others, LEAST))
    return odds


def _not_read(unread: Unread, parts: Sequence[Part]) -> NotReadDocument:
    return {**unread.to_json(), "parts": [part.to_dict() for part in parts]}


def strongest_first(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """Those that speak for the place before those that speak against it; equal ones as they were."""
    return tuple(sorted(effects, key=lambda effect: -effect.log_odds))


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS) + 0.0  # no negative zero
