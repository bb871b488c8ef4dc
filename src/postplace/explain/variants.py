"""Variants of a post, each without some of its parts, and what a locator says of them: many in one batch."""

from __future__ import annotations

from collections.abc import Sequence
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
from postplace.schema import Post
from postplace.text.cleaning import blanked, for_encoder, hashtag_spans
from postplace.text.hashtags import find_hashtags, normalise_hashtag, unite_hashtags
from postplace.text.segmentation import has_words

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 400_000  # of a picture that regions are covered in: several times what encoders are given
AT_ONCE = 64  # posts of a batch: each may hold a picture of 1.2 MB, and what nobody waits for any more ends between two
TARGET = 512  # the side a picture is decoded for where the encoder does not say


@dataclass(frozen=True, slots=True)
class Variant:
    """A post without the `hidden` parts."""

    hidden: tuple[Part, ...]
    post: Post


@dataclass(frozen=True)
class OpenedPost:
    """A post that parts can be taken away from.

    `given` is the post as it came. `post` has of it what the locator looks at, and of its pictures those that could be
    read; `pictures` are these, decoded.
    Large ones are drawn smaller: `drawn` is the post with them, and what words, tags and regions are taken away from.
    It is `post` itself where none is large. `broken` says which pictures could not be read, and why.
    """

    given: Post
    post: Post
    drawn: Post
    pictures: tuple[Image, ...]
    broken: tuple[str, ...]

    @property
    def present(self) -> tuple[str, ...]:
        """The modalities that are there."""
        text, tags = for_encoder(self.post.full_text), " ".join(self.post.hashtags).strip()
        there = {"text": bool(text), "hashtags": bool(tags), "image": bool(self.pictures)}
        return tuple(name for name in MODALITIES if there[name])


def open_post(locator: Explainable, post: Post) -> OpenedPost:
    """Decode a post's pictures once. Raises BadPost for a post with nothing in it that this run looks at."""
    (seen,) = drop_modalities([post], locator.modalities)
    opened = _opened(locator, post, seen)
    check_present(locator, opened, where="explain")
    return opened


def open_whole(locator: Explainable, post: Post) -> OpenedPost:
    """As `open_post`, but what this run does not look at stays in the post; pictures it does not look at, unopened.

    Hashtags typed in the text are among the post's, whatever it says: they are published with it.
    """
    looks = "image" in locator.modalities
    whole = replace(post, hashtags=unite_hashtags(post.hashtags, find_hashtags(post.text)))
    opened = _opened(locator, post, whole) if looks else OpenedPost(post, whole, whole, pictures=(), broken=())
    check_present(locator, opened, where="advise")
    return opened


def check_present(locator: Explainable, opened: OpenedPost, *, where: str) -> None:
    """Raise BadPost for a post with nothing in it that this run looks at, BadVectors where no change can be encoded."""
    if isinstance(locator.encoders()[0], EncodesPosts) and {"text", "hashtags"} & set(locator.modalities):
        raise cannot_be_asked(where)
    if any(name in locator.modalities for name in opened.present):
        return
    looked_at = ", ".join(locator.modalities)
    found = "; ".join([f"the post has nothing that this run looks at ({looked_at})", *opened.broken])
    raise BadPost(where, found, "give a text, hashtags or a readable picture")


def _opened(locator: Explainable, given: Post, seen: Post) -> OpenedPost:
    target = getattr(locator.encoders()[1].prepare, "size", TARGET)
    kept, drawn, pictures, broken = [], [], [], []
    for number, image in enumerate(seen.images, start=1):
        try:
            whole = decode(image, target=target)
        except BadImage as error:
            broken.append(f"picture {number} could not be read: {error.found}")
            continue
        picture = at_most(whole, MOST_PIXELS)
        kept.append(image)
        drawn.append(image if picture is whole else lossless(picture))
        pictures.append(picture)
    seen = replace(seen, images=tuple(kept))
    smaller = seen if drawn == kept else replace(seen, images=tuple(drawn))
    return OpenedPost(given, seen, smaller, tuple(pictures), tuple(broken))


def hide(opened: OpenedPost, parts: Sequence[Part]) -> Variant:
    """The post without these parts, as if they had never been there; regions are covered with the mean colour.

    A text of which no word is left is no text. Whole modalities alone are taken from the post as it was given.
    """
    dropped = {part.kind for part in parts if part.kind in MODALITIES}
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
    asked = drop_modalities([replace(post, user=None) for post in posts], locator.modalities)
    text, image = locator.encoders()
    encoded = encode_posts(asked, text_encoder=text, image_encoder=image, workers=0, states=locator.plan.states)
    return asked, encoded


def _cut(text: str, hidden: Sequence[tuple[int, int]]) -> str:
    """The text without these places, in order; nothing where no word is left."""
    if not hidden:
        return text
    kept, last = [], 0
    for start, end in hidden:
        kept.append(text[last:start])
        last = max(last, end)
    rest = "".join([*kept, text[last:]])
    return rest if has_words(rest) else ""


def _images(opened: OpenedPost, base: Post, parts: Sequence[Part]) -> tuple[Path | bytes, ...]:
    """The pictures of `base` without the hidden ones, the hidden regions of the others covered."""
    gone = {part.image for part in parts if part.kind == "picture"}
    images = []
    for number, image in enumerate(base.images):
        boxes = [part.box for part in parts if part.image == number and part.box is not None]
        if number not in gone:
            images.append(lossless(covered(opened.pictures[number], boxes)) if boxes else image)
    return tuple(images)
