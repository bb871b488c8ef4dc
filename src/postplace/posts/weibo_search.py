"""What weibo-search (dataabc/weibo-search) wrote, a CSV for each keyword and its images -> posts.

It writes `结果文件/KEYWORD/KEYWORD.csv` and the images in `结果文件/KEYWORD/images/`, named `ID.jpg` or, if a post has
several, `ID-0.jpg`, `ID-1.jpg` and so on. A post that is retweeted is a row of its own. A newer version writes more
cells into an older file, below the header of then; those are the last and hold nothing that is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from postplace.errors import BadPost
from postplace.posts.dump import (
    VIDEO,
    Dump,
    ImportReport,
    InvalidRecord,
    make_posts,
    not_a_post,
    require_content,
)
from postplace.posts.foreign_time import first_instant
from postplace.posts.foreign_values import addresses, texts, user_id
from postplace.posts.image_files import ImageFolders
from postplace.posts.record_files import CsvForm, first_records, folders_of_files, read_records
from postplace.posts.weibo_values import BEIJING, id_of_post, plain_text
from postplace.schema import Post
from postplace.text.hashtags import find_hashtags

_ENDINGS = (".csv",)
_CONTENT = ("text", "location", "topics", "created_at", "pics")
_CSV = CsvForm(
    required={"id", "bid", "text", "pics"},
    keys={
        "微博正文": "text",
        "发布位置": "location",
        "话题": "topics",
        "发布时间": "created_at",
        "微博图片url": "pics",
        "微博视频url": "video_url",
    },
    appended=True,
)


def weibo_search_export(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of an export, a folder or one .csv file, in the order of the paths.

    id: Weibo's number of the post; user: the user's id; time: with Beijing's zone; hashtags: `#topic#` of the text,
    then the crawler's topics; place and venue: the name of the check-in, if any. A post that several keywords found is
    given out once, as it stands under the first. Images without a record are counted, too (of a folder, not of a single
    file). Iterating raises `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether weibo-search wrote what lies there."""
    records = first_records(path, endings=_ENDINGS)
    return any({"bid", "user_id", "微博正文", "微博图片url"} <= record.keys() for record in records)


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    images = ImageFolders()
    for folder, files, whole_folder in folders_of_files(path, tally, endings=_ENDINGS):
        for file in files:
            found = ((where, (values, folder)) for where, values in read_records(file, tally, _CSV))
            yield from make_posts(found, tally, record=lambda item: _record(*item, images, tally))
        if whole_folder:
            images.count_orphans(tally)


def _record(values: object, folder: Path, images: ImageFolders, tally: ImportReport) -> dict[str, object]:
    """A row, and the images of its name -> what `parse` reads."""
    if isinstance(values, InvalidRecord):
        raise values
    if not isinstance(values, dict):
        raise not_a_post(values)
    require_content(values, _CONTENT)
    post_id, is_computed = id_of_post(values.get("id"), values.get("bid"))
    if is_computed:
        tally.note("id computed from the bid")
    if values.get("video_url"):
        tally.note(VIDEO)
    text = plain_text(values.get("text"))
    return {
        "id": post_id,
        "text": text,
        "hashtags": [*(find_hashtags(text) if isinstance(text, str) else ()), *texts(values.get("topics"))] or None,
        "images": _images(values, post_id, folder / "images", images, tally),
        "user": user_id(tally, values.get("user_id")),
        "time": first_instant([values.get("created_at")], tally, zone=BEIJING),
        "place": values.get("location"),
        "venue": values.get("location"),
    }


def _images(
    values: Mapping[str, object], post_id: str, folder: Path, images: ImageFolders, tally: ImportReport
) -> list[str]:
    """The images that were downloaded, in the order of their addresses."""
    given = addresses(values.get("pics"))
    suffixes = [f"-{number}" for number in range(len(given))] if len(given) > 1 else [""] * len(given)
    return images.find(folder, [post_id + suffix for suffix in suffixes], tally)
