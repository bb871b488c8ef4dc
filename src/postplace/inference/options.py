"""The options of a locator and of its answers, checked in one place. Errors name Python parameters."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from postplace.errors import BadOption
from postplace.evaluation.conformal import Over
from postplace.features.pooled import check_modalities
from postplace.inference.calibrator import ALPHA
from postplace.places.decode import check_asked

Folder = str | Path | None


def check_fit_options(
    target: str, cells: int | None, class_weight: str | None, folds: int | None, modalities: Sequence[str] | None
) -> tuple[str, ...]:
    """The modalities, in the usual order. Raises BadOption for what no model can be fitted with."""
    if target not in ("place", "category"):
        raise BadOption("target", f"{target!r} is unknown", "give place or category")
    if cells is not None and target != "place":
        raise BadOption("cells", f"given with the target {target}", "cells are places: give the target place")
    if class_weight not in (None, "balanced"):
        raise BadOption("class_weight", f"{class_weight!r} is unknown", "give balanced, or leave it out")
    if folds is not None and folds < 2:
        raise BadOption("folds", f"{folds} is too few", "give a number from 2 on, usually 5 or 10")
    return check_modalities(modalities)


def check_folds_free(folds: int | None, subsets: Mapping[str, str] | None) -> None:
    """Raise BadOption for folds of posts that are split already."""
    if subsets is not None and folds is not None:
        raise BadOption("folds", "the posts are split already", "leave it out, or give posts not yet prepared")


@dataclass(frozen=True)
class PredictOptions:
    """What is asked of every answer. Raises BadOption for what no answer can be given by.

    `level` is one for all posts, or one for each.
    """

    top_k: int = 5
    level: float | Sequence[float] = 1.0 - ALPHA
    min_confidence: float = 0.0
    coverage_over: Over = "users"

    def __post_init__(self) -> None:
        check_asked(self.top_k, self.level, self.min_confidence, self.coverage_over)


def renamed_keyword(old_value: Folder, new_value: Folder, *, old: str, new: str) -> Folder:
    """The value of a keyword that was renamed; of the old name with a DeprecationWarning to the caller's caller.

    Raises TypeError where both are given.
    """
    if old_value is None:
        return new_value
    if new_value is not None:
        raise TypeError(f"{new} and {old}, its name in version 0.1, are both given: leave out {old}")
    warnings.warn(f"the keyword {old} is now {new}; {old} goes in the next version", DeprecationWarning, stacklevel=3)
    return old_value
