"""A model's defaults with a user's overrides applied, sorted by who takes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from postplace.errors import BadOption, unknown_name
from postplace.models.entry import READS_ALL, Input, Modality, ModelEntry, Training, check_settings, no_settings
from postplace.models.registry import required_inputs
from postplace.system.json_types import JsonObject
from postplace.text.stop_words import PLACES, WORD_RULES, WordRules
from postplace.text.tokens import LENGTHS

VOCABULARY: Mapping[str, Any] = {"min_count": 2, **LENGTHS, "word_rules": PLACES}
CUT: Mapping[str, Input] = {  # what of a post each of these has a bearing on
    "max_characters": "characters",
    "max_words": "words",
    "max_hashtags": "words",
    "word_rules": "words",
}
OPTIMISERS = ("rmsprop", "adam", "adamw")


@dataclass(frozen=True)
class ResolvedSettings:
    """What the model's constructor takes, how it is trained, how the vocabularies are fitted, and what it reads.

    An estimator has no `training`. `state_layers` is of how many of the encoders' last layers it reads token states.
    `modalities` are the modalities that may move its answer.
    """

    model: Mapping[str, Any]
    training: Training | None
    vocabulary: Mapping[str, Any]
    inputs: frozenset[Input]
    state_layers: int = 1
    modalities: frozenset[Modality] = READS_ALL

    @property
    def word_rules(self) -> WordRules:
        """The rules by which texts are cut into words."""
        rules: WordRules = self.vocabulary.get("word_rules", PLACES)
        return rules

    @property
    def reads_states(self) -> bool:
        """Whether it reads token states: the posts are then to be encoded with them."""
        return bool(self.inputs & {"text_states", "image_states"})

    @property
    def states(self) -> bool | Literal["image"]:
        """The states that posts are to be encoded with: all, those of images before the last stage alone, or none."""
        return "image" if "image_stage" in self.inputs else self.reads_states


def resolve_settings(entry: ModelEntry, overrides: Mapping[str, Any]) -> ResolvedSettings:
    """The plan of a model; BadOption for a setting it does not have or that does nothing, or a value of another kind.

    Lengths are taken by a model that reads what they cut alone, betas under an optimiser that has some.
    """
    model = {name: overrides.get(name, value) for name, value in entry.settings.items()}
    inputs = required_inputs(entry, {name: value for name, value in overrides.items() if name in entry.settings})
    training = {} if entry.training is None else asdict(entry.training)
    vocabulary = _get_vocabulary(entry, inputs)
    defaults = {**vocabulary, **training, **entry.settings}
    for name, value in overrides.items():
        if not defaults:
            raise no_settings(entry, name)
        if name not in defaults:
            raise unknown_name(f"setting of {entry.name}", name, defaults)
        if name in entry.settings:
            check_settings({name: value}, entry)
        else:
            _check_kind(name, value, defaults[name])
    if "betas" in overrides and overrides.get("optimiser", training.get("optimiser")) == "rmsprop":
        raise BadOption("betas", "rmsprop has none: they would do nothing", "leave them out, or give optimiser=adam")

    resolved = {name: overrides.get(name, value) for name, value in training.items()}
    if resolved:
        resolved["betas"] = tuple(resolved["betas"])  # a list, when it comes from a saved run
    return ResolvedSettings(
        model,
        replace(entry.training, **resolved) if entry.training is not None else None,
        {name: overrides.get(name, value) for name, value in vocabulary.items()},
        inputs,
        1 if entry.state_layers is None else model[entry.state_layers],
        entry.modalities,
    )


def drop_inactive(entry: ModelEntry, saved: Mapping[str, Any]) -> JsonObject:
    """The settings of a run that may be of an earlier version, which let some pass that do nothing, without these."""
    inputs = required_inputs(entry, {name: value for name, value in saved.items() if name in entry.settings})
    trained = entry.training is not None and saved.get("optimiser", entry.training.optimiser)
    inactive = {name for name, read in CUT.items() if read not in inputs} if inputs & {"characters", "words"} else set()
    if trained == "rmsprop":
        inactive.add("betas")
    return {name: value for name, value in saved.items() if name not in inactive}


def _get_vocabulary(entry: ModelEntry, inputs: frozenset[Input]) -> dict[str, Any]:
    """Of the settings of vocabularies those that the model has a use for."""
    if not inputs & {"characters", "words"}:
        return {}
    known = {**VOCABULARY, **entry.vocabulary}
    return {name: value for name, value in known.items() if name not in CUT or CUT[name] in inputs}


def _check_kind(name: str, value: Any, default: Any) -> None:
    """Settings of the training and the vocabularies: a known optimiser or rule, two betas, positive numbers."""
    example = f"for example {default}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name == "optimiser":
        if value not in OPTIMISERS:
            raise unknown_name(name, str(value), OPTIMISERS)
    elif name == "word_rules":
        if value not in WORD_RULES:
            raise unknown_name(name, str(value), WORD_RULES)
    elif name == "betas":
        if not (isinstance(value, tuple | list) and len(value) == 2 and all(0 <= beta < 1 for beta in value)):
            raise BadOption(name, f"{value!r} is not a pair of numbers", f"give one, {example}")
    elif not number or not math.isfinite(value):
        raise BadOption(name, f"{value!r} is not a number", f"give one, {example}")
    elif isinstance(default, int) and not isinstance(value, int):
        raise BadOption(name, f"{value!r} is not a whole number", f"give one, {example}")
    elif value < 0 or (value == 0 and name != "weight_decay" and name != "decay_patience"):
        raise BadOption(name, f"{value!r} is too small", f"give more than 0, {example}")
