"""Posts and their stored vectors -> one row a post and modality: what everything that is no network is given.

Letters: N posts, D_m width of the vectors of modality m.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption, unknown_name
from postplace.features.extraction import EncodedPosts
from postplace.schema import Post, epoch_seconds
from postplace.system.option_checks import check_names
from postplace.text.cleaning import for_encoder
from postplace.text.hashtags import normalise_hashtag, remove_hashtags

MODALITIES = ("text", "hashtags", "image")


@dataclass(frozen=True)
class PooledFeatures:
    """N posts, one row each.

    `texts` without links and mentions; `hashtags` in their normal form; by modality (text, hashtags, image) `vectors`
    (N, D_m), the mean over a post's images, and `present` (N,). What is absent is "", (), and a row of zeros.
    """

    texts: Sequence[str]
    hashtags: Sequence[tuple[str, ...]]
    vectors: Mapping[str, NDArray[np.float32]]
    present: Mapping[str, NDArray[np.bool_]]

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self, chosen: NDArray[np.int64]) -> PooledFeatures:
        """Some of them, in that order."""
        return PooledFeatures(
            [self.texts[row] for row in chosen],
            [self.hashtags[row] for row in chosen],
            {name: vectors[chosen] for name, vectors in self.vectors.items()},
            {name: mask[chosen] for name, mask in self.present.items()},
        )


def check_modalities(asked: Sequence[str] | str | None) -> tuple[str, ...]:
    """Those asked for (a single one may be given by its name alone), in the usual order; all of them for None."""
    if asked is None:
        return MODALITIES
    asked = check_names("modalities", asked)
    for name in asked:
        if name not in MODALITIES:
            raise unknown_name("modalities", name, MODALITIES)
    if not asked:
        raise BadOption("modalities", "none is named", f"name some of {', '.join(MODALITIES)}")
    return tuple(name for name in MODALITIES if name in asked)


def pool_features(posts: Sequence[Post], encoded: EncodedPosts) -> PooledFeatures:
    """Posts with what they were encoded to -> examples."""
    vectors, present = pooled_features(encoded)
    texts = [for_encoder(post.full_text) if there else "" for post, there in zip(posts, present["text"], strict=True)]
    tags = [
        tuple(dict.fromkeys(filter(None, map(normalise_hashtag, post.hashtags)))) if there else ()
        for post, there in zip(posts, present["hashtags"], strict=True)
    ]
    return PooledFeatures(texts, tags, vectors, present)


def hashtags_without_vectors(posts: Sequence[Post], encoded: EncodedPosts) -> int:
    """How many posts have hashtags that no model is given: a table of vectors has none of them."""
    there = np.array([bool(" ".join(post.hashtags).strip()) for post in posts], dtype=np.bool_)
    return int((there & ~encoded.hashtag_mask).sum())


def has_image(encoded: EncodedPosts) -> NDArray[np.bool_]:
    """Whether each post (N,) has an image that could be read."""
    return np.atleast_1d((encoded.image_index >= 0).any(axis=1))


def pooled_features(encoded: EncodedPosts) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.bool_]]]:
    """Vectors (N, D_m) by modality, the mean over a post's images, and which of them are present (N,)."""
    index, mask = encoded.image_index, has_image(encoded)
    images = np.zeros((len(index), encoded.image_vectors.shape[1]), dtype=np.float32)
    for column in index.T:
        real = column >= 0
        images[real] += encoded.image_vectors[column[real]]
    images /= np.maximum((index >= 0).sum(axis=1, keepdims=True), 1)
    features = {"text": encoded.text_vectors, "hashtags": encoded.hashtag_vectors, "image": images}
    return features, {"text": encoded.text_mask, "hashtags": encoded.hashtag_mask, "image": mask}


def select_modalities(
    posts: Sequence[Post], encoded: EncodedPosts, modalities: Sequence[str]
) -> tuple[list[Post], EncodedPosts]:
    """The same posts and vectors without the modalities that are not named, as if they had never been there."""
    dropped = set(MODALITIES) - set(modalities)
    changes: dict[str, NDArray[np.generic] | None] = {}
    for name, prefix in (("text", "text"), ("hashtags", "hashtag")):
        if name in dropped:
            changes[f"{prefix}_vectors"] = np.zeros_like(getattr(encoded, f"{prefix}_vectors"))
            changes[f"{prefix}_mask"] = np.zeros_like(getattr(encoded, f"{prefix}_mask"))
    if dropped >= {"text", "hashtags"} and encoded.text_states is not None:
        changes["text_states"] = np.zeros_like(encoded.text_states)
    if "image" in dropped:
        changes["image_index"] = np.full_like(encoded.image_index, -1)
    return drop_modalities(posts, modalities), replace(encoded, **changes) if dropped else encoded  # type: ignore[arg-type]


def drop_modalities(posts: Sequence[Post], modalities: Sequence[str]) -> list[Post]:
    """The posts without the text, the hashtags or the images, where these are not among the modalities named.

    A hashtag that stands in the text is one: without hashtags it is taken out there too.

    >>> drop_modalities([Post("1", text="dinner #bund", hashtags=("bund",))], ["text"])[0].text
    'dinner'
    """
    dropped = set(MODALITIES) - set(modalities)
    if not dropped:
        return list(posts)
    empty: dict[str, dict[str, Any]] = {
        "text": {"text": "", "image_text": ""},
        "hashtags": {"hashtags": ()},
        "image": {"images": ()},
    }
    fields = {key: value for name in dropped for key, value in empty[name].items()}
    kept = [replace(post, **fields) for post in posts]
    if "hashtags" in dropped and "text" not in dropped:
        kept = [replace(post, text=remove_hashtags(post.text).strip()) for post in kept]
    return kept


def past_vectors(posts: Sequence[Post], examples: PooledFeatures) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What each post's user had posted before it, among these posts: (N, D) and which posts have a past (N,).

    The mean text, hashtag and image vectors of the user's strictly earlier posts, side by side; no label takes part. A
    post without a user or a time has no past and is none; a time without a zone is in UTC. A modality that no earlier
    post has is zero.
    """
    sides = [(examples.vectors[name], examples.present[name]) for name in MODALITIES]
    width = sum(vectors.shape[1] for vectors, _ in sides)
    found, known = np.zeros((len(posts), width), dtype=np.float32), np.zeros(len(posts), dtype=np.bool_)
    by_user: dict[str, list[tuple[int, float]]] = {}
    for row, post in enumerate(posts):
        if post.user is not None and post.time is not None:
            by_user.setdefault(post.user, []).append((row, epoch_seconds(post.time)))
    for own in by_user.values():
        rows, moments = [row for row, _ in own], np.array([moment for _, moment in own])
        order = np.argsort(moments, kind="stable")
        chosen = np.array(rows)[order]
        before = np.searchsorted(moments[order], moments[order], side="left")  # how many are strictly earlier
        start = 0
        for vectors, mask in sides:
            real = mask[chosen]
            total = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors[chosen] * real[:, None], 0)])
            count = np.concatenate([[0], np.cumsum(real)])[before]
            found[chosen, start : start + vectors.shape[1]] = total[before] / np.maximum(count, 1)[:, None]
            start += vectors.shape[1]
        known[chosen] = before > 0
    return found, known


def past_width(text: int, image: int) -> int:
    """D of `past_vectors` for encoders of these widths: hashtags have vectors of the text encoder."""
    return 2 * text + image
