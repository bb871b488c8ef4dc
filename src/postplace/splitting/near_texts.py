"""Texts that are nearly the same, found in about the time it takes to read them, and sentences that everybody posts.

Letters: N posts, U different texts, O owners of posts.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from postplace.splitting.union_find import UnionFind
from postplace.text.cleaning import for_encoder

STOCK_OWNERS, STOCK_SHARE = 50, 0.01  # a text of more owners than both is a stock sentence
FEW_OWNERS, LARGE_SHARE = 10, 1 / 3  # and one of more than both of these, where owners are few
SHORT_TEXT = 16.0  # letters: a shorter text is not compared
IDEOGRAPH, SYLLABLE = 2.5, 2.0  # letters of an alphabet that one of them stands for
MEMBERS = 4  # of one cluster, that later texts of a bucket are compared with
MOST_COMPARED = 32  # of all clusters

_PERMUTATIONS = 80
_RECALL = 0.998  # of pairs exactly at the threshold; above it, more
_NOT_A_LETTER = re.compile(r"[\W_]+")
_IDEOGRAPH = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SYLLABLE = re.compile(r"[\uac00-\ud7a3]")

Indices = NDArray[np.int64]
Digests = NDArray[np.uint64]


@dataclass(frozen=True)
class TextClusters:
    """`labels` (N,): the cluster of each post, 0, 1, ... by first appearance; a post like no other is alone.

    `stock` (N,): the stock sentence that a post's text is, or is nearly, numbered from 0; -1 for all others. Posts
    are not joined by it.
    """

    labels: Indices
    stock: Indices


def letters(text: str) -> float:
    """How long a text is in letters of an alphabet; spaces and punctuation count nothing, ideographs more.

    A Chinese ideograph counts as 2.5 letters and a Korean syllable as 2: about what a translation into English takes.

    >>> letters("Happy birthday!"), letters("祝你生日快乐！"), letters("今天在外滩看到了最美的日落")
    (13.0, 15.0, 32.5)
    """
    return _letters(normalised(text))


def _letters(plain: str) -> float:
    bare = plain.replace(" ", "")
    more = (IDEOGRAPH - 1) * len(_IDEOGRAPH.findall(bare)) + (SYLLABLE - 1) * len(_SYLLABLE.findall(bare))
    return len(bare) + more


def normalised(text: str) -> str:
    """The text in lower case without links, mentions, emoticons and punctuation."""
    plain = unicodedata.normalize("NFKC", for_encoder(text)).casefold()
    return _NOT_A_LETTER.sub(" ", plain).strip()


def most_owners(owners: int) -> float:
    """How many of so many owners may share a text before it is a stock sentence.

    More than 50 owners and 1 % of all, or, where there are few, more than 10 and a third of all.

    >>> [most_owners(owners) for owners in (12, 90, 1000, 100_000)]
    [10, 30.0, 50, 1000.0]
    """
    return min(max(STOCK_OWNERS, STOCK_SHARE * owners), max(FEW_OWNERS, LARGE_SHARE * owners))


def cluster_texts(
    texts: Sequence[str], owners: Indices, *, min_similarity: float, min_letters: float = SHORT_TEXT
) -> TextClusters:
    """Join posts (N) of equal texts, then of texts with a Jaccard similarity of 3-shingles of `min_similarity`.

    `owners` (N,) numbers who each post is of. A cluster of near texts with too many owners (`most_owners`) is taken
    apart into equal texts, and an equal text with too many into posts. Joins are transitive and do not depend on the
    order of the posts. Texts shorter than `min_letters` are left alone.
    """
    make_posts: dict[str, list[int]] = {}
    for post, text in enumerate(map(normalised, texts)):
        if text and _letters(text) >= min_letters:
            make_posts.setdefault(text, []).append(post)
    unique = sorted(make_posts)
    rows = np.array([post for text in unique for post in make_posts[text]], dtype=np.int64)
    text_of_row = np.repeat(np.arange(len(unique)), [len(make_posts[text]) for text in unique])
    near_of_text = near_texts(unique, min_similarity)
    most = most_owners(len(np.unique(owners)))
    near, equal = near_of_text[text_of_row], text_of_row
    too_many_near, too_many_equal = (_count_owners(found, owners[rows]) > most for found in (near, equal))
    level = np.where(too_many_near[near], np.where(too_many_equal[equal], 2, 1), 0)
    labels = np.arange(len(texts))  # alone
    stock = np.full(len(texts), -1, dtype=np.int64)
    first = np.array([make_posts[text][0] for text in unique], dtype=np.int64)
    head = np.full(int(near_of_text.max(initial=-1)) + 1, len(texts), dtype=np.int64)
    np.minimum.at(head, near_of_text, first)  # a cluster is called by its first post
    labels[rows] = np.select([level == 0, level == 1], [head[near], first[equal]], default=rows)
    stock[rows[level > 0]] = np.unique(near[level > 0], return_inverse=True)[1]
    return TextClusters(np.unique(labels, return_inverse=True)[1].astype(np.int64), stock)


def near_texts(texts: Sequence[str], min_similarity: float) -> Indices:
    """The cluster (U,) of each of different texts, given in order.

    Texts that share a MinHash band (Broder 1997; Leskovec et al., "Mining of massive datasets", chapter 3) are
    compared; of the texts in a bucket up to 4 of each cluster, at most 32 in all: so that the time grows with the texts
    and not with the pairs of them. A pair that no comparison joins is one that shares all its buckets with many others.
    """
    sets = UnionFind(len(texts))

    @lru_cache(maxsize=1 << 14)
    def shingles(text: int) -> frozenset[str]:
        return _shingles(texts[text])

    def similar(one: int, other: int) -> bool:
        return _similar(shingles(one), shingles(other), min_similarity)

    for band in _band_keys(texts, min_similarity).T:
        for run in _runs(band):
            _join_bucket(sets, run, similar)
    return sets.labels()


def _join_bucket(sets: UnionFind, run: Sequence[int], similar: Callable[[int, int], bool]) -> None:
    """Join the texts of a bucket with those before them: up to 4 of each cluster, 32 in all."""
    kept: list[int] = []
    for text in run:
        own, held = sets.find(text), 0
        for other in kept:
            if sets.find(other) == own:
                held += 1
            elif similar(text, other):
                sets.join(text, other)
                own, held = sets.find(text), held + 1
        if held < MEMBERS and len(kept) < MOST_COMPARED:
            kept.append(text)


def _band_keys(texts: Sequence[str], min_similarity: float) -> Digests:
    """A number for each band of each text (U, bands): equal where the band is."""
    from datasketch import MinHash

    bands, width = band_shape(min_similarity)
    keys = np.zeros((len(texts), bands), dtype=np.uint64)
    factors = np.random.default_rng(0).integers(1, 2**63, size=width, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    empty = MinHash(num_perm=_PERMUTATIONS, hashfunc=zlib.crc32)
    for text, content in enumerate(texts):
        sketch = empty.copy()
        sketch.update_batch([shingle.encode() for shingle in _shingles(content)])
        keys[text] = (sketch.hashvalues[: bands * width].reshape(bands, width) * factors).sum(axis=1)
    return keys


def band_shape(similarity: float) -> tuple[int, int]:
    """Bands and rows: the longest rows (fewest false candidates) that still find a pair at the threshold.

    >>> band_shape(0.8)
    (16, 5)
    """
    rows = max(
        (rows for rows in range(1, 21) if (1 - similarity**rows) ** (_PERMUTATIONS // rows) <= 1 - _RECALL), default=1
    )
    return _PERMUTATIONS // rows, rows


def _runs(keys: Digests) -> Iterator[list[int]]:
    """The texts of every key that occurs more than once, in order."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(keys) else np.zeros(0, dtype=np.int64)
    ends = np.r_[starts[1:], len(keys)]
    several = ends - starts > 1
    for start, end in zip(starts[several].tolist(), ends[several].tolist(), strict=True):
        yield order[start:end].tolist()


def _shingles(text: str) -> frozenset[str]:
    return frozenset(text[start : start + 3] for start in range(max(1, len(text) - 2)))


def _similar(one: frozenset[str], other: frozenset[str], least: float) -> bool:
    """Whether the Jaccard similarity is at least so much."""
    if min(len(one), len(other)) < least * max(len(one), len(other)):
        return False
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) >= least


def _count_owners(labels: Indices, owners: Indices) -> Indices:
    """How many different owners each label (0, 1, ...) has."""
    pairs = np.unique(np.stack([labels, owners]), axis=1)[0]
    return np.bincount(pairs, minlength=int(labels.max(initial=-1)) + 1)
