"""Variants of a post, each without some of its parts, and what a locator says of them: many in one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.encoder import EncodesPosts
from postplace.encoders.vector_table import cannot_be_asked
from postplace.errors import BadImage, BadPost
from postplace.explain.explainable import Explainable
from postplace.explain.parts import Part, modality_part, spans
from postplace.features.extraction import EncodedPosts, encode_posts
from postplace.features.pooled import MODALITIES, drop_modalities
from postplace.images.decode import decode
from postplace.images.regions import at_most, covered, lossless
from postplace.posts.record import parse
from postplace.schema import Post
from postplace.text.cleaning import blanked, for_encoder, hashtag_spans
from postplace.text.hashtags import find_hashtags, normalise_hashtag, unite_hashtags
from postplace.text.segmentation import has_words

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 400_000  # of an image that regions are covered in: several times what encoders are given
AT_ONCE = 64  # posts of a batch: each may hold an image of 1.2 MB, and what nobody waits for any more ends between two
TARGET = 512  # the side an image is decoded for where the encoder does not say


@dataclass(frozen=True, slots=True)
class Variant:
    """A post without the `hidden` parts."""

    hidden: tuple[Part, ...]
    post: Post


@dataclass(frozen=True)
class OpenedPost:
    """A post that parts can be taken away from.

    `given` is the post as it came. `post` has of it what the locator looks at, and of its images those that could be
    read; `images` are these, decoded.
    Large ones are drawn smaller: `drawn` is the post with them, and what words, tags and regions are taken away from.
    It is `post` itself where none is large. `broken` says which images could not be read, and why.
    """

    given: Post
    post: Post
    drawn: Post
    images: tuple[Image, ...]
    broken: tuple[str, ...]

    @property
    def present(self) -> tuple[str, ...]:
        """The modalities that are there."""
        text, tags = for_encoder(self.post.full_text), " ".join(self.post.hashtags).strip()
        there = {"text": bool(text), "hashtags": bool(tags), "image": bool(self.images)}
        return tuple(name for name in MODALITIES if there[name])


def open_post(locator: Explainable, post: Post | Mapping[str, object]) -> OpenedPost:
    """Decode a post's images once. Raises BadPost for a post with nothing in it that this run looks at."""
    given = require_post(post)
    (looked_at,) = drop_modalities([given], locator.modalities)
    opened = _opened(locator, given, looked_at)
    check_present(locator, opened, where="explain")
    return opened


def open_whole(locator: Explainable, post: Post | Mapping[str, object]) -> OpenedPost:
    """As `open_post`, but what this run does not look at stays in the post; images it does not look at, unopened.

    Hashtags typed in the text are among the post's, whatever it says: they are published with it.
    """
    given = require_post(post)
    whole = replace(given, hashtags=unite_hashtags(given.hashtags, find_hashtags(given.text)))
    if "image" in locator.modalities:
        opened = _opened(locator, given, whole)
    else:
        opened = OpenedPost(given, whole, whole, images=(), broken=())
    check_present(locator, opened, where="advise")
    return opened


def require_post(post: object) -> Post:
    """A post as it is, a record as `parse` reads it. Raises BadPost for anything else, such as a text alone.

    >>> require_post({"text": "by the river #bund"}).hashtags
    ('bund',)
    """
    if isinstance(post, Post):
        return post
    if isinstance(post, Mapping):
        return parse({"id": "post", **post}, where="post", folder=Path())
    remedy = "give `Post(\"1\", text=...)`, or a record such as `{'text': ...}`"
    raise BadPost("post", f"a {type(post).__name__} where one post is needed", remedy)


def check_present(locator: Explainable, opened: OpenedPost, *, where: str) -> None:
    """Raise BadPost for a post with nothing in it that this run looks at, BadVectors where no change can be encoded."""
    if isinstance(locator.encoders()[0], EncodesPosts) and {"text", "hashtags"} & set(locator.modalities):
        raise cannot_be_asked(where)
    if any(name in locator.modalities for name in opened.present):
        return
    looked_at = ", ".join(locator.modalities)
    problem = "; ".join([f"the post has nothing that this run looks at ({looked_at})", *opened.broken])
    raise BadPost(where, problem, "give a text, hashtags or a readable image")


