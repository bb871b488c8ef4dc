"""What stands on both sides of a split: the same user, venue, text or image; and how much one user holds.

Eight bytes are kept for each of them, so that a file larger than memory can be looked at; of the first posts also the
texts, for near copies. Letters: N posts.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postplace.schema import Post
from postplace.splitting.duplicates import STOCK_POSTS, STOCK_SHARE, near_duplicate_clusters
from postplace.splitting.grouping import OWNERS, venue_is_class
from postplace.splitting.near_texts import SHORT_TEXT, letters, most_owners
from postplace.splitting.split_notes import SplitDiagnostics
from postplace.splitting.splits import SUBSETS, Indices, Split, random_split, split_groups
from postplace.splitting.union_find import UnionFind
from postplace.text.cleaning import for_words

SHARED = ("user", "venue", "text", "short text", "stock text", "picture")
NEAR_COPIES_UP_TO = 50_000  # posts: beyond, only equal texts count, which needs no text in memory
FEWEST_POSTS = 10  # of a class: in a smaller one, that one user holds half of the posts says nothing

Digests = NDArray[np.uint64]


class Fingerprints:
    """Digests of what posts may share, filled post by post; 0 stands for none."""

    def __init__(self, *, near_copies_up_to: int = NEAR_COPIES_UP_TO) -> None:
        self._most, self._texts = near_copies_up_to, list[str]()
        self._texts_found: tuple[Digests, Digests] | None = None
        self._columns = {name: array("Q") for name in ("user", "venue", "text", "short text")}
        self._images, self._image_posts = array("Q"), array("q")
        self._classes: dict[str, int] = {}
        self._labels = array("q")

    def __len__(self) -> int:
        return len(self._labels)

    @property
    def classes(self) -> list[str]:
        """The places (else categories) in the order of their labels."""
        return list(self._classes)

    @property
    def compares_near_copies(self) -> bool:
        """Whether texts count as shared when they are near copies; else only when they are equal."""
        return len(self) <= self._most

    @property
    def labels(self) -> Indices:
        """The class of each post (N,), -1 without one."""
        return np.array(self._labels, dtype=np.int64)

    def add(self, post: Post, images: Iterable[bytes]) -> None:
        """One more post, with the contents of those of its images that could be read."""
        self._texts_found = None
        if len(self) < self._most:
            self._texts.append(post.text)
        else:
            self._texts.clear()
        text = for_words(post.text).replace(" ", "")
        short = letters(post.text) < SHORT_TEXT
        self._columns["user"].append(_digest(post.user))
        self._columns["venue"].append(_digest(post.venue))
        self._columns["text"].append(0 if short else _digest(text))
        self._columns["short text"].append(_digest(text or None) if short else 0)
        for image in images:
            self._image_posts.append(len(self._labels))
            self._images.append(_digest(image))
        name = post.place if post.place is not None else post.category
        self._labels.append(-1 if name is None else self._classes.setdefault(name, len(self._classes)))

    def column(self, name: str) -> Digests:
        """What each post (N,) has of one of `SHARED` but "picture": alike where the numbers are, 0 for nothing."""
        if name in ("text", "stock text"):
            if self._texts_found is None:
                self._texts_found = self._near_copies() if self.compares_near_copies else self._equal_texts()
            return self._texts_found[name == "stock text"]
        return np.array(self._columns[name], dtype=np.uint64)

    def grouped_by(self) -> tuple[str, ...]:
        """Of the owners that a post may have those that a split goes by; see `owners.venue_is_class`."""
        users, venues = self.column("user"), self.column("venue")
        _, numbers = np.unique(venues, return_inverse=True)
        return ("user",) if venue_is_class(np.where((users == 0) & (venues > 0), numbers, -1), self.labels) else OWNERS

    def owners(self) -> Indices:
        """Who each post (N,) is of: its user, else its venue where that counts, else nobody but itself."""
        users, venues = self.column("user"), self.column("venue")
        _, user_index = np.unique(users, return_inverse=True)
        _, venue_index = np.unique(venues, return_inverse=True)
        alone = np.arange(len(self)) + len(self) * 2
        of_venue = (venues > 0) & ("venue" in self.grouped_by())
        owners = np.where(users > 0, user_index, np.where(of_venue, venue_index + len(self), alone))
        return np.unique(owners, return_inverse=True)[1].astype(np.int64)

    def _near_copies(self) -> tuple[Digests, Digests]:
        """The texts that are near another's, and the stock sentences."""
        clusters = near_duplicate_clusters(self._texts, [[] for _ in self._texts], owners=self.owners())
        company = np.bincount(clusters.labels, minlength=1)[clusters.labels] > 1
        return np.where(company, clusters.labels + 1, 0).astype(np.uint64), (clusters.stock_texts + 1).astype(np.uint64)

    def _equal_texts(self) -> tuple[Digests, Digests]:
        """The texts, and the stock sentences among them."""
        texts = np.array(self._columns["text"], dtype=np.uint64)
        _, numbers = np.unique(texts, return_inverse=True)
        owners = self.owners()
        pairs = np.unique(np.stack([numbers, owners]), axis=1)[0]
        stock = np.bincount(pairs)[numbers] > most_owners(len(np.unique(owners)))
        zero = np.uint64(0)
        return np.where(stock, zero, texts), np.where(stock, texts, zero)

    def images(self) -> tuple[Indices, Digests]:
        """The post and the digest of each image."""
        return np.array(self._image_posts, dtype=np.int64), np.array(self._images, dtype=np.uint64)

    def repeated(self) -> tuple[int, int]:
        """How many texts (short ones too) and images equal an earlier one."""
        texts = np.concatenate([np.array(self._columns[name], dtype=np.uint64) for name in ("text", "short text")])
        return _repeats(texts[texts > 0]), _repeats(self.images()[1])


