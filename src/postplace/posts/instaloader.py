"""A folder that Instaloader wrote -> posts.

Read is the metadata of each post, `*.json.xz` or `*.json`, as Instaloader 4 writes it (`save_structure_to_file`,
`Post._asdict`), for posts of profiles, hashtags and locations, web and iPhone form; what lies beside it under the same
name (`.txt`, `_location.txt`, images) completes it. The targets' own files (profiles, stories, highlights, comments,
resume files) are no posts and are counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from postplace.errors import BadPost
from postplace.posts.dump import (
    AUTO,
    BAD_TIME,
    NO_METADATA,
    NO_TIME,
    NO_USER,
    Dump,
    ImportReport,
    InvalidRecord,
    at,
    first,
    make_posts,
    not_a_post,
    require_content,
)
from postplace.posts.instaloader_files import (
    CAPTION,
    GEOTAG,
    LOCATION_TARGET,
    NAMED_TIME,
    OF_MANY_USERS,
    File,
    contents,
    files_of_posts,
    structure,
)
from postplace.posts.instaloader_images import images_by_name, images_of_node
from postplace.posts.keys import require_text_key
from postplace.schema import Post

WITHOUT_METADATA = "read from its caption file, without metadata"
SAME_SECOND = "another post of the same second"
IMAGE_OF_ANOTHER = "image left out: it may be of another post of the same second"
EARLIER_CAPTION = "earlier caption passed over"

_MAP_LINK = re.compile(r"^https?://\S*[?&]q=(-?[\d.]+(?:e-?\d+)?),(-?[\d.]+(?:e-?\d+)?)", re.MULTILINE)
_OF_A_POST = frozenset(
    ("node", "instaloader", "__typename", "display_url", "owner", "taken_at_timestamp", "taken_at", "iphone_struct")
)
_CAPTIONS = ("edge_media_to_caption", "caption", "iphone_struct")
_CONTENT = (*_CAPTIONS, "display_url", "edge_sidecar_to_children", "location", "taken_at_timestamp", "taken_at", "date")
_ONLY_A_TIME = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_UTC")

Node = dict[str, Any]


def instaloader_dump(folder: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of a folder in the order of their paths.

    id: the shortcode; user: the owner's id; time: UTC; venue: Instagram's location id; place: the location's name;
    latitude and longitude: where they are known. A post that lies in several targets is given out once, as it stands
    in the first. A video gives no image but its cover. Images without metadata are counted, too. Iterating raises
    `BadPost` for a folder that cannot be read.
    """
    return Dump(partial(_posts, Path(folder)), on_refused=on_refused)


def _posts(folder: Path, tally: ImportReport) -> Iterator[Post]:
    files = contents(files_of_posts(folder, tally))
    found = ((file.base + file.ending, (file, content)) for file, content in files)
    yield from make_posts(found, tally, record=lambda item: _record(*item, tally))
    if not tally.records and tally.orphans[NO_METADATA]:
        with_metadata = "download the metadata with `instaloader --no-pictures --no-videos`"
        tally.remedy = f"if `instaloader --no-metadata-json` filled it, {with_metadata}; if another program did, {AUTO}"


def _post_node(structure: object, tally: ImportReport) -> Node | None:
    """The node of a post; None for what Instaloader writes beside posts, which is counted."""
    if isinstance(structure, list) and all(isinstance(item, dict) and "text" in item for item in structure):
        tally.left_out["comments ignored"] += 1
        return None
    if not isinstance(structure, dict) or not _may_be_a_post(structure):
        raise InvalidRecord(
            "not Instaloader's",
            "is no metadata of Instaloader",
            f"move it elsewhere if it is another program's: {AUTO}",
        )
    kind = at(structure, "instaloader", "node_type")
    if kind is not None and kind != "Post":
        known = kind in ("Profile", "StoryItem", "Hashtag", "Highlight", "FrozenNodeIterator")
        tally.left_out[f"{kind} ignored" if known else "metadata of another kind ignored"] += 1
        return None
    node = structure.get("node", structure)  # version 3 wrote the bare node
    if not isinstance(node, dict):
        raise not_a_post(node)
    return node


def _may_be_a_post(structure: Node) -> bool:
    return "node" in structure or not structure.keys().isdisjoint(_OF_A_POST) or _shortcode(structure) is not None


# --- one post


def _record(file: File, content: bytes | InvalidRecord, tally: ImportReport) -> dict[str, object] | None:
    """A metadata file, and the files of its name -> what `parse` reads; None for what is no post."""
    if not file.is_metadata:
        return _record_by_name(file, tally)
    node = _post_node(structure(content), tally)
    if node is None:
        return None
    shortcode = _shortcode(node)
    if shortcode is None:
        raise InvalidRecord("no shortcode", "has no key 'shortcode'", "download the post again")
    require_content(node, _CONTENT)
    if not file.side_text(CAPTION):
        require_text_key(node, _CAPTIONS)
    user = first(
        at(node, "owner", "id"),
        at(node, "owner", "pk"),
        at(node, "iphone_struct", "user", "pk"),
        at(node, "user", "pk"),
    )
    if user is None:
        tally.note(NO_USER)
    caption = _caption(node, file)
    images, others = images_of_node(node, file, tally)
    return {
        "id": shortcode,
        "text": caption,
        "images": _certain(images, str(caption or ""), file, tally, others=others),
        "user": user,
        "time": _time(node, file, tally),
        **_location(node, file, tally),
    }


