"""What 4CAT exported, CSV -> posts, whatever it collected: Instagram, TikTok, X, Threads, Xiaohongshu, Bluesky, ...

A row has `id`, `body` and `timestamp`, and columns that depend on the source of the data. The images that 4CAT
downloads come in an archive with `.metadata.json`, which says the address of each: where it was unpacked beside the
CSV, or in a folder beside it, its images are found. What the site did not send is written as 0 or as nothing.
"""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path

from postplace.errors import BadPost
from postplace.posts.downloaded_images import ImageIndex
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
from postplace.posts.foreign_values import addresses, texts, user_id, whole_id
from postplace.posts.image_files import images_beside
from postplace.posts.record_files import CsvForm, first_records, folders_of_files, read_records, whole_first
from postplace.posts.zeeschuimer_items import RETWEET
from postplace.schema import Post
from postplace.system.text_tables import is_rounded

_ENDINGS = (".csv",)
_CSV = CsvForm(required={"id", "body", "timestamp"})
_CONTENT = ("body", "timestamp", "subject", "title")
_MARKS = {"thread_id", "unix_timestamp", "collected_from_url"}  # of which every table of 4CAT has one
_COMMENT_COLUMNS = ("comment_url", "post_body")
_IMAGE_COLUMNS = ("image_urls", "image_url", "images", "photos")
_USER_COLUMNS = ("author_id", "author_user_id", "account_id", "author")
_VIDEO_COLUMNS = ("video_url", "video_urls", "videos")
_METADATA = ".metadata.json"
_MOST_FOLDERS = 1_000
BOX_CENTRE = "coordinates of a box left out"

Archive = Mapping[int, str]  # the digest of an address -> the path of its image


def fourcat_export(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of a folder or one .csv file, in the order of the paths.

    id: the site's; text: the title, if any, and the body; user: the author's id, else the name; time: from
    `unix_timestamp`, else from `timestamp`, which is taken for UTC; place and venue: name and id of the location;
    latitude and longitude: of the location, or of the post (X), but not a point on the edge of a place's box, which
    4CAT writes for X as Zeeschuimer saw it. Retweets and comments are no posts and are counted. Iterating raises
    `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether 4CAT wrote what lies there."""
    records = first_records(path, endings=_ENDINGS)
    return any(_CSV.required <= record.keys() and _MARKS & record.keys() for record in records)


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    index = ImageIndex()
    for folder, files, _ in folders_of_files(path, tally, endings=_ENDINGS):
        archive = _archive(folder)
        for file in files:
            records = whole_first(partial(read_records, file, form=_CSV), _is_partial, tally)
            found = ((where, (values, folder, archive)) for where, values in records)
            yield from make_posts(found, tally, record=lambda item: _record(*item, index, tally))


def _is_partial(values: object) -> bool:
    """Whether it is what an overview page showed of a post, of which Zeeschuimer may have seen the whole, too."""
    return str(at(values, "partial_item")).casefold() in ("true", "yes", "1")


def _record(
    values: object, folder: Path, archive: Archive, index: ImageIndex, tally: ImportReport
) -> dict[str, object] | None:
    """A row, and its images -> what `parse` reads; None for what is no post."""
    if isinstance(values, InvalidRecord):
        raise values
    if not isinstance(values, dict):
        raise not_a_post(values)
    require_content(values, _CONTENT)
    if str(values.get("is_retweet", "")).strip().casefold() in ("yes", "true"):
        tally.left_out[RETWEET] += 1
        return None
    if any(values.get(key) for key in _COMMENT_COLUMNS):
        tally.left_out["comments ignored"] += 1
        return None
    post_id = first(values.get("id"))
    if post_id is None:
        raise InvalidRecord("no id", "has no id", "export the file again")
    if isinstance(post_id, str) and is_rounded(post_id):
        raise InvalidRecord("id rounded", f"has the rounded id {post_id!r}", "give the CSV as 4CAT wrote it")
    return {
        "id": post_id,
        "text": _text(values),
        "hashtags": texts(first(values.get("hashtags"), values.get("tags"))) or None,
        "images": _images(values, post_id, folder, archive, index, tally),
        "user": user_id(tally, *(values.get(key) for key in _USER_COLUMNS)),
        "time": first_instant((values.get(key) for key in ("unix_timestamp", "timestamp")), tally),
        "place": first(values.get("location_name"), values.get("place_name")),
        "venue": whole_id(first(values.get("location_id")), "location", tally),
        **_coordinates(values, tally),
    }


def _text(values: Mapping[str, str]) -> str:
    title = first(values.get("title"), values.get("subject"))
    body = values.get("body", "")
    if "is_quote_tweet" in values:  # X sends its texts as HTML
        body = html.unescape(body)
    return f"{title}\n{body}".strip() if isinstance(title, str) and not body.startswith(title) else body


def _coordinates(values: Mapping[str, str], tally: ImportReport) -> dict[str, float]:
    """Where the location is, or the post (X has the longitude first)."""
    if pair := values.get("location_latlong", "").strip():
        latitude, _, longitude = pair.partition(",")
        return tally.coordinates(latitude, longitude or None)
    if not (pair := values.get("long_lat", "").strip()):
        return {}
    if "quote_author" in values:  # the table of X as Zeeschuimer saw it
        tally.note(BOX_CENTRE)
        return {}
    longitude, _, latitude = pair.partition(",")
    return tally.coordinates(latitude or None, longitude)


def _images(
    values: Mapping[str, str],
    post_id: object,
    folder: Path,
    archive: Archive,
    index: ImageIndex,
    tally: ImportReport,
) -> list[str]:
    """The images of a post, in the order of their addresses; none of a video."""
    if values.get("media_type") in ("video", "mixed") or any(values.get(key) for key in _VIDEO_COLUMNS):
        tally.note(VIDEO)
        if values.get("media_type") != "mixed":
            return []
    given = next((found for key in _IMAGE_COLUMNS if (found := addresses(values.get(key)))), [])
    if not archive:
        return images_beside(index, folder, given, post_id, tally)
    found = []
    for address in given:
        path = archive.get(_digest(address))
        found += [path] if path else images_beside(index, folder, [address], post_id, tally)
    return found


def _archive(folder: Path) -> Archive:
    """The images that 4CAT downloaded, by their addresses, from the archives unpacked in a folder or one below it."""
    paths: dict[int, str] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        below = sorted(entry.name for entry in entries if entry.is_dir())[:_MOST_FOLDERS]
        for inside in (folder, *(folder / name for name in below)):
            for address, name in _downloaded(inside / _METADATA):
                if (inside / name).is_file():
                    paths[_digest(address)] = f"{inside}{os.sep}{name}"
    return paths


def _downloaded(metadata: Path) -> Iterator[tuple[str, str]]:
    """Address and name of each image that an archive lists."""
    with suppress(OSError, InvalidRecord), metadata.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        text = JsonText(file)
        for address in text.object_keys() if text.peek() == "{" else ():
            listed = text.value()
            name = at(listed, "filename")
            if at(listed, "success") is True and isinstance(name, str) and name == Path(name).name:
                yield address, name


def _digest(address: str) -> int:
    return int.from_bytes(blake2b(address.encode("utf-8", "surrogatepass"), digest_size=8).digest())
