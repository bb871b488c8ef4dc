"""What weiboSpider (dataabc/weiboSpider) wrote, JSON and CSV with folders of images -> posts.

It writes for each user a folder `weibo/NAME/` with `USER_ID.json` (`{"user": {...}, "weibo": [...]}`), `USER_ID.csv`
and images in `img/原创微博图片/`, named `{day}_{id}.jpg`, with `_1`, `_2` and so on before the ending if a post has
several. It reads the page of a phone, and its texts have what stands there around a post: the word for the original
image, the number of images, the link to the map; those are taken off. In the text of a retweet stands what is
retweeted, too, which another user wrote; it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TextIO

from postplace.errors import BadPost
from postplace.posts.dump import (
    VIDEO,
    Dump,
    ImportReport,
    InvalidRecord,
    JsonText,
    at,
    first,
    make_posts,
    not_a_post,
    require_content,
)
from postplace.posts.foreign_time import first_instant
from postplace.posts.foreign_values import addresses, user_id
from postplace.posts.image_files import ImageFolders
from postplace.posts.json_files import unpacked_name
from postplace.posts.record_files import CsvForm, Found, first_records, folders_of_files, open_records, read_records
from postplace.posts.weibo_values import BEIJING, own_words
from postplace.schema import Post

_ENDINGS = (".json", ".csv")
_IMAGE_FOLDER = "img/原创微博图片"  # the folder beside it holds what others posted
_CONTENT = ("content", "original_pictures", "publish_place", "publish_time")
_CSV = CsvForm(
    required={"id", "content", "publish_time"},
    keys={
        "微博id": "id",
        "微博正文": "content",
        "原始图片url": "original_pictures",
        "被转发微博原始图片url": "retweet_pictures",
        "是否为原创微博": "original",
        "微博视频url": "video_url",
        "发布位置": "publish_place",
        "发布时间": "publish_time",
    },
)


def weibospider_export(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of an export, a folder or one .json or .csv file, in the order of the paths, JSON before CSV.

    id: Weibo's short id (letters and digits); user: the user's id; time: with Beijing's zone; place and venue: the name
    of the check-in, if any. A retweet is a post of who retweets, with their own words and image. A post that lies in
    JSON and CSV is given out once. Images without a record are counted, too (of a folder, not of a single file).
    Iterating raises `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether weiboSpider wrote what lies there."""
    return any(_is_own(record) for record in first_records(path, endings=_ENDINGS))


def _is_own(record: Mapping[str, object]) -> bool:
    keys = set(_CSV.header([str(key) for key in record]) or record)
    return {"id", "content", "publish_time", "publish_place"} <= keys


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    images = ImageFolders()
    for _, files, whole_folder in folders_of_files(path, tally, endings=_ENDINGS):
        for file in sorted(files, key=lambda file: (_stem(file), unpacked_name(file).endswith(".csv"))):
            is_json = unpacked_name(file).endswith(".json")
            records = open_records(file, _json_records) if is_json else read_records(file, tally, _CSV)
            found = ((where, (values, file)) for where, values in records)
            yield from make_posts(found, tally, record=lambda item: _record(*item, images, tally))
        if whole_folder:
            images.count_orphans(tally)


def _json_records(file: TextIO) -> Found:
    """The posts of `{"user": ..., "weibo": [...]}`, each with the id of the user; any other object is one record."""
    text, number, user = JsonText(file), 0, None
    try:
        while opening := text.peek():
            if opening != "{":
                for item in text.list_items():
                    number += 1
                    yield f", post {number}", item
                continue
            whole: dict[str, object] = {}
            listed = False
            for key in text.object_keys():
                if key != "weibo" or text.peek() != "[":
                    whole[key] = text.value()
                    continue
                user, listed = at(whole, "user", "id"), True
                for item in text.list_items():
                    number += 1
                    yield f", post {number}", _with_user(item, user)
            if not listed:
                number += 1
                yield f", post {number}", whole
    except InvalidRecord as damage:
        yield f", after post {number}", damage


def _stem(file: Path) -> str:
    return unpacked_name(file).rpartition(".")[0]


def _with_user(item: object, user: object) -> object:
    if isinstance(item, dict) and not item.get("user_id"):
        return {**item, "user_id": user}
    return item


def _record(values: object, file: Path, images: ImageFolders, tally: ImportReport) -> dict[str, object]:
    """A record, and the images of its name -> what `parse` reads."""
    if isinstance(values, InvalidRecord):
        raise values
    if not isinstance(values, dict):
        raise not_a_post(values)
    require_content(values, _CONTENT)
    values = {key: value for key, value in values.items() if value not in ("", "无")}
    post_id = first(values.get("id"))
    if post_id is None:
        raise InvalidRecord("no id", "has no id", "export the file again")
    if values.get("video_url"):
        tally.note(VIDEO)
    if _is_retweet(values):
        tally.note("retweeted part left out")
    return {
        "id": post_id,
        "text": own_words(values.get("content")),
        "images": _images(values, post_id, file.parent / _IMAGE_FOLDER, images, tally),
        "user": user_id(tally, values.get("user_id"), _stem(file) if _stem(file).isdecimal() else None),
        "time": first_instant([values.get("publish_time")], tally, zone=BEIJING),
        "place": values.get("publish_place"),
        "venue": values.get("publish_place"),
    }


def _is_retweet(values: Mapping[str, object]) -> bool:
    text = values.get("content")
    is_marked = str(values.get("original", True)).strip().casefold() in ("false", "0")
    return is_marked or (isinstance(text, str) and "\n转发内容:" in text)


def _images(
    values: Mapping[str, object], post_id: object, folder: Path, images: ImageFolders, tally: ImportReport
) -> list[str]:
    """The images that were downloaded, in the order of their addresses."""
    given = addresses(values.get("original_pictures"))
    day = str(values.get("publish_time", ""))[:10].replace("-", "")
    suffixes = [f"_{number}" for number in range(1, len(given) + 1)] if len(given) > 1 else [""] * len(given)
    return images.find(folder, [f"{day}_{post_id}{suffix}" for suffix in suffixes], tally)
