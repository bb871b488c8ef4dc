"""Lists of Instagram posts as Apify's Instagram scrapers give them (JSON, JSON lines) -> posts.

One flat object a post: `shortCode`, `caption`, `timestamp`, `locationName`, `locationId`, `displayUrl`, `images`,
`childPosts`, `ownerUsername`, `ownerId`, as the actor's page describes its output. The scraper downloads no images;
those that were fetched afterwards are found by the name in their address, or by the shortcode.
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

CONTENT = ("caption", "locationName", "displayUrl", "images", "childPosts")


def apify_dump(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of a .json or .jsonl file, or of all below a folder, in the order of their paths.

    id: the shortcode, else `id`; user: `ownerId`, else `ownerUsername`; time: UTC; place and venue: `locationName` and
    `locationId`. The results of the same scraper that are no posts (profiles, errors) are counted. Iterating raises
    `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether a path holds such a list; never raises."""
    return any("shortCode" in record and not {"pk", "node"} & set(record) for record in first_objects(path))


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    images = ImageIndex()
    records = json_records(path, tally, wanted=lambda file: True)
    found = ((where, (file, value)) for file, where, value in records)
    return make_posts(found, tally, record=lambda item: _record(*item, images, tally))


def _record(file: Path, item: object, images: ImageIndex, tally: ImportReport) -> dict[str, object] | None:
    if isinstance(item, InvalidRecord):
        raise item
    if not isinstance(item, dict):
        raise not_a_post(item)
    if "shortCode" not in item and (reason := _no_post(item)):
        tally.left_out[reason] += 1
        return None
    require_content(item, CONTENT)
    user = first(item.get("ownerId"), item.get("ownerUsername"))
    if user is None:
        tally.note(NO_USER)
    tags = item.get("hashtags")
    return {
        "id": first(item.get("shortCode"), item.get("id")),
        "text": item.get("caption"),
        "hashtags": tags or None,
        "images": _images(file, item, images, tally),
        "user": user,
        "time": first_instant([item.get("timestamp")], tally),
        "place": item.get("locationName"),
        "venue": item.get("locationId"),
        **tally.coordinates(at(item, "location", "lat"), at(item, "location", "lng")),
    }


def _no_post(item: Mapping[str, object]) -> str:
    """What an object of the scraper is that is no post."""
    if "error" in item:
        return "error of the scraper"
    if "latestPosts" in item or "followersCount" in item:
        return "profile ignored"
    return ""


def _images(file: Path, item: Mapping[str, object], images: ImageIndex, tally: ImportReport) -> list[str]:
    code = first(item.get("shortCode"), item.get("id"))
    children = item.get("childPosts")
    parts = [part for part in children if isinstance(part, dict)] if isinstance(children, list) else []
    addresses = item.get("images")
    if not parts and isinstance(addresses, list) and len(addresses) > 1:
        parts = [{"displayUrl": address} for address in addresses]
    found: list[str] = []
    for number, part in enumerate(parts or [item], start=1):
        names = [address_stem(part.get("displayUrl")), f"{code}_{number}" if parts else f"{code}"]
        image = images.find(file.parent, names)
        if part.get("type") == "Video":
            tally.note(VIDEO)
            found += usable(image, tally) if image else []
        elif image or part.get("displayUrl"):
            found += usable(image, tally)
    return list(dict.fromkeys(found))
