"""What weibo-crawler wrote (CSV, JSON, image folders) -> posts.

The crawler writes for each user a folder `weibo/NAME/` with `USER_ID.csv`, `USER_ID.json` (`{"user": {...}, "weibo":
[...]}`) and images in `img/原创微博图片/`, named `{day}_{id}.jpg`, with `_1`, `_2` and so on before the ending if
a post has several. Its CSV has Chinese headers; those of its siblings weiboSpider and weibo-search, and the keys of its
JSON as headers, are known too. Three flaws are repaired: an id that a spreadsheet rounded (it is computed from the
bid), rows with one cell more than their header (the Live Photo address), and HTML in the text.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TextIO

from postplace.errors import BadPost
from postplace.posts.dump import (
    BAD_TIME,
    EMPTY_IMAGE,
    LONGEST_RECORD,
    NO_IMAGE,
    NO_METADATA,
    NO_TIME,
    NO_USER,
    VIDEO,
    Dump,
    ImportReport,
    InvalidRecord,
    JsonText,
    at,
    by_ending,
    cannot_be_opened,
    first,
    not_a_post,
    not_utf_8,
    posts_of,
    walk,
)
from postplace.posts.weibo_values import id_of_post, own_words, plain_text, read_time
from postplace.schema import Post
from postplace.text.hashtags import find_hashtags

_ENDINGS = (".json", ".csv")
_IMAGES = (".jpg", ".gif", ".png", ".jpeg", ".webp")
_IMAGE_FOLDERS = ("img/原创微博图片", "img")
_OWN_IMAGES = ("原创微博图片", "img")  # the other folders in `img` hold what others posted

_HEADERS = {
    "id": ("微博id", "mid"),
    "bid": ("微博bid",),
    "user_id": (),
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


def weibo_export(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of an export, a folder or one .csv or .json file, in the order of the paths.

    id: Weibo's number of the post; user: the user's id; time: with Beijing's zone (a day alone begins at 0 h);
    hashtags: `#topic#` of the text, then the crawler's topics; place and venue: the name of the check-in, if any.
    A retweet is a post of who retweets, with their own words, images and check-in; the post they retweet is another
    user's and is left out. A post that lies in CSV and JSON is given out once, from the JSON. Images without a record
    are counted, too (of a folder, not of a single file). Iterating raises `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    found = (
        (where, (values, user, source))
        for source in _sources(path, tally)
        for where, values, user in source.records(tally)
    )
    return posts_of(found, tally, record=lambda item: _record(*item, tally))


# --- files

_Found = tuple[str, object, object]  # where it stands; its values, or why it has none (Unusable); whose file it is


@dataclass(frozen=True, slots=True)
class _Images:
    """The folders where images of posts may lie, what is in each (by the name with its ending in lower case), and
    the paths that records have named.
    """

    folders: tuple[tuple[str, Mapping[str, str]], ...] = ()
    named: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of posts, and the images beside it."""

    path: Path
    images: _Images

    @property
    def user(self) -> str | None:
        """Whose file it is: it is named by the user's number, or by their name like its folder."""
        stem = self.path.stem
        return stem if stem.isdecimal() or stem == self.path.parent.name else None

    def records(self, tally: ImportReport) -> Iterator[_Found]:
        """The records, one at a time."""
        read = _json_records if self.path.suffix.lower() == ".json" else _csv_records
        try:
            with self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
                for where, values, user in read(file, tally):
                    yield f"{self.path}{where}", values, first(user, self.user)
        except OSError as error:
            found = f"cannot be read ({error.strerror or error})"
            yield str(self.path), InvalidRecord("file cannot be read", found, "check the permissions"), None


def _sources(path: Path, tally: ImportReport) -> Iterator[_Source]:
    """The files to read, a .json before the .csv of the same name: it knows more."""
    try:
        is_file = path.is_file()
    except OSError as error:  # the folder around it may not be looked into
        raise cannot_be_opened(path, error) from error
    if is_file:
        if path.suffix.lower() not in _ENDINGS:
            raise BadPost(str(path), f"has the unknown ending {path.suffix!r}", "give a folder, a .json or a .csv file")
        yield _Source(path, _images_beside(path.parent))
        return
    named: set[str] = set()  # images of records, until their folder is come to
    for folder, names, images in walk(path, tally, endings=_ENDINGS, notice=_IMAGES):
        if folder.name in _OWN_IMAGES:
            _count_strays(folder, images, named, tally)
        if not names:
            continue
        beside = _images_beside(folder)
        for name in sorted(names, key=lambda name: (Path(name).stem, name.lower().endswith(".csv"))):
            yield _Source(folder / name, beside)
        named |= beside.named


def _images_beside(folder: Path) -> _Images:
    found = []
    for inside in (folder / name for name in _IMAGE_FOLDERS):
        with suppress(OSError), os.scandir(inside) as entries:
            found.append((str(inside), by_ending(e.name for e in entries if e.name.lower().endswith(_IMAGES))))
    return _Images(tuple(found))


def _count_strays(folder: Path, images: Mapping[str, str], named: set[str], tally: ImportReport) -> None:
    """Images that no record names: posts whose record is gone, or cannot be used."""
    for name in images.values():
        path = f"{folder}{os.sep}{name}"
        if path in named:
            named.discard(path)
        else:
            tally.orphans[NO_METADATA] += 1


# --- CSV


