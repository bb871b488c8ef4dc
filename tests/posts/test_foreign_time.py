"""Times of other programs: every one with a zone, none silently in 1970 or 8377."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from postplace.posts.dump import ImportReport
from postplace.posts.foreign_time import first_instant, read_instant

NOON = datetime(2022, 9, 26, 12, tzinfo=UTC)
SECONDS = 1664193600


@pytest.mark.parametrize(
    "value",
    [
        *(SECONDS, SECONDS * 1000, SECONDS * 10**6, SECONDS * 10**9, str(SECONDS), f"{SECONDS}000", f"{SECONDS}.0"),
        *("2022-09-26T12:00:00.000Z", "2022-09-26 12:00:00", "2022-09-26 14:00:00+02:00"),
        "Mon Sep 26 12:00:00 +0000 2022",
    ],
)
def test_an_instant_however_it_is_written(value: object) -> None:
    assert read_instant(value) == NOON
    assert read_instant(value).tzinfo is not None  # type: ignore[union-attr]


def test_a_zone_stays() -> None:
    time = read_instant("Mon Sep 26 20:00:00 +0800 2022")
    assert time == NOON
    assert time.tzinfo == timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    "value",
    [0, 1, 86400, 166419360012, 44830.5, 2022, "2022", True, None, "", "soon", [], 1e300, float("nan"), "1e999"],
)
def test_what_is_no_time_stays_none(value: object) -> None:
    assert read_instant(value) is None


def test_the_first_that_can_be_read_counts_and_a_loss_is_a_remark() -> None:
    tally = ImportReport()
    assert first_instant(["", None, "soon", SECONDS], tally) == NOON
    assert first_instant(["soon"], tally) is None
    assert first_instant([None, ""], tally) is None
    tally.post({"id": "1", "text": "x"}, where="here")
    assert tally.remarks == {"time cannot be read": 1, "time unknown": 1}


EAST = timezone(timedelta(hours=8))
MOMENT = datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)


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


def test_0_is_what_programs_write_for_a_time_they_do_not_know() -> None:
    tally = ImportReport()
    assert first_instant([0, "0"], tally) is None
    assert tally._noted == ["time unknown"]
