"""The images of posts by what is in their files: equal ones once, and those that cannot be read with the reason.

Letters: N posts, I images of a post, M distinct readable images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.store import digest
from postplace.errors import BadImage
from postplace.images.decode import check_folder, decoding_version, is_cut_short, read_bytes
from postplace.schema import Post

CUT_SHORT = "ends before its end, and was read as far as it goes; download it again"

Image = Path | bytes


@dataclass(frozen=True, slots=True)
class BrokenImage:
    """An image that could not be read, or not to its end: of which post, and why. The post goes on without it."""

    post_id: str
    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """The images of N posts.

    `keys`: each post's images with what they are stored under; `sources`: one image for each key; `broken`: those of
    which no bytes could be read; `cut_short`: the keys of those that lack their end.
    """

    keys: list[list[tuple[bytes, Image]]]
    sources: dict[bytes, Image]
    broken: list[BrokenImage]
    cut_short: set[bytes]

    def of_posts(self, posts: Sequence[Post], reasons: Mapping[bytes, str]) -> tuple[BrokenImage, ...]:
        """Every image that there is a reason for, by post."""
        return tuple(
            BrokenImage(post.id, _name(image), reasons[key])
            for post, own in zip(posts, self.keys, strict=True)
            for key, image in own
            if key in reasons
        )


def key_images(posts: Sequence[Post]) -> ImageFiles:
    """Read every image's bytes, for its key. Raises BadPost when many images are named and not one is there."""
    files = ImageFiles([], {}, [], set())
    unread: list[Path] = []
    for post in posts:
        own = []
        for image in post.images:
            try:
                content = read_bytes(image)
            except BadImage as error:
                files.broken.append(BrokenImage(post.id, _name(image), f"{error.found}; {error.remedy}"))
                unread += [image] if isinstance(image, Path) else []
                continue
            key = image_key(content)
            if key not in files.sources and is_cut_short(content):
                files.cut_short.add(key)
            files.sources.setdefault(key, image)
            own.append((key, image))
        files.keys.append(own)
    check_folder(unread, read=len(files.sources))
    return files


def image_key(content: bytes) -> bytes:
    """What is stored of an image is found under this: its content, and how such a file is decoded where that changed.

    >>> image_key(b"any JPEG") == digest(b"any JPEG")
    True
    """
    decoding = decoding_version(content)
    return digest(content + decoding.encode()) if decoding else digest(content)


def index_images(
    keys: Sequence[Sequence[tuple[bytes, Image]]], *, unreadable: Mapping[bytes, str]
) -> tuple[NDArray[np.int64], list[bytes]]:
    """Rows (N, I) into the distinct readable images, and these images' digests in that order."""
    rows: dict[bytes, int] = {}
    lists = [[rows.setdefault(key, len(rows)) for key, _ in own if key not in unreadable] for own in keys]
    index = np.full((len(keys), max([1, *map(len, lists)])), -1, dtype=np.int64)
    for row, own in enumerate(lists):
        index[row, : len(own)] = own
    return index, list(rows)


def _name(image: Image) -> str:
    return str(image) if isinstance(image, Path) else "uploaded image"
