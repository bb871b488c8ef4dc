"""What is known of a model before it is built: its settings, how it is trained, what it reads, who proposed it.

Importable without torch.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
Inputs = frozenset[Input] | Callable[[Mapping[str, Any]], frozenset[Input]]

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


ON_VECTORS = Training("adam", 1e-3, 128, 40, patience=5, decay_factor=0.5, decay_patience=2)  # a small network on them
STACK = Training(
    "adamw", 1e-3, 64, 30, patience=4, decay_factor=0.5, decay_patience=2, weight_decay=0.01
)  # a stack of attention layers; METER: AdamW with a weight decay of 0.01


def vectors_or_states(settings: Mapping[str, Any]) -> frozenset[Input]:
    """The inputs of a model whose setting `tokens` is a number of chunks of each vector, or "states"."""
    return STATES if settings["tokens"] == "states" else VECTORS


def _none_inactive(_settings: Mapping[str, Any], _available: frozenset[str]) -> set[str]:
    return set()


@dataclass(frozen=True)
class ModelEntry:
    """One model; `settings` are its hyper-parameters with their defaults, all of which a user may override.

    `factory` is the class or function that builds it from (sizes, *, classes, **fixed, **settings). A network has a
    `training`; an estimator has none and is fitted in one go. `inputs` is what it is given, or a function of the
    settings that returns it; `modalities` are those that may move its answer. `ranges` are the least and the greatest
    value of a number, where it is no share (a float from 0 to below 1) or count (an int from 1 on); `extra_types` what
    is allowed beside the type of the default. `vocabulary` are its own lengths and least counts, for one that reads
    characters or words. `state_layers` names the setting that says of how many of the encoders' last layers it reads
    the states. `deviations` says where it departs from what was published and why. `search` are the values that a
    random search tries, beside those of the learning rate; `inactive` names those settings of it that do nothing under
    some settings, or with posts that have only some things (modalities; "coarse": places in districts). `source` is
    "module:Class" of a model that is not part of this package.
    """

    name: str
    title: str
    family: Family
    factory: Callable[..., nn.Module | Estimator]
    settings: Mapping[str, Any]
    training: Training | None = None
    modalities: frozenset[Modality] = READS_ALL
    inputs: Inputs = VECTORS
    citation: str = ""
    prefer_when: str = ""
    deviations: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    vocabulary: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    extra_types: Mapping[str, type] = field(default_factory=dict)
    search: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    inactive: Callable[[Mapping[str, Any], frozenset[str]], set[str]] = _none_inactive
    state_layers: str | None = None
    source: str | None = None

    def build(self, sizes: InputSizes, classes: int, settings: Mapping[str, Any]) -> nn.Module | Estimator:
        """A new network or estimator; BadOption for a setting that is unknown or out of range."""
        check_settings(settings, self)
        return self.factory(sizes, classes=classes, **self.fixed, **settings)

    def network(self, sizes: InputSizes, classes: int, settings: Mapping[str, Any]) -> nn.Module:
        """As `build`; BadOption for an estimator."""
        built = self.build(sizes, classes, settings)
        if self.training is None:
            raise BadOption("model", f"{self.name} is no network", "name one that is: see `postplace models`")
        return cast("nn.Module", built)


def constructor_defaults(factory: Callable[..., Any], *, fixed: Mapping[str, Any] | None = None) -> dict[str, object]:
    """The settings that a model's constructor (sizes, *, classes, **settings) takes, each with its default.

    Raises BadOption where it does not take `classes`, or a setting without a default.

    >>> def network(sizes, *, classes, width=8, dropout=0.1): ...
    >>> constructor_defaults(network)
    {'width': 8, 'dropout': 0.1}
    """
    name = getattr(factory, "__qualname__", repr(factory))
    contract = "a model's constructor takes (sizes, *, classes, **settings), every setting with a default"
    parameters = list(inspect.signature(factory).parameters.values())
    settings = parameters[1:]
    if not parameters or "classes" not in (each.name for each in settings):
        raise BadOption(name, "takes no sizes and classes", contract)
    defaults = {each.name: each.default for each in settings if each.name not in ("classes", *(fixed or ()))}
    for setting, default in defaults.items():
        if default is inspect.Parameter.empty:
            raise BadOption(name, f"{setting} has no default", contract)
    return defaults


def no_settings(entry: ModelEntry, name: str) -> BadOption:
    """The error for a setting of a model that has none."""
    return BadOption(f"setting of {entry.name}", f"{name!r} is unknown: this model has no settings", "leave it out")


def check_settings(settings: Mapping[str, Any], entry: ModelEntry) -> None:
    """Refuse, by name, a setting that is unknown, of another kind than its default, or a number out of range.

    What a name (a fusion, a gate) may be and how numbers must fit together is checked by the model itself.
    """
    for name, value in settings.items():
        if not entry.settings:
            raise no_settings(entry, name)
        if name not in entry.settings:
            raise unknown_name("setting", name, entry.settings)
        if not isinstance(value, entry.extra_types.get(name, ())):
            _check(name, value, entry)


def _check(name: str, value: Any, entry: ModelEntry) -> None:
    default = entry.settings[name]
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise BadOption(name, f"{value!r} is neither True nor False", "give one of them")
    elif isinstance(default, str) and name not in entry.extra_types:
        if not isinstance(value, str):
            raise BadOption(name, f"{value!r} is not a name", f"give a name, such as {default!r}")
    else:
        _check_number(name, value, default, entry.ranges.get(name))


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