def _opened(locator: Explainable, given: Post, looked_at: Post) -> OpenedPost:
    target = getattr(locator.encoders()[1].prepare, "size", TARGET)
    readable, drawn, images, broken = [], [], [], []
    for number, image in enumerate(looked_at.images, start=1):
        try:
            decoded = decode(image, target=target)
        except BadImage as error:
            broken.append(f"image {number} could not be read: {error.found}")
            continue
        shrunk = at_most(decoded, MOST_PIXELS)
        readable.append(image)
        drawn.append(image if shrunk is decoded else lossless(shrunk))
        images.append(shrunk)
    post = replace(looked_at, images=tuple(readable))
    smaller = post if drawn == readable else replace(post, images=tuple(drawn))
    return OpenedPost(given, post, smaller, tuple(images), tuple(broken))


def hide(opened: OpenedPost, parts: Sequence[Part]) -> Variant:
    """The post without these parts, as if they had never been there; regions are covered with the mean colour.

    A text of which no word is left is no text. Whole modalities alone are taken from the post as it was given.
    """
    dropped = {part.name for part in parts if part.kind == "modality"}
    base = opened.post if len(dropped) == len(parts) else opened.drawn
    tags = {normalise_hashtag(part.name) for part in parts if part.kind == "hashtag"}
    typed = hashtag_spans(base.text) if tags else ()
    marks = [(start, end) for start, end, name in typed if normalise_hashtag(name) in tags]
    changed = replace(
        base,
        text=_cut(
            blanked(base.text, marks), spans(parts, "text")
        ),  # spaces for the tags: the words stay where they are
        image_text=_cut(base.image_words, spans(parts, "image_text")),
        hashtags=tuple(tag for tag in base.hashtags if normalise_hashtag(tag) not in tags),
        images=_images(opened, base, parts),
    )
    (post,) = drop_modalities([changed], [name for name in MODALITIES if name not in dropped])
    return Variant(tuple(parts), post)


def keep(opened: OpenedPost, modalities: Sequence[str]) -> Variant:
    """The post with these modalities alone, as a post that never had the others."""
    dropped = [name for name in opened.present if name not in modalities]
    return hide(opened, [modality_part(name) for name in dropped])


def ask(locator: Explainable, posts: Sequence[Post]) -> NDArray[np.float64]:
    """Probabilities (N, C) of posts in memory, `AT_ONCE` in a batch; nothing is stored, no post knows of another."""
    parts = [posts[start : start + AT_ONCE] for start in range(0, len(posts), AT_ONCE)] or [posts]
    return np.concatenate([locator.probabilities(*encode(locator, part)) for part in parts])


def encode(locator: Explainable, posts: Sequence[Post]) -> tuple[list[Post], EncodedPosts]:
    """The posts as far as the locator looks at them, without their users, and their vectors."""
    read_posts = drop_modalities([replace(post, user=None) for post in posts], locator.modalities)
    text, image = locator.encoders()
    encoded = encode_posts(read_posts, text_encoder=text, image_encoder=image, workers=0, states=locator.plan.states)
    return read_posts, encoded


def _cut(text: str, hidden: Sequence[tuple[int, int]]) -> str:
    """The text without these places, in order; nothing where no word is left."""
    if not hidden:
        return text
    pieces, last = [], 0
    for start, end in hidden:
        pieces.append(text[last:start])
        last = max(last, end)
    rest = "".join([*pieces, text[last:]])
    return rest if has_words(rest) else ""


def _images(opened: OpenedPost, base: Post, parts: Sequence[Part]) -> tuple[Path | bytes, ...]:
    """The images of `base` without the hidden ones, the hidden regions of the others covered."""
    gone = {part.image for part in parts if part.kind == "image"}
    images = []
    for number, image in enumerate(base.images):
        boxes = [part.box for part in parts if part.image == number and part.box is not None]
        if number not in gone:
            images.append(lossless(covered(opened.images[number], boxes)) if boxes else image)
    return tuple(images)
