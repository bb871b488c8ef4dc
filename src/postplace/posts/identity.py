"""One digest for a list of posts, wherever their images lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

from postplace.schema import Post


def posts_digest(posts: Iterable[Post]) -> str:
    """One digest over every field of every post, in order; of an image's file its name and size, not where it lies.

    So the same posts are known by it in another folder, and an image that was replaced is noticed (but for one of the
    very same size).
    """
    digest = hashlib.blake2b(digest_size=16)
    for post in posts:
        images = tuple(map(_image_facts, post.images))
        digest.update(repr(astuple(replace(post, images=images))).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _image_facts(image: Path | bytes) -> Any:
    if isinstance(image, bytes):
        return image
    try:
        return image.name, image.stat().st_size
    except OSError:
        return image.name, None  # not there: the posts are read all the same
