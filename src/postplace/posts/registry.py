"""Where posts come from, by name: what other programs downloaded, and sources of other packages.

A source is a function or an object that is called with a path and gives posts, one at a time. If it takes `on_refused`
it is given what to call with every damaged record.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from postplace.errors import BadOption, BadPost, PostplaceError, unknown_name
from postplace.geo.crs import check_crs
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
    detect: Any = ""  # "module:function" of a path, whether it is this source's; or the function itself


_BUILT_IN: Mapping[str, SourceEntry] = {
    entry.name: entry
    for entry in (
        SourceEntry(
            "instaloader",
            "postplace.posts.instaloader:instaloader_dump",
            "a folder that Instaloader filled",
            "Import what Instaloader downloaded: profiles, hashtags and locations, with their metadata files.",
            "postplace.posts.recognition:is_instaloader",
        ),
        SourceEntry(
            "weibo",
            "postplace.posts.weibo:weibo_export",
            "weibo-crawler's folder, or one .json, .csv or .db",
            "Import what weibo-crawler wrote: CSV, JSON and SQLite, with the folders of images beside them.",
            "postplace.posts.recognition:is_weibo_crawler",
        ),
        SourceEntry(
            "gallery-dl",
            "postplace.posts.gallery_dl:gallery_dl_dump",
            "a folder that gallery-dl filled, with its metadata files, or one of them",
            "Import what gallery-dl downloaded of Instagram, Flickr and Weibo, by the metadata beside its images.",
            "postplace.posts.gallery_dl:detect",
        ),
        SourceEntry(
            "instagrapi",
            "postplace.posts.instagrapi:instagrapi_dump",
            "a .json or .jsonl file of instagrapi's media, or a folder of them",
            "Import media of the library instagrapi, dumped as JSON, with the images beside them.",
            "postplace.posts.instagrapi:detect",
        ),
        SourceEntry(
            "apify",
            "postplace.posts.apify:apify_dump",
            "a .json or .jsonl file of Apify's Instagram scraper, or a folder of them",
            "Import lists of Instagram posts as Apify's scrapers give them.",
            "postplace.posts.apify:detect",
        ),
        SourceEntry(
            "tweets",
            "postplace.posts.tweets:tweets_dump",
            "a file of tweets (.json, .jsonl, tweets.js), a folder of them, or an archive of X",
            "Import tweets of twscrape, snscrape and the API of X, and the tweets.js of an archive.",
            "postplace.posts.tweets:detect",
        ),
        SourceEntry(
            "yfcc",
            "postplace.posts.yfcc:yfcc_table",
            "the table of YFCC100M (tab-separated, also .bz2), or a folder of its parts",
            "Import the table of YFCC100M: photos of Flickr with their positions.",
            "postplace.posts.yfcc:detect",
        ),
        SourceEntry(
            "weibospider",
            "postplace.posts.weibospider:weibospider_export",
            "weiboSpider's folder, or one .json or .csv",
            "Import what weiboSpider (dataabc) wrote: JSON and CSV, with the folders of images beside them.",
            "postplace.posts.weibospider:detect",
        ),
        SourceEntry(
            "weibo-search",
            "postplace.posts.weibo_search:weibo_search_export",
            "weibo-search's folder, or one .csv",
            "Import what weibo-search (dataabc) wrote: a CSV for each keyword, with its images.",
            "postplace.posts.weibo_search:detect",
        ),
        SourceEntry(
            "weibospider-nghuyong",
            "postplace.posts.weibospider_nghuyong:weibospider_nghuyong_dump",
            "the folder of WeiboSpider's .jsonl files, or one of them",
            "Import what WeiboSpider (nghuyong) wrote: JSON lines, with points and ids of places.",
            "postplace.posts.weibospider_nghuyong:detect",
        ),
        SourceEntry(
            "mediacrawler",
            "postplace.posts.mediacrawler:mediacrawler_dump",
            "MediaCrawler's folder, or one .json, .jsonl or .csv",
            "Import what MediaCrawler wrote of Weibo and Xiaohongshu, with the images of its notes.",
            "postplace.posts.mediacrawler:detect",
        ),
        SourceEntry(
            "zeeschuimer",
            "postplace.posts.zeeschuimer:zeeschuimer_dump",
            "a .ndjson file of Zeeschuimer, or a folder of them",
            "Import what Zeeschuimer exported: posts of Instagram, Threads, TikTok, X and Xiaohongshu.",
            "postplace.posts.zeeschuimer:detect",
        ),
        SourceEntry(
            "4cat",
            "postplace.posts.fourcat:fourcat_export",
            "a .csv file of 4CAT, or a folder of them",
            "Import what 4CAT exported as CSV, with the images that it downloaded.",
            "postplace.posts.fourcat:detect",
        ),
        SourceEntry(
            "auto",
            "postplace.posts.auto:read_recognised",
            "whatever one of the other sources reads",
            "Import what is found at PATH: it is looked into, and the source that knows it reads it.",
        ),
    )
}
_REGISTERED: dict[str, SourceEntry] = {}


def register_source(
    name: str, *, reads: str = "", description: str = "", detect: Callable[[Path], bool] | None = None
) -> Callable[[Factory], Factory]:
    """Decorate the function, or the class of an object, that reads a source; it is found by `name`, also by `import`.

    `reads` says what path it is given, `description` is its line in the help; `detect` says of a path whether it holds
    what this source reads, for the source "auto". Returns what it is given, unchanged.
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
        _REGISTERED[name] = SourceEntry(name, read, reads, text, detect or getattr(read, "detect", ""))
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


