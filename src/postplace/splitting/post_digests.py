"""What a post is recognised by, whatever its id: digests of its words, its images, and of who posted when and where.

A digest is 8 bytes of BLAKE2b as a number, 0 where there is nothing. Of a user, a time and a venue alone only a few
bits are kept: enough to see that two posts are not of the same, too few to tell whether somebody is there.
"""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from postplace.errors import BadImage
from postplace.images.decode import read_bytes
from postplace.schema import Post, epoch_seconds
from postplace.text.hashtags import find_hashtags, normalise_hashtag, remove_hashtags

SILENT = -1  # of a user, a time or a venue that is not said
USERS, TIMES, VENUES = 256, 65_536, 256
REMEMBERED = 1 << 17  # images' digests: a file is read once, as long as it stays as it is


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one post. `user`, `time`, `venue` are numbers below `USERS`, `TIMES`, `VENUES`, or `SILENT`; the rest digests.

    `origin` is of what names one post: user and time of day; else user, day and spot; else time of day and spot.
    `text` is of the text without hashtags and `tags` of these, in whatever order and however they are written.
    """

    user: int
    time: int
    venue: int
    origin: int
    text: int
    tags: int
    images: frozenset[int]
    text_bytes: int = 0
    words_bytes: int = 0  # text and hashtags

    @property
    def whole(self) -> int:
        """One digest of all that is said."""
        return compute_digest("whole", self.user, self.time, self.venue, self.text, self.tags, *sorted(self.images))


def extract_facts(post: Post) -> Facts:
    """A post's facts; each image's file is read, and one that cannot be is as if it were not there."""
    text = _normalised(remove_hashtags(post.text))
    tags = sorted({*map(normalise_hashtag, (*post.hashtags, *find_hashtags(post.text)))} - {""})
    sizes = [len(part.encode("utf-8", "surrogatepass")) for part in (text, *tags)]
    return Facts(
        user=SILENT if post.user is None else compute_digest("user", post.user) % USERS,
        time=SILENT if post.time is None else compute_digest("time", _second(post.time)) % TIMES,
        venue=SILENT if post.venue is None else compute_digest("venue", post.venue) % VENUES,
        origin=_origin(post),
        text=compute_digest("text", text) if text else 0,
        tags=compute_digest("tags", *tags) if tags else 0,
        images=frozenset(filter(None, map(_image, post.images))),
        text_bytes=sizes[0],
        words_bytes=sum(sizes),
    )


def content_digest(post: Post) -> str:
    """16 hex digits of what a post says and shows, not of its id, nor of who posted it."""
    facts = extract_facts(post)
    read = compute_digest("text", _normalised(post.image_text)) if post.image_text else 0
    return f"{compute_digest('content', facts.text, facts.tags, read, *sorted(facts.images)):016x}"


def compute_digest(*content: object) -> int:
    """A number of 64 bits, never 0.

    >>> compute_digest("text", "a") == compute_digest("text", "a")
    True
    >>> compute_digest("text", "a") == compute_digest("texta")
    False
    """
    whole = "\x1f".join(map(str, content)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest(), "big") or 1


def _origin(post: Post) -> int:
    """A time at midnight is a day alone: many posts share one."""
    spot: Iterable[object] | None = None
    if post.located or post.venue is not None:
        spot = (post.venue, post.latitude, post.longitude)
    if post.time is None or (post.user is None and spot is None):
        return 0
    time_of_day = post.time.time().replace(microsecond=0, tzinfo=None)
    precise = bool(time_of_day.hour or time_of_day.minute or time_of_day.second)
    if post.user is not None and precise:
        return compute_digest("user, time", post.user, _second(post.time))
    if spot is None or not (precise or post.user is not None):
        return 0
    return compute_digest("spot, time", post.user, _second(post.time), *spot)


def _second(time: datetime) -> int:
    return math.floor(epoch_seconds(time))


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _image(image: Path | bytes) -> int:
    """The digest of its file's content; 0 for one that cannot be read."""
    if isinstance(image, bytes):
        return _of_bytes(image)
    try:
        status = image.stat()
        return _of_file(image, status.st_size, status.st_mtime_ns)
    except (OSError, ValueError):
        return 0


@lru_cache(maxsize=REMEMBERED)
def _of_file(path: Path, _size: int, _changed: int) -> int:
    try:
        return _of_bytes(read_bytes(path))
    except BadImage:
        return 0


def _of_bytes(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") if content else 0