def _record_by_name(file: File, tally: ImportReport) -> dict[str, object]:
    """A post of `--no-metadata-json`: its caption, its images and its location lie under one name."""
    tally.note(WITHOUT_METADATA)
    user = None
    if not file.folder.startswith(OF_MANY_USERS):
        with suppress(OSError):
            user = Path(file.base).with_name("id").read_text(encoding="utf-8", errors="replace")[:64].strip()
    if not (user and user.isdecimal()):
        user = None
        tally.note(NO_USER)
    caption = file.side_text(CAPTION).rstrip("\n")
    images, is_one = images_by_name(file, tally)
    return {
        "id": f"{file.folder}/{file.stem}",
        "text": caption,
        "images": _certain(images, caption, file, tally, others=0, is_one=is_one),
        "user": user,
        "time": _time({}, file, tally),
        **_location({}, file, tally),
    }


def _certain(
    images: list[str], caption: str, file: File, tally: ImportReport, *, others: int, is_one: bool = True
) -> Sequence[str]:
    """The images of a post, without those that may be of another one of the same second.

    Names of files have no more than a second. In the folder of a hashtag, a location or a feed two posts may have one
    name: the later one's metadata and caption take the place of the earlier's (which lies in `_old_01.txt`), but an
    image that is there is not downloaded again. The images are certain where the other's lie under other names (single,
    album): `others` is how many do. Not `is_one`: the names are those of a single post and of an album.
    """
    replaced = [text for text in file.earlier_captions() if text.strip() != caption.strip()]
    is_of_many = file.folder.startswith(OF_MANY_USERS) and _ONLY_A_TIME.fullmatch(file.stem) is not None
    if replaced and not is_of_many:
        tally.note(EARLIER_CAPTION)
    if is_one and not (replaced and is_of_many):
        return images
    tally.note(SAME_SECOND)
    if is_one and len(replaced) == 1 and others:
        return images
    for _ in images:
        tally.note(IMAGE_OF_ANOTHER)
    return ()


def _shortcode(node: Node) -> object:
    return first(node.get("shortcode"), node.get("code"), at(node, "iphone_struct", "code"))


def _caption(node: Node, file: File) -> object:
    """The caption; from the `.txt` file, which may hold more than it, only where the node does not speak of one."""
    edges = at(node, "edge_media_to_caption", "edges")
    if isinstance(edges, list):
        return at(edges, 0, "node", "text")
    for holder in (node, node.get("iphone_struct")):
        if isinstance(holder, dict) and "caption" in holder:
            caption = holder["caption"]
            return caption.get("text") if isinstance(caption, dict) else caption
    return file.side_text(CAPTION).rstrip("\n")


def _time(node: Node, file: File, tally: ImportReport) -> datetime | None:
    """When it was posted, in UTC; from the file name where the node does not say."""
    stamp = first(*(node.get(key) for key in ("taken_at_timestamp", "date", "taken_at")))
    stamp = first(stamp, at(node, "iphone_struct", "taken_at"))
    with suppress(ValueError, OverflowError, OSError):
        if isinstance(stamp, int | float) and not isinstance(stamp, bool):
            return datetime.fromtimestamp(stamp, UTC)
    if named := NAMED_TIME.search(file.stem):
        with suppress(ValueError):
            return datetime.strptime(named[1], "%Y-%m-%d_%H-%M-%S").replace(tzinfo=UTC)
    tally.note(NO_TIME if stamp is None else BAD_TIME)
    return None


def _location(node: Node, file: File, tally: ImportReport) -> dict[str, object]:
    """venue, place, latitude and longitude, as far as the node, its iPhone form or `_location.txt` know them."""
    known = [node.get("location"), at(node, "iphone_struct", "location")]
    places = [place for place in known if isinstance(place, dict)]
    venue = first(*(place.get(key) for place in places for key in ("id", "pk", "facebook_places_id")))
    name = first(*(place.get("name") for place in places))
    pairs = [(place.get("lat"), place.get("lng")) for place in places]
    latitude, longitude = next((pair for pair in pairs if None not in pair), (None, None))
    if latitude is None and (places or "location" not in node) and (side := file.side_text(GEOTAG)):
        link = _MAP_LINK.search(side)
        latitude, longitude = link.groups() if link else (None, None)
        name = first(name, side[: link.start() if link else None].strip())
    if venue is None and (target := LOCATION_TARGET.fullmatch(file.folder)):
        venue = target[1]
    return {"venue": venue, "place": name, **tally.coordinates(latitude, longitude)}
