"""Who a post is of: its user, else its venue, unless the venue is the class."""

from __future__ import annotations

import numpy as np
import pytest

from postplace.errors import BadOption
from postplace.schema import Post
from postplace.splitting.grouping import OWNERS, build_groups, draw_keys, owners_that_count, venue_is_class


def test_a_group_is_the_user_else_the_venue_else_the_post_alone() -> None:
    posts = [
        Post("0", user="ann", venue="bar"),
        Post("1", venue="bar"),
        Post("2"),
        Post("3", user="ann", venue="zoo"),
        Post("4", venue="bar"),
        Post("5"),
        Post("6", user="bar"),
    ]
    assert build_groups(posts).tolist() == [0, 1, 2, 0, 1, 3, 4]
    assert build_groups(posts, by=("user",)).tolist() == [0, 1, 2, 0, 3, 4, 5]


def test_near_duplicates_join_groups_through_others() -> None:
    posts = [Post("0", user="a"), Post("1", user="b"), Post("2", user="b"), Post("3", user="c"), Post("4", user="d")]
    clusters = np.array([7, 7, 8, 8, 9])  # a and b share an image, b and c another
    assert build_groups(posts, duplicates=clusters).tolist() == [0, 0, 0, 0, 1]


def test_a_negative_cluster_joins_nothing() -> None:
    posts = [Post("0"), Post("1"), Post("2")]
    assert build_groups(posts, duplicates=np.array([-1, -1, 0])).tolist() == [0, 1, 2]


def test_clusters_must_cover_the_posts() -> None:
    with pytest.raises(BadOption, match="1 cluster labels for 2 posts"):
        build_groups([Post("0"), Post("1")], duplicates=np.array([0]))


def test_groups_of_nothing() -> None:
    assert build_groups([]).tolist() == []
    assert build_groups([], duplicates=np.array([], dtype=np.int64)).tolist() == []


def test_a_venue_that_is_the_place_does_not_count() -> None:
    posts = [Post(str(n), place=f"p{n % 5}", venue=f"v{n % 5}") for n in range(50)]
    labels = np.arange(50) % 5
    assert owners_that_count(posts, labels) == ("user",)
    assert owners_that_count(posts, labels % 2) == OWNERS  # of two categories each has several venues
    assert owners_that_count([Post(p.id, user="u", venue=p.venue) for p in posts], labels) == OWNERS  # users count


def test_a_venue_is_the_class_when_most_posts_are_of_classes_that_one_venue_holds() -> None:
    venues, labels = np.repeat(np.arange(6), 10), np.repeat(np.arange(6), 10)
    assert venue_is_class(venues, labels)
    some = venues.copy()
    some[[0, 10, 20]] = 9  # nine posts in ten are enough
    assert venue_is_class(some, labels)
    some[[1, 11, 21]] = 9  # in three classes of six, eight in ten: half of the posts are not most
    assert not venue_is_class(some, labels)
    assert not venue_is_class(np.full(60, -1), labels)
    assert not venue_is_class(venues, np.full(60, -1))


def test_keys_are_those_of_owners_whatever_the_posts_say() -> None:
    posts = [Post("1", user="a", text="x"), Post("2", user="a"), Post("3", venue="a"), Post("4"), Post("5")]
    keys = draw_keys(posts).tolist()
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4
    assert draw_keys([Post("9", user="a", text="masked")]).tolist() == keys[:1]
    assert draw_keys(posts[::-1]).tolist() == keys[::-1]
