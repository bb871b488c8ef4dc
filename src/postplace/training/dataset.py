"""Labelled posts -> what a model and its baselines learn and are judged from: encoded, split, with classes and ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.encoder import TextEncoder
from postplace.errors import BadPost
from postplace.evaluation.baselines import Baselines, fit_baselines
from postplace.features.batch import PostTensors, Vocabularies
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import (
    MODALITIES,
    PooledFeatures,
    hashtags_without_vectors,
    past_vectors,
    pool_features,
    select_modalities,
)
from postplace.models.inputs import build_tensors
from postplace.models.read_limits import ReadLimits
from postplace.models.settings import ResolvedSettings
from postplace.places.vocabulary import PlaceVocabulary, check_classes, fit_cells, fit_places
from postplace.schema import Post
from postplace.splitting.grouped_split import split_posts
from postplace.splitting.splits import Split
from postplace.text.stop_words import PLACES, WordRules
from postplace.text.tokens import TextTokens, tokenize
from postplace.truncation import TruncationCounts

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """What the classes are: the values of `target`, or `cells` of the map; those under `min_posts` are left out."""

    target: Literal["place", "category"]
    cells: int | None
    min_posts: int | None

    def labelled(self, posts: Sequence[Post]) -> tuple[list[Post], Mapping[str, int]]:
        """The posts that carry the target and whose class is not too rare, and the posts of each class left out."""
        if self.cells is not None:
            return [post for post in posts if post.located], {}
        check = check_classes(posts, target=self.target, min_posts=self.min_posts)
        kept = set(check.names)
        return [post for post in posts if getattr(post, self.target) in kept], check.left_out

    def stratum(self, posts: Sequence[Post]) -> Rows:
        """Labels to keep in proportion between the parts of the split; none for cells, which are not there yet."""
        if self.cells is not None:
            return np.full(len(posts), -1, dtype=np.int64)
        return np.unique([getattr(post, self.target) for post in posts], return_inverse=True)[1].astype(np.int64)

    def fit(self, training: Sequence[Post], posts: Sequence[Post], *, seed: int) -> PlaceVocabulary:
        """Classes with centres, learned from the training part; `posts` only say which names there are."""
        if self.cells is not None:
            return fit_cells(training, cells=self.cells, seed=seed)
        names = sorted({getattr(post, self.target) for post in posts})
        return fit_places(training, target=self.target, names=names)


@dataclass(frozen=True)
class SplitDataset:
    """Labelled posts, encoded and split, with the classes of their training part; the same for every system."""

    posts: Sequence[Post]
    encoded: EncodedPosts
    groups: Rows
    split: Split
    places: PlaceVocabulary
    labels: Rows
    report: Mapping[str, Any]
    given_baselines: Baselines | None = None

    def with_baselines(self, baselines: Baselines) -> SplitDataset:
        """The same, with baselines that were fitted before, or with none to speak of, instead of fitting them."""
        return replace(self, given_baselines=baselines)

    @cached_property
    def _tokens(self) -> dict[WordRules, list[TextTokens]]:
        return {}

    def tokens(self, rules: WordRules = PLACES) -> list[TextTokens]:
        """The characters and words of each post by these rules; cut once, for all systems."""
        if rules not in self._tokens:
            self._tokens[rules] = [tokenize(post, rules) for post in self.posts]
        return self._tokens[rules]

    @cached_property
    def examples(self) -> PooledFeatures:
        """One row a post, for what is no network."""
        return pool_features(self.posts, self.encoded)

    @cached_property
    def pasts(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """What each post's user had posted before it, and which posts have a past."""
        return past_vectors(self.posts, self.examples)

    def lacking(self, plan: ResolvedSettings) -> tuple[str, str] | None:
        """What a system of this plan is there to read and none of these posts has, and why; None for all others."""
        if "past_vectors" not in plan.inputs or self.pasts[1].any():
            return None
        if any(post.user is not None and post.time is not None for post in self.posts):
            return "it reads its user's past posts", "of these posts none has an earlier one of the same user"
        return "it reads its user's past posts", "of these posts none has a user and a time"

    def fit_vocabularies(self, plan: ResolvedSettings) -> Vocabularies | None:
        """The vocabularies of the training part that this plan asks for; None if it reads no characters or words."""
        if not plan.vocabulary:
            return None
        tokens = self.tokens(plan.word_rules)
        return Vocabularies.fit([tokens[row] for row in self.split.train], **plan.vocabulary)

    def tensors(self, plan: ResolvedSettings, vocabularies: Vocabularies | None) -> PostTensors:
        """The posts with their labels, as a network is given them."""
        tokens = None if vocabularies is None else self.tokens(vocabularies.word_rules)
        past = self.pasts if "past_vectors" in plan.inputs else None
        return build_tensors(plan, self.posts, self.encoded, vocabularies, tokens=tokens, past=past, labels=self.labels)

    def losses(
        self, plan: ResolvedSettings, vocabularies: Vocabularies | None, encoder: TextEncoder
    ) -> TruncationCounts:
        """How much of the training posts' text and hashtags a system of this plan does not read."""
        reader, found = ReadLimits(plan, vocabularies, encoder, MODALITIES), TruncationCounts()
        # of a system without words no post is cut into any
        tokens = None if vocabularies is None else self.tokens(vocabularies.word_rules)
        for row in self.split.train:
            found.add(reader.extents(self.posts[row], tokens[row] if tokens else None))
        return found

    def select_modalities(
        self, modalities: Sequence[str], encode: Callable[[Sequence[Post]], EncodedPosts]
    ) -> SplitDataset:
        """The same posts, split and classes without the modalities that are not named.

        `encode` is asked again only for token states, where text and hashtags are one sequence.
        """
        posts, encoded = select_modalities(self.posts, self.encoded, modalities)
        if posts == list(self.posts):
            return self
        if encoded.text_states is not None:
            encoded = replace(encode(posts), image_hashes=None)
        return replace(self, posts=posts, encoded=encoded)

    def subset(self, rows: Rows) -> tuple[list[Post], EncodedPosts, Rows]:
        """The posts of some rows, what they were encoded to (images are shared), and their groups."""
        per_post = ("text_vectors", "text_mask", "hashtag_vectors", "hashtag_mask", "image_index")
        states = self.encoded.text_states
        encoded = replace(
            self.encoded,
            broken=(),
            text_states=None if states is None else states[rows],
            **{name: getattr(self.encoded, name)[rows] for name in per_post},
        )
        return [self.posts[row] for row in rows], encoded, self.groups[rows]

    def labelled(self, rows: Rows) -> Rows:
        """Those of the rows whose class is known."""
        return rows[self.labels[rows] >= 0]

    @cached_property
    def baselines(self) -> Baselines:
        """The baselines on the same vectors and parts as every system; fitted once."""
        if self.given_baselines is not None:
            return self.given_baselines
        missing = (np.nan, np.nan)
        points = [(post.latitude, post.longitude) if post.located else missing for post in self.posts]
        return fit_baselines(
            self.examples.vectors,
            present=self.examples.present,
            labels=self.labels,
            classes=len(self.places),
            train=self.labelled(self.split.train),
            validation=self.labelled(self.split.validation),
            coordinates=np.array(points, dtype=np.float64),
        )


