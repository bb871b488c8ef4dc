"""What a post's user had posted before it, worked out by hand: nothing of the post itself, of later ones, of others."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import numpy as np
import pytest

from postplace import Post
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import past_vectors, past_width, pool_features

# When and by whom; of user b two on one date, of which neither is before the other
WHEN: tuple[tuple[str | None, int | None], ...] = (
    ("a", 5),  # 0: the last of a
    ("b", 1),  # 1
    ("a", 1),  # 2: the first of a
    ("b", 3),  # 3: a date
    ("a", 3),  # 4
    ("b", 3),  # 5: the same date
    (None, 1),  # 6: nobody's
    ("a", None),  # 7: of no time
    ("b", 4),  # 8
)
TEXT, TAGS = [0, 2, 3, 4, 5], [2, 3, 4, 8]  # the rows that have it
PICTURES = [[0], [], [1, 2], [], [3], [4, 5, 6], [], [7], [8]]  # rows of the vectors of pictures


def _number(row: int) -> float:
    """A vector's one number, another for each row and not zero."""
    return float(10 + row)


def _posts() -> list[Post]:
    times = [None if day is None else datetime(2024, 1, day, tzinfo=UTC) for _, day in WHEN]
    return [Post(str(row), user=user, time=time) for row, ((user, _), time) in enumerate(zip(WHEN, times, strict=True))]


def _encoded() -> EncodedPosts:
    """Text (t, 1), hashtags (100 t, -1), pictures p each, t = 10 + row."""
    rows = np.arange(len(WHEN))
    text, tags = np.isin(rows, TEXT), np.isin(rows, TAGS)
    number = np.array([_number(row) for row in rows.tolist()])
    of_text = np.stack([number, np.ones(len(rows))], axis=1) * text[:, None]
    of_tags = np.stack([100 * number, -np.ones(len(rows))], axis=1) * tags[:, None]
    index = np.full((len(rows), 3), -1)
    for row, own in enumerate(PICTURES):
        index[row, : len(own)] = own
    pictures = (2.0 ** np.arange(9))[:, None]
    as_float = (of_text.astype(np.float32), text, of_tags.astype(np.float32), tags, pictures.astype(np.float32))
    return EncodedPosts(*as_float, index, (), None)


def _past() -> tuple[list[list[float]], list[bool]]:
    posts = _posts()
    vectors, known = past_vectors(posts, pool_features(posts, _encoded()))
    return vectors.tolist(), known.tolist()


# By hand: the means of the text (2 numbers), the hashtags (2) and the picture (1; of a post with several, their mean)
NONE = [0.0] * 5
BY_HAND = {
    0: [(12 + 14) / 2, 1, (1200 + 1400) / 2, -1, ((2 + 4) / 2 + 8) / 2],  # after 2 and 4
    1: NONE,  # the first of b
    2: NONE,  # the first of a
    3: NONE,  # after 1, which has nothing; not after 5, of the same date
    4: [12, 1, 1200, -1, (2 + 4) / 2],  # after 2
    5: NONE,
    6: NONE,  # nobody's
    7: NONE,  # of no time
    8: [(13 + 15) / 2, 1, 1300, -1, (16 + 32 + 64) / 3],  # after 1, 3 and 5: hashtags of 3 alone, pictures of 5 alone
}


def test_the_past_by_hand() -> None:
    vectors, known = _past()
    assert {row for row, has in enumerate(known) if has} == {0, 3, 4, 5, 8}
    for row, expected in BY_HAND.items():
        assert vectors[row] == pytest.approx(expected, rel=1e-6), row


def test_a_date_that_posts_share_is_before_none_of_them() -> None:
    """Also where it is all that there is: the post itself is not in its own past."""
    posts = [Post(name, user="a", time=datetime(2024, 1, 1, tzinfo=UTC)) for name in "xyz"]
    chosen = _encoded()
    rows = pool_features(_posts(), chosen).rows(np.array([2, 3, 4]))
    vectors, known = past_vectors(posts, rows)
    assert known.tolist() == [False] * 3
    assert not vectors.any()


def test_the_order_of_the_posts_does_not_matter() -> None:
    posts = _posts()
    examples = pool_features(posts, _encoded())
    order = np.array([8, 3, 0, 7, 1, 6, 5, 2, 4])
    vectors, known = past_vectors([posts[row] for row in order], examples.rows(order))
    expected = past_vectors(posts, examples)
    np.testing.assert_allclose(vectors, expected[0][order], rtol=1e-6)
    assert known.tolist() == expected[1][order].tolist()


def test_moments_are_compared_across_time_zones() -> None:
    from datetime import timedelta, timezone

    east = timezone(timedelta(hours=9))
    posts = [
        Post("later", user="a", time=datetime(2024, 1, 1, 1, tzinfo=UTC)),
        Post("earlier", user="a", time=datetime(2024, 1, 1, 9, 30, tzinfo=east)),  # half past midnight
    ]
    examples = pool_features(_posts(), _encoded()).rows(np.array([0, 2]))
    assert past_vectors(posts, examples)[1].tolist() == [True, False]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_a_time_without_a_zone_is_in_utc_wherever_the_machine_is(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    zoned, unzoned = datetime(2024, 1, 1, 12, tzinfo=UTC), datetime(2024, 1, 1, 12, 30)
    examples = pool_features(_posts(), _encoded()).rows(np.array([0, 2, 3]))
    posts = [Post("0", user="a", time=zoned), Post("2", user="a", time=unzoned), Post("3", user="b", time=unzoned)]
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert past_vectors(posts, examples)[1].tolist() == [False, True, False]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_width_is_that_of_the_vectors() -> None:
    assert past_vectors(_posts(), pool_features(_posts(), _encoded()))[0].shape[1] == past_width(2, 1) == 5