def split_as_train(posts: Fingerprints, *, seed: int) -> Split:
    """The split by user (else venue), by texts and by equal images; `NotEnoughData` when there are too few groups.

    It is made as a training makes it, but for images, which are decoded and compared by what they show only there.
    """
    return split_groups(_groups(posts), posts.labels, seed=seed)


def input_notes(posts: Fingerprints, split: Split) -> list[str]:
    """What the split of `split_as_train` does not keep of what it promises, in plain words."""
    stock = posts.column("stock text")
    numbers = np.unique(stock, return_inverse=True)[1] - (not len(stock) or bool((stock == 0).any()))
    return SplitDiagnostics(split, _groups(posts), posts.labels, numbers.astype(np.int64), posts.grouped_by()).notes()


def split_by_post(posts: Fingerprints, *, seed: int) -> Split:
    """The split post by post that many papers use."""
    return random_split(len(posts), posts.labels, seed=seed)


def shared_with_training(posts: Fingerprints, split: Split) -> dict[str, int]:
    """How many test posts share each of `SHARED` with a post of the training part."""
    shared = {}
    for name in SHARED[:-1]:
        column = posts.column(name)
        test = column[split.test]
        shared[name] = int((np.isin(test, column[split.train]) & (test > 0)).sum())
    owners, digests = posts.images()
    subset = np.full(len(posts), -1)
    for number, (_, rows) in enumerate(split.subsets()):
        subset[rows] = number
    train, in_test = SUBSETS.index("train"), SUBSETS.index("test")
    in_both = np.isin(digests, digests[subset[owners] == train]) & (subset[owners] == in_test)
    return {**shared, "picture": len(np.unique(owners[in_both]))}


@dataclass(frozen=True, slots=True)
class ClassShare:
    """The part of a class's posts that its busiest user holds."""

    name: str
    posts: int
    busiest: int

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self.busiest / self.posts


def class_priors(posts: Fingerprints) -> list[ClassShare]:
    """The busiest user's posts in each class of at least `FEWEST_POSTS`, the largest classes first."""
    users, labels = posts.column("user"), posts.labels
    sizes = np.bincount(labels[labels >= 0], minlength=len(posts.classes))
    known = (users > 0) & (labels >= 0)
    _, user_index = np.unique(users[known], return_inverse=True)
    width = int(user_index.max(initial=0)) + 1
    pairs, counts = np.unique(labels[known] * width + user_index, return_counts=True)
    busiest = np.zeros(len(sizes), dtype=np.int64)
    np.maximum.at(busiest, pairs // width, counts)
    order = [label for label in np.argsort(-sizes, kind="stable").tolist() if sizes[label] >= FEWEST_POSTS]
    return [ClassShare(posts.classes[label], int(sizes[label]), int(busiest[label])) for label in order]


def _groups(posts: Fingerprints) -> Indices:
    """Groups (N,): posts of one user (else venue), and all that share a text or an image."""
    owners = posts.owners()
    sets = UnionFind(int(owners.max(initial=-1)) + 1)
    for rows in _alike(posts):
        first, *others = owners[rows].tolist()
        for other in others:
            sets.join(first, other)
    return sets.labels()[owners]


def _alike(posts: Fingerprints) -> Iterator[Indices]:
    """The posts that share a text that is no stock sentence, or an image that is no stock image."""
    texts = posts.column("text")
    yield from _runs(np.arange(len(posts))[texts > 0], texts[texts > 0])
    stock = max(STOCK_POSTS, STOCK_SHARE * len(posts))
    yield from (rows for rows in _runs(*posts.images()) if len(rows) <= stock)


def _runs(rows: Indices, digests: Digests) -> Iterator[Indices]:
    """The rows of every digest that occurs more than once."""
    order = np.argsort(digests, kind="stable")
    rows, digests = rows[order], digests[order]
    starts = np.flatnonzero(np.r_[True, digests[1:] != digests[:-1]]) if len(rows) else np.zeros(0, dtype=np.int64)
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(rows)], strict=False):
        if end - start > 1:
            yield rows[start:end]


def _repeats(digests: Digests) -> int:
    return len(digests) - len(np.unique(digests))


def _digest(content: str | bytes | None) -> int:
    if content is None:
        return 0
    encoded = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return max(1, int.from_bytes(hashlib.blake2b(encoded, digest_size=8).digest()))
