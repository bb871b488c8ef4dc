"""Times, ids and addresses as other programs write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from postplace.posts.dump import ImportReport
from postplace.posts.foreign_values import addresses, epoch_time, first_time, read_instant, texts, user_id

EAST = timezone(timedelta(hours=8))
MOMENT = datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", [1664191650, 1664191650.0, "1664191650", 1664191650_000, "1664191650000", 1664191650 * 10**6]
)
def test_the_unit_follows_from_the_size(value: object) -> None:
    assert epoch_time(value) == MOMENT


@pytest.mark.parametrize(
    "value", [0, -5, 1, 166419165, 166419165012, 16641916500, 10**400, "nan", "inf", "x", True, None, []]
)
def test_numbers_that_are_no_time(value: object) -> None:
    assert epoch_time(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2022-09-26T11:27:30Z", MOMENT),
        ("2022-09-26T11:27:30.000+00:00", MOMENT),
        ("2022-09-26 19:27:30", MOMENT),
        ("2022-09-26 19:27:30+08:00", MOMENT),
        ("Mon Sep 26 11:27:30 +0000 2022", MOMENT),
        ("2022/9/26 19:27:30", MOMENT),
        ("2022年9月26日 19:27:30", MOMENT),
        ("20220926", datetime(2022, 9, 26, tzinfo=EAST)),
        ("2022", None),
        ("166419165012", None),
        ("8377-01-01", None),
        ("1970-01-01T00:00:00Z", None),
        ("0000-00-00 00:00:00", None),
        ("yesterday", None),
        ({}, None),
    ],
)
def test_a_clock_without_a_zone_has_that_of_the_source(value: object, expected: datetime | None) -> None:
    assert read_instant(value, zone=EAST) == expected


def test_the_first_time_that_can_be_read() -> None:
    tally = ImportReport()
    assert first_time(["x", 1664191650], tally, zone=UTC) == MOMENT
    assert tally._noted == []
    assert first_time(["x", 0], tally, zone=UTC) is None
    assert first_time([None, 0, ""], tally, zone=UTC) is None
    assert tally._noted == ["time cannot be read", "time unknown"]


def test_a_rounded_user_is_nobody() -> None:
    tally = ImportReport()
    assert [user_id(tally, *values) for values in ((None, 7), ("", None), ("5.12346E+09",))] == [7, None, None]
    assert tally._noted == ["user unknown", "user rounded by a spreadsheet"]


def test_lists_in_texts() -> None:
    assert texts("a, b,,") == ["a", "b"]
    assert texts(["a", None, 3, " "]) == ["a"]
    assert texts({}) == addresses(3) == []
    assert addresses("http://a/1;http://a/2, https://a/3,4.jpg") == ["http://a/1", "http://a/2", "https://a/3,4.jpg"]
