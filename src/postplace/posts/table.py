"""Posts in our own format, from a file, a table in memory or dicts, through one `parse`."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from postplace.errors import BadOption, BadPost, unknown_name
from postplace.geo.crs import check_crs, located_in_wgs84
from postplace.posts.checks import REPAIRED, PostChecks, repair_post
from postplace.posts.columns import Record
from postplace.posts.keys import KNOWN, SAYS, is_header, on_unused, require_known, suggestions
from postplace.posts.memory_tables import table_records
from postplace.posts.pipes import PipeContent
from postplace.posts.post_files import file_records
from postplace.posts.record import NO_POSITION, RECORD_KEYS, parse, says_nothing, shown
from postplace.posts.writing import ENDINGS, id_digest, write_posts
from postplace.schema import Post

__all__ = ["ENDINGS", "PostStream", "parse", "read_posts", "write_posts"]

_POSTS = "posts"  # the name of a source that is dicts or posts
_KEPT_REASONS = 1_000
# What is said of a source that is no table of posts: the remedy is then what else it is, where that is known
_WRONG_KIND = re.compile("is a folder|has the unknown ending|has no ending|there is no column|is missing|has none of")


class PostStream:
    """The posts of `source`, one at a time: a file larger than memory can be read.

    `source`: a path (JSON lines, a JSON list, CSV, TSV, Parquet, .xlsx; see `posts/post_files.py`), a table of pandas,
    Polars, Arrow or DuckDB (`posts/memory_tables.py`), dicts, also those of a Hugging Face data set, or posts.
    A record that is not a post, or has the id of an earlier one, raises `BadPost`; with `on_bad_post="skip"` it is
    counted. A record of which nothing but the id is known is no post. A source without a single post always raises it,
    and so does one in which no post has text, hashtags or images, unless `on_empty="keep"`: of what is given as dicts
    or posts, only where no record has a key for them. A row that is the header again is passed over.

    `repair_text`: undo UTF-8 that was read as Latin-1 or Windows-1252 (`text/misread.py`), counted in `remarks`.
    `crs`: the reference system of the coordinates, `wgs84`, `gcj02` or `bd09`; they become WGS84 (`geo/crs.py`).
    `pipe`: what keeps the content of a source that is a pipe, where several streams read one (`posts/pipes.py`).

    Filled while iterating: `read`, the number of posts given out; `empty`, how many records gave a post without text,
    hashtags and images; `header_again`; `skipped_count`, and `skipped`, the reasons of the first 1,000; `ignored_keys`,
    how often each unknown key occurred; `remarks`, of how many posts something is true that should be known, in words.
    `notes` says all of them.
    """

    def __init__(
        self,
        source: object,
        *,
        on_bad_post: str = "error",
        on_empty: str = "error",
        crs: str = "wgs84",
        repair_text: bool = False,
        pipe: PipeContent | None = None,
    ) -> None:
        if on_bad_post not in ("error", "skip"):
            raise unknown_name("on_bad_post", str(on_bad_post), ("error", "skip"))
        if on_empty not in ("error", "keep"):
            raise unknown_name("on_empty", str(on_empty), ("error", "keep"))
        check_crs(crs)
        if not isinstance(repair_text, bool):
            raise BadOption("repair_text", f"{shown(repair_text)} is neither True nor False", "give one of them")
        self._crs, self._repairs = crs, repair_text
        self._pipe = pipe or PipeContent()
        self._source = Path(source) if isinstance(source, str) else source
        self._skips, self._keeps_empty = on_bad_post == "skip", on_empty == "keep"
        self._reset()

    def _reset(self) -> None:
        self.read = self.empty = self.header_again = 0
        self.skipped: list[BadPost] = []
        self.skipped_count = 0
        self.ignored_keys: Counter[str] = Counter()
        self.remarks: Counter[str] = Counter()
        self._checks = PostChecks()
        self._used: set[str] = set()

    def __iter__(self) -> Iterator[Post]:
        self._reset()
        seen: set[int] = set()  # 8 bytes of a digest for each id: ids may be long
        name, folder, records = _open(self._source, self._pipe)
        for where, record in self._records(records):
            try:
                post = self._checked(where, record, folder, seen)
            except BadPost as reason:
                if not self._skips:
                    raise self._explained(reason) from None
                self.skipped_count += 1
                self.skipped += [reason] if len(self.skipped) < _KEPT_REASONS else []
                continue
            if post is not None:
                self.read += 1
                self._checks.add(post)
                yield post
        self.remarks.update(self._checks.remarks())
        if not self.read:
            raise self._nothing(name)
        if self.empty == self.read and not self._keeps_empty and not (name == _POSTS and self._used & {*SAYS}):
            raise self._all_empty(name)

    def _records(self, records: Iterator[Record]) -> Iterator[Record]:
        try:
            yield from records
        except BadPost as reason:
            raise self._explained(reason) from None

    def _checked(self, where: str, record: object, folder: Path, seen: set[int]) -> Post | None:
        """The post of a record; None for a header."""
        if isinstance(record, BadPost):
            raise record
        if isinstance(record, Post):
            post = self._located(record)
        elif isinstance(record, Mapping) and is_header(record):
            self.header_again += 1
            return None
        else:
            post = parse(record, where=where, folder=folder, crs=self._crs, remarks=self.remarks)  # type: ignore[arg-type]  # parse says so if it is no mapping
            self._used.update(key for key in record if key in RECORD_KEYS)  # type: ignore[attr-defined]
            self.ignored_keys.update(str(key) for key in record if key not in RECORD_KEYS)  # type: ignore[attr-defined]
            require_known(record, where)  # type: ignore[arg-type]
        if self._repairs and (repaired := repair_post(post)) != post:
            self.remarks[REPAIRED] += 1
            post = repaired
        digest = id_digest(post.id)
        if digest in seen:
            raise BadPost(
                f"{where}, key 'id'", f"{shown(post.id)} is the id of an earlier post", "give every post its own"
            )
        seen.add(digest)
        self.empty += not isinstance(record, Post) and says_nothing(post)
        return post

    def _located(self, post: Post) -> Post:
        """A post that was made in Python, its coordinates treated as those of a table."""
        if post.latitude is None or post.longitude is None:
            return post
        if post.latitude == post.longitude == 0:
            self.remarks[NO_POSITION] += 1
            return replace(post, latitude=None, longitude=None)
        return located_in_wgs84(post, self._crs)

    def _explained(self, reason: BadPost) -> BadPost:
        """Of a file in which not one post was found: the reason, and what else the file is where that is known."""
        if self.read or not (other := self._other_program()):
            return reason
        wrong = _WRONG_KIND.match(reason.found) is not None
        return BadPost(reason.where, reason.found, other if wrong else f"{reason.remedy}; {other}")

    def _other_program(self) -> str:
        """What to do with a file that another program wrote, or that holds something else; "" if unknown."""
        if not isinstance(self._source, Path):
            return ""
        from postplace.posts.auto import what_else  # the sources are looked at for an error alone

        return what_else(self._source)

    def notes(self) -> list[str]:
        """What should be known of the records that were read, a line each; what was skipped is not among it."""
        lines = []
        if self.header_again:
            lines.append(f"rows that are the header again, passed over: {self.header_again}")
        if self.empty:
            lines.append(f"{self.empty} of {self.read} posts have no text, no hashtags and no images")
        lines += [f"{remark} ({count} of {self.read} posts)" for remark, count in self.remarks.most_common()]
        if self.ignored_keys:
            other = self._other_program() if suggestions(self.ignored_keys, self._used) else ""
            lines.append(on_unused(self.ignored_keys, self._used) + (f"; {other}" if other else ""))
        return lines

    def _nothing(self, name: str) -> BadPost:
        if not self.skipped_count:
            return BadPost(name, "holds no posts", "give at least one record with an id")
        first = self._explained(self.skipped[0])
        found = f"none of its {self.skipped_count} records is a post; the first: {first.found}"
        return BadPost(name, found, f"correct the records, as {first.where}: {first.remedy}")

    def _all_empty(self, name: str) -> BadPost:
        found = f"none of {self.read} posts has text, hashtags or images"
        if self.ignored_keys:
            found += f" ({on_unused(self.ignored_keys, KNOWN)})"
        guess = suggestions(sorted(self.ignored_keys), self._used - {*SAYS})
        remedy = f"{guess} rename it" if guess else f"fill at least one of {', '.join(SAYS[:3])}"
        return BadPost(name, found, self._other_program() or remedy)


def read_posts(
    source: object, *, on_bad_post: str = "error", crs: str = "wgs84", repair_text: bool = False
) -> list[Post]:
    """All posts of a source at once; see `PostStream`.

    One warning says how many were skipped, and one each what `PostStream.notes` says: posts with nothing in them,
    values that could not be used, keys that are not used.
    """
    stream = PostStream(source, on_bad_post=on_bad_post, crs=crs, repair_text=repair_text)
    posts = list(stream)
    if stream.skipped_count:
        total = stream.skipped_count + stream.read
        warnings.warn(
            f"skipped {stream.skipped_count} of {total} records; the first: {stream.skipped[0]}", stacklevel=2
        )
    for note in stream.notes():
        warnings.warn(note, stacklevel=2)
    return posts


# --- where records come from


def _open(source: object, pipe: PipeContent) -> tuple[str, Path, Iterator[Record]]:
    """The name of a source, the folder its image paths are relative to, and its records."""
    if isinstance(source, Path):
        return str(source), source.parent, file_records(source, pipe)
    if (table := table_records(source)) is not None:
        return table[0], Path(), table[1]
    if isinstance(source, Iterable) and not isinstance(source, Mapping | bytes) and not hasattr(source, "readline"):
        return _POSTS, Path(), ((f"posts[{number}]", record) for number, record in enumerate(source))
    raise BadPost("posts", f"{shown(source)} is not a source", _no_source(source))


def _no_source(source: object) -> str:
    """The remedy for what is neither a path nor a table nor several records."""
    remedy = "give a path, a DataFrame or a list of dicts or posts"
    if isinstance(source, Mapping) and source and all(hasattr(part, "column_names") for part in source.values()):
        return f"{remedy}; of a dict of data sets one of them, as that of {shown(next(iter(source)))}"
    if hasattr(source, "readline"):
        return f"{remedy}; of an open file its path"
    if isinstance(source, Mapping) and isinstance(source.get("id"), list | tuple):
        return f"{remedy}; of columns `pandas.DataFrame(columns)`"
    if hasattr(source, "fetchall"):
        return f"{remedy}; of a query its relation, as `duckdb.sql` gives it, or its DataFrame"
    return f"{remedy}; of one record a list: [record]" if isinstance(source, Mapping | Post) else remedy
