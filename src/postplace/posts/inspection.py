"""What is in a set of posts, what is missing, and what would give the answer away.

One pass over the posts, so that a file larger than memory can be inspected; what is kept are counts and digests.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from postplace.images.metadata import header
from postplace.post import Post
from postplace.text.cleaning import for_encoder

FIELDS = ("text", "hashtags", "images", "user", "time", "place", "venue", "category", "coordinates")
SHORTEST_NAME = 3  # a class name of one or two characters would be found in any text


@dataclass
class Inspection:
    """Counts over posts; `patterns` by T text, G hashtags, I image; `pictures` by what their files say."""

    posts: int = 0
    present: Counter[str] = field(default_factory=Counter)
    patterns: Counter[str] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    repeated_texts: int = 0
    repeated_pictures: int = 0
    named_in_text: int = 0
    named_in_hashtags: int = 0
    named_in_file_names: int = 0
    first: datetime | None = None
    last: datetime | None = None
    box: tuple[float, float, float, float] | None = None  # south, west, north, east in degrees
    _texts: set[bytes] = field(default_factory=set, repr=False)
    _files: set[bytes] = field(default_factory=set, repr=False)

    def warnings(self) -> list[str]:
        """What would make a number on these posts look better than it is, in plain words."""
        found = []
        if self.pictures["gps"]:
            found.append(
                f"{self.pictures['gps']} pictures carry a GPS position in their EXIF; it is dropped at reading"
            )
        named = self.named_in_text + self.named_in_hashtags
        if named:
            found.append(f"{named} posts name their own place or category in text or hashtags: the model will read it")
        if self.named_in_file_names:
            found.append(
                f"{self.named_in_file_names} posts name their own place in a file name; file names are not read"
            )
        if self.repeated_texts or self.repeated_pictures:
            found.append(
                f"{self.repeated_texts} texts and {self.repeated_pictures} pictures repeat an earlier one: "
                "they are kept on one side of the split"
            )
        if self.users:
            user, count = self.users.most_common(1)[0]
            if count > 0.1 * self.posts:
                found.append(f"one user holds {count} of {self.posts} posts ({user!r}): all of them go to one side")
        elif not self.present["venue"]:
            found.append("no post has a user or a venue: only near-duplicates can be kept from crossing the split")
        return found


def inspect_posts(posts: Iterable[Post]) -> Inspection:
    """Look at every post once; pictures are opened, not decoded."""
    found = Inspection()
    for post in posts:
        found.posts += 1
        _count_fields(post, found)
        _count_leaks(post, found)
        for image in post.images:
            _count_picture(image, found)
    return found


def _count_fields(post: Post, found: Inspection) -> None:
    found.present.update(name for name in FIELDS if name != "coordinates" and getattr(post, name))
    found.present["coordinates"] += post.located
    parts = (for_encoder(post.text), post.hashtags, post.images)
    found.patterns["".join(letter for letter, part in zip("TGI", parts, strict=True) if part) or "none"] += 1
    for counter, name in ((found.places, post.place), (found.categories, post.category), (found.users, post.user)):
        if name is not None:
            counter[name] += 1
    if post.time is not None:
        moment = post.time.replace(tzinfo=None)
        found.first = min(found.first or moment, moment)
        found.last = max(found.last or moment, moment)
    if post.latitude is not None and post.longitude is not None:
        south, west, north, east = found.box or (90.0, 180.0, -90.0, -180.0)
        point = post.latitude, post.longitude
        found.box = min(south, point[0]), min(west, point[1]), max(north, point[0]), max(east, point[1])


def _count_leaks(post: Post, found: Inspection) -> None:
    names = [name.casefold() for name in (post.place, post.category) if name and len(name) >= SHORTEST_NAME]
    found.named_in_text += _any_in(names, post.text.casefold())
    found.named_in_hashtags += _any_in(names, " ".join(post.hashtags).casefold())
    stems = " ".join(image.stem for image in post.images if isinstance(image, Path))
    found.named_in_file_names += _any_in(names, stems.casefold())
    text = " ".join(for_encoder(post.text).split()).casefold()
    if text:
        found.repeated_texts += _seen(text.encode("utf-8", "surrogatepass"), found._texts)


def _any_in(names: Sequence[str], text: str) -> bool:
    return any(name in text for name in names)


def _count_picture(image: Path | bytes, found: Inspection) -> None:
    if isinstance(image, bytes):
        found.pictures["uploaded"] += 1
        return
    state = header(image)
    found.pictures[state] += 1
    if state in ("gps", "plain"):
        found.repeated_pictures += _seen(image.read_bytes(), found._files)


def _seen(content: bytes, digests: set[bytes]) -> bool:
    digest = hashlib.blake2b(content, digest_size=8).digest()
    known = digest in digests
    digests.add(digest)
    return known
