"""A model's defaults with a user's overrides applied, sorted by who takes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from postplace.errors import BadOption, unknown_name
from postplace.models.table import Input, ModelEntry, Training, check_settings, needs_of

VOCABULARY = {"min_count": 2, "max_characters": 140, "max_words": 30, "max_hashtags": 30}
OPTIMISERS = ("rmsprop", "adam", "adamw")


@dataclass(frozen=True)
class Plan:
    """What the model's constructor takes, how it is trained, how the vocabularies are fitted, and what it reads."""

    model: Mapping[str, Any]
    training: Training
    vocabulary: Mapping[str, Any]
    needs: frozenset[Input]

    @property
    def reads_states(self) -> bool:
        """Whether it reads token states: the posts are then to be encoded with them."""
        return bool(self.needs & {"text_states", "image_states"})


def plan_of(entry: ModelEntry, overrides: Mapping[str, Any]) -> Plan:
    """The plan of a model; BadOption for a setting it does not have, or with a value of another kind."""
    training = {field.name: getattr(entry.training, field.name) for field in fields(Training)}
    vocabulary = VOCABULARY if entry.needs & {"characters", "words"} else {}
    defaults = {**vocabulary, **training, **entry.settings}
    for name, value in overrides.items():
        if name not in defaults:
            raise unknown_name(f"setting of {entry.name}", name, defaults)
        if name in entry.settings:
            check_settings({name: value}, entry.settings)
        else:
            _check_kind(name, value, defaults[name])

    def overridden(own: Mapping[str, Any]) -> dict[str, Any]:
        return {name: overrides.get(name, value) for name, value in own.items()}

    planned = overridden(training)
    planned["betas"] = tuple(planned["betas"])  # a list, when it comes from a saved run
    model = overridden(entry.settings)
    return Plan(model, replace(entry.training, **planned), overridden(vocabulary), needs_of(entry, model))


def _check_kind(name: str, value: Any, default: Any) -> None:
    """Settings of the training and the vocabularies: a known optimiser, two betas, positive numbers."""
    example = f"for example {default}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name == "optimiser":
        if value not in OPTIMISERS:
            raise unknown_name(name, str(value), OPTIMISERS)
    elif name == "betas":
        if not (isinstance(value, tuple | list) and len(value) == 2 and all(0 <= beta < 1 for beta in value)):
            raise BadOption(name, f"{value!r} is not a pair of numbers", f"give one, {example}")
    elif not number or not math.isfinite(value):
        raise BadOption(name, f"{value!r} is not a number", f"give one, {example}")
    elif isinstance(default, int) and not isinstance(value, int):
        raise BadOption(name, f"{value!r} is not a whole number", f"give one, {example}")
    elif value < 0 or (value == 0 and name != "weight_decay" and name != "decay_patience"):
        raise BadOption(name, f"{value!r} is too small", f"give more than 0, {example}")
