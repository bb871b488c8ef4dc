"""Media of the library instagrapi, dumped as JSON -> posts.

Its `Media` (instagrapi/types.py) as `media.dict()` or `media.model_dump()` gives it: one object a file, a list, or an
object a line, with `caption_text`, `taken_at`, `location`, `user`, and for albums `resources`. The answers of
Instagram's private API beneath (`cl.last_json`: `caption.text`, seconds since 1970) are read too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from postplace.errors import BadPost
from postplace.posts.downloaded_images import ImageIndex, address_stem, usable
from postplace.posts.dump import (
    NO_USER,
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
from postplace.posts.json_files import first_objects, json_records
from postplace.schema import Post

CONTENT = ("caption_text", "caption", "location", "thumbnail_url", "resources", "image_versions2", "carousel_media")
_PHOTO, _VIDEO = 1, 2  # of `media_type`; 8 is an album

Found = tuple[Path, object]  # the file; the record, or why it is none


def instagrapi_dump(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of a .json or .jsonl file, or of all below a folder, in the order of their paths.

    id: the shortcode (`code`), else `pk`; user: the user's `pk`; time: `taken_at`, in UTC where it has no zone; place
    and venue: the location's name and `pk`. Images are those that `photo_download` and `album_download` write beside
    the dump (`USERNAME_PK.jpg`). Iterating raises `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether a path holds instagrapi's media; never raises."""
    return any(
        "pk" in record and "taken_at" in record and ("caption_text" in record or "media_type" in record)
        for record in first_objects(path)
    )


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    images = ImageIndex()
    records = json_records(path, tally, wanted=lambda file: True)
    found = ((where, (file, value)) for file, where, value in records)
    return make_posts(found, tally, record=lambda item: _record(*item, images, tally))


def _record(file: Path, media: object, images: ImageIndex, tally: ImportReport) -> dict[str, object]:
    if isinstance(media, InvalidRecord):
        raise media
    if not isinstance(media, dict):
        raise not_a_post(media)
    require_content(media, CONTENT)
    user = first(at(media, "user", "pk"), at(media, "user", "id"), at(media, "user", "username"))
    if user is None:
        tally.note(NO_USER)
    location = media.get("location")
    return {
        "id": first(media.get("code"), media.get("pk"), media.get("id")),
        "text": first(media.get("caption_text"), at(media, "caption", "text")),
        "images": _images(file, media, images, tally),
        "user": user,
        "time": first_instant([media.get("taken_at")], tally),
        "place": at(location, "name"),
        "venue": first(at(location, "pk"), at(location, "id"), at(location, "external_id")),
        **tally.coordinates(at(location, "lat"), at(location, "lng")),
    }


def _images(file: Path, media: Mapping[str, object], images: ImageIndex, tally: ImportReport) -> list[str]:
    """The image of each part that is a photo, and the cover of a video if it was downloaded."""
    listed = first(media.get("resources") or None, media.get("carousel_media"))
    parts = [part for part in listed if isinstance(part, dict)] if isinstance(listed, list) else []
    found: list[str] = []
    for number, part in enumerate(parts or [media], start=1):
        image = images.find(file.parent, _names(file, media, part, number if parts else 0))
        if part.get("media_type") == _VIDEO:
            tally.note(VIDEO)
            found += usable(image, tally) if image else []
        else:
            found += usable(image, tally)
    return list(dict.fromkeys(found))


def _names(file: Path, media: Mapping[str, object], part: Mapping[str, object], number: int) -> list[str]:
    username, key = at(media, "user", "username"), part.get("pk")
    names = [f"{username}_{key}", f"{key}", address_stem(part.get("thumbnail_url"))]
    stem = file.name.partition(".")[0]
    owned = [name for name in (stem, media.get("code"), media.get("pk")) if name not in (None, "")]
    return names + [f"{name}_{number}" if number else f"{name}" for name in owned]
