"""What WeiboSpider (nghuyong/WeiboSpider) wrote, an object a line -> posts.

It writes `output/{spider}_{time}.jsonl`. Posts come from its spiders by user, by keyword, by id and of reposts; they
may have the point of a check-in and its id among Weibo's points of interest (`geo`). Its other spiders write users,
fans, followers and comments, which are no posts and are counted. It downloads no images.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from postplace.errors import BadPost
from postplace.posts.downloaded_images import ImageIndex
from postplace.posts.dump import (
    BAD_COORDINATES,
    VIDEO,
    Dump,
    ImportReport,
    InvalidRecord,
    at,
    first,
    make_posts,
    not_a_post,
    require_content,
)
from postplace.posts.foreign_time import first_instant
from postplace.posts.foreign_values import addresses, user_id
from postplace.posts.image_files import images_beside
from postplace.posts.record_files import first_records, folders_of_files, read_records
from postplace.posts.weibo_values import BEIJING, plain_text
from postplace.schema import Post

_ENDINGS = (".jsonl", ".json")
_CONTENT = ("content", "pic_urls", "geo")
_OTHERS = {
    "comment_user": "comments ignored",
    "follower_info": "profiles ignored",
    "fan_info": "profiles ignored",
}
_USER_IN_ADDRESS = re.compile(r"https?://(?:www\.)?weibo\.com/(\d+)/")


def weibospider_nghuyong_dump(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of a folder or one .jsonl file, in the order of the paths.

    id: Weibo's number of the post; user: the user's id, from the address of the post where it stands only there; time:
    with Beijing's zone; latitude and longitude: the point of the check-in; venue: its id at Weibo; place: its name.
    Images are found where somebody downloaded them beside the file: see `images_beside`. Iterating raises `BadPost`
    for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether nghuyong's WeiboSpider wrote what lies there."""
    return any({"_id", "mblogid", "content"} <= record.keys() for record in first_records(path, endings=_ENDINGS))


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    index = ImageIndex()
    for folder, files, _ in folders_of_files(path, tally, endings=_ENDINGS):
        for file in files:
            found = ((where, (values, folder)) for where, values in read_records(file, tally))
            yield from make_posts(found, tally, record=lambda item: _record(*item, index, tally))


def _record(values: object, folder: Path, index: ImageIndex, tally: ImportReport) -> dict[str, object] | None:
    """A line, and the images of its name -> what `parse` reads; None for what is no post."""
    if isinstance(values, InvalidRecord):
        raise values
    if not isinstance(values, dict):
        raise not_a_post(values)
    if other := next((reason for key, reason in _OTHERS.items() if key in values), None):
        tally.left_out[other] += 1
        return None
    if "nick_name" in values and "mblogid" not in values:
        tally.left_out["profiles ignored"] += 1
        return None
    require_content(values, _CONTENT)
    post_id = first(values.get("_id"))
    if post_id is None:
        raise InvalidRecord("no id", "has no key '_id'", "export the file again")
    if values.get("video"):
        tally.note(VIDEO)
    return {
        "id": post_id,
        "text": plain_text(values.get("content")),
        "images": images_beside(index, folder, addresses(values.get("pic_urls")), post_id, tally),
        "user": user_id(tally, at(values, "user", "_id"), _user_in_address(values.get("url"))),
        "time": first_instant([values.get("created_at")], tally, zone=BEIJING),
        **read_geo(values.get("geo"), tally),
    }


def _user_in_address(address: object) -> str | None:
    found = _USER_IN_ADDRESS.match(address) if isinstance(address, str) else None
    return found[1] if found else None


def read_geo(geo: object, tally: ImportReport) -> Mapping[str, object]:
    """Coordinates, place and venue of Weibo's `geo`: a GeoJSON-like point, but with the latitude first, and a POI."""
    if geo in (None, "", {}, []):
        return {}
    detail = at(geo, "detail")
    point = at(geo, "coordinates")
    if isinstance(point, list) and len(point) == 2 and at(geo, "type") in ("Point", None):
        coordinates = tally.coordinates(*point)
    else:
        coordinates = {}
        tally.note(BAD_COORDINATES)
    return {"place": at(detail, "title"), "venue": at(detail, "poiid"), **coordinates}
