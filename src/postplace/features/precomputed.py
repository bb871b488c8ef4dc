"""The vectors of posts' texts and hashtags from a table that was computed elsewhere, with what has none masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.encoder import EncodesPosts, Vectors
from postplace.schema import Post


class TextSides(TypedDict):
    """Of N posts the vectors (N, D) of texts and hashtags, and which of them have any (N,)."""

    text_vectors: Vectors
    text_mask: NDArray[np.bool_]
    hashtag_vectors: Vectors
    hashtag_mask: NDArray[np.bool_]


def vectors_by_id(posts: Sequence[Post], texts: Sequence[str], tags: Sequence[str], encoder: EncodesPosts) -> TextSides:
    """The vectors of N posts, by id; hashtags are absent where the table has none of them."""
    sides: list[tuple[Vectors, NDArray[np.bool_]]] = []
    for given, source in ((texts, encoder), (tags, encoder.hashtags)):
        mask = np.array([bool(each) and source is not None for each in given], dtype=np.bool_)
        vectors = np.zeros((len(posts), encoder.width), dtype=np.float32)
        if source is not None:
            vectors[mask] = source.encode_posts([post for post, there in zip(posts, mask, strict=True) if there])
        sides.append((vectors, mask))
    (of_text, text), (of_tags, tag) = sides
    return {"text_vectors": of_text, "text_mask": text, "hashtag_vectors": of_tags, "hashtag_mask": tag}
