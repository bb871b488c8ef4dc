"""Times as other programs write them -> the instant, with its zone; never a guess outside the years of social media."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from postplace.posts.dump import BAD_TIME, NO_TIME, ImportReport
from postplace.posts.weibo_values import read_time

_EARLIEST, _LATEST = 8e8, 4.2e9  # seconds since 1970: 1995 to 2103
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)  # a second in seconds, milli-, micro- and nanoseconds


def read_instant(value: object) -> datetime | None:
    """ISO 8601, `Wed Sep 28 10:00:00 +0000 2022` (X and Weibo), or a number since 1970 in the unit that gives a year
    between 1995 and 2103; a time without a zone is UTC, as these programs write it. None for anything else.

    >>> read_instant("2022-09-26T11:27:30.000Z") == read_instant(1664191650) == read_instant("1664191650000")
    True
    >>> read_instant(20220926), read_instant("yesterday")
    (None, None)
    """
    if isinstance(value, str):
        text = value.strip()
        if text[:1].isalpha():
            return read_time(text)
        with suppress(ValueError):
            number = float(text)
            return _since_1970(number)
        with suppress(ValueError):
            time = datetime.fromisoformat(text)
            return time if time.tzinfo else time.replace(tzinfo=UTC)
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(value)
    return None


def first_instant(values: Iterable[object], tally: ImportReport) -> datetime | None:
    """The first value that is a time; else None with a remark: there is none, or none that can be read."""
    given = [value for value in values if value not in (None, "")]
    for value in given:
        if time := read_instant(value):
            return time
    tally.note(BAD_TIME if given else NO_TIME)
    return None


def _since_1970(number: float) -> datetime | None:
    for unit in _UNITS:
        if _EARLIEST * unit <= number < _LATEST * unit:
            return datetime.fromtimestamp(number / unit, UTC)
    return None
