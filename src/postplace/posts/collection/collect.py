"""Posts of Instagram locations, through the library Instaloader -> the dump that Instaloader itself writes.

Locations are requested page by page with the library's own `get_json`: its `resumable_iteration` covers
`NodeIterator`s only, and what it offers for locations (4.16: `get_location_posts`) can neither be stopped nor resumed
in the middle. Everything else is the library's: the session, how often it asks (`RateController`), what a post is
(`Post.from_iphone_struct`) and how it is written (`download_post`). What is done is kept in a journal beside the dump.
"""

from __future__ import annotations

import json
import lzma
import os
import pickle
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postplace.errors import BadOption, one_line, write_failed
from postplace.posts.collection.journal import Journal
from postplace.system.locks import exclusive_lock

if TYPE_CHECKING:
    from instaloader import Instaloader, InstaloaderContext, Post, RateController

JOURNAL = "postplace-collect.journal"  # no .json: a reader of the dump must not take it for a post
LOCK = ".postplace-collect.lock"
UNKNOWN = "unknown to Instagram"
FORM = "a form that Instaloader does not know"
UNREADABLE = f"answered in {FORM}"
KNOWN = "in the dump already"
VIDEO = "a video"
ODD = FORM
NO_IMAGE = "its image is gone"
NO_DOWNLOAD = "its image could not be downloaded"

_NOTICED = 15.0  # seconds; a longer wait is announced
_MOST_EMPTY_PAGES = 5
_MOST_FAILURES = 5  # in a row, until it is no longer the single image or place that is to blame


@dataclass(frozen=True, slots=True)
class Location:
    """A place on Instagram: the id, digits, that its page has in its address, and a name for messages."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why collecting ended early, and what to do before it can go on."""

    found: str
    remedy: str


@dataclass(slots=True)
class Collected:
    """What was got by one call: locations finished, and those that gave nothing (unknown to Instagram, unreadable).

    posts: the new ones; known: those that were in the dump already; left_out: why others are not in it. `stopped` is
    None when every location was requested.
    """

    finished: int = 0
    without: Counter[str] = field(default_factory=Counter)
    posts: int = 0
    known: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    stopped: Stopped | None = None


class _Halt(Exception):
    """What was found and what to do: the reason to stop with what there is. It never leaves this file."""


class _Unanswered(Exception):
    """What Instagram made of a location that it gives no posts of. It never leaves this file."""


def make_loader(
    folder: Path,
    *,
    pause: float,
    log: Callable[[str], None] = lambda line: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Instaloader:
    """An Instaloader that writes posts without videos, comments and profiles to `folder`/%LOCATION_ID.

    At least `pause` seconds lie between two of its requests, and as many as the library's own rule asks for: long ones
    are announced to `log`. A 429 (too many requests) ends the work instead of being waited for. Raises BadOption when
    the package is not installed or `pause` is negative.
    """
    if not pause >= 0:
        raise BadOption("pause", f"{pause} seconds is no pause", "give 0 or more")
    try:
        from instaloader import Instaloader
    except ImportError as error:
        remedy = "install it with: pip install 'postplace[collect]'"
        raise BadOption("collect", "the package instaloader is not installed", remedy) from error
    pattern = str(folder).replace("{", "{{").replace("}", "}}") + os.sep + "{target}"
    return Instaloader(
        dirname_pattern=pattern,
        download_videos=False,
        download_video_thumbnails=False,
        download_comments=False,
        rate_controller=_paced(pause, log, sleep),
        resume_prefix=None,
        max_connection_attempts=3,
    )


def log_in(loader: Instaloader, login: str, *, session: Path | None = None, ask: bool) -> None:
    """Log in as `login` with Instaloader's session file or, when there is none and `ask`, with a password typed in.

    The password is read from the terminal by Instaloader, never from the command line, and only the session is kept,
    where Instaloader keeps it or in `session`. Raises BadOption when neither way is open.
    """
    from instaloader import InstaloaderException
    from instaloader.instaloader import get_default_session_filename

    file = str(session) if session else None
    loader.context.quiet = True
    try:
        loader.load_session_from_file(login, file)
        return
    except FileNotFoundError:
        if not ask:
            problem = f"there is no session of {login!r} ({file or get_default_session_filename(login)})"
            raise BadOption("login", problem, f"run `instaloader --login {login}` in a terminal once") from None
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, AttributeError, ImportError, OSError) as error:
        problem = f"the session of {login!r} cannot be read ({type(error).__name__}: {error})"
        raise BadOption("login", problem, f"run `instaloader --login {login}` in a terminal again") from error
    try:
        loader.context.quiet = False  # else the library refuses to ask
        loader.interactive_login(login)
        loader.save_session_to_file(file)
    except (InstaloaderException, OSError) as error:
        remedy = "check name and password; if Instagram asks for a confirmation, give it in a browser first"
        raise BadOption("login", f"{login!r} could not log in ({error})", remedy) from error
    finally:
        loader.context.quiet = True


