"""The options of a locator and of its answers, checked in one place. Errors name Python parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from postplace.errors import BadOption
from postplace.evaluation.conformal import Over
from postplace.features.pooled import check_modalities
from postplace.inference.calibrator import ALPHA
from postplace.places.decode import check_asked
from postplace.places.vocabulary import check_cells, check_min_posts, check_target
from postplace.system.deprecation import warn_renamed
from postplace.system.json_types import JsonObject
from postplace.system.option_checks import check_folds, check_seed, check_whole, check_whole_or_none

Folder = str | Path | None


@dataclass(frozen=True)
class FitOptions:
    """What a model is fitted with, but for the model itself; `modalities` in the usual order."""

    target: Literal["place", "category"]
    cells: int | None
    min_posts: int | None
    settings: Mapping[str, Any]
    class_weight: Literal["balanced"] | None
    modalities: tuple[str, ...]
    seed: int
    devices: int
    workers: int | None
    folds: int | None

    @classmethod
    def checked(
        cls,
        target: Literal["place", "category"],
        class_weight: Literal["balanced"] | None,
        *,
        settings: Mapping[str, Any] | None,
        modalities: Sequence[str] | str | None,
        **numbers: int | None,
    ) -> FitOptions:
        """The options as they are used. Raises BadOption, naming the first that no model can be fitted with."""
        check_target(target)
        if class_weight not in (None, "balanced"):
            raise BadOption("class_weight", f"{class_weight!r} is unknown", "give balanced, or leave it out")
        if not isinstance(settings, Mapping | None):
            raise BadOption("settings", f"{settings!r} is no mapping", "give names and values: {'max_epochs': 5}")
        return cls(
            target,
            check_cells(numbers["cells"], target),
            check_min_posts(numbers["min_posts"]),
            dict(settings or {}),
            class_weight,
            check_modalities(modalities),
            check_seed(numbers["seed"]),
            check_whole("devices", numbers["devices"], least=1),
            check_whole_or_none("workers", numbers["workers"]),
            check_folds(numbers["folds"]),
        )

    @property
    def training(self) -> tuple[Mapping[str, Any], int, Literal["balanced"] | None]:
        """Settings, seed and class weight."""
        return self.settings, self.seed, self.class_weight

    def to_json(self, *, model: str) -> JsonObject:
        """What decides what a model of that name learns from posts and vectors; `folds` only where there are some."""
        classes = {"target": self.target, "cells": self.cells, "min_posts": self.min_posts}
        named = {"model": model, "settings": self.settings, "class_weight": self.class_weight}
        folds = {} if self.folds is None else {"folds": self.folds}
        return {**classes, **named, "modalities": list(self.modalities), "seed": self.seed, **folds}


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
    warn_renamed(f"the keyword {old}", new, stacklevel=3)
    return old_value