def build_dataset(
    given: Sequence[Post],
    encode: Callable[[Sequence[Post]], EncodedPosts],
    *,
    classes: TargetSpec,
    seed: int,
    log: Callable[[str], None],
    subsets: Mapping[str, str] | None = None,
    folds: int | None = None,
) -> SplitDataset:
    """Encode and split; fit the classes on the training part alone.

    `subsets`: the subset of each post by its id, where the posts were split before. Else, with `folds`, the
    seeds are those of a repeated grouped K-fold (see `split_folds`). `encode` gives vectors with perceptual
    hashes. Raises BadPost when no post has anything to go by, NotEnoughData when the posts or a class are too few, or
    when no class of the test part is in the training part.
    """
    posts, left_out = classes.labelled(given)
    log(f"{len(given)} posts, {len(posts)} of them to learn and judge from")
    encoded = encode(posts)
    if not (encoded.text_mask.any() or encoded.hashtag_mask.any() or len(encoded.image_vectors)):
        problem = f"none of {len(posts)} posts has text, hashtags or a readable image"
        raise BadPost("posts", problem, "check the keys text, hashtags and images")
    if left := hashtags_without_vectors(posts, encoded):
        log(f"the hashtags of {left} posts have no vectors in the table that was given, and are left out")
    made = split_posts(posts, classes.stratum(posts), _image_hashes(encoded), seed=seed, folds=folds, subsets=subsets)
    made.diagnostics.check_learnable()
    split = made.split
    places = classes.fit([posts[row] for row in split.train], posts, seed=seed)
    labels = places.label(posts)
    report = {
        "posts": len(given),
        "used": len(posts),
        "without_the_target": len(given) - len(posts) - sum(left_out.values()),
        "left_out_classes": dict(left_out),
        "classes": len(places),
        **({"hashtags_without_vectors": left} if left else {}),
        "broken_images": [asdict(broken) for broken in encoded.broken],
        **({"cut_short_images": [asdict(image) for image in encoded.cut_short]} if encoded.cut_short else {}),
        **made.to_dict(),
    }
    return SplitDataset(posts, encoded, made.groups, split, places, labels, report)


def _image_hashes(encoded: EncodedPosts) -> list[list[int]]:
    """The perceptual hashes of each post's images."""
    hashes = encoded.image_hashes if encoded.image_hashes is not None else np.zeros(0, dtype=np.uint64)
    return [[int(hashes[row]) for row in rows if row >= 0] for rows in encoded.image_index]
