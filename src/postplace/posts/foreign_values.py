"""How other programs write times, lists and addresses of images; None or nothing for what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from postplace.posts.dump import BAD_TIME, NO_TIME, NO_USER, ImportReport, first
from postplace.posts.weibo_values import read_time

_EARLIEST, _LATEST = 631_152_000, 4_102_444_800  # seconds since 1970: the beginnings of 1990 and of 2100
_ROUNDED = re.compile(r"\s*\d(?:[.,]\d+)?[eE]\+\d+\s*")
_ADDRESS = re.compile(r"\s*[,;]\s*(?=https?://)")


def epoch_time(value: object) -> datetime | None:
    """The instant of a number of seconds, milliseconds or microseconds since 1970, in UTC.

    Which of them it is follows from its size: only one gives a year from 1990 to 2099. None for any other number, so
    for 0, which programs write for a time that they do not know, and for a number with a digit too few or too many.

    >>> epoch_time(1664191650).isoformat(), epoch_time("1664191650000").isoformat(), epoch_time(166419165012)
    ('2022-09-26T11:27:30+00:00', '2022-09-26T11:27:30+00:00', None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    with suppress(ValueError, OverflowError):
        number = float(value)
        for unit in (1, 1e3, 1e6):
            if _EARLIEST <= number / unit < _LATEST:
                return datetime.fromtimestamp(number / unit, UTC)
    return None


def read_instant(value: object, *, zone: tzinfo) -> datetime | None:
    """A time as programs write it: a number since 1970, ISO 8601, or `Sat Dec 28 10:30:00 +0800 2019`.

    `zone` is what a clock without one shows. Years before 1990 and after 2099 are none in which a post was made.
    """
    if time := epoch_time(value):
        return time
    text = value.strip() if isinstance(value, str) else ""
    if text.isdecimal() and len(text) != len("20220926"):
        return None
    time = read_time(text, zone=zone)
    with suppress(ValueError):
        time = time or datetime.fromisoformat(text)
    if time is None or not 1990 <= time.year < 2100:
        return None
    return time if time.tzinfo else time.replace(tzinfo=zone)


def first_time(values: Iterable[object], tally: ImportReport, *, zone: tzinfo) -> datetime | None:
    """The first of the values that is a time; a remark on the post when there is none."""
    given = [value for value in values if value not in (None, "", 0, "0")]
    for value in given:
        if time := read_instant(value, zone=zone):
            return time
    tally.note(BAD_TIME if given else NO_TIME)
    return None


def whole_id(value: object, name: str, tally: ImportReport) -> object:
    """An id of a user or a location as it is; None, with a remark on the post, for one that a spreadsheet has rounded,
    since several would become one.
    """
    if value is None or not is_rounded(value):
        return value
    tally.note(f"{name} rounded by a spreadsheet")
    return None


def user_id(tally: ImportReport, *values: object) -> object:
    """The first of the values that is one, as the user's id; None, with a remark on the post, without one."""
    value = first(*values)
    if value is None:
        tally.note(NO_USER)
    return whole_id(value, "user", tally)


def is_rounded(value: object) -> bool:
    """Whether a spreadsheet has written a long number short.

    >>> is_rounded("4.45457E+15"), is_rounded("4454572602912349"), is_rounded("Lx9Kq0abC")
    (True, False, False)
    """
    return isinstance(value, str) and _ROUNDED.fullmatch(value) is not None


def texts(value: object) -> list[str]:
    """The texts of a list, or of a text in which commas part them.

    >>> texts("river, bridge"), texts(["river", 3]), texts(None)
    (['river', 'bridge'], ['river'], [])
    """
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def addresses(value: object) -> list[str]:
    """The addresses of a list, or of a text in which commas part them; there may be commas within them.

    >>> addresses("https://a.org/1,2.jpg, https://a.org/3.jpg")
    ['https://a.org/1,2.jpg', 'https://a.org/3.jpg']
    """
    items = _ADDRESS.split(value) if isinstance(value, str) else value if isinstance(value, list) else []
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def address_stem(address: str) -> str:
    """The name of the file at an address, without its ending; "" where there is none.

    >>> address_stem("https://pbs.twimg.com/media/Fabc.jpg?name=orig"), address_stem("https://[x")
    ('Fabc', '')
    """
    with suppress(ValueError):
        name = unquote(PurePosixPath(urlsplit(address).path).name)
        return name.rpartition(".")[0] or name
    return ""
