"""What installed packages name in a group of entry points: listed without an import, and imported when it is wanted."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import PurePath
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


def failure(error: BaseException) -> tuple[str, str]:
    """What to say where code of another package raised, and what to do: its error, and the line that raised it.

    >>> try:
    ...     {}["key"]
    ... except KeyError as error:
    ...     failure(error)[0]
    "failed: KeyError: 'key' (<doctest postplace.system.plugins.failure[0]>, line 2)"
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({PurePath(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    problem = f"failed: {type(error).__name__}: {one_line(error)}{place}"
    return problem, "mend it, or tell whoever wrote it; from Python the whole traceback is in `__cause__`"


def identity(thing: Any) -> object:
    """A class or function by its place, so that a module that is imported again registers it again.

    >>> identity(identity)
    ('postplace.system.plugins', 'identity')
    """
    name = getattr(thing, "__qualname__", None)
    return thing if name is None else (thing.__module__, name)
