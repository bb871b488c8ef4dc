"""What installed packages name in a group of entry points: listed without an import, and imported when it is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from postplace.errors import BadOption, one_line


def plugin_points(group: str) -> Mapping[str, EntryPoint]:
    """The entry points of a group by name; nothing is imported."""
    return {point.name: point for point in entry_points(group=group)}


def load_plugin(point: EntryPoint, kind: str) -> Any:
    """What the entry point names; BadOption, about that `kind` of thing, where its package cannot be imported."""
    try:
        return point.load()
    except Exception as error:  # whatever the module of another package does wrong
        problem = f"{point.value} cannot be imported ({type(error).__name__}: {one_line(error)})"
        raise BadOption(f"{kind} {point.name}", problem, "mend or remove the package that provides it") from error


def identity(thing: Any) -> object:
    """A class or function by its place, so that a module that is imported again registers it again.

    >>> identity(identity)
    ('postplace.system.plugins', 'identity')
    """
    name = getattr(thing, "__qualname__", None)
    return thing if name is None else (thing.__module__, name)
