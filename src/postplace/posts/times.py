"""The time of a post, from whatever a table holds; what could be several times, or none, is refused by name."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Numbers outside of these years are not taken for seconds: posts are younger, and other units look like older ones."""

AS = "give it as 2022-09-26T11:27:30+08:00 or in seconds since 1970"

_FIRST, _LAST = EARLIEST.timestamp(), LATEST.timestamp()
_UNITS = {1.0: "seconds", 1e3: "milliseconds", 1e6: "microseconds", 1e9: "nanoseconds"}
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_FEW_DECIMALS = 5  # as spreadsheets show a long number
_SPREADSHEET = (20_000, 80_000)  # days since 1900: 1954 to 2119
_IN_UTC = re.compile(r"(?<=\d) ?(?:UTC|GMT)$")
# Those of which the order of day and month is never in doubt: Excel in China, Japan and Germany; X and Weibo
_OTHER_FORMS = (
    *(f"%Y/%m/%d{clock}" for clock in ("", " %H:%M", " %H:%M:%S")),
    *(f"%d.%m.%Y{clock}" for clock in ("", " %H:%M", " %H:%M:%S")),
    "%a %b %d %H:%M:%S %z %Y",
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d{1,2})?")


def read_time(value: object) -> datetime:
    """A time, or why there is none: ValueError with what was found and the remedy as its two arguments.

    Read: datetimes and dates; ISO 8601, also with " UTC" behind; 2022/9/26 11:27 and 26.9.2022 11:27; as X writes it,
    Mon Sep 26 11:27:30 +0000 2022; digits as 20220926, 202209261127 and 20220926112730 (these without a zone);
    seconds, milliseconds, microseconds or nanoseconds since 1970, as the size of the number says (in UTC).
    Refused: a year or a month alone, a spreadsheet's day number, a number that it rounded (1.66419E+09) or that gives
    no time from 1990 to 2100; and of times the first two months of 1970, which a number in another unit looks like, and
    years after 2100.

    >>> read_time("202209261127").isoformat(), read_time(1_664_191_650_000).isoformat()
    ('2022-09-26T11:27:00', '2022-09-26T11:27:30+00:00')
    """
    if isinstance(value, date):  # a datetime is one
        return _believable(_of_date(value))
    if isinstance(value, str):
        return _believable(_of_text(value.strip()))
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _of_number(value)
    raise ValueError("is not a time", AS)


def _of_date(value: date) -> datetime:
    if isinstance(value, datetime):
        to_python: Any = getattr(value, "to_pydatetime", None)  # a pandas Timestamp, which has nanoseconds
        plain: datetime = to_python(warn=False) if to_python else value
        return plain
    return datetime(value.year, value.month, value.day)


def _of_text(text: str) -> datetime:
    if (time := _of_digits(text)) is not None:
        return time
    if number := _NUMBER.fullmatch(text):
        if number[2] and len((number[1] or ".")[1:]) < min(int(number[2][1:]), _FEW_DECIMALS + 1):
            raise ValueError("is a number that a spreadsheet rounded", "format the column as text before saving")
        return _of_number(float(text) if re.search("[.eE]", text) else int(text))
    with suppress(ValueError):
        return datetime.fromisoformat(_IN_UTC.sub("+00:00", text))
    for form in _OTHER_FORMS:
        with suppress(ValueError):
            return datetime.strptime(text, form)
    if re.fullmatch(r"\d{4}[-/.]\d{1,2}", text):
        raise ValueError("is a month, not a time", AS)
    raise ValueError("is not a time", AS)


def _of_digits(digits: str) -> datetime | None:
    """A date and a time of day written without anything between; None for other digits."""
    if digits.isdecimal() and len(digits) in _COMPACT:
        with suppress(ValueError):
            time = datetime.strptime(digits, _COMPACT[len(digits)])
            if EARLIEST.year <= time.year < LATEST.year:
                return time
    return None


def _believable(time: datetime) -> datetime:
    if time.year == 1970 and time.month <= 2:
        raise ValueError("is in the first weeks of 1970, as a number in another unit is", AS)
    if time.year > LATEST.year:
        raise ValueError(f"is in the year {time.year}", AS)
    return time


def _of_number(number: int | float | Decimal) -> datetime:
    """A number since 1970 in the unit that puts it between 1990 and 2100; no number fits two."""
    try:
        is_number = math.isfinite(number)
    except OverflowError:  # an integer of hundreds of digits
        is_number = False
    if not is_number:
        raise ValueError("is not a time", AS)
    for unit in _UNITS:
        if _FIRST <= float(number) / unit <= _LAST:
            return datetime.fromtimestamp(float(number) / unit, UTC)
    if number == int(number) and (time := _of_digits(str(int(number)))) is not None:
        return time
    if 1900 <= number <= 2100:
        raise ValueError("is a year, not a time", AS)
    if _SPREADSHEET[0] <= number <= _SPREADSHEET[1]:
        raise ValueError("is a spreadsheet's day number", "format the column as text or as YYYY-MM-DD hh:mm:ss")
    if _FIRST <= float(number) * 1e3 <= _LAST:
        remedy = "divide by the column's own unit: pandas 3 keeps microseconds, 10**6 to the second"
        raise ValueError("would be January 1970: seconds divided by 1,000", remedy)
    raise ValueError("is not a time", AS)
