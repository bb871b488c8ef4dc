"""Ids, lists and addresses as other programs write them."""

from __future__ import annotations

from postplace.posts.dump import ImportReport
from postplace.posts.foreign_values import addresses, texts, user_id


def test_a_rounded_user_is_nobody() -> None:
    tally = ImportReport()
    assert [user_id(tally, *values) for values in ((None, 7), ("", None), ("5.12346E+09",))] == [7, None, None]
    assert tally._noted == ["user unknown", "user rounded by a spreadsheet"]


def test_lists_in_texts() -> None:
    assert texts("a, b,,") == ["a", "b"]
    assert texts(["a", None, 3, " "]) == ["a"]
    assert texts({}) == addresses(3) == []
    assert addresses("http://a/1;http://a/2, https://a/3,4.jpg") == ["http://a/1", "http://a/2", "https://a/3,4.jpg"]
