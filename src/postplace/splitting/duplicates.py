"""Near-duplicate posts: the same image re-encoded, the same text reposted; a split must keep each cluster together.

Letters: N posts, U different image hashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption
from postplace.splitting.chained_duplicates import chained
from postplace.splitting.near_texts import SHORT_TEXT, cluster_texts
from postplace.splitting.union_find import UnionFind, by_first_appearance

if TYPE_CHECKING:
    from PIL import Image

MOST_BITS = 7  # the search below finds every pair up to here
FEWEST_ONES, MOST_ONES = 16, 48  # 64 fair bits leave this range once in 16,000 times; flat images and gradients do
STOCK_POSTS, STOCK_SHARE = 50, 0.01  # an image near those of more posts than both is a stock image

_PAIRS_AT_ONCE = 1 << 21


@dataclass(frozen=True)
class Clusters:
    """Near-duplicate clusters of N posts.

    `labels` (N,) is the cluster of each post, 0, 1, ... by first appearance; a post like no other is alone in its own.
    `largest` is the number of posts in the largest cluster; `duplicate_texts` and `duplicate_images` the number of
    posts whose text, or an image, is near that of another post. `ignored_images` counts the images that were not
    compared since they say nothing: featureless ones (of a wall, of the night) and stock images. `stock_texts` (N,)
    numbers the stock sentence that a post's text is, -1 for all others: posts of too many owners share it.
    """

    labels: NDArray[np.int64]
    largest: int
    duplicate_texts: int
    duplicate_images: int
    ignored_images: int
    stock_texts: NDArray[np.int64]

    def counts(self) -> dict[str, int]:
        """What a report says of them."""
        return {
            "near_duplicate_texts": self.duplicate_texts,
            "near_duplicate_images": self.duplicate_images,
            "stock_texts": int(self.stock_texts.max(initial=-1)) + 1,
            "posts_of_stock_texts": int((self.stock_texts >= 0).sum()),
            "ignored_images": self.ignored_images,
        }


def near_duplicate_clusters(
    texts: Sequence[str],
    image_hashes: Sequence[Sequence[int]],
    *,
    owners: NDArray[np.int64] | None = None,
    max_bits: int = 6,
    min_similarity: float = 0.8,
    min_letters: float = SHORT_TEXT,
) -> Clusters:
    """Cluster posts by their texts (N) and the 64-bit perceptual hashes of their images (N lists of any length).

    Two posts join when an image of each differs in at most `max_bits` (0 to 7) bits, or when the Jaccard similarity of
    their texts' character 3-shingles is at least `min_similarity` (above 0, at most 1). Texts are compared in lower
    case without links, mentions and punctuation; those shorter than `min_letters` (see `near_texts.letters`) are not,
    since a stock phrase (a birthday wish) would join thousands of users and means nothing. For the same reason a text
    that is shared by too many `owners` (N numbers; None: each post has its own), more than 50 and 1 % of all, joins
    nobody, and two kinds of image are left out and counted: hashes with fewer than 16 or more than 48 ones, and
    images near those of more than 50 posts and more than 1 % of all. Joins are transitive; where several
    together would tie a tenth of all owners or posts to one group, those that most owners share are undone, and counted
    likewise (see `chained_duplicates.py`).

    A `BadOption` for a number out of range, or for lists of different length.
    """
    if len(texts) != len(image_hashes):
        problem = f"{len(texts)} texts and {len(image_hashes)} lists of hashes"
        raise BadOption("image_hashes", problem, "give one list for each post, empty without images")
    if not 0 <= max_bits <= MOST_BITS:
        raise BadOption("max_bits", f"{max_bits} is out of range", f"give a number from 0 to {MOST_BITS}")
    if not 0 < min_similarity <= 1:
        raise BadOption("min_similarity", f"{min_similarity} is out of range", "give a number above 0, at most 1")
    if owners is None:
        owners = np.arange(len(texts), dtype=np.int64)
    by_text = cluster_texts(texts, owners, min_similarity=min_similarity, min_letters=min_letters)
    by_image = UnionFind(len(texts))
    ignored = _join_images(by_image, image_hashes, max_bits)
    text_labels, image_labels, stock = by_text.labels, by_image.labels(), by_text.stock
    chained_texts, chained_images = chained([text_labels, image_labels], owners)
    more = chained_texts & (stock < 0)
    stock = np.where(more, stock.max(initial=-1) + 1 + text_labels, stock)
    text_labels, image_labels = _alone(text_labels, chained_texts), _alone(image_labels, chained_images)
    ignored += sum(len(image_hashes[post]) for post in np.flatnonzero(chained_images).tolist())
    labels = _both(text_labels, image_labels)
    return Clusters(
        labels=labels,
        largest=int(np.bincount(labels).max(initial=0)),
        duplicate_texts=_posts_with_company(text_labels),
        duplicate_images=_posts_with_company(image_labels),
        ignored_images=ignored,
        stock_texts=_numbered(stock),
    )


def perceptual_hash(image: Image.Image) -> int:
    """The 64-bit perceptual hash of an image: signs of the 8 x 8 lowest DCT frequencies about their median."""
    import imagehash

    return int.from_bytes(np.packbits(imagehash.phash(image).hash).tobytes(), "big")


def _join_images(sets: UnionFind, image_hashes: Sequence[Sequence[int]], max_bits: int) -> int:
    """Join posts by their images; the number of images left out."""
    counts = [len(hashes) for hashes in image_hashes]
    images = np.fromiter((value for hashes in image_hashes for value in hashes), np.uint64, count=sum(counts))
    owners = np.repeat(np.arange(len(counts)), counts)
    ones = np.bitwise_count(images)
    featured = (ones >= FEWEST_ONES) & (ones <= MOST_ONES)
    hashes, hash_of_image = np.unique(images[featured], return_inverse=True)
    stock = _stock(hashes, np.bincount(hash_of_image, minlength=len(hashes)), max_bits, posts=len(counts))
    kept = ~stock[hash_of_image]
    hash_of_image, owners = hash_of_image[kept], owners[featured][kept]
    first_owner = np.full(len(hashes), -1)
    first_owner[hash_of_image[::-1]] = owners[::-1]  # of several assignments the last one stays
    for owner, first in zip(owners.tolist(), first_owner[hash_of_image].tolist(), strict=True):
        sets.join(first, owner)
    useful = np.flatnonzero(~stock)
    for left, right in _near_pairs(hashes[useful], max_bits):
        lefts, rights = first_owner[useful[left]].tolist(), first_owner[useful[right]].tolist()
        for one, other in zip(lefts, rights, strict=True):
            sets.join(one, other)
    return len(images) - len(owners)


def _stock(hashes: NDArray[np.uint64], uses: NDArray[np.int64], max_bits: int, *, posts: int) -> NDArray[np.bool_]:
    """Which hashes (U,) have so many images around them that they would chain strangers together."""
    around = uses.copy()
    for left, right in _near_pairs(hashes, max_bits):
        around += np.bincount(left, weights=uses[right], minlength=len(uses)).astype(np.int64)
        around += np.bincount(right, weights=uses[left], minlength=len(uses)).astype(np.int64)
    return around > max(STOCK_POSTS, STOCK_SHARE * posts)


def _near_pairs(hashes: NDArray[np.uint64], max_bits: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Every pair of different hashes (U,) within `max_bits`, once, in blocks of bounded size.

    Of four bands of 16 bits, at least one differs in at most one bit when the whole differs in at most 7: so the
    partners of a hash lie, in some band, under its own key or one of the 16 keys a bit away (Norouzi et al. 2012,
    "Fast search in Hamming space with multi-index hashing").
    """
    flips = np.array([0, *(1 << bit for bit in range(16))])
    bands = [((hashes >> np.uint64(16 * band)) & np.uint64(0xFFFF)).astype(np.int64) for band in range(4)]
    for band, keys in enumerate(bands):
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        bounds = np.searchsorted(keys, np.arange((1 << 16) + 1))
        for flip in flips:
            partners = keys ^ flip
            first = bounds[partners] if flip else np.arange(1, len(keys) + 1)
            last = np.where(partners >= keys, bounds[partners + 1], first)  # each unordered pair from one side only
            for left, right in _ranges(first, last):
                near = np.bitwise_count(hashes[order[left]] ^ hashes[order[right]]) <= max_bits
                one, other = order[left[near]], order[right[near]]
                new = np.ones(len(one), dtype=bool)
                for earlier in bands[:band]:
                    new &= np.bitwise_count(earlier[one] ^ earlier[other]) > 1
                yield one[new], other[new]


