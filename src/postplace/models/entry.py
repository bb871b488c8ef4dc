"""What is known of a system before it is built: its settings, how it is trained, what it reads, who proposed it.

Importable without torch: what builds a network imports it when it is called.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast

from postplace.errors import BadOption, unknown_name

if TYPE_CHECKING:
    from torch import nn

    from postplace.features.batch import InputSizes
    from postplace.models.estimator import Estimator

Modality = Literal["text", "hashtags", "image"]
Input = Literal[
    "characters",
    "words",
    "text_vector",
    "image_vector",
    "text_states",
    "image_states",
    "image_stage",
    "coarse",
    "past_vectors",
    "examples",
    "strings",
]
Family = Literal["text", "image", "text and image", "baseline"]

READS_ALL: frozenset[Modality] = frozenset({"text", "hashtags", "image"})
READS_TEXT: frozenset[Modality] = frozenset({"text", "hashtags"})
VECTORS: frozenset[Input] = frozenset({"text_vector", "image_vector"})
STATES: frozenset[Input] = frozenset({"text_states", "image_states"})
EXAMPLES: frozenset[Input] = frozenset({"examples"})
STRINGS: frozenset[Input] = EXAMPLES | {"strings"}  # of examples the texts and hashtags themselves, not their vectors


@dataclass(frozen=True, slots=True)
class Training:
    """How a network is trained: the optimiser of its paper, decay on plateau and early stopping on validation loss."""

    optimiser: Literal["rmsprop", "adam", "adamw"]
    learning_rate: float
    batch_size: int
    max_epochs: int
    patience: int  # epochs without a better validation loss before training stops
    decay_factor: float
    decay_patience: int  # epochs without a better validation loss before the rate is multiplied by the factor
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0


@dataclass(frozen=True)
class LazyClass:
    """Builds the class of that name in that file of `postplace.models`, which is imported when it is called.

    `fixed` are arguments beside the settings, which no user changes.
    """

    file: str
    name: str
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, sizes: InputSizes, classes: int, settings: Mapping[str, Any]) -> nn.Module | Estimator:
        """A new network or estimator."""
        made = getattr(import_module(f"postplace.models.{self.file}"), self.name)
        built: nn.Module | Estimator = made(sizes, classes=classes, **self.fixed, **settings)
        return built


def _never_idle(_settings: Mapping[str, Any], _there: frozenset[str]) -> set[str]:
    return set()


@dataclass(frozen=True)
class ModelEntry:
    """One system; `settings` are its hyper-parameters, all of which a user may override.

    A network has a `training`; an estimator has none and is fitted in one go. `needs` is what it is given, or says so
    for some settings; `reads` which modalities may move its answer. `bounds` are the least and the greatest value of a
    number, where it is no share (a float from 0 to below 1) or count (an int from 1 on); `also` what may stand there
    beside the kind of its default. `vocabulary` are its own lengths and least counts, for one that reads characters or
    words. `state_layers` names the setting that says of how many of the encoders' last layers it reads the states.
    `changes` says where it departs from what was published and why. `search` are the
    values that a random search tries, beside those of the learning rate; `idle` names those settings of it that do
    nothing under some settings, or with posts that have some things alone (modalities; "coarse": places in districts).
    """

    name: str
    title: str
    family: Family
    make: Callable[[InputSizes, int, Mapping[str, Any]], nn.Module | Estimator]
    settings: Mapping[str, Any]
    training: Training | None
    reads: frozenset[Modality]
    needs: frozenset[Input] | Callable[[Mapping[str, Any]], frozenset[Input]]
    citation: str
    prefer_when: str
    changes: str = ""
    vocabulary: Mapping[str, int] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    also: Mapping[str, type] = field(default_factory=dict)
    search: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    idle: Callable[[Mapping[str, Any], frozenset[str]], set[str]] = _never_idle
    state_layers: str | None = None

    def build(self, sizes: InputSizes, classes: int, settings: Mapping[str, Any]) -> nn.Module | Estimator:
        """A new network or estimator; BadOption for a setting that is unknown or out of range."""
        check_settings(settings, self)
        return self.make(sizes, classes, settings)

    def network(self, sizes: InputSizes, classes: int, settings: Mapping[str, Any]) -> nn.Module:
        """As `build`; BadOption for an estimator."""
        built = self.build(sizes, classes, settings)
        if self.training is None:
            raise BadOption("--model", f"{self.name} is no network", "name one that is: see `postplace models`")
        return cast("nn.Module", built)


def check_settings(settings: Mapping[str, Any], entry: ModelEntry) -> None:
    """Refuse, by name, a setting that is unknown, of another kind than its default, or a number out of range.

    What a name (a fusion, a gate) may be and how numbers must fit together is checked by the model itself.
    """
    for name, value in settings.items():
        if name not in entry.settings:
            raise unknown_name("setting", name, entry.settings)
        if not isinstance(value, entry.also.get(name, ())):
            _check(name, value, entry)


def _check(name: str, value: Any, entry: ModelEntry) -> None:
    default = entry.settings[name]
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise BadOption(name, f"{value!r} is neither True nor False", "give one of them")
    elif isinstance(default, str) and name not in entry.also:
        if not isinstance(value, str):
            raise BadOption(name, f"{value!r} is not a name", f"give a name, such as {default!r}")
    else:
        _check_number(name, value, default, entry.bounds.get(name))


def _check_number(name: str, value: Any, default: Any, bounds: tuple[float, float] | None) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    whole = not isinstance(default, float)
    fits = number and (isinstance(value, int) or not whole)
    if bounds is not None:
        if not (fits and bounds[0] <= value <= bounds[1]):
            kind = "whole number" if whole else "number"
            raise BadOption(name, f"{value!r} is out of range", f"give a {kind} from {bounds[0]:g} to {bounds[1]:g}")
    elif not whole:
        if not (fits and 0 <= value < 1):
            raise BadOption(name, f"{value!r} is no such share", "give a number from 0 to below 1")
    elif not (fits and value >= 1):
        raise BadOption(name, f"{value!r} is no such count", "give a whole number from 1 on")
