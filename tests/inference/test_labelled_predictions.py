"""A part of the split as a model answered it, with the truth; and two parts as one."""

from __future__ import annotations

import numpy as np

from postplace.inference.labelled_predictions import LabelledPredictions, joined, numbered
from postplace.inference.scoring import GroundTruth


def predictions(labels: list[int], groups: list[int], answered: list[bool] | None = None) -> LabelledPredictions:
    count = len(labels)
    truth = GroundTruth(
        labels=np.array(labels),
        labelled=np.ones(count, dtype=np.bool_),
        coordinates=np.arange(2.0 * count).reshape(-1, 2),
        answered=np.array(answered or [True] * count),
        patterns=np.array(["T"] * count),
        groups=np.array(groups),
    )
    return LabelledPredictions(np.eye(3)[np.maximum(labels, 0)], truth, np.linspace(0, 1, count))


def test_chosen_posts_keep_all_that_belongs_to_them() -> None:
    probabilities, truth, chance = predictions([0, 1, 2], [7, 8, 9]).only(np.array([True, False, True]))
    assert probabilities.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert (truth.labels.tolist(), truth.groups.tolist()) == ([0, 2], [7, 9])
    assert truth.coordinates.tolist() == [[0, 1], [4, 5]]
    assert chance.tolist() == [0.0, 1.0]


def test_known_posts_have_an_answer_and_a_class_that_the_run_knows() -> None:
    found = predictions([0, -1, 1, 2], [1, 2, 3, 4], [True, True, False, True]).known()
    assert found[1].labels.tolist() == [0, 2]


def test_joined_parts_share_no_group_though_their_numbers_are_the_same() -> None:
    found = joined(predictions([0, 1, 0], [5, 9, 5]), predictions([2, 2], [9, 5]))
    assert found[1].labels.tolist() == [0, 1, 0, 2, 2]
    assert found[1].groups.tolist() == [0, 1, 0, 3, 2]
    assert [len(part) for part in (found[0], found[2])] == [5, 5]


def test_numbered_groups_keep_which_posts_belong_together_and_nothing_else() -> None:
    assert numbered(np.array([40, -3, 40, 7])).tolist() == [2, 0, 2, 1]
    assert numbered(np.zeros(0, dtype=np.int64)).tolist() == []
