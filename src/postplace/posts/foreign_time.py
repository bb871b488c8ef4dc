"""Times as other programs write them -> the instant, with its zone; never a guess outside the years of social media."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, tzinfo

from postplace.posts.dump import BAD_TIME, NO_TIME, ImportReport
from postplace.posts.times import EARLIEST, LATEST, read_time
from postplace.posts.weibo_values import read_time as read_clock


def read_instant(value: object, *, zone: tzinfo = UTC) -> datetime | None:
    """What `times.read_time` reads, `2022/9/26 19:27`, or `Wed Sep 28 10:00:00 +0000 2022` (X and Weibo).

    `zone` is that of a clock without one. None for anything else, and for years before 1990 and after 2099, in which no
    post was made.

    >>> read_instant("2022-09-26T11:27:30.000Z") == read_instant(1664191650) == read_instant("1664191650000")
    True
    >>> read_instant(1664191), read_instant("yesterday"), read_instant(166419165012)
    (None, None, None)
    >>> read_instant(20220926) == read_instant("20220926") == datetime(2022, 9, 26, tzinfo=UTC)
    True
    """
    time = read_clock(value.strip(), zone=zone) if isinstance(value, str) else None
    with suppress(ValueError):
        time = time or read_time(value)
    if time is None or not EARLIEST.year <= time.year < LATEST.year:
        return None
    return time if time.tzinfo else time.replace(tzinfo=zone)


def first_instant(values: Iterable[object], tally: ImportReport, *, zone: tzinfo = UTC) -> datetime | None:
    """The first value that is a time; else None with a remark: there is none, or none that can be read.

    0 is what programs write for a time that they do not know.
    """
    given = [value for value in values if value not in (None, "", 0, "0")]
    for value in given:
        if time := read_instant(value, zone=zone):
            return time
    tally.note(BAD_TIME if given else NO_TIME)
    return None