def _csv_records(file: TextIO, tally: ImportReport) -> Iterator[_Found]:
    rows = _rows(file)
    line, header = next(rows, (1, []))
    if isinstance(header, InvalidRecord):
        yield "", header, None
        return
    keys = [_KEY_OF_HEADER.get(name.strip().casefold(), "") for name in header]
    if "text" not in keys or not {"id", "bid"} & set(keys) or "weibo_id" in keys:
        tally.left_out["table that holds no posts"] += 1
        return
    own = keys.index("is_original") if "is_original" in keys else len(keys)  # the rest only retweets have
    empty = True
    for line, row in rows:
        where, empty = f", line {line}", False
        if isinstance(row, InvalidRecord):
            yield where, row, None
        elif len(row) < own:
            found = f"has {len(row)} fields, needs {own}"
            yield where, InvalidRecord("row is cut short", found, "export the file again"), None
        else:
            yield where, _named(row, keys, tally), None
    if empty:
        tally.left_out["table without rows"] += 1


def _rows(file: TextIO) -> Iterator[tuple[int, list[str] | InvalidRecord]]:
    """The rows that are not blank, or what is wrong with them, each with the line it begins on."""
    rows = csv.reader(iter(lambda: file.readline(LONGEST_RECORD), ""))
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows)
            "".join(row).encode()
        except StopIteration:
            return
        except UnicodeEncodeError:
            yield line, not_utf_8()
        except csv.Error as error:
            yield line, InvalidRecord("damaged row", f"is not a CSV row ({error})", "export the file again")
        else:
            if row:
                yield line, row


def _named(row: list[str], keys: list[str], tally: ImportReport) -> dict[str, str]:
    """A row as a mapping; moved back where its header forgets the Live Photo address, as in 2024 and 2025."""
    if "live_photo_url" not in keys and {"video_url", "created_at"} <= set(keys):
        video, day = keys.index("video_url") + 1, keys.index("created_at")
        if video <= day < len(row) - 1 and not read_time(row[day].strip()) and read_time(row[day + 1].strip()):
            keys = [*keys[:video], "live_photo_url", *keys[video:]]
            tally.note("row moved back under its header")
    return {key: cell for key, cell in reversed(list(zip(keys, row, strict=False))) if key}


# --- JSON


def _json_records(file: TextIO, tally: ImportReport) -> Iterator[_Found]:
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


# --- one post


def _record(values: object, user: object, source: _Source, tally: ImportReport) -> dict[str, object]:
    """A record, and the images of its name -> what `parse` reads."""
    if isinstance(values, InvalidRecord):
        raise values
    if not isinstance(values, dict):
        raise not_a_post(values)
    values = {key: value for key, value in values.items() if value not in ("", "无")}
    post_id = _id(values, tally)
    user = first(values.get("user_id"), at(values, "user", "id"), user)
    if user is None:
        tally.note(NO_USER)
    if values.get("video_url") or values.get("live_photo_url"):
        tally.note(VIDEO)
    if _is_retweet(values):
        tally.note("retweeted part left out")
    text, topics = plain_text(values.get("text")), values.get("topics")
    if isinstance(topics, str) or topics is None:
        topics = (topics or "").split(",")
    time = _time(values, tally)
    if not post_id.isdecimal():  # weiboSpider's
        text = own_words(text)
    found = find_hashtags(text) if isinstance(text, str) else ()
    return {
        "id": post_id,
        "text": text,
        "hashtags": [*found, *(topics if isinstance(topics, list) else [topics])],
        "images": _images(values, f"_{post_id}", time, source, tally),
        "user": user,
        "time": time,
        "place": values.get("location"),
        "venue": values.get("location"),
        **tally.coordinates(values.get("latitude"), values.get("longitude")),
    }


def _is_retweet(values: Mapping[str, object]) -> bool:
    original = str(values.get("is_original", True)).strip().casefold() not in ("false", "0", "否")
    return bool(values.get("retweet") or str(values.get("retweet_id") or "").strip()) or not original


def _id(values: Mapping[str, object], tally: ImportReport) -> str:
    """Weibo's number of the post; computed from the bid where a spreadsheet has rounded it."""
    post_id, is_computed = id_of_post(values.get("id"), values.get("bid"))
    if is_computed:
        tally.note("id computed from the bid")
    return post_id


def _time(values: Mapping[str, object], tally: ImportReport) -> datetime | None:
    given = [values[key] for key in ("full_created_at", "created_at") if values.get(key)]
    for value in given:
        if isinstance(value, str) and (time := read_time(value.strip())):
            return time
    tally.note(BAD_TIME if given else NO_TIME)
    return None


def _images(
    values: Mapping[str, object], name: str, time: datetime | None, source: _Source, tally: ImportReport
) -> list[str]:
    """The images that were downloaded, in the order of their addresses."""
    given = values.get("pics")
    addresses = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []
    addresses = [address for address in addresses if address]
    images = []
    for number, address in enumerate(addresses, start=1):
        suffix = f"_{number}" if len(addresses) > 1 else ""
        image, reason = None, NO_IMAGE
        if time and source.images.folders:
            image, reason = _image(source.images, f"{time:%Y%m%d}", name + suffix, str(address))
        if image:
            images.append(image)
        else:
            tally.note(reason)
    return images


def _image(images: _Images, date: str, rest: str, address: str) -> tuple[str | None, str]:
    """The image of a name; or None, and why. After the date its name has the character that the time had there."""
    likely = address[-4:].lower()
    endings = sorted(_IMAGES, key=lambda ending: ending != likely)
    for folder, names in images.folders:
        for wanted in (f"{date}{mark}{rest}{ending}" for mark in ("T", "", " ") for ending in endings):
            if (name := names.get(wanted)) is None:
                continue
            path = f"{folder}{os.sep}{name}"
            images.named.add(path)
            with suppress(OSError):
                return (path, "") if Path(path).stat().st_size else (None, EMPTY_IMAGE)
    return None, NO_IMAGE
