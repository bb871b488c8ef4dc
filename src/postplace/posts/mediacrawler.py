"""What MediaCrawler (NanmiCoder/MediaCrawler) wrote, JSON, JSON lines or CSV -> posts.

It writes `data/PLATFORM/json/{search|detail|creator}_contents_{day}.json` (`csv`, `jsonl`), a list of notes, and older
versions `data/PLATFORM/{number}_search_contents_{day}.csv`. Read are posts of Weibo and notes of Xiaohongshu, and the
words of what it writes of Douyin, Kuaishou, Bilibili, Tieba and Zhihu. Images of a Xiaohongshu note lie in
`data/xhs/images/NOTE_ID/`, numbered from 0. Images of Weibo are named by their own ids, which no record has: they are
counted. Nothing that it writes says where a post was made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from postplace.errors import BadPost
from postplace.posts.downloaded_images import images_in, usable
from postplace.posts.dump import (
    NO_IMAGE,
    VIDEO,
    Dump,
    ImportReport,
    InvalidRecord,
    first,
    make_posts,
    not_a_post,
    require_content,
)
from postplace.posts.foreign_time import first_instant
from postplace.posts.foreign_values import addresses, texts, user_id
from postplace.posts.record_files import CsvForm, first_records, folders_of_files, read_records
from postplace.posts.weibo_values import BEIJING, plain_text
from postplace.schema import Post
from postplace.system.text_tables import is_rounded

_ENDINGS = (".json", ".jsonl", ".csv")
_IDS = ("note_id", "aweme_id", "video_id", "content_id")
_CONTENT = ("content", "content_text", "title", "desc", "image_list")
_TIMES = ("time", "create_time", "create_date_time", "created_time", "publish_time")
_CSV = CsvForm(required={"last_modify_ts"})
_TOPIC = re.compile(r"#([^#\[\]\s]+)\[话题\]# ?")
NO_RECORD_NAMES_IT = "image of Weibo, whose post MediaCrawler does not say"


def mediacrawler_dump(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of a folder or one file, in the order of the paths.

    id: the platform's; text: title and description, or the content; hashtags: those typed, and the topics of a note;
    user: the user's id, or the hash that newer versions write for it; time: from its seconds or milliseconds, in UTC,
    or from a text in Beijing's zone. Comments and users are no posts and are counted. Iterating raises `BadPost` for a
    path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether MediaCrawler wrote what lies there."""
    records = first_records(path, endings=_ENDINGS)
    return any("last_modify_ts" in record and any(key in record for key in _IDS) for record in records)


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    weibo_images: set[Path] = set()
    for folder, files, whole_folder in folders_of_files(path, tally, endings=_ENDINGS):
        for file in files:
            found = ((where, (values, folder)) for where, values in read_records(file, tally, _CSV))
            yield from make_posts(found, tally, record=lambda item: _record(*item, tally))
        if whole_folder and "weibo" in (folder.name, folder.parent.name):
            weibo_images |= {folder / "images", folder.parent / "images"}
    for images in weibo_images:
        if unnamed := len(images_in(str(images))):
            tally.orphans[NO_RECORD_NAMES_IT] += unnamed


def _record(values: object, folder: Path, tally: ImportReport) -> dict[str, object] | None:
    """A record, and the images of its note -> what `parse` reads; None for what is no post."""
    if isinstance(values, InvalidRecord):
        raise values
    if not isinstance(values, dict):
        raise not_a_post(values)
    if "comment_id" in values:
        tally.left_out["comments ignored"] += 1
        return None
    if "fans" in values and not any(key in values for key in _IDS):
        tally.left_out["profiles ignored"] += 1
        return None
    require_content(values, _CONTENT)
    post_id = first(*(values.get(key) for key in _IDS))
    if post_id is None:
        raise InvalidRecord("no id", f"has none of the keys {', '.join(_IDS)}", "export the file again")
    if isinstance(post_id, str) and is_rounded(post_id):
        raise InvalidRecord("id rounded", f"has the rounded id {post_id!r}", "give the CSV as it was written")
    if values.get("video_url") or "video_type" in values or values.get("video_download_url"):
        tally.note(VIDEO)
    return {
        "id": post_id,
        "text": _text(values),
        "hashtags": texts(values.get("tag_list")) or None,
        "images": _images(values, post_id, folder, tally),
        "user": user_id(tally, values.get("user_id"), values.get("creator_hash")),
        "time": first_instant((values.get(key) for key in _TIMES), tally, zone=BEIJING),
    }


def _text(values: Mapping[str, object]) -> object:
    """Title and description, of which the title may be the beginning; or the content. Topics lose their mark."""
    title, body = values.get("title"), first(values.get("desc"), values.get("content"), values.get("content_text"))
    if not isinstance(title, str | None) or not isinstance(body, str | None):
        return first(body, title)  # refused where it is parsed
    title, body = (title or "").strip(), (body or "").strip()
    both = body if body.startswith(title) else f"{title}\n{body}".strip()
    return plain_text(_TOPIC.sub(r"#\1 ", both))


def _images(values: Mapping[str, object], post_id: object, folder: Path, tally: ImportReport) -> list[str]:
    """The images of a Xiaohongshu note, in order. The crawler numbers those it got: which one is missing is unknown."""
    given = len(addresses(values.get("image_list")))
    name = str(post_id)
    if not given or name != Path(name).name or name in (".", ".."):
        return []
    numbered: dict[int, str] = {}
    for inside in (folder.parent / "images" / name, folder / "images" / name):
        images = images_in(str(inside))
        numbered = numbered or {int(stem): path for stem, path in images.items() if stem.isdecimal()}
    for _ in range(given - len(numbered)):
        tally.note(NO_IMAGE)
    return [image for _, path in sorted(numbered.items()) for image in usable(path, tally)]
