"""How Weibo and its crawlers write ids, texts and times."""

from __future__ import annotations

import html
import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone, tzinfo

from postplace.posts.dump import InvalidRecord
from postplace.system.text_tables import is_rounded, plain_number

BEIJING = timezone(timedelta(hours=8))  # the crawler writes Weibo's own clock, without its zone
_TAG = re.compile(r"</?(?:a|b|br|div|em|font|hr|i|img|p|span|strong)\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_EMOTICON = re.compile(r"<img\b[^<>]*?\balt=[\"']?(\[[^\]<>\"']{1,20}\])[^<>]*>", re.IGNORECASE)
_DAY = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:\.\d+)?)?\s*([+-]\d\d:?\d\d)?"
)
_RAW_TIME = re.compile(r"\w{3} (\w{3}) (\d{1,2} \d\d:\d\d:\d\d [+-]\d{4} \d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_OTHERS_WORDS = re.compile(r"\s*\n(?:原始用户|转发内容): ?.*", re.DOTALL)
_REASON = re.compile(r"^\s*转发理由[:：]")
_PAGE_WORDS = re.compile(r"(?:\s+(?:显示地图|\[组图共\d+张\]|原图))+\s*$")
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


def own_words(text: object) -> object:
    """What the user wrote, of a text of weiboSpider: without the post they retweet and the words of the page around it.

    >>> own_words("转发理由:真好看 \\n原始用户: 小北\\n转发内容: 江边")
    '真好看'
    >>> own_words("江边 #夜景#\\xa0[组图共2张]\\xa0原图\\xa0")
    '江边 #夜景#'
    """
    if not isinstance(text, str):
        return text
    words = _REASON.sub("", _OTHERS_WORDS.sub("", text))
    return _PAGE_WORDS.sub("", words).strip()


def read_time(text: str, *, zone: tzinfo = BEIJING) -> datetime | None:
    """A day, with or without its time, as crawlers write it; or Weibo's own `Sat Dec 28 10:30:00 +0800 2019`.

    `zone` is that of a time without one.
    """
    with suppress(ValueError):
        if match := _DAY.fullmatch(text):
            *parts, offset = match.groups()
            year, month, day, hour, minute, second = (int(part or 0) for part in parts)
            at_zone = datetime.strptime(offset.replace(":", ""), "%z").tzinfo if offset else zone
            return datetime(year, month, day, hour, minute, second, tzinfo=at_zone)
        if match := _RAW_TIME.fullmatch(text):
            in_january = datetime.strptime(match[2], "%d %H:%M:%S %z %Y")  # `%b` would depend on the locale
            return in_january.replace(month=_MONTHS.index(match[1]) + 1)
    return None


def id_of_post(given: object, bid: object) -> tuple[str, bool]:
    """Weibo's number of a post, and whether it was computed from the bid, as where a spreadsheet has rounded it.

    >>> id_of_post("4.45457E+15", "ImTGkcdDn"), id_of_post(4454572602912349, "")
    (('4454572602912349', True), ('4454572602912349', False))
    >>> id_of_post(4454572602912349.0, None)
    ('4454572602912349', False)
    """
    number, short = (str("" if value is None else value).strip("\ufeff \t\r\n'\"") for value in (given, bid))
    number, from_bid = plain_number(number), number_of_bid(short)
    if not number or is_rounded(number) or re.fullmatch(r"\d+(\.\d+)?[eE]\+?\d+", number):
        if from_bid is None and number:
            remedy = "give the JSON, or the CSV as it was written"
            raise InvalidRecord("id rounded", f"has the rounded id {number!r}", remedy)
        if from_bid is None:
            raise InvalidRecord("no id", "has neither an id nor a bid", "export the file again")
    elif from_bid is None or number == from_bid or not (number[:15] == from_bid[:15] and len(number) == len(from_bid)):
        return number, False
    return from_bid, True
