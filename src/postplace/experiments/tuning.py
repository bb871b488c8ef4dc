"""A small random search, the same number of trials for every model, evaluated on the validation part alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from postplace.evaluation.baselines import no_baselines
from postplace.features.pooled import MODALITIES
from postplace.locator import PostLocator
from postplace.models.entry import ModelEntry
from postplace.training.dataset import SplitDataset

EVERYTHING = frozenset({*MODALITIES, "coarse"})
RATES = (0.3, 1.0, 3.0)  # times the model's own learning rate


def draw(
    entry: ModelEntry,
    *,
    trials: int,
    seed: int,
    given: Mapping[str, Any] = MappingProxyType({}),
    there: frozenset[str] = EVERYTHING,
) -> list[dict[str, Any]]:
    """Settings to try: the model's own first, then distinct ones at random; fewer when there are no more.

    Of a network the learning rate is drawn too. What a row has `given` is what the row is about, and stays as it is.
    What does nothing beside it, or with posts that have no more than what is `there`, is not drawn: the trial would be
    another one again.
    """
    choices: dict[str, list[Any]] = {name: list(values) for name, values in entry.search.items()}
    if entry.training is not None:
        choices["learning_rate"] = [entry.training.learning_rate * rate for rate in RATES]
    still = {*given, *entry.inactive({**entry.settings, **given}, there)}
    choices = {name: values for name, values in choices.items() if name not in still}
    rng = np.random.default_rng(seed)
    drawn: list[dict[str, Any]] = [{}]
    possible = int(np.prod([len(values) for values in choices.values()])) if choices else 1
    for _ in range(50 * trials):
        if len(drawn) >= min(trials, possible):
            break
        settings = {name: values[int(rng.integers(len(values)))] for name, values in choices.items()}
        if settings not in drawn and not _is_default(settings, entry):
            drawn.append(settings)
    return drawn


def tune(
    make: Callable[[Mapping[str, Any]], PostLocator],
    entry: ModelEntry,
    prepared: SplitDataset,
    *,
    trials: int,
    seed: int,
    given: Mapping[str, Any] = MappingProxyType({}),
    modalities: Collection[str] = MODALITIES,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The settings with the best validation accuracy, and every trial; equal ones go to the earlier.

    `modalities` are those it learns from.
    """
    trials_made: list[dict[str, Any]] = []
    there = available_inputs(prepared, modalities)
    for settings in draw(entry, trials=trials, seed=seed, given=given, there=there):
        locator = make(settings).fit_dataset(
            prepared.with_baselines(no_baselines(len(prepared.places))), evaluate=False
        )
        trials_made.append({"settings": settings, "validation_accuracy": validation_accuracy(locator, prepared)})
    best = max(trials_made, key=lambda trial: trial["validation_accuracy"])
    return best["settings"], trials_made


def available_inputs(prepared: SplitDataset, modalities: Collection[str]) -> frozenset[str]:
    """Of the modalities those that some post has, and "coarse" where places lie in districts."""
    present = {name for name in modalities if prepared.examples.present[name].any()}
    return frozenset({*present, "coarse"} if prepared.places.located else present)


def validation_accuracy(locator: PostLocator, prepared: SplitDataset) -> float:
    """The share of labelled validation posts that the locator gets right."""
    rows = prepared.labelled(prepared.split.validation)
    posts, encoded, _ = prepared.select_modalities(
        locator.modalities, partial(locator.encoder_pair.encode, cache=locator.cache)
    ).subset(rows)
    return float((locator.probabilities(posts, encoded).argmax(axis=1) == prepared.labels[rows]).mean())


def _is_default(settings: Mapping[str, Any], entry: ModelEntry) -> bool:
    defaults = dict(entry.settings) | ({"learning_rate": entry.training.learning_rate} if entry.training else {})
    return all(defaults[name] == value for name, value in settings.items())
