"""What a path holds: the source that reads it, or what else it is and what to do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from postplace.errors import BadOption, BadPost
from postplace.posts.dump import AUTO as SAYS_WHICH
from postplace.posts.dump import Dump, cannot_be_opened
from postplace.posts.known_exports import NO_IMPORT, NO_POSTS, TABLE, UNPACK, known_export
from postplace.posts.registry import SourceEntry, find_source, read_source, source_names

AUTO = "auto"
_GENERAL = ("weibo",)  # it reads the tables of its siblings too, which their own sources know better


def recognise(path: Path | str) -> SourceEntry:
    """The source whose files lie at a path: the one whose `detect` says so.

    Only names and the first records are looked at. Raises BadPost for a path that is not there, for what is known not
    to be the posts of a source (with what it is and what to do), for what several sources read, and for what none does
    (with what was looked for).
    """
    path = Path(path)
    try:
        path.stat()
    except (OSError, ValueError) as error:
        raise cannot_be_opened(path, error) from error
    entries = list(_entries())
    found = [entry for entry in entries if _detects(entry, path)]
    if len(found) > 1:
        found = [entry for entry in found if entry.name not in _GENERAL] or found
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(entry.name for entry in found)
        remedy = f"name the one that you mean (source {found[0].name!r}, say), or give its files alone"
        raise BadPost(str(path), f"holds what several sources read: {names}", remedy)
    if (known := known_export(path)) is not None:
        raise BadPost(str(path), known.is_, known.remedy)
    looked_for = "; ".join(f"{entry.name}: {entry.reads}" for entry in entries if entry.reads)
    remedy = "name the source if it is one of these; posts in a table of your own need no import"
    raise BadPost(str(path), f"holds nothing that is known; looked for {looked_for}", remedy)


def read_recognised(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of whatever lies at a path. Raises as `recognise` does, before the first post."""
    path = Path(path)
    return read_source(recognise(path).name, path, on_refused=on_refused)


def instead_of(source: str, path: Path, otherwise: str) -> str:
    """What to do with a path of which a source could read nothing: what it is instead, where that is known.

    Else `otherwise`; but who gave what the source reads is not sent to look for another one.
    """
    try:
        entry = recognise(path)
    except BadPost as error:
        if (known := known_export(path)) is not None:
            return known.remedy if known.remedy == UNPACK else f"it {known.is_}; {known.remedy.removeprefix(NO_POSTS)}"
        if "several sources" in error.found:
            return error.remedy
        reads = next((entry.reads for entry in _entries() if entry.name == source), "")
        return otherwise or f"the source {source} reads {reads or 'something else'}"
    if entry.name != source:
        return _named(entry)
    lacks = f"it is what the source {source} reads: the counts say what it lacks"
    return otherwise if otherwise not in ("", SAYS_WHICH) else lacks


def what_else(path: Path) -> str:
    """What to do with a path that was given as a table of posts and is something else; "" where that is not known."""
    try:
        entry = recognise(path)
    except BadPost as error:
        known = known_export(path)
        if known is None:
            return error.remedy if "several sources" in error.found else ""
        if known.remedy in (TABLE, UNPACK):
            return ""
        if known.remedy.startswith(NO_IMPORT):
            return known.remedy.removeprefix(NO_IMPORT)
        return f"it {known.is_}; {known.remedy.removeprefix(NO_POSTS)}"
    return _named(entry)


def is_own_table(path: Path) -> bool:
    """Whether a file is a table of posts in our own format, and no source's; never raises."""
    try:
        recognise(path)
    except BadPost as error:
        return error.remedy == TABLE and path.is_file()
    return False


def _named(entry: SourceEntry) -> str:
    return f"the source {entry.name} reads it: `postplace import {entry.name}` makes a file of posts of it"


def _entries() -> Iterator[SourceEntry]:
    """All sources; one whose package is broken cannot be asked."""
    for name in source_names():
        with suppress(BadOption):
            if name != AUTO:
                yield find_source(name)


def _detects(entry: SourceEntry, path: Path) -> bool:
    detect = entry.detect
    if isinstance(detect, str):
        module, _, name = detect.partition(":")
        detect = getattr(import_module(module), name) if module else None
    if detect is None:
        return False
    try:
        return bool(detect(path))
    except Exception:  # of another package: it may raise anything on files that are not its own
        return False
