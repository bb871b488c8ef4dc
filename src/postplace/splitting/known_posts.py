"""The posts that a run was made from, recognised by what they hold, whatever their ids.

A post is a learned one when nothing contradicts it (another user, time or venue, no image in common) and
- its origin is the same (see `post_digests.py`), also if words were masked, hashtags filtered, images cleaned; or
- all its images are that post's, and the words too, or no other learned post has such an image; or
- its words are that post's, and long, and no other learned post's; or they are the same and so are the images.
The last alone, of short words or of a stock sentence, may be somebody else's post of the same words: counted apart.
Users are renamed and times rounded on the way from file to file: a whole copy is a learned post all the same, by its
images, or by long words where the user or the time is still that post's.
Letters: N learned posts, I images of all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol, get_args

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from postplace.errors import BadRun
from postplace.schema import Post
from postplace.splitting.known_by_id import post_digests, subset_by_digest
from postplace.splitting.post_digests import SILENT, Facts, content_digest, extract_facts
from postplace.splitting.splits import SUBSETS
from postplace.system.atomic_files import as_json

FILE = "split.safetensors"
FILE_OF_IDS = "split.json"  # as earlier versions wrote it
LONG = 20  # bytes of words that two people hardly write alike
MOST = 1000  # learned posts looked at that share one thing
Reason = Literal["origin", "images", "words", "few_words", "id_and_content"]
REASONS: tuple[Reason, ...] = get_args(Reason)
Digests = NDArray[np.uint64]


class Match(NamedTuple):
    """The subset that a post was in, and what it was recognised by; "few_words" is not sure."""

    subset: str
    by: Reason


class Known(Protocol):
    """The posts that a run was made from."""

    def match(self, post: Post) -> Match | None:
        """The subset a post was in and what says so; None for one that is not known."""
        ...

    def draw_digits(self, post: Post) -> str:
        """Hex digits that are always the same for the same content: its set of places is drawn by them."""
        ...

    def files(self) -> dict[str, bytes]:
        """What the run keeps, by file name."""
        ...


@dataclass(frozen=True)
class KnownPosts:
    """Columns (N,) of learned posts' facts; of post n, `counts[n]` of the `images` (I,), in order. See `Known`."""

    subset: NDArray[np.uint8]  # index into SUBSETS
    user: NDArray[np.int16]
    time: NDArray[np.int32]
    venue: NDArray[np.int16]
    whole: Digests
    origin: Digests
    text: Digests
    tags: Digests
    counts: NDArray[np.uint32]
    images: Digests

    @classmethod
    def of(cls, posts: Iterable[tuple[str, Post]]) -> KnownPosts:
        """Posts with the names of their subsets."""
        rows = [(SUBSETS.index(subset), extract_facts(post)) for subset, post in posts]
        facts = [columns for _, columns in rows]
        columns: dict[str, Any] = {name: [getattr(one, name) for one in facts] for name in _OF_FACTS}
        columns["subset"], columns["counts"] = [subset for subset, _ in rows], [len(one.images) for one in facts]
        columns["images"] = [image for one in facts for image in sorted(one.images)]
        return cls(**{name: np.array(columns[name], dtype=kind) for name, kind in _COLUMNS.items()})

    def match(self, post: Post) -> Match | None:
        """See `Known`."""
        facts = extract_facts(post)
        for rows in self._alike(facts):
            reasons = ((self._reason(facts, row), SUBSETS[self.subset[row]]) for row in rows)
            matches = [Match(subset, reason) for reason, subset in reasons if reason is not None]
            if matches:  # of those alike, the surest, and a subset that was learned from before the test part
                return min(matches, key=lambda known: (REASONS.index(known.by), known.subset == "test"))
        return None

    def draw_digits(self, post: Post) -> str:
        """See `Known`."""
        return content_digest(post)

    def files(self) -> dict[str, bytes]:
        """See `Known`."""
        return {FILE: safetensors.numpy.save({_ON_DISK.get(name, name): getattr(self, name) for name in _COLUMNS})}

    def _alike(self, facts: Facts) -> Iterator[list[int]]:
        """Posts that share something, the surest sharing first; at most `MOST` that share the same."""
        words = int(_words(np.array([facts.text]), np.array([facts.tags]))[0])
        shared = (
            ("origin", [facts.origin]),
            ("whole", [facts.whole]),
            ("images", sorted(facts.images)),
            ("words", [words]),
            ("text", [facts.text]),
        )
        for name, keys in shared:
            by = self._by_column[name]
            yield list(dict.fromkeys(row for key in keys if key for row in by.rows(key)[:MOST].tolist()))

    def _reason(self, facts: Facts, row: int) -> Reason | None:
        """What says that `facts` is the post of that row."""
        images = self._hashes_of_row(row)
        same = facts.text == self.text[row] and facts.tags == self.tags[row]
        agreed = self._agreed(facts, row)
        if not all(agreed.values()):
            whole = same and facts.images == images
            return self._copied(facts, confirmed=agreed.get("user") or agreed.get("time")) if whole else None
        if facts.origin and facts.origin == self.origin[row]:
            return "origin"
        if facts.images and images and not facts.images & images:
            return None
        if facts.images and facts.images <= images and (same or self._names_one("images", facts.images)):
            return "images"
        if not (facts.text or facts.tags):
            return None
        if same and self._has_words_of_its_own(facts):
            return "words"
        if facts.text == self.text[row] and facts.text_bytes >= LONG and self._names_one("text", [facts.text]):
            return "words"
        if not same or facts.images != images:
            return None
        return "words" if agreed.get("user") and agreed.get("time") else "few_words"

    def _copied(self, facts: Facts, *, confirmed: bool | None) -> Reason | None:
        """What says so of a copy of words and images for which another user, time or venue is given."""
        if facts.images and self._names_one("images", facts.images):
            return "images"
        return "words" if confirmed and self._has_words_of_its_own(facts) else None

    def _has_words_of_its_own(self, facts: Facts) -> bool:
        """Whether words and hashtags are long, and those of one learned post."""
        words = int(_words(np.array([facts.text]), np.array([facts.tags]))[0])
        return facts.words_bytes >= LONG and self._names_one("words", [words])

    def _agreed(self, facts: Facts, row: int) -> dict[str, bool]:
        """Of user, time and venue those that both say, and whether they are the same."""
        pairs = ((name, getattr(facts, name), int(getattr(self, name)[row])) for name in ("user", "time", "venue"))
        return {name: given == known for name, given, known in pairs if SILENT not in (given, known)}

    def _hashes_of_row(self, row: int) -> frozenset[int]:
        return frozenset(self.images[self._starts[row] : self._starts[row + 1]].tolist())

    def _names_one(self, column: str, keys: Iterable[int]) -> bool:
        """Whether one of them stands in a single learned post."""
        return any(len(self._by_column[column].rows(key)) == 1 for key in keys)

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(self.counts, dtype=np.int64)])

    @cached_property
    def _by_column(self) -> dict[str, _Sorted]:
        owners = np.repeat(np.arange(len(self.subset)), self.counts)
        by_column = {name: _Sorted.of(getattr(self, name)) for name in ("whole", "origin", "text")}
        return by_column | {
            "words": _Sorted.of(_words(self.text, self.tags)),
            "images": _Sorted.of(self.images, owners),
        }


