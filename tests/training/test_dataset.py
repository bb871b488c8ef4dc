"""How labelled posts are split for a training: by whom, what is said of it, and when it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from postplace import Post, PostLocator
from postplace.errors import BadOption, NotEnoughData
from postplace.splitting.splits import SUBSETS

PLACES = 6
STOCK = "Just posted a photo @ Dresden, Germany"


def sentence(number: int) -> str:
    """A text unlike those of other numbers."""
    random = Random(number)
    return "".join(random.choice("abcdefghij klmnop") for _ in range(40))


def make_posts(number: int, **fields: Any) -> list[Post]:
    """Posts of six places in turn, each with a text of its own; fields that are functions are asked by number."""
    return [
        Post(
            f"id {n}",
            **{
                "text": sentence(n),
                "place": f"p{n % PLACES}",
                **{name: value(n) if callable(value) else value for name, value in fields.items()},
            },
        )
        for n in range(number)
    ]


def locator(cache: Path, **options: Any) -> PostLocator:
    return PostLocator("place", "majority", cache=cache, device="cpu", **options)


def parts_by_id(posts: Sequence[Post], cache: Path, **options: Any) -> dict[str, str]:
    prepared = locator(cache, **options).build_dataset(posts)
    return dict(zip((p.id for p in prepared.posts), prepared.split.subset_names(len(prepared.posts)), strict=True))


def test_a_venue_that_is_the_place_is_not_split_by_and_this_is_said(cache: Path) -> None:
    posts = make_posts(240, venue=lambda n: f"v{n % PLACES}")
    fitted = locator(cache).fit(posts)
    assert fitted.report["groups"] == 240
    assert fitted.report["grouped_by"] == ["user"]
    assert "the venue is the class" in fitted.report["split_notes"][0]
    assert (fitted.metrics.models["majority"].overall.accuracy or 0) > 0  # each class is in every part
    fresh = [replace(post, id=f"new {post.id}", text=post.text + " anew") for post in posts[:30]]
    assert fitted.evaluate(fresh).groups == 30  # resampled as it was split


def test_venues_that_are_not_the_class_are_kept_together(cache: Path) -> None:
    prepared = locator(cache).build_dataset(make_posts(240, venue=lambda n: f"v{n % 60}"))
    assert prepared.report["grouped_by"] == ["user", "venue"]
    assert prepared.report["groups"] == 60
    assert not any("venue is the class" in note for note in prepared.report["split_notes"])


def test_classes_of_one_user_each_are_refused(cache: Path) -> None:
    with pytest.raises(
        NotEnoughData, match=r"none of its \d+ test posts .* class that a training post has; bring posts"
    ):
        locator(cache).build_dataset(make_posts(240, user=lambda n: f"u{n % PLACES}"))


def test_test_posts_of_unknown_classes_are_counted(cache: Path) -> None:
    """Of three classes of one user each: a split keeps them in train, in a K-fold each is in test once."""
    alone = [Post(f"x{n}", sentence(1000 + n), user=f"u{n % 3}", place=f"rare {n % 3}") for n in range(12)]
    every = [*make_posts(240), *alone]
    assert not any("no training post" in note for note in locator(cache).build_dataset(every).report["split_notes"])
    counted = 0
    for seed in range(5):
        notes = locator(cache, seed=seed, folds=5).build_dataset(every).report["split_notes"]
        counted += sum(int(note.split()[0]) for note in notes if "no training post has" in note)
    assert counted == 12


def test_a_stock_sentence_ties_nobody_together_and_is_counted(cache: Path) -> None:
    posts = make_posts(400, user=lambda n: f"u{n % 100}", text=lambda n: STOCK if n < 80 else sentence(n))
    report = locator(cache).build_dataset(posts).report
    assert (report["groups"], report["stock_texts"], report["posts_of_stock_texts"]) == (100, 1, 80)
    (note,) = (note for note in report["split_notes"] if "stock sentence" in note)
    assert note.startswith("80 posts are of 1 stock sentence(s)")


def test_groups_of_each_part_are_reported_and_few_of_them_said(cache: Path) -> None:
    report = locator(cache).build_dataset(make_posts(240, user=lambda n: f"u{n // 4}")).report
    assert report["groups_by_part"] == {"train": 42, "validation": 6, "calibration": 6, "test": 6}
    assert report["largest_group_by_part"] == dict.fromkeys(SUBSETS, 4)
    assert "few groups of posts (users, venues, near-duplicates): validation 6, calibration 6 and test 6, of 60" in (
        " ".join(report["split_notes"])
    )


def test_the_order_of_posts_does_not_matter_and_the_seed_does(cache: Path) -> None:
    posts = make_posts(240, user=lambda n: f"u{n % 50}" if n % 3 else None)
    shuffled = Random(0).sample(posts, len(posts))
    assert parts_by_id(posts, cache) == parts_by_id(shuffled, cache)
    assert parts_by_id(posts, cache) != parts_by_id(posts, cache, seed=1)


def test_over_five_folds_every_post_is_judged_once(cache: Path) -> None:
    posts = make_posts(240, user=lambda n: f"u{n % 50}")
    judged = [
        id_
        for seed in range(5)
        for id_, part in parts_by_id(posts, cache, seed=seed, folds=5).items()
        if part == "test"
    ]
    assert sorted(judged) == sorted(post.id for post in posts)
    report = locator(cache, folds=5).build_dataset(posts).report
    assert report["split"]["test"] == pytest.approx(48, abs=5)
    assert not any("smaller than was requested" in note for note in report["split_notes"])


def test_folds_are_an_option_of_the_run(cache: Path, tmp_path: Path) -> None:
    fitted = locator(cache, folds=5, seed=2).fit(make_posts(120, user=lambda n: f"u{n % 40}"))
    fitted.save(tmp_path / "run")
    assert PostLocator.load(tmp_path / "run", cache=cache).folds == 5
    assert "folds" not in locator(cache).options()
    with pytest.raises(BadOption, match="1 is out of range"):
        locator(cache, folds=1)


def test_given_parts_that_cut_groups_are_told(cache: Path) -> None:
    posts = make_posts(240, user=lambda n: f"u{n // 2}")
    parts = {post.id: SUBSETS[(n + n // 6) % 4] for n, post in enumerate(posts)}
    report = locator(cache).build_dataset(posts, subsets=parts).report
    assert "the given parts cut 120 groups of posts" in report["split_notes"][0]
    whole = {post.id: SUBSETS[n // 2 % 4] for n, post in enumerate(posts)}
    assert not any("cut" in note for note in locator(cache).build_dataset(posts, subsets=whole).report["split_notes"])


def test_a_masked_copy_is_split_alike(cache: Path) -> None:
    posts = make_posts(240, user=lambda n: f"u{n % 50}")
    masked = [replace(post, text=post.text[:-1]) for post in posts]
    assert parts_by_id(posts, cache) == parts_by_id(masked, cache)
    assert np.unique(list(parts_by_id(posts, cache).values())).tolist() == sorted(SUBSETS)