def read_source(source: object, path: str | Path, *, on_refused: Refused = None, crs: str = "wgs84") -> Dump:
    """The posts that lie at a path, read by a source: its name, a function, a class or an object.

    The source "auto" looks at what lies there and takes the one that knows it, or says what it is.
    Iterate over it, as often as you like; its `tally` counts what became a post and what did not, and why. Posts with
    an id that came before are left out and counted. `on_refused` is called with every damaged record. `crs` is the
    reference system of the coordinates, `wgs84`, `gcj02` or `bd09`; they become WGS84 (`geo/crs.py`).
    Raises BadOption for an unknown source; while iterating, BadPost for what is no post or cannot be read.
    """
    check_crs(crs)
    entry = find_source(source)
    read: Any = entry.read
    if isinstance(read, str):
        module, _, name = read.partition(":")
        read = getattr(import_module(module), name)
    if inspect.isclass(read):
        with _named(f"source {entry.name}"):
            read = read()
    more = {"on_refused": on_refused} if "on_refused" in inspect.signature(read).parameters else {}
    made = partial(read, Path(path), **more)
    with _named(f"source {entry.name}"):
        first = made()
    if isinstance(first, Dump):
        dump = first
    elif isinstance(first, Iterable):
        starts = iter([first])
        dump = Dump(lambda tally: _counted(next(starts, None), made, tally, entry.name), on_refused=on_refused)
    else:
        raise _no_posts(first, entry.name)
    dump.crs, dump.path = crs, Path(path)
    dump.explain = partial(_explained, Path(path), entry)
    return dump


def _explained(path: Path, entry: SourceEntry, error: BadPost) -> BadPost:
    """An error about the whole path, with what to do instead: who gave a folder is not told to give that folder."""
    if error.where != str(path) or error.found == "does not exist":
        return error
    from postplace.posts.auto import instead_of  # the other sources are looked at for an error alone

    return BadPost(error.where, error.found, instead_of(entry.name, path, error.remedy))


# --- posts of a source that counts nothing itself


def _counted(
    posts: Iterable[object] | None, again: Callable[[], Iterable[object]], tally: ImportReport, name: str
) -> Iterator[Post]:
    """The posts, counted; `again` gives them once more where they were taken before."""
    seen: set[str] = set()
    with _named(f"source {name}"):
        given: Any = again() if posts is None else posts
    for number, post in enumerate(_each(given, name), start=1):
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


def _each(posts: Any, name: str) -> Iterator[object]:
    """What a source gives, one by one; what its code raises becomes a BadPost that says after how many items."""
    if not isinstance(posts, Iterable):
        raise _no_posts(posts, name)
    with _named(f"source {name}"):
        items = iter(posts)
    for number in count(1):
        with _named(f"source {name}, item {number}"):
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


def _no_posts(given: object, name: str) -> BadPost:
    remedy = "let it return a list of posts, or yield them one by one"
    return BadPost(f"source {name}", f"gave {given!r:.80} where posts were expected", remedy)


@contextmanager
def _named(where: str) -> Iterator[None]:
    """Say in which source, and at which of its items, code of another package failed; its error is the cause."""
    try:
        yield
    except PostplaceError:
        raise
    except Exception as error:
        raise BadPost(where, *plugins.failure(error)) from error


def _load(point: EntryPoint) -> None:
    """Import the source of another package; one that is not decorated there is registered under the point's name."""
    source = plugins.load_plugin(point, "source")
    if point.name not in _REGISTERED:
        register_source(point.name)(source)
