from __future__ import annotations

import numpy as np
import pytest

from postplace.errors import BadPost, NotEnoughData
from postplace.schema import Post
from postplace.splitting.grouped_split import split_posts
from postplace.splitting.splits import SUBSETS


def posts_of_users(users: int) -> list[Post]:
    return [Post(f"{user}-{n}", text=f"{user} {n}", user=f"u{user}") for user in range(users) for n in range(3)]


def test_users_and_equal_images_stay_in_one_subset() -> None:
    posts = posts_of_users(40)
    shared = 0x0F0F_3C3C_5A5A_9696  # one image of the users 0 and 1
    hashes = [[shared] if post.user in ("u0", "u1") else [] for post in posts]
    made = split_posts(posts, np.zeros(len(posts), dtype=np.int64), hashes, seed=1)
    names = made.split.subset_names(len(posts))
    by_user = {
        user: {name for name, post in zip(names, posts, strict=True) if post.user == user} for user in ("u0", "u1")
    }
    assert by_user["u0"] == by_user["u1"]
    assert len(by_user["u0"]) == 1
    assert made.groups.max() + 1 == 39  # 40 users, two of them tied by the image
    assert made.to_dict()["near_duplicate_images"] == 6
    assert made.to_dict()["groups"] == 39


def test_the_split_does_not_depend_on_the_order_of_the_posts() -> None:
    posts = posts_of_users(30)
    labels = np.arange(len(posts)) % 2
    none: list[list[int]] = [[] for _ in posts]
    first = split_posts(posts, labels, none, seed=5).split.subset_by_id([post.id for post in posts])
    backwards = split_posts(posts[::-1], labels[::-1], none, seed=5)
    assert backwards.split.subset_by_id([post.id for post in posts[::-1]]) == first


def test_given_subsets_are_taken_over_and_none_may_be_empty() -> None:
    posts = posts_of_users(4)
    labels, none = np.zeros(len(posts), dtype=np.int64), [list[int]() for _ in posts]
    given = {post.id: SUBSETS[int(post.user[1:])] for post in posts if post.user}
    made = split_posts(posts, labels, none, seed=0, subsets=given)
    assert made.split.subset_by_id([post.id for post in posts]) == given
    with pytest.raises(NotEnoughData, match="in the subset test"):
        split_posts(posts[:9], labels[:9], none[:9], seed=0, subsets=given)


def test_posts_that_share_an_id_cannot_be_given_their_subset() -> None:
    posts = [Post("1", user=f"u{number}") for number in range(4)]
    with pytest.raises(BadPost, match="share the id"):
        split_posts(posts, np.zeros(4, dtype=np.int64), [[]] * 4, seed=0, subsets={"1": "train"})