def collect(
    locations: Sequence[Location],
    folder: Path,
    *,
    loader: Instaloader,
    max_posts: int | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> Collected:
    """Download the posts of each location, newest first, at most `max_posts` each; called again, it goes on.

    Ends early, with what it has, when Instagram asks for a login, a confirmation or patience. Raises BadOption for an
    id that is not a number, a journal that is damaged or a folder that another process fills, WriteFailed when the
    disk is full.
    """
    if max_posts is not None and max_posts < 1:
        raise BadOption("max_posts", f"{max_posts} posts requested", "give 1 or more")
    if wrong := [location for location in locations if not is_location_id(location.id)]:
        problem = f"{wrong[0].id!r} ({wrong[0].name}) is not an Instagram location id"
        raise BadOption("locations", problem, "give the digits in instagram.com/explore/locations/DIGITS/")
    with exclusive_lock(folder / LOCK, where=str(folder), work="collecting into"):
        return _collect(locations, folder, loader=loader, max_posts=max_posts, log=log)


def _collect(
    locations: Sequence[Location],
    folder: Path,
    *,
    loader: Instaloader,
    max_posts: int | None,
    log: Callable[[str], None],
) -> Collected:
    journal = Journal(folder / JOURNAL)
    got, silent = Collected(), 0
    try:
        for location in locations:
            try:
                outcome, silent = _Visit(location.id, loader, journal, got).run(max_posts), 0
            except _Unanswered as reason:
                outcome, silent = str(reason), silent + (str(reason) == UNREADABLE)
                got.without[outcome] += 1
            log(f"{location.name or location.id}: {outcome}")
            if silent == _MOST_FAILURES:
                raise _Halt(f"{silent} locations were {UNREADABLE}", _UPDATE)
    except _Halt as halt:
        got.stopped = Stopped(*halt.args)
    except OSError as error:
        raise write_failed(folder, error) from error
    return got


def is_location_id(text: str) -> bool:
    """Whether a place's id can be one of Instagram's: digits.

    >>> is_location_id("212988663"), is_location_id("4bf58dd8d48988d1")
    (True, False)
    """
    return text.isascii() and text.isdigit()


# --- one location


class _Visit:
    """One location: its pages, its posts, its entry in the journal."""

    def __init__(self, location: str, loader: Instaloader, journal: Journal, got: Collected) -> None:
        self.location, self.loader, self.journal, self.got = location, loader, journal, got
        self.entry = journal.entry(location)
        self.failures = 0

    def run(self, max_posts: int | None) -> str:
        """Ask until there is no more, or enough; returns in words how many there are."""
        entry, before, empty = self.entry, self.entry.posts, 0
        most = float("inf") if max_posts is None else max_posts
        while not entry.end and entry.posts < most:
            medias, cursor = self._page()
            empty = 0 if medias else empty + 1
            for media in medias:
                if entry.posts >= most:
                    break
                self._take(media)
            else:  # the whole page is done
                entry.end = cursor is None or cursor == entry.cursor or empty == _MOST_EMPTY_PAGES
                entry.cursor, entry.page = cursor, []
                self.journal.save()
        self.got.finished += 1
        return f"{entry.posts} posts" + (f", {before} of them from before" if before else "")

    def _page(self) -> tuple[list[Any], str | None]:
        """The posts of the page that the journal points to, as Instagram sends them, and where the next one begins."""
        import instaloader as library

        cursor = self.entry.cursor
        parameters = {"__a": 1, "__d": "dis"} | ({"max_id": cursor} if cursor else {})
        try:
            answer = self.loader.context.get_json(f"explore/locations/{self.location}/", params=parameters)
            return _unpacked(answer)
        except (library.QueryReturnedNotFoundException, library.QueryReturnedBadRequestException) as error:
            if cursor:  # the bookmark has expired: from the beginning; what is there is not downloaded again
                self.entry.posts, self.entry.cursor, self.entry.page = 0, None, []
                return self._page()
            if isinstance(error, library.QueryReturnedNotFoundException):
                raise _Unanswered(UNKNOWN) from error
            raise _halt(error) from error
        except (library.InstaloaderException, library.AbortDownloadException) as error:
            raise _halt(error) from error
        except (KeyError, TypeError, AttributeError) as error:
            raise _Unanswered(UNREADABLE) from error

    def _take(self, media: Any) -> None:
        code = str(media.get("code")) if isinstance(media, dict) else ""
        if code in self.entry.page:
            return
        reason = self._save(media)
        if reason == KNOWN:
            self.got.known += 1
        elif reason:
            self.got.left_out[reason] += 1
        else:
            self.got.posts += 1
        self.entry.posts += reason in ("", KNOWN)
        if reason != NO_DOWNLOAD:  # it may be there when the page is requested again
            self.entry.page.append(code)
        self.journal.save()

    def _save(self, media: Any) -> str:
        """Write a post to the dump; returns why not, or an empty text."""
        import instaloader as library

        try:
            post = library.Post.from_iphone_struct(self.loader.context, media)
            if post.typename == "GraphVideo":
                return VIDEO
            if not self._name(post):
                return KNOWN
            self.loader.download_post(post, f"%{self.location}")
        except library.QueryReturnedForbiddenException:
            return NO_IMAGE
        except library.ConnectionException as error:
            if ": 404 " in str(error):  # the library tries again and then forgets which error it was
                return NO_IMAGE
            return self._failed(NO_DOWNLOAD, _halt(error))
        except (library.InstaloaderException, library.AbortDownloadException) as error:
            raise _halt(error) from error
        except (LookupError, TypeError, AttributeError, ValueError, OverflowError):
            return self._failed(ODD, _Halt(f"{_MOST_FAILURES} posts in a row have {FORM}", _UPDATE))
        self.failures = 0
        return ""

    def _failed(self, reason: str, halt: _Halt) -> str:
        self.failures += 1
        if self.failures == _MOST_FAILURES:
            raise halt
        return reason

    def _name(self, post: Post) -> bool:
        """Settle under which name the post is written; False when it is there already.

        Instaloader names a post after its second, and writes over another of the same second: then the shortcode joins.
        """
        folder = Path(self.loader.dirname_pattern.format(target=f"%{self.location}"))
        for pattern in ("{date_utc}_UTC", "{date_utc}_UTC_{shortcode}"):
            self.loader.filename_pattern = pattern
            code = _shortcode(folder / f"{self.loader.format_filename(post)}.json.xz")
            if code in (None, post.shortcode):
                break
        return code is None


def _unpacked(answer: Any) -> tuple[list[Any], str | None]:
    recent = answer["native_location_data"]["recent"]
    rows = [section["layout_content"].get("medias") or () for section in recent["sections"]]
    medias = [item["media"] for row in rows for item in row]
    return medias, (str(recent["next_max_id"]) if recent["more_available"] else None)


def _shortcode(file: Path) -> str | None:
    """The post that a metadata file is of; None without one, or half of one, which is written again."""
    try:
        with lzma.open(file, "rt", encoding="utf-8") as content:
            return str(json.load(content)["node"]["shortcode"])
    except (OSError, EOFError, lzma.LZMAError, ValueError, KeyError, TypeError):
        return None


def _halt(error: BaseException) -> _Halt:
    """What the library met -> why to stop, and what to do about it."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__) is not None and len(causes) < 8:
        causes.append(cause)
    said = " ".join(f"{type(cause).__name__} {cause}" for cause in causes).casefold()
    for words, found, remedy in _STOPS:
        if any(word in said for word in words):
            return _Halt(found, remedy)
    return _Halt(f"Instagram cannot be reached ({one_line(error)})", _UPDATE)


_UPDATE = "try later; if it stays so, look for a newer Instaloader: Instagram changes what it answers"
_STOPS = (
    (
        ("checkpoint_required", "challenge_required", "feedback_required"),
        "Instagram wants the account confirmed",
        "open Instagram in a browser, do what it asks, leave the account alone for a day; then the same command again",
    ),
    (
        ("429", "toomanyrequests", "wait a few minutes"),
        "Instagram says that there were too many requests",
        "wait some hours, then the same command again with a longer `pause`",
    ),
    (
        ("loginrequired", "login page", "login_required"),
        "Instagram wants a login",
        "run `instaloader --login NAME` in a terminal, then the same command again",
    ),
)


# --- the pace


def _paced(
    pause: float, log: Callable[[str], None], sleep: Callable[[float], None]
) -> Callable[[InstaloaderContext], RateController]:
    from instaloader import AbortDownloadException, RateController

    class Paced(RateController):  # the library's own way to change its pace is to inherit from it
        _next = 0.0

        def sleep(self, secs: float) -> None:
            if secs > _NOTICED:
                log(f"waiting {secs:.0f} s, as Instaloader's rule asks")
            sleep(secs)

        def query_waittime(self, query_type: str, current_time: float, untracked_queries: bool = False) -> float:
            library_wait = super().query_waittime(query_type, current_time, untracked_queries)
            return max(library_wait, self._next - current_time)

        def wait_before_query(self, query_type: str) -> None:
            super().wait_before_query(query_type)
            self._next = time.monotonic() + pause

        def handle_429(self, query_type: str) -> None:
            raise AbortDownloadException("429 Too Many Requests")

    return Paced
