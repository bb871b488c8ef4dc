"""Times of every shape: read right, or refused by name, and never silently another year."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from postplace.errors import BadPost
from postplace.posts.record import parse
from postplace.posts.table import PostStream, read_posts
from postplace.posts.times import read_time

MOMENT = datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("kind", [int, float, str, Decimal])
def test_seconds_and_what_is_finer(unit: int, kind: type) -> None:
    assert read_time(kind(1_664_191_650 * unit)) == MOMENT


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("20220926", datetime(2022, 9, 26)),
        ("202209261127", datetime(2022, 9, 26, 11, 27)),
        ("20220926112730", datetime(2022, 9, 26, 11, 27, 30)),
        (20220926, datetime(2022, 9, 26)),  # as JSON and xlsx hold it
        (202209261127, datetime(2022, 9, 26, 11, 27)),
        (20220926112730.0, datetime(2022, 9, 26, 11, 27, 30)),
        (" 2022-09-26 11:27 ", datetime(2022, 9, 26, 11, 27)),
        ("1664191650.5", datetime(2022, 9, 26, 11, 27, 30, 500_000, tzinfo=UTC)),
        ("1.66419165E9", MOMENT),
    ],
)
def test_digits(digits: object, expected: datetime) -> None:
    assert read_time(digits) == expected


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (2022, "a year"),
        ("2022", "a year"),
        ("2022-09", "a month"),
        (44_830.4774, "spreadsheet's day number"),  # 2022-09-26 11:27 in Excel
        ("44830", "spreadsheet's day number"),
        (1_664_191.65, "January 1970"),  # pandas 3: microseconds // 10**9
        (202_299_991_127, "not a time"),  # 12 digits that are neither a date nor milliseconds
        ("1.66419E+09", "spreadsheet rounded"),
        ("1.66e9", "spreadsheet rounded"),
        (datetime(1970, 1, 20, 6, 16, 31), "first weeks of 1970"),  # pandas: to_datetime of seconds divided by 1,000
        (pd.Timestamp("1970-01-01 00:27:44"), "first weeks of 1970"),
        ("1970-01-01T00:00:00Z", "first weeks of 1970"),
        ("8377-01-01", "in the year 8377"),
        (datetime(9999, 12, 31), "in the year 9999"),
        (0, "not a time"),
        (-1, "not a time"),
        (float("inf"), "not a time"),
        (10**400, "not a time"),
        ("9" * 400, "not a time"),
        ("yesterday", "not a time"),
        (True, "not a time"),
        ([2022, 9, 26], "not a time"),
    ],
)
def test_what_is_no_time_is_named(given: object, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        read_time(given)
    assert len(caught.value.args) == 2  # found, remedy


def test_a_pandas_column_divided_by_the_wrong_unit_is_not_1970() -> None:
    frame = pd.DataFrame({"id": ["a"], "text": ["x"], "time": pd.to_datetime(["2022-09-26 11:27:30"]).astype("M8[us]")})
    frame["time"] = frame["time"].astype("int64") // 10**9
    with pytest.warns(UserWarning, match="time left out: would be January 1970"):
        (post,) = read_posts(frame)
    assert post.time is None


def test_a_bad_time_costs_the_post_its_time_and_is_counted() -> None:
    records = [{"id": n, "text": "x", "time": time} for n, time in enumerate(["soon", "2022", "2022-09-26", 44_830.4])]
    stream = PostStream(records)
    assert [post.time for post in stream] == [None, None, datetime(2022, 9, 26), None]
    assert stream.remarks == {
        "time left out: is not a time": 1,
        "time left out: is a year, not a time": 1,
        "time left out: is a spreadsheet's day number": 1,
    }


def test_without_a_place_to_count_it_is_an_error() -> None:
    with pytest.raises(BadPost, match="'time': 'soon' is not a time"):
        parse({"id": 1, "time": "soon"}, where="posts[0]", folder=Path())
    assert parse({"id": 1, "time": "soon"}, where="posts[0]", folder=Path(), remarks=Counter()).time is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2022-09-26 11:27:30 UTC", MOMENT),
        ("2022-09-26T11:27:30 GMT", MOMENT),
        ("2022-09-26 11:27:30+00", MOMENT),
        ("2022-09-26T11:27:30.000000000Z", MOMENT),
        ("Mon Sep 26 11:27:30 +0000 2022", MOMENT),
        ("Mon Sep 26 19:27:30 +0800 2022", MOMENT),
        ("2022/9/26 11:27", datetime(2022, 9, 26, 11, 27)),
        ("2022/09/26", datetime(2022, 9, 26)),
        ("26.9.2022 11:27:30", datetime(2022, 9, 26, 11, 27, 30)),
        ("06.09.2022", datetime(2022, 9, 6)),
    ],
)
def test_forms_in_which_day_and_month_are_never_in_doubt(given: str, expected: datetime) -> None:
    time = read_time(given)
    assert time == expected
    assert (time.tzinfo is None) == (expected.tzinfo is None)


@pytest.mark.parametrize("given", ["09/26/2022", "6/9/2022 11:27", "26-09-2022", "26.09.22", "2022/13/40"])
def test_forms_that_could_be_two_days_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        read_time(given)
