"""A part of the split as a system answered it, with the truth; and two parts as one.

Letters: N posts, C classes.
"""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postplace.inference.scoring import GroundTruth

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


class LabelledPredictions(NamedTuple):
    """A part of the split as a system answered it: probabilities (N, C) as they came, and the truth."""

    probabilities: Floats
    truth: GroundTruth
    randomization_u: Floats  # (N,) in [0, 1): see `randomization_u`

    def only(self, chosen: NDArray[np.bool_]) -> LabelledPredictions:
        """The posts that are chosen (N,)."""
        kept = {field.name: getattr(self.truth, field.name)[chosen] for field in fields(self.truth)}
        return LabelledPredictions(self.probabilities[chosen], GroundTruth(**kept), self.randomization_u[chosen])

    def known(self) -> LabelledPredictions:
        """Posts with an answer, whose class the run knows."""
        return self.only(self.truth.answered & (self.truth.labels >= 0))


def joined(first: LabelledPredictions, second: LabelledPredictions) -> LabelledPredictions:
    """Two parts as one; no group is in both, whatever its number."""
    groups = np.concatenate([numbered(first.truth.groups), _apart(second.truth.groups, first.truth.groups)])
    kept = {
        field.name: np.concatenate([getattr(first.truth, field.name), getattr(second.truth, field.name)])
        for field in fields(first.truth)
    }
    return LabelledPredictions(
        np.concatenate([first.probabilities, second.probabilities]),
        GroundTruth(**{**kept, "groups": groups}),
        np.concatenate([first.randomization_u, second.randomization_u]),
    )


def numbered(groups: Rows) -> Rows:
    """Groups (N,) by running numbers: nothing of the posts is kept."""
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _apart(groups: Rows, others: Rows) -> Rows:
    """Running numbers of groups (N,) that are none of those of the others."""
    return numbered(groups) + len(np.unique(others))
