"""One post that is given in parts, by --text, --hashtags and --image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postplace.schema import Post


def one_post(
    text: str | None, hashtags: str | None, images: Sequence[Path], *, where: str, user: str | None = None
) -> Post:
    """The post, parsed as one of a file; raises BadImage for an image that cannot be read, BadOption for nothing."""
    from postplace.errors import BadOption
    from postplace.images.decode import decode
    from postplace.posts.table import parse

    for image in images:
        decode(image, target=8)  # the one image asked about must be readable: in a file it would only be counted
    record = {"id": "post", "text": text, "hashtags": hashtags, "images": [str(image) for image in images]}
    post = parse(record | ({"user": user} if user else {}), where=where, folder=Path())
    if not (post.text.strip() or post.hashtags or post.images):
        raise BadOption(where, "the post has no text, no hashtags and no images", "give at least one of them")
    return post
