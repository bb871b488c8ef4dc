"""The records in a CSV or JSON file of weibo-crawler or a sibling, as mappings with the keys of its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from postplace.posts.dump import ImportReport, InvalidRecord, JsonText, at
from postplace.posts.record_files import HEADER_AGAIN, csv_rows
from postplace.posts.weibo_values import read_time

_HEADERS = {
    "id": ("微博id", "mid"),
    "bid": ("微博bid",),
    "user_id": (),
    "screen_name": ("用户昵称",),
    "text": ("正文", "微博正文"),
    "pics": ("原始图片url", "微博图片url"),
    "video_url": ("视频url", "微博视频url"),
    "live_photo_url": ("live photo视频url",),
    "location": ("位置", "发布位置"),
    "created_at": ("日期", "发布时间"),
    "full_created_at": ("完整日期",),
    "topics": ("话题",),
    "is_original": ("是否原创", "是否为原创微博"),
    "retweet_id": ("源微博id",),
    "latitude": ("lat",),
    "longitude": ("lng", "lon"),
    "weibo_id": (),  # comments and reposts have it, posts do not
}
_KEY_OF_HEADER = {name: key for key, names in _HEADERS.items() for name in (key, *names)}


Record = tuple[str, object, object]  # where it stands; its values, or why it has none (InvalidRecord); whose it is


def key_of_header(name: str) -> str:
    """The key that a column is read as, "" for none.

    >>> key_of_header("微博正文"), key_of_header("Text"), key_of_header("工具")
    ('text', 'text', '')
    """
    return _KEY_OF_HEADER.get(name.strip().casefold(), "")


# --- CSV


def csv_records(file: TextIO, tally: ImportReport) -> Iterator[Record]:
    """The rows of a table of posts. A header that comes again, at the start of another run, is counted."""
    rows = csv_rows(file)
    line, header = next(rows, (1, []))
    if isinstance(header, InvalidRecord):
        yield "", header, None
        return
    keys = [key_of_header(name) for name in header]
    if not _are_of_posts(keys):
        tally.left_out["table that holds no posts"] += 1
        return
    own = keys.index("is_original") if "is_original" in keys else len(keys)  # the rest only retweets have
    empty = True
    for line, row in rows:
        where, empty = f", line {line}", False
        if isinstance(row, InvalidRecord):
            yield where, row, None
        elif _are_of_posts(again := [key_of_header(name) for name in row]):
            tally.left_out[HEADER_AGAIN] += 1  # of another run, whose version may have had other columns
            keys = again
            own = keys.index("is_original") if "is_original" in keys else len(keys)
        elif len(row) < own:
            found = f"has {len(row)} fields, needs {own}"
            yield where, InvalidRecord("row is cut short", found, "export the file again"), None
        else:
            yield where, _named(row, keys, tally), None
    if empty:
        tally.left_out["table without rows"] += 1


def _are_of_posts(keys: Sequence[str]) -> bool:
    return "text" in keys and not {"id", "bid"}.isdisjoint(keys) and "weibo_id" not in keys


def _named(row: list[str], keys: list[str], tally: ImportReport) -> dict[str, str]:
    """A row as a mapping; moved back where its header forgets the Live Photo address, as in 2024 and 2025."""
    if "live_photo_url" not in keys and {"video_url", "created_at"} <= set(keys):
        video, day = keys.index("video_url") + 1, keys.index("created_at")
        if video <= day < len(row) - 1 and not read_time(row[day].strip()) and read_time(row[day + 1].strip()):
            keys = [*keys[:video], "live_photo_url", *keys[video:]]
            tally.note("row moved back under its header")
    return {key: cell for key, cell in reversed(list(zip(keys, row, strict=False))) if key}


# --- JSON


def json_records(file: TextIO, tally: ImportReport) -> Iterator[Record]:
    """The posts of a JSON file, or of one with an object a line."""
    number = 0
    try:
        for item, user in _json_items(JsonText(file), tally):
            number += 1
            yield f", post {number}", item, user
    except InvalidRecord as damage:
        yield f", after post {number}", damage, None


def _json_items(text: JsonText, tally: ImportReport) -> Iterator[tuple[object, object]]:
    """The posts of `{"user": ..., "weibo": [...]}`, of a list, or of an object a line, and their user's id."""
    if not text.peek():
        tally.left_out["empty file"] += 1
    while opening := text.peek():
        if opening != "{":
            yield from ((item, None) for item in text.list_items())
            continue
        whole: dict[str, object] = {}
        listed = False
        for key in text.object_keys():
            if key == "weibo" and text.peek() == "[":
                listed = True
                user = at(whole, "user", "id")
                yield from ((item, user) for item in text.list_items())
            else:
                whole[key] = text.value()
        if "id" in whole or "bid" in whole:
            yield whole, None
        elif not listed:
            tally.left_out["JSON that holds no posts"] += 1
