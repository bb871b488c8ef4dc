"""Posts to click on the page: a few of a file that the owner gives, none that the run has learned from.

They are shown to whoever may ask, so the file is the owner's choice: made-up posts, or those of people who agreed. Of
a post its text, hashtags and images are shown, these drawn anew without what a camera writes into a file; no author,
id, time or file name. A post of a class that is withheld is no example.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from postplace.errors import BadImage, BadOption
from postplace.images.decode import decode
from postplace.locator import PostLocator
from postplace.posts.table import read_posts
from postplace.schema import Post
from postplace.server.spatial_generalisation import SpatialGeneralisation

MOST = 12
SIDE = 1024  # pixels of the longer side, at most
IMAGES = 4  # of a post


@dataclass(frozen=True)
class Example:
    """A post as the page shows it; `truth` is its class as the service shows it, None where it has none."""

    text: str
    hashtags: tuple[str, ...]
    images: tuple[bytes, ...]
    truth: str | None = None


def read_examples(path: Path, locator: PostLocator, generalisation: SpatialGeneralisation) -> tuple[Example, ...]:
    """At most `MOST` posts of a file, of as many classes as there are.

    Raises BadOption where the run has learned from all of them, or none can be shown.
    """
    posts = read_posts(path)
    fresh = [post for post in posts if locator.subset_of(post) in (None, "test")]
    named = locator.predictor.places.label(fresh)
    names = [locator.predictor.places.places[row].name if row >= 0 else None for row in named]
    shown = [(post, name) for post, name in zip(fresh, names, strict=True) if name not in generalisation.withheld]
    shown = [(post, name) for post, name in shown if post.text.strip() or post.hashtags or post.images]
    if not shown:
        problem = f"the run has learned from {len(posts) - len(fresh)} of the {len(posts)} posts of {path}"
        raise BadOption("examples", f"{problem}, and the others cannot be shown", "give posts that it does not know")
    return tuple(_example(post, name, generalisation) for post, name in _spread(shown))


def _spread(posts: Sequence[tuple[Post, str | None]]) -> Iterable[tuple[Post, str | None]]:
    """Those that have most to go by first, and of each class one before any gets a second."""
    order = sorted(posts, key=lambda pair: -(bool(pair[0].text) + bool(pair[0].hashtags) + bool(pair[0].images)))
    turns: dict[str | None, int] = {}
    placed = []
    for post, name in order:
        turns[name] = turns.get(name, 0) + 1
        placed.append((turns[name], post, name))
    placed.sort(key=lambda entry: entry[0])
    return [(post, name) for _, post, name in placed[:MOST]]


def _example(post: Post, name: str | None, generalisation: SpatialGeneralisation) -> Example:
    shown = name
    if name is not None and generalisation.granularity == "district":
        shown = generalisation.districts[name].place.name
    images = []
    for image in post.images[:IMAGES]:
        try:
            images.append(_drawn(image))
        except BadImage:
            continue  # the example is shown without it, as the run is asked without it
    return Example(post.text, post.hashtags, tuple(images), shown)


def _drawn(image: Path | bytes) -> bytes:
    decoded = decode(image, target=SIDE)
    decoded.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    decoded.save(file, "JPEG", quality=88)
    return file.getvalue()
