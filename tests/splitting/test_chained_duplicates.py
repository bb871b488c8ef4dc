"""Sentences of which each has few users, and that all the same would tie a city together, are stock sentences."""

from __future__ import annotations

from random import Random

import numpy as np

from postplace.schema import Post
from postplace.splitting.chained_duplicates import chained, most_chained
from postplace.splitting.duplicates import near_duplicate_clusters
from postplace.splitting.grouping import build_groups
from postplace.splitting.splits import split_groups


def checked_in(users: int, sentences: int, sharing: int, *, own: int = 3) -> list[tuple[int, str]]:
    """Users and texts: of each user some of their own, and of each sentence one of so many users."""
    draw = Random(0)

    def words() -> str:
        return " ".join(f"word{draw.randrange(10_000)}" for _ in range(8))

    found = [(user, words()) for user in range(users) for _ in range(own)]
    for text in [f"I'm at {words()}" for _ in range(sentences)]:
        found += [(user, text) for user in draw.sample(range(users), sharing)]
    return found


def clusters_of(pairs: list[tuple[int, str]]):  # type: ignore[no-untyped-def]
    return near_duplicate_clusters([text for _, text in pairs], [[]] * len(pairs), owners=owners_of(pairs))


def owners_of(pairs: list[tuple[int, str]]) -> np.ndarray:
    return np.array([user for user, _ in pairs], dtype=np.int64)


def test_many_sentences_of_thirty_users_each_do_not_make_one_group_of_a_thousand() -> None:
    pairs = checked_in(1000, 200, 30)
    found = clusters_of(pairs)
    posts = [Post(str(row), text=text, user=str(user)) for row, (user, text) in enumerate(pairs)]
    groups = build_groups(posts, duplicates=found.labels)
    assert np.bincount(groups).max() < 0.05 * len(posts)
    split = split_groups(groups, np.full(len(posts), -1), seed=0)
    assert all(870 < len(rows) < 930 for name, rows in split.subsets() if name != "train")
    assert found.counts()["stock_texts"] == 200
    assert found.counts()["posts_of_stock_texts"] == 6000


def test_a_few_sentences_of_thirty_users_stay_together() -> None:
    found = clusters_of(checked_in(1000, 3, 30))
    assert (found.counts()["stock_texts"], found.largest) == (0, 30)


def test_what_most_share_is_taken_apart_first() -> None:
    """Owners 0 to 59 in a chain of 20s, and 60 to 62 with one text."""
    owners = np.array([*range(0, 20), *range(19, 39), *range(38, 60), 60, 61, 62])
    texts = np.repeat([0, 1, 2, 3], [20, 20, 22, 3])
    (apart,) = chained([texts], np.concatenate([owners]))
    assert most_chained(63) == 21
    assert apart.tolist() == [True] * 62 + [False] * 3  # without the last of 22 the others still tie 39 together


def test_texts_and_images_chain_together() -> None:
    owners = np.arange(60).repeat(2)
    texts = np.where(np.arange(120) % 2 == 0, owners // 2, 200 + np.arange(120))
    images = np.where(np.arange(120) % 2 == 1, (owners + 1) // 2, 200 + np.arange(120))
    by_text, by_image = chained([texts, images], owners)
    assert by_text.sum() == 60
    assert by_image.sum() == 58
    assert not any(rows.any() for rows in chained([texts], owners))


def test_busy_users_are_not_tied_to_half_of_the_posts() -> None:
    """Twelve users in a hundred, who hold half of all posts, are a tenth of the users and yet too much."""
    busy = np.arange(12).repeat(20)
    owners = np.concatenate([busy, np.arange(12, 160).repeat(2)])
    texts = np.arange(len(owners)) + 100
    for user in range(11):
        texts[[20 * user, 20 * user + 21]] = user
    (apart,) = chained([texts], owners)
    assert most_chained(160) > 12
    assert apart.sum() == 22


def test_the_order_of_posts_does_not_matter() -> None:
    pairs = checked_in(300, 60, 15)
    order = np.random.default_rng(1).permutation(len(pairs))
    found, shuffled = clusters_of(pairs), clusters_of([pairs[row] for row in order])
    assert found.counts() == shuffled.counts()
    assert found.counts()["stock_texts"] == 60
    assert np.array_equal(found.stock_texts[order] >= 0, shuffled.stock_texts >= 0)


def test_nothing_at_all() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert [len(rows) for rows in chained([nothing, nothing], nothing)] == [0, 0]
