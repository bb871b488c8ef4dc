"""How Weibo and its crawlers write ids, texts and times."""

from __future__ import annotations

import html
import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))  # the crawler writes Weibo's own clock, without its zone
_TAG = re.compile(r"</?(?:a|b|br|div|em|font|hr|i|img|p|span|strong)\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_EMOTICON = re.compile(r"<img\b[^<>]*?\balt=[\"']?(\[[^\]<>\"']{1,20}\])[^<>]*>", re.IGNORECASE)
_DAY = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:\.\d+)?)?\s*([+-]\d\d:?\d\d)?"
)
_RAW_TIME = re.compile(r"\w{3} (\w{3}) (\d{1,2} \d\d:\d\d:\d\d [+-]\d{4} \d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BASE_62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def number_of_bid(bid: str) -> str | None:
    """The number that a bid stands for: base 62, four characters for seven digits, from the right. None for no bid.

    >>> number_of_bid("ImTGkcdDn"), number_of_bid("?")
    ('4454572602912349', None)
    """
    if not re.fullmatch(r"[0-9a-zA-Z]{5,12}", bid):
        return None
    groups = [bid[max(end - 4, 0) : end] for end in range(len(bid), 0, -4)][::-1]
    numbers = [sum(_BASE_62.index(c) * 62**power for power, c in enumerate(reversed(group))) for group in groups]
    if any(number >= 10**7 for number in numbers):
        return None
    return f"{numbers[0]}{''.join(f'{number:07d}' for number in numbers[1:])}"


def plain_text(text: object) -> object:
    """The text without HTML, which the crawler leaves in when `remove_html_tag` is 0; emoticons as their names."""
    if not isinstance(text, str):
        return text
    if "<" in text:
        text = _TAG.sub("", _EMOTICON.sub(r"\1", _BREAK.sub("\n", text)))
    return html.unescape(text).strip()


def read_time(text: str) -> datetime | None:
    """A day, with or without its time, as crawlers write it; or Weibo's own `Sat Dec 28 10:30:00 +0800 2019`."""
    with suppress(ValueError):
        if match := _DAY.fullmatch(text):
            *parts, zone = match.groups()
            year, month, day, hour, minute, second = (int(part or 0) for part in parts)
            at_zone = datetime.strptime(zone.replace(":", ""), "%z").tzinfo if zone else _BEIJING
            return datetime(year, month, day, hour, minute, second, tzinfo=at_zone)
        if match := _RAW_TIME.fullmatch(text):
            in_january = datetime.strptime(match[2], "%d %H:%M:%S %z %Y")  # `%b` would depend on the locale
            return in_january.replace(month=_MONTHS.index(match[1]) + 1)
    return None
