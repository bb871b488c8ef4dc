"""What an experiment does to the posts before any system sees them; every rule is fitted on the training part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from postplace.experiments.definition import Condition
from postplace.locator import PostLocator
from postplace.preparation.filters import FittedFilter, Portraits, RareHashtags
from postplace.preparation.pipeline import apply_prepared
from postplace.schema import Post
from postplace.splitting.splits import random_split
from postplace.text.place_names import PlaceNames
from postplace.training.dataset import SplitDataset


def prepare_under(
    condition: Condition,
    posts: Sequence[Post],
    locator: PostLocator,
    *,
    parts: dict[str, str] | None,
    names: Sequence[str],
    state: Path,
) -> SplitDataset:
    """Posts, encoded and split under a condition. `parts`: the split they were prepared with, if they were.

    `names` are those of places, to be masked beside the posts' own; `state` a folder for what is known of images.
    The groups stay those of the posts as they came: what is resampled is the same under every condition.
    """
    prepared = locator.build_dataset(posts, subsets=parts)
    if condition.split == "random":
        prepared = locator.build_dataset(
            prepared.posts, subsets=_random_parts(prepared, seed=locator.seed, folds=locator.folds)
        )
    changed = _changed(condition, prepared, names=names, state=state)
    if changed == list(prepared.posts):
        return prepared
    return replace(prepared, posts=changed, encoded=locator.encoder_pair.encode(changed, cache=locator.cache))


def _random_parts(prepared: SplitDataset, *, seed: int, folds: int | None) -> dict[str, str]:
    """Parts of the same sizes drawn post by post, classes in proportion; users and near-duplicates may be parted."""
    posts = prepared.posts
    split = random_split(len(posts), prepared.labels, seed=seed, folds=folds)
    return {post.id: part for post, part in zip(posts, split.subset_names(len(posts)), strict=True)}


def _changed(condition: Condition, prepared: SplitDataset, *, names: Sequence[str], state: Path) -> list[Post]:
    training = [prepared.posts[row] for row in prepared.split.train]
    rules: list[FittedFilter] = []
    if condition.min_hashtag_posts > 1:
        rules.append(RareHashtags(condition.min_hashtag_posts).fit(training))
    if condition.max_portrait is not None:
        rules.append(Portraits(condition.max_portrait, inpaint="none").fit(training))
    posts = apply_prepared(rules, prepared.posts, state=state) if rules else list(prepared.posts)
    if condition.mask_place_names:
        known = {name for post in posts for name in (post.place, post.venue, post.category) if name}
        masks = PlaceNames([*known, *names])
        posts = [_masked(post, masks) for post in posts]
    return posts


def _masked(post: Post, names: PlaceNames) -> Post:
    return replace(
        post,
        text=names.mask(post.text),
        image_text=names.mask(post.image_text),
        hashtags=names.mask_hashtags(post.hashtags),
    )
