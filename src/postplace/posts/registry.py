"""Where posts come from, by name: what other programs downloaded, and sources of other packages.

A source is a function or an object that is called with a path and gives posts, one at a time. If it takes `on_refused`
it is given what to call with every damaged record.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeVar

from postplace.errors import BadOption, BadPost, unknown_name
from postplace.posts.dump import AGAIN, EMPTY, Dump, ImportReport
from postplace.posts.record import says_nothing
from postplace.schema import Post
from postplace.system import plugins

GROUP = "postplace.sources"  # entry points of other packages: source name = module:function

Refused = Callable[[BadPost], object] | None
Factory = TypeVar("Factory")


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One source: what reads it, and what is said of it in the help."""

    name: str
    read: Any  # a callable, a class of one, or "module:function"
    reads: str = ""
    description: str = ""


_BUILT_IN: Mapping[str, SourceEntry] = {
    entry.name: entry
    for entry in (
        SourceEntry(
            "instaloader",
            "postplace.posts.instaloader:instaloader_dump",
            "a folder that Instaloader filled",
            "Import what Instaloader downloaded: profiles, hashtags and locations, with their metadata files.",
        ),
        SourceEntry(
            "weibo",
            "postplace.posts.weibo:weibo_export",
            "weibo-crawler's folder, or one .json, .csv or .db",
            "Import what weibo-crawler wrote: CSV, JSON and SQLite, with the folders of images beside them.",
        ),
    )
}
_REGISTERED: dict[str, SourceEntry] = {}


def register_source(name: str, *, reads: str = "", description: str = "") -> Callable[[Factory], Factory]:
    """Decorate the function, or the class of an object, that reads a source; it is found by `name`, also by `import`.

    `reads` says what path it is given, `description` is its line in the help. Returns what it is given, unchanged.
    Raises BadOption for a name that another source has.

    >>> @register_source("doctest", description="Posts that are nowhere.")
    ... def nothing(path): return iter(())
    >>> list(read_source("doctest", "."))
    []
    >>> unregister_source("doctest")
    """

    def register(read: Factory) -> Factory:
        before = _REGISTERED.get(name)
        if name in (*_BUILT_IN, "places") or (
            before is not None and plugins.identity(before.read) != plugins.identity(read)
        ):
            raise BadOption(f"source {name}", "the name is taken by another one", "register yours under another name")
        text = description or (inspect.getdoc(read) or "").partition("\n")[0]
        _REGISTERED[name] = SourceEntry(name, read, reads, text)
        return read

    return register


def unregister_source(name: str) -> None:
    """Forget a source that was registered; KeyError for one that was not."""
    del _REGISTERED[name]


def source_names() -> list[str]:
    """The names of all sources, of installed packages too; none of them is imported."""
    return list(dict.fromkeys([*_BUILT_IN, *sorted(plugin_points()), *sorted(_REGISTERED)]))


def plugin_points() -> Mapping[str, EntryPoint]:
    """The sources that installed packages name, by name; nothing is imported."""
    points = plugins.plugin_points(GROUP)
    return {name: point for name, point in points.items() if name not in (*_BUILT_IN, "places")}


def find_source(source: object) -> SourceEntry:
    """The source of that name, or of that function, class or object; BadOption for an unknown one.

    >>> find_source("weibo").reads
    "weibo-crawler's folder, or one .json, .csv or .db"
    """
    if not isinstance(source, str):
        if not callable(source):
            problem = f"{type(source).__name__} cannot be called with a path"
            raise BadOption("source", problem, "give a name, or a function (path) that gives posts")
        return SourceEntry(getattr(source, "__name__", type(source).__name__), source)
    if source in _BUILT_IN:
        return _BUILT_IN[source]
    if source not in _REGISTERED and source in (points := plugin_points()):
        _load(points[source])
    if source not in _REGISTERED:
        raise unknown_name("source", source, source_names())
    return _REGISTERED[source]


def read_source(source: object, path: str | Path, *, on_refused: Refused = None) -> Dump:
    """The posts that lie at a path, read by a source: its name, a function, a class or an object.

    Iterate over it, as often as you like; its `tally` counts what became a post and what did not, and why. Posts with
    an id that came before are left out and counted. `on_refused` is called with every damaged record.
    Raises BadOption for an unknown source; while iterating, BadPost for what is no post or cannot be read.
    """
    entry = find_source(source)
    read: Any = entry.read
    if isinstance(read, str):
        module, _, name = read.partition(":")
        read = getattr(import_module(module), name)
    if inspect.isclass(read):
        read = read()
    more = {"on_refused": on_refused} if "on_refused" in inspect.signature(read).parameters else {}
    made = partial(read, Path(path), **more)
    first = made()
    if not isinstance(first, Dump):
        starts = iter([first])
        first = Dump(lambda tally: _counted(next(starts, None), made, tally, entry.name), on_refused=on_refused)
    first.path = Path(path)
    return first


# --- posts of a source that counts nothing itself


def _counted(
    posts: Iterable[object] | None, again: Callable[[], Iterable[object]], tally: ImportReport, name: str
) -> Iterator[Post]:
    """The posts, counted; `again` gives them once more where they were taken before."""
    seen: set[str] = set()
    for number, post in enumerate(again() if posts is None else posts, start=1):
        if not isinstance(post, Post):
            problem = f"gave {type(post).__name__} where a post was expected"
            raise BadPost(f"source {name}, item {number}", problem, "give objects of postplace.Post")
        if post.id in seen:
            tally.left_out[AGAIN] += 1
            continue
        seen.add(post.id)
        tally.posts += 1
        tally.remarks[EMPTY] += says_nothing(post)
        yield post


def _load(point: EntryPoint) -> None:
    """Import the source of another package; one that is not decorated there is registered under the point's name."""
    source = plugins.load_plugin(point, "source")
    if point.name not in _REGISTERED:
        register_source(point.name)(source)
