"""How Weibo and its crawlers write ids, texts and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from postplace.posts.weibo_values import number_of_bid, plain_text, read_time

BEIJING = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("bid", "number"),
    [
        ("10000", "10000000"),  # "1", then four zeros as seven digits
        ("Z0001", "610000001"),
        ("a000b", "10" + "0000011"),
        ("1ZZZZ", None),  # 62 ** 4 - 1 has eight digits
        ("1234", None),
        ("1" * 13, None),
        ("1000-", None),
    ],
)
def test_number_of_bid_reads_base_62_in_groups_of_four(bid: str, number: str | None) -> None:
    assert number_of_bid(bid) == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a<br />b", "a\nb"),
        ('<span class="x">hi</span> <img src="y" alt="[doge]">', "hi [doge]"),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ("I <3 you", "I <3 you"),
        (" x ", "x"),
        (None, None),
        (7, 7),
    ],
)
def test_plain_text_drops_html_and_keeps_emoticons_by_name(text: object, expected: object) -> None:
    assert plain_text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-01-02", datetime(2020, 1, 2, tzinfo=BEIJING)),
        ("2020/1/2 3:04", datetime(2020, 1, 2, 3, 4, tzinfo=BEIJING)),
        ("2020年01月02日 03:04:05", datetime(2020, 1, 2, 3, 4, 5, tzinfo=BEIJING)),
        ("2020-01-02T03:04:05.678+00:00", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("Thu Dec 31 23:59:58 +0800 2020", datetime(2020, 12, 31, 23, 59, 58, tzinfo=BEIJING)),
        ("2020-13-02", None),
        ("Thu Foo 31 23:59:58 +0800 2020", None),
        ("yesterday", None),
    ],
)
def test_read_time_knows_what_crawlers_and_weibo_write(text: str, expected: datetime | None) -> None:
    assert read_time(text) == expected


def test_read_time_reads_the_last_day_of_a_leap_february() -> None:
    assert read_time("Sat Feb 29 10:00:00 +0800 2020") == datetime(2020, 2, 29, 10, tzinfo=BEIJING)