_COLUMNS: Mapping[str, Any] = {
    "subset": np.uint8,
    "user": np.int16,
    "time": np.int32,
    "venue": np.int16,
    **dict.fromkeys(("whole", "origin", "text", "tags"), np.uint64),
    "counts": np.uint32,
    "images": np.uint64,
}
_ON_DISK = {"subset": "part", "images": "pictures"}  # as version 0.1.0 called them
_OF_FACTS = ("user", "time", "venue", "whole", "origin", "text", "tags")


@dataclass(frozen=True)
class _Sorted:
    """Digests in order, and whose they are."""

    keys: Digests
    owners: NDArray[np.int64]

    @classmethod
    def of(cls, keys: Digests, owners: NDArray[np.int64] | None = None) -> _Sorted:
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], order if owners is None else owners[order])

    def rows(self, key: int) -> NDArray[np.int64]:
        wanted = np.uint64(key)
        return self.owners[np.searchsorted(self.keys, wanted) : np.searchsorted(self.keys, wanted, side="right")]


def _words(text: NDArray[Any], tags: NDArray[Any]) -> Digests:
    """One digest (N,) of two."""
    mixed: Digests = text.astype(np.uint64) ^ (tags.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return mixed


@dataclass(frozen=True)
class KnownById:
    """Of a run of an earlier version: subsets by digests of each post's id and something else. See `Known`."""

    subsets: Mapping[str, str]

    def match(self, post: Post) -> Match | None:
        """See `Known`."""
        subset = subset_by_digest(self.subsets, post)
        return None if subset is None else Match(subset, "id_and_content")

    def draw_digits(self, post: Post) -> str:
        """As it was drawn when the run was calibrated."""
        return post_digests(post)[0]

    def files(self) -> dict[str, bytes]:
        """See `Known`."""
        return {FILE_OF_IDS: as_json(dict(self.subsets))}


def known_from(files: Mapping[str, bytes], *, where: str) -> Known:
    """Those of a run's files, of this or an earlier version. Raises BadRun for damaged ones."""
    if FILE not in files:
        return KnownById(json.loads(files[FILE_OF_IDS]))
    try:
        arrays = safetensors.numpy.load(files[FILE])
        known = KnownPosts(
            **{name: arrays[_ON_DISK.get(name, name)].astype(kind, copy=False) for name, kind in _COLUMNS.items()}
        )
        _check(known)
    except (SafetensorError, ValueError, KeyError) as error:
        problem = f"is damaged ({type(error).__name__}: {error})"
        raise BadRun(f"{where}/{FILE}", problem, "copy the run folder again or train again") from error
    return known


def _check(known: KnownPosts) -> None:
    lengths = {len(getattr(known, name)) for name in _COLUMNS if name != "images"}
    if len(lengths) != 1 or int(known.counts.sum()) != len(known.images):
        raise ValueError("its columns do not fit each other")
    if known.subset.max(initial=0) >= len(SUBSETS):
        raise ValueError("a subset that there is not")


def counted(matches: Sequence[Match]) -> dict[str, int]:
    """How many posts were recognised by what, the surest first; reasons without one are left out."""
    reasons = [match.by for match in matches]
    return {reason: reasons.count(reason) for reason in REASONS if reason in reasons}


_BY: Mapping[Reason, str] = {
    "origin": "who posted when and where",
    "images": "their images",
    "words": "their words",
    "few_words": "short or common words alone, which another post may share",
    "id_and_content": "their ids and content",
}


def in_words(by: Mapping[str, int]) -> str:
    """What `counted` gave, for people; nothing for nothing.

    >>> in_words({"origin": 90, "few_words": 2})
    '90 by who posted when and where, 2 by short or common words alone, which another post may share'
    """
    by = {"images" if reason == "pictures" else reason: count for reason, count in by.items()}  # of version 0.1.0
    described = ", ".join(f"{by[reason]:,} by {words}" for reason, words in _BY.items() if reason in by)
    old = "; this run is of an earlier version: it does not know its posts under other ids"
    return described + (old if "id_and_content" in by else "")
