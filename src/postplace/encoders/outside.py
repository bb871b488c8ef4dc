"""Encoders from outside the package: registered by name, named by an entry point, or given as a class or an object."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal, TypeVar

from postplace.encoders.encoder import TextEncoder, Vectors
from postplace.encoders.vector_table import SUFFIXES, VectorTable, is_vector_file, vector_file
from postplace.errors import BadOption, PostplaceError
from postplace.system.plugins import failure, identity, load_plugin, plugin_points

GROUP = "postplace.encoders"  # entry points of other packages: encoder name = module:object
OBJECT = "object "  # before the name that a run keeps of an encoder that was given as an object and has no other name

Kind = Literal["image", "text"]
Factory = TypeVar("Factory")


@dataclass(frozen=True, slots=True)
class OutsideEncoder:
    """An encoder that was registered: a class or function that makes it, or the encoder itself."""

    name: str
    kind: Kind
    factory: Any
    width: int = 0  # 0: known only once it is made
    citation: str = ""
    licence: str = ""
    prefer_when: str = ""


_REGISTERED: dict[tuple[str, Kind], OutsideEncoder] = {}


def register_encoder(
    name: str, *, kind: Kind, width: int = 0, citation: str = "", licence: str = "", prefer_when: str = ""
) -> Callable[[Factory], Factory]:
    """Decorate the class of an encoder, or a function that makes one, or give an encoder: it is found by `name`.

    The class or function is called with those of `device`, `states` and `layers` that it takes by name. `kind` is what
    the encoder reads. Returns what it is given, unchanged. Raises BadOption for an unknown kind, for a name that is a
    path or that another encoder of that kind has.

    >>> @register_encoder("doctest", kind="text", width=2)
    ... class Lengths: ...
    >>> [entry.width for entry in registered_encoders() if entry.name == "doctest"]
    [2]
    >>> unregister_encoder("doctest", kind="text")
    """
    if kind not in ("image", "text"):
        raise BadOption(f"encoder {name}", f"the kind {kind!r} is unknown", "give image or text")
    if not name or any(mark in name for mark in "/=\\") or name.startswith((OBJECT, "~", ".")):
        raise BadOption(
            f"encoder {name}", "the name would be taken for a path", "give a plain name, such as my-encoder"
        )

    def register(factory: Factory) -> Factory:
        from postplace.encoders.registry import ENTRIES

        before = _REGISTERED.get((name, kind))
        if any(entry.name == name for entry in ENTRIES) or (before and identity(before.factory) != identity(factory)):
            raise BadOption(f"encoder {name}", "the name is taken by another one", "register yours under another name")
        _REGISTERED[name, kind] = OutsideEncoder(name, kind, factory, width, citation, licence, prefer_when)
        return factory

    return register


def unregister_encoder(name: str, *, kind: Kind) -> None:
    """Forget an encoder that was registered; KeyError for one that was not."""
    del _REGISTERED[name, kind]


def registered_encoders() -> list[OutsideEncoder]:
    """All that were registered, and those of installed packages; a package that cannot be imported costs a warning."""
    for point in plugin_points(GROUP).values():
        try:
            _load(point)
        except BadOption as error:
            warnings.warn(str(error), stacklevel=2)
    return sorted(_REGISTERED.values(), key=lambda entry: (entry.name, entry.kind))


def is_outside_name(name: str) -> bool:
    """Whether an encoder of that name was registered, or is named by an installed package; imports nothing."""
    return any(known == name for known, _ in _REGISTERED) or name in plugin_points(GROUP)


def outside_encoder(given: object, kind: Kind, **options: Any) -> Any:
    """The encoder of a registered name, a file of vectors, a class or an object; None for any other name.

    Raises BadOption for what is no encoder of that kind.
    """
    if isinstance(given, str):
        entry = _find(given, kind)
        if entry is not None:
            return _checked(_make(entry.factory, options, kind), kind)
        if is_vector_file(given):
            if not Path(given).expanduser().is_file():
                remedy = f"check the path; a file of vectors ends in {', '.join(SUFFIXES)}"
                raise BadOption(f"{kind}_encoder", f"there is no file {given!r}", remedy)
            return _checked(vector_file(Path(given).expanduser()), kind)
        if given.startswith(OBJECT):
            raise unknown_object(given, kind)
        return None
    return _checked(_make(given, options, kind), kind)


def unknown_object(name: str, kind: str) -> BadOption:
    """What to say where an encoder was given as an object once, and is not given now."""
    plain = name.removeprefix(OBJECT)
    remedy = f"give it again: PostLocator.load(run, {kind}_encoder=...), or register it first with register_encoder"
    return BadOption(f"{kind}_encoder", f"{plain!r} was given as a Python object, which a run does not hold", remedy)


def saved_name(given: object, encoder: Any) -> str:
    """The name that a run keeps of an encoder: what it was asked for by, or a name that it is registered under."""
    if isinstance(given, str):
        return given
    known = next((entry.name for entry in _REGISTERED.values() if entry.factory is given), None)
    if known is not None:
        return known
    if isinstance(given, VectorTable) and given.file is not None:
        return str(given.file)
    return f"{OBJECT}{encoder.name}"


class TextFailed(Exception):
    """A text (its only argument) that an encoder gives nothing usable for; with a cause where its code raised."""


def encode_texts(encoder: TextEncoder, texts: Sequence[str]) -> Vectors:
    """Texts -> vectors (B, D); TextFailed, with the text, where code that is not of this package raises."""
    try:
        return encoder.encode(texts)
    except PostplaceError:
        raise
    except Exception as error:
        if type(encoder).__module__.startswith("postplace."):
            raise
        raise TextFailed(_first_failing(encoder, texts)) from error


def _first_failing(encoder: TextEncoder, texts: Sequence[str]) -> str:
    """The first text that fails by itself; the first of all where none does."""
    for text in texts:
        try:
            encoder.encode([text])
        except Exception:
            return text
    return texts[0]


# --- from a name to an encoder


def _find(name: str, kind: Kind) -> OutsideEncoder | None:
    if (name, kind) not in _REGISTERED and name in (points := plugin_points(GROUP)):
        _load(points[name])
    if (entry := _REGISTERED.get((name, kind))) is not None:
        return entry
    other: Kind = "image" if kind == "text" else "text"
    if (name, other) in _REGISTERED:
        problem = f"{name!r} does not read {'text' if kind == 'text' else 'images'}"
        raise BadOption(f"{kind}_encoder", problem, f"it reads {other}: name another")
    return None


def _load(point: EntryPoint) -> None:
    """Import the encoder of another package, whose module registers it; BadOption where it cannot or does not."""
    load_plugin(point, "encoder")
    if not any(name == point.name for name, _ in _REGISTERED):
        problem = f"{point.value} was imported and registers no encoder of that name"
        raise BadOption(f"encoder {point.name}", problem, "decorate it with postplace.register_encoder(name, kind=...)")


def _make(given: Any, options: Mapping[str, Any], kind: Kind) -> Any:
    """The encoder; a class or a function is called with those of the options that it takes."""
    if not inspect.isclass(given) and hasattr(given, "encode"):
        return given
    if not callable(given):
        return given  # no encoder: `_checked` says so
    taken = inspect.signature(given).parameters
    try:
        return given(**{name: value for name, value in options.items() if name in taken})
    except PostplaceError:
        raise
    except Exception as error:
        name = getattr(given, "__qualname__", type(given).__name__)
        raise BadOption(f"{kind}_encoder", f"{name} {failure(error)[0]}", failure(error)[1]) from error


def _checked(encoder: Any, kind: Kind) -> Any:
    """The same; BadOption where it does not keep to the Protocol of `encoder.py`."""
    where, wanted = f"{kind}_encoder", ("name", "width", "fingerprint", "encode")
    lacking = [name for name in (*wanted, *(["prepare"] if kind == "image" else [])) if not hasattr(encoder, name)]
    if isinstance(encoder, VectorTable) and kind == "image":
        problem = "a table of vectors has one vector a post, and a post may have several images"
        raise BadOption(where, problem, "give it as the text encoder, or write an encoder of images")
    if lacking:
        problem = f"{type(encoder).__name__} is no encoder: it has no {', '.join(lacking)}"
        raise BadOption(where, problem, "give a name of `postplace encoders`, or an object with what is missing")
    if not (isinstance(encoder.name, str) and isinstance(encoder.fingerprint, str) and encoder.fingerprint):
        problem = f"{type(encoder).__name__} has a name or a fingerprint that is no text"
        raise BadOption(where, problem, "give it a text that changes whenever its vectors would")
    if isinstance(encoder.width, bool) or not isinstance(encoder.width, int) or encoder.width < 1:
        raise BadOption(where, f"{encoder.name} has the width {encoder.width!r}", "give the length of its vectors")
    return encoder
