"""Models from outside this package, a network's class or a scikit-learn estimator, as an entry of the registry.

A class of networks is built with the constructor contract (sizes, *, classes, **settings). An instance is copied at
every build, so that the caller's stays as it is. Importable without torch.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from postplace.errors import BadOption, PostplaceError
from postplace.models.entry import EXAMPLES, ON_VECTORS, VECTORS, ModelEntry, constructor_defaults
from postplace.system.plugins import failure

if TYPE_CHECKING:
    from torch import nn

    from postplace.models.estimator import Estimator

CONTRACT = (
    "give a name of `postplace models`, a torch.nn.Module (class or instance) or a scikit-learn estimator "
    "(fit, predict_proba, get_params)"
)
Plain: TypeAlias = bool | int | float | str | None
_PLAIN = (bool, int, float, str, type(None))  # what a setting may be: it must come back from JSON as it was


def describe_model(
    model: Any,
    *,
    name: str | None = None,
    fixed: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> ModelEntry:
    """A class, a function that builds a model, or an instance as an entry, named "module:Class" without a `name`.

    Networks read the pooled vectors of text and image (a class that reads other inputs is to be registered with them),
    and are trained with Adam. Raises BadOption for anything that is no model.
    """
    source = import_path(model)
    build, settings, network = _constructor(model, fixed=fixed)
    settings |= dict(defaults or {})
    return ModelEntry(
        name=name or source,
        title=name or source.rpartition(":")[2],
        family="text and image",
        factory=build,
        settings=settings,
        training=ON_VECTORS if network else None,
        inputs=VECTORS if network else EXAMPLES,
        prefer_when="what it is better at is known to who wrote it",
        ranges=dict.fromkeys(_unbounded(settings), (-sys.float_info.max, sys.float_info.max)),
        extra_types=dict.fromkeys(_untyped(settings, estimator=not network), object),
        fixed=dict(fixed or {}),
        source=source,
    )


def import_path(model: Any) -> str:
    """The module and the name of a class or function, or of an instance's class: "module:Class"."""
    made = model if inspect.isclass(model) or inspect.isfunction(model) else type(model)
    return f"{made.__module__}:{made.__qualname__}"


def is_outside(model: object) -> bool:
    """Whether a model runs code that is not of this package: a class of its own, or an adapted estimator."""
    kind = type(model)
    return not kind.__module__.startswith("postplace.") or kind.__name__ == "SklearnModel"


@contextmanager
def naming_failures(name: str, work: str, *, outside: bool) -> Iterator[None]:
    """Say of which model, at which work, code of another package failed; its error is the cause.

    The models of this package raise as they do: theirs is a fault of this package.
    """
    try:
        yield
    except PostplaceError:
        raise
    except Exception as error:
        if not outside:
            raise
        raise BadOption(f"model {name}, {work}", *failure(error)) from error


def _constructor(
    model: Any, *, fixed: Mapping[str, Any] | None
) -> tuple[Callable[..., nn.Module | Estimator], dict[str, Any], bool]:
    """What builds it, its settings with their defaults, and whether it is a network."""
    torch_nn = sys.modules.get("torch.nn")  # a network cannot be there without it
    if isinstance(model, type):
        if torch_nn is not None and issubclass(model, torch_nn.Module):
            return model, constructor_defaults(model, fixed=fixed), True
        if _is_estimator(model):
            return _adapter(model()), _plain_parameters(model()), False
        if all(hasattr(model, method) for method in ("fit", "predict_proba", "files", "restore", "size")):
            return model, constructor_defaults(model, fixed=fixed), False
    elif inspect.isfunction(model):
        return model, constructor_defaults(model, fixed=fixed), True
    elif torch_nn is not None and isinstance(model, torch_nn.Module):
        return partial(_copy, model), {}, True
    elif _is_estimator(model):
        return _adapter(model), _plain_parameters(model), False
    raise BadOption("model", f"{model!r} is no model", CONTRACT)


def _is_estimator(model: Any) -> bool:
    return all(hasattr(model, method) for method in ("fit", "predict_proba", "get_params", "set_params"))


def _adapter(estimator: Any) -> Callable[..., Estimator]:
    from postplace.models.sklearn_adapter import SklearnModel

    return partial(SklearnModel, estimator=estimator)


def _copy(network: nn.Module, _sizes: Any, *, classes: int) -> nn.Module:
    """A copy of the network as it was given, whatever the number of classes: the training refuses another width."""
    return copy.deepcopy(network)


def _plain_parameters(estimator: Any) -> dict[str, Plain]:
    found: Mapping[str, object] = estimator.get_params(deep=False)
    return {name: value for name, value in found.items() if isinstance(value, _PLAIN)}


def _unbounded(settings: Mapping[str, Any]) -> list[str]:
    """Numbers whose default is no share and no count: nothing is known of their range."""
    return [
        name
        for name, value in settings.items()
        if isinstance(value, int | float)
        and not isinstance(value, bool)
        and not (0 <= value < 1 if isinstance(value, float) else value >= 1)
    ]


def _untyped(settings: Mapping[str, Any], *, estimator: bool) -> list[str]:
    """Settings that may be anything: those of an estimator, which checks its own, and those with another default."""
    return [name for name, value in settings.items() if estimator or not isinstance(value, bool | int | float | str)]