def _ranges(first: NDArray[np.int64], last: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The pairs (i, j) with first[i] <= j < last[i], in blocks."""
    counts = last - first
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, side="right")))
        block = counts[start:stop]
        left = np.repeat(np.arange(start, stop), block)
        offset = np.arange(len(left)) - np.repeat(ends[start:stop] - block - done, block)
        yield left, first[left] + offset
        start = stop


def _both(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """The clusters (N,) that hold when posts alike by either labelling (N,) belong together."""
    sets = UnionFind(len(one))
    for labels in (one, other):
        first: dict[int, int] = {}
        for post, label in enumerate(labels.tolist()):
            sets.join(first.setdefault(label, post), post)
    return sets.labels()


def _alone(labels: NDArray[np.int64], chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The labels (N,) with each of the chosen posts (N,) alone."""
    unused = int(labels.max(initial=-1)) + 1 + np.arange(len(labels))
    return by_first_appearance(np.where(chosen, unused, labels))


def _numbered(stock: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sentences (N,) numbered 0, 1, ...; -1 stays."""
    numbers = np.full(len(stock), -1, dtype=np.int64)
    numbers[stock >= 0] = np.unique(stock[stock >= 0], return_inverse=True)[1]
    return numbers


def _posts_with_company(labels: NDArray[np.int64]) -> int:
    sizes = np.bincount(labels)
    return int(sizes[sizes > 1].sum())
