"""What the browser extension Zeeschuimer exported, NDJSON -> posts.

A line is an object with `source_platform`, `item_id` and, in `data`, what the site sent to the browser; 4CAT keeps the
same with the wrapper in `__import_meta`. Zeeschuimer downloads no images. Its CSV has the columns of 4CAT, and is read
by the source `4cat`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from postplace.errors import BadPost
from postplace.posts.downloaded_images import ImageIndex
from postplace.posts.dump import (
    Dump,
    ImportReport,
    InvalidRecord,
    at,
    make_posts,
    not_a_post,
    require_content,
)
from postplace.posts.image_files import images_beside
from postplace.posts.record_files import first_records, folders_of_files, read_records, whole_first
from postplace.posts.zeeschuimer_items import PLATFORMS
from postplace.schema import Post

_ENDINGS = (".ndjson", ".jsonl", ".json")
_CONTENT = ("data", "__import_meta")
ANOTHER_PLATFORM = "items of a platform that is not read"


def zeeschuimer_dump(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of Instagram, Threads, TikTok, X and Xiaohongshu in a folder or one .ndjson file, in order.

    id: the site's (Instagram's shortcode); user: the user's id; time: UTC; place and venue: the location's name and its
    id; latitude and longitude where the post has a point. An item seen on several pages is given out once; one of which
    an overview page had only a part comes after the whole ones of its file, so that the whole one is taken. Images are
    found where somebody downloaded them beside the file: see `images_beside`; a video gives none. Iterating raises
    `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether Zeeschuimer wrote what lies there."""
    return any(
        {"source_platform", "item_id", "data"} <= record.keys() or "__import_meta" in record
        for record in first_records(path, endings=_ENDINGS)
    )


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    index = ImageIndex()
    for folder, files, _ in folders_of_files(path, tally, endings=_ENDINGS):
        for file in files:
            records = whole_first(partial(read_records, file), _is_partial, tally)
            found = ((where, (values, folder)) for where, values in records)
            yield from make_posts(found, tally, record=lambda item: _record(*item, index, tally))


def _is_partial(values: object) -> bool:
    return at(values, "data", "_zs_partial") is True or at(values, "_zs_partial") is True


def _record(values: object, folder: Path, index: ImageIndex, tally: ImportReport) -> dict[str, object] | None:
    """A line, and the images of its name -> what `parse` reads; None for what is no post."""
    if isinstance(values, InvalidRecord):
        raise values
    if not isinstance(values, dict):
        raise not_a_post(values)
    require_content(values, _CONTENT)
    wrapped = "data" in values
    data: object = values["data"] if wrapped else values
    platform = values.get("source_platform") if wrapped else at(values, "__import_meta", "source_platform")
    if not isinstance(data, Mapping):
        raise not_a_post(data)
    read = PLATFORMS.get(platform) if isinstance(platform, str) else None
    if read is None:
        tally.left_out[ANOTHER_PLATFORM] += 1
        return None
    item = read(data, tally)
    if item is None:
        return None
    if _is_partial(values):
        tally.note("captured in part")
    found = images_beside(index, folder, item.addresses, item.record["id"], tally)
    return {**item.record, "images": found}
