"""What is in a set of posts, what is missing, and what would give the answer away.

One pass over the posts, so that a file larger than memory can be inspected; what is kept are counts and digests. Names
are looked for in a second pass (`posts.leaks`), once all of them are known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from postplace.images.metadata import header
from postplace.places.extent import Extent
from postplace.schema import Post
from postplace.splitting.overlap import ClassShare, Fingerprints, class_priors
from postplace.splitting.place_name_leaks import NameLeaks
from postplace.text.cleaning import for_encoder, left_out
from postplace.text.segmentation import every_word, is_stop_word
from postplace.text.tokens import LENGTHS, read_extents, tokenize
from postplace.truncation import TruncationCounts

FIELDS = ("text", "hashtags", "images", "user", "time", "place", "venue", "category", "coordinates")
LARGE_SHARE = 0.1  # of all posts: a user with more decides by the side they fall on
HALF = 0.5  # of a class


@dataclass
class Inspection:
    """Counts over posts; `patterns` by T text, G hashtags, I image; `images` by what their files say.

    Of `words` the `stop_words` are read by no model of words, and neither are `emoticons` and `markup` (links and
    mentions), which are none of them.
    """

    posts: int = 0
    present: Counter[str] = field(default_factory=Counter)
    patterns: Counter[str] = field(default_factory=Counter)
    images: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    venues: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None
    extent: Extent = field(default_factory=Extent, repr=False)
    words: int = 0  # of texts and of what was read in images, stop words too
    stop_words: Counter[str] = field(default_factory=Counter)
    emoticons: Counter[str] = field(default_factory=Counter)
    markup: Counter[str] = field(default_factory=Counter)
    wordless: int = 0  # texts of which nothing but stop words, emoticons and markup is left
    fingerprints: Fingerprints = field(default_factory=Fingerprints, repr=False)
    losses: TruncationCounts = field(
        default_factory=TruncationCounts
    )  # to the limits that models of characters and words have by default

    remarks: list[str] = field(default_factory=list)  # on the positions

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """South, west, north, east in degrees; west is larger where the box crosses the antimeridian. None without."""
        return self.extent.box

    def warnings(self) -> list[str]:
        """What would make a number on these posts look better or worse than it is, in plain words."""
        return [*self.remarks, *self._of_images(), *self._of_repeats(), *self._of_users()]

    def dominated(self) -> list[ClassShare]:
        """The classes in which one user holds more than half of the posts, the largest first."""
        return [found for found in class_priors(self.fingerprints) if found.share > HALF] if self.users else []

    def _of_images(self) -> Iterator[str]:
        if self.images["gps"]:
            yield f"{self.images['gps']} images carry a GPS position in their EXIF; it is dropped at reading"
        if self.images["cut short"]:
            cut_short = self.images["cut short"]
            yield f"{cut_short} images lack their end; what there is of them is read: download them again"

    def _of_repeats(self) -> Iterator[str]:
        texts, images = self.fingerprints.repeated()
        if texts or images:
            yield (
                f"{texts} texts and {images} images repeat an earlier one: all but short or stock texts and stock "
                "images are kept on one side"
            )

    def _of_users(self) -> Iterator[str]:
        if not self.users:
            if not self.present["venue"]:
                yield "no post has a user or a venue: only near-duplicates can be kept from crossing the split"
            return
        user, count = self.users.most_common(1)[0]
        if count > LARGE_SHARE * self.posts:
            yield f"one user holds {count} of {self.posts} posts ({user!r}): all of them go to one side"
        if found := self.dominated():
            largest = f"{found[0].busiest} of {found[0].posts} in {found[0].name!r}"
            yield f"one user holds more than half of the posts of {len(found)} classes ({largest}): their side decides"


def leak_warnings(leaks: NameLeaks) -> Iterator[str]:
    """What names in posts would do, in plain words."""
    for kind, counts in leaks.own.items():
        if counts["text"] or counts["hashtags"]:
            where = f"{counts['text']} in the text, {counts['hashtags']} in hashtags"
            yield f"posts name their own {kind}, {where}: the model will read it"
        if counts["file names"]:
            yield f"{counts['file names']} posts name their own {kind} in a file name; file names are not read"


def inspect_posts(posts: Iterable[Post]) -> Inspection:
    """Look at every post once; images are opened, not decoded."""
    inspection = Inspection()
    for post in posts:
        inspection.posts += 1
        _count_fields(post, inspection)
        _count_left_out(post.full_text, inspection)
        inspection.losses.add(read_extents(tokenize(post), LENGTHS))
        inspection.fingerprints.add(post, _readable_images(post, inspection))
    return inspection


def _count_fields(post: Post, inspection: Inspection) -> None:
    inspection.present.update(name for name in FIELDS if name != "coordinates" and getattr(post, name))
    inspection.present["coordinates"] += post.located
    parts = (for_encoder(post.text), post.hashtags, post.images)
    inspection.patterns["".join(letter for letter, part in zip("TGI", parts, strict=True) if part) or "none"] += 1
    counters = {
        "place": inspection.places,
        "venue": inspection.venues,
        "category": inspection.categories,
        "user": inspection.users,
    }
    for key, counter in counters.items():
        if (name := getattr(post, key)) is not None:
            counter[name] += 1
    if post.time is not None:
        moment = post.time.replace(tzinfo=None)
        inspection.first = min(inspection.first or moment, moment)
        inspection.last = max(inspection.last or moment, moment)
    if post.latitude is not None and post.longitude is not None:
        inspection.extent.add(post.latitude, post.longitude)


def _count_left_out(text: str, inspection: Inspection) -> None:
    if not text:
        return
    words, markup = every_word(text), left_out(text)
    stop_words = list(filter(is_stop_word, words))
    inspection.words += len(words)
    inspection.stop_words.update(stop_words)
    inspection.emoticons.update(markup.emoticons)
    inspection.markup.update(links=markup.links, mentions=markup.mentions)
    inspection.wordless += bool(for_encoder(text)) and len(stop_words) == len(words)


def _readable_images(post: Post, inspection: Inspection) -> Iterator[bytes]:
    """The contents of the images that open; counts all of them by what their files say."""
    for image in post.images:
        state = header(image)
        readable = state in ("gps", "cut short", "plain")
        inspection.images["uploaded" if readable and isinstance(image, bytes) else state] += 1
        if readable:
            yield image if isinstance(image, bytes) else image.read_bytes()
