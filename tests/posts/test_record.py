"""One rule for the hashtags of a post: those given and those typed, whichever way they come in."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from postplace.errors import BadPost
from postplace.posts.record import parse


def tags(text: str, **record: object) -> tuple[str, ...]:
    """The hashtags of a post with this text."""
    return parse({"id": "1", "text": text, **record}, where="posts[0]", folder=Path()).hashtags


@pytest.mark.parametrize(
    "absent",
    [
        None,
        "",
        "  ",
        float("nan"),
        np.float64("nan"),
        pd.NA,
        pd.NaT,
        Decimal("nan"),
        "#",
        " ; ",
        [""],
        [None],
        ["\u200b"],
    ],
)
def test_absent_is_not_empty(absent: object) -> None:
    assert tags("at #外滩# now", hashtags=absent) == tags("at #外滩# now") == ("外滩",)


@pytest.mark.parametrize("none", [[], (), "[]", " [ ] ", np.array([]), np.array([], dtype=object)])
def test_only_an_empty_list_says_none(none: object) -> None:
    assert tags("at #外滩# now", hashtags=none) == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("river", ("river", "Bund", "old town")),
        (["river", "bund"], ("river", "bund", "old town")),
        ('["OldTown", "river"]', ("OldTown", "river", "Bund")),
        (np.array(["＃BUND＃"], dtype=object), ("BUND", "old town")),
        (7, ("7", "Bund", "old town")),
        (["a", "A", "＃a"], ("a", "Bund", "old town")),
        (["#river#sea", "＃a ＃b", "C#"], ("river", "sea", "a", "b", "C", "Bund", "old town")),
        (["\u200bsea\u00a0\u200f"], ("sea", "Bund", "old town")),
    ],
)
def test_given_and_typed_are_united_each_once(given: object, expected: tuple[str, ...]) -> None:
    assert tags("at #Bund and #old town# #bund", hashtags=given) == expected


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ("Z\u00fcrich", "Zu\u0308rich"),
        ("Zu\u0308rich", "Z\u00fcrich"),
        ("istanbul", "\u0130stanbul"),
        ("תלאביב", "\u200fתלאביב"),
        ("外滩\u200b", "外滩"),
        ("ＢＵＮＤ", "bund"),
    ],
)
def test_two_ways_to_write_a_tag_are_one_tag(given: str, typed: str) -> None:
    assert len(tags(f"at #{typed} now", hashtags=[given])) == 1


@pytest.mark.parametrize("yes", [True, "true", "True", 1, 1.0, np.True_])
def test_a_list_that_is_complete_is_taken_as_it_is(yes: object) -> None:
    assert tags("#Bund #river", hashtags=["river", "River"], hashtags_complete=yes) == ("river", "River")
    assert tags("#Bund #river", hashtags_complete=yes) == ()


@pytest.mark.parametrize("no", [False, "false", 0, 0.0, None, "", float("nan"), pd.NA])
def test_a_list_that_is_not_complete_is_united(no: object) -> None:
    assert tags("#Bund #river", hashtags=["river"], hashtags_complete=no) == ("river", "Bund")


def test_what_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(BadPost, match="key 'hashtags_complete': 'perhaps' is neither true nor false; give true or fal"):
        tags("#Bund", hashtags_complete="perhaps")
    assert "hashtags_complete" not in str(parse({"id": "1", "hashtags_complete": True}, where="x", folder=Path()))
