"""Every model by name, and the door for models from outside. Importable without torch.

A model is declared beside its class, with `@register_model("name", ...)`. The names that the files of this package
declare are read from their text, so that a misspelt one is refused without importing torch, and a file is imported when
its model is wanted. Other packages name theirs in the entry-point group `postplace.models`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack

from postplace.errors import BadOption, BadRun, unknown_name
from postplace.models.entry import Family, Input, Inputs, Modality, ModelEntry, Training, constructor_defaults
from postplace.system.plugins import identity, load_plugin, plugin_points

GROUP = "postplace.models"  # entry points of other packages: model name = module:Class
FOLDERS = ("networks", "baselines")
_DECLARED = re.compile(r'^@?register_model\(\s*"([^"]+)"', re.MULTILINE)
_REGISTERED: dict[str, ModelEntry] = {}
_CLASSES: dict[Any, str] = {}  # what was decorated -> the name it was registered under last

Factory = TypeVar("Factory", bound=Callable[..., Any])


class ModelFacts(TypedDict, total=False):
    """What may be said of a model beside its class: the fields of `ModelEntry`."""

    title: str
    family: Family
    training: Training | None
    modalities: frozenset[Modality]
    inputs: Inputs
    citation: str
    prefer_when: str
    deviations: str
    vocabulary: Mapping[str, Any]
    ranges: Mapping[str, tuple[float, float]]
    extra_types: Mapping[str, type]
    search: Mapping[str, Sequence[Any]]
    inactive: Callable[[Mapping[str, Any], frozenset[str]], set[str]]
    state_layers: str | None


def register_model(
    name: str,
    *,
    fixed: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
    factory: Callable[..., Any] | None = None,
    **facts: Unpack[ModelFacts],
) -> Callable[[Factory], Factory]:
    """Decorate the class of a model, so that it is found by `name`; what it is registered as stays as it is.

    Its settings and their defaults are those of the constructor (sizes, *, classes, **settings). `fixed` are arguments
    that no user changes, `defaults` other defaults than the constructor's, both for variants; `factory` builds it in
    the place of the class. Of a scikit-learn estimator the settings are its parameters.
    Raises BadOption for a name that is taken by another class.

    >>> @register_model("doctest", inputs=frozenset({"text_vector"}), citation="nobody, 2024")
    ... def build(sizes, *, classes, width=8): ...
    >>> find_model("doctest").settings
    {'width': 8}
    >>> unregister_model("doctest")
    """

    def register(model: Factory) -> Factory:
        from postplace.models.outside import describe_model

        if model.__module__.startswith("postplace.models."):
            settings = {**constructor_defaults(model, fixed=fixed), **(defaults or {})}
            described = ModelEntry(name, name, "text and image", model, settings)
        else:
            described = describe_model(model, name=name, fixed=fixed, defaults=defaults)
        entry = replace(described, **facts, fixed=dict(fixed or {}))
        _add(entry if factory is None else replace(entry, factory=factory), model)
        return model

    return register


def unregister_model(name: str) -> None:
    """Forget a model that was registered from outside."""
    entry = _REGISTERED.pop(name)
    for model in [model for model, known in _CLASSES.items() if known == entry.name]:
        del _CLASSES[model]


def find_model(model: object) -> ModelEntry:
    """The model of that name, class or instance; BadOption for a misspelt name, with the nearest, or for no model.

    A class that was registered is found as such; any other is taken as it stands, and named "module:Class".
    """
    if isinstance(model, ModelEntry):
        return model
    if isinstance(model, str):
        return _find_name(model)
    if isinstance(model, type) and model in _CLASSES:
        return _REGISTERED[_CLASSES[model]]
    from postplace.models.outside import describe_model

    return describe_model(model)


def find_saved_model(name: str, model: object = None, *, where: str) -> ModelEntry:
    """The model of a run: by the name in its config, or the `model` that the caller gives, if it is the same.

    "module:Class" of a model that was not registered is found among the registered classes, and never imported: a run
    folder of somebody else must not decide what code is run. Raises BadRun.
    """
    if model is not None:
        entry = find_model(model)
        if name not in (entry.name, entry.source):
            raise BadRun(
                where, f"the run is of the model {name}, not {entry.name}", "give the model it was trained with"
            )
        return replace(entry, name=name)
    if ":" not in name:
        return find_model(name)
    registered = next((entry for entry in _REGISTERED.values() if entry.source == name), None)
    if registered is None:
        problem = f"the run is of {name}, which is not registered, and a run folder imports nothing"
        remedy = "register the class with postplace.register_model, or give it: PostLocator.load(run, model=...)"
        raise BadRun(where, problem, remedy)
    return registered


def required_inputs(entry: ModelEntry, settings: Mapping[str, Any]) -> frozenset[Input]:
    """What the model is given with these settings; BadOption for some that do not go together.

    >>> sorted(required_inputs(find_model("sg-mft-tokens"), {"tokens": 32}))
    ['image_vector', 'text_vector']
    """
    return entry.inputs({**entry.settings, **settings}) if callable(entry.inputs) else entry.inputs


def _add(entry: ModelEntry, model: Any) -> None:
    before = _REGISTERED.get(entry.name)
    where = identity(model)
    known = next((identity(each) for each, name in _CLASSES.items() if name == entry.name), where)
    built_in = built_in_files().get(entry.name)
    if (built_in is not None and built_in != model.__module__) or (before is not None and known != where):
        raise BadOption(f"model {entry.name}", "the name is taken by another model", "register yours under another one")
    _REGISTERED[entry.name] = entry
    _CLASSES[model] = entry.name


def _find_name(name: str) -> ModelEntry:
    if name not in _REGISTERED and name in built_in_files():
        import_module(built_in_files()[name])
    if name not in _REGISTERED and name in (points := plugin_points(GROUP)):
        _load(points[name])
    if name not in _REGISTERED:
        raise unknown_name("model", name, MODELS)
    return _REGISTERED[name]


@lru_cache(maxsize=1)
def built_in_files() -> dict[str, str]:
    """The names that the model files of this package declare, each with its module."""
    files = [path for folder in FOLDERS for path in sorted((Path(__file__).parent / folder).glob("*.py"))]
    return {
        name: f"postplace.models.{path.parent.name}.{path.stem}"
        for path in files
        for name in _DECLARED.findall(path.read_text(encoding="utf-8"))
    }


def _load(point: EntryPoint) -> None:
    """Import the model of another package; one that is not decorated there is registered under the point's name."""
    model = load_plugin(point, "model")
    if point.name not in _REGISTERED:
        register_model(point.name)(model)


class _Models(Mapping[str, ModelEntry]):
    """The models by name: the names are known without importing a model, its entry is made when it is wanted."""

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*built_in_files(), *plugin_points(GROUP), *_REGISTERED]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in list(iter(self))

    def __getitem__(self, name: str) -> ModelEntry:
        if name not in self:
            raise KeyError(name)
        return _find_name(name)


MODELS: Mapping[str, ModelEntry] = _Models()
