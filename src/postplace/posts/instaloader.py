"""A folder that Instaloader wrote -> posts.

Read is the metadata of each post, `*.json.xz` or `*.json`, as Instaloader 4 writes it (`save_structure_to_file`,
`Post._asdict`), for posts of profiles, hashtags and locations, web and iPhone form; what lies beside it under the same
name (`.txt`, `_location.txt`, images) completes it. The targets' own files (profiles, stories, highlights, comments,
resume files) are no posts and are counted.
"""

from __future__ import annotations

import json
import lzma
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from io import FileIO
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from postplace.errors import BadPost
from postplace.posts.dump import (
    BAD_TIME,
    EMPTY_IMAGE,
    LARGEST_FILE,
    NO_CAPTION_METADATA,
    NO_IMAGE,
    NO_METADATA,
    NO_TIME,
    NO_USER,
    VIDEO,
    Dump,
    ImportReport,
    InvalidRecord,
    at,
    first,
    not_a_post,
    posts_of,
    walk,
)
from postplace.schema import Post

_ENDINGS = (".json.xz", ".json")
_UNREAD_IMAGES = (".heic", ".avif")
_IMAGES = (".jpg", ".webp", ".png", ".jpeg", *_UNREAD_IMAGES)
_CAPTION, _GEOTAG, _VIDEO = ".txt", "_location.txt", ".mp4"
_BESIDE = (*_IMAGES, _CAPTION, _VIDEO)
_MOST_CHILDREN = 20  # what Instagram allows in one post
_AT_ONCE = 32  # files
_LARGEST_SIDE_FILE = 2**20  # bytes
_DICTIONARY = 256 * 2**20  # bytes an .xz file may ask for while it is unpacked
_NAMED_TIME = re.compile(r"(?:^|_)(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_UTC")
_MAP_LINK = re.compile(r"^https?://\S*[?&]q=(-?[\d.]+(?:e-?\d+)?),(-?[\d.]+(?:e-?\d+)?)", re.MULTILINE)
_OF_A_TARGET = ("_profile_pic", "_cover")  # images of a profile, a hashtag or a highlight, which are no posts
_OF_A_POST = frozenset(
    ("node", "instaloader", "__typename", "display_url", "owner", "taken_at_timestamp", "taken_at", "iphone_struct")
)
_NUMBERED = re.compile(r"_\d+$")
_LOCATION_TARGET = re.compile(r"%(\d+)")  # the folder that `instaloader %LOCATION_ID` fills

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
    files = _contents(_metadata_files(folder, tally))
    found = ((file.base + file.ending, (file, content)) for file, content in files)
    return posts_of(found, tally, record=lambda item: _record(*item, tally))


# --- files


@dataclass(frozen=True, slots=True)
class _Beside:
    """What else is in a folder, by the name with its ending in lower case; and its files that no metadata names."""

    names: Mapping[str, str]
    orphans: set[str] = field(default_factory=set)

    def path(self, base: str, ending: str) -> str | None:
        """The file with this path but for the case of its ending, or None."""
        folder, separator, stem = base.rpartition(os.sep)
        name = self.names.get(stem + ending)
        return None if name is None else f"{folder}{separator}{name}"


@dataclass(frozen=True, slots=True)
class _File:
    """A metadata file: its path without the ending, the ending, and what else is in its folder."""

    base: str
    ending: str
    beside: _Beside


def _metadata_files(folder: Path, tally: ImportReport) -> Iterator[_File]:
    for inside, names, others in walk(folder, tally, endings=_ENDINGS, notice=_BESIDE):
        files = [_stem_and_ending(name) for name in names]
        beside = _Beside(others)
        if others:
            _count_orphans(beside, {stem for stem, _ in files}, tally)
        for stem, ending in files:
            yield _File(f"{inside}{os.sep}{stem}", ending, beside)


def _stem_and_ending(name: str) -> tuple[str, str]:
    """`NAME.json.xz` -> `NAME` and `.json.xz`, with capitals where it has them."""
    length = next(len(ending) for ending in _ENDINGS if name.lower().endswith(ending))
    return name[:-length], name[-length:]


def _count_orphans(beside: _Beside, stems: set[str], tally: ImportReport) -> None:
    """Images, and captions that Instaloader named, whose metadata file is gone: posts that were lost with it."""
    for name, actual in beside.names.items():
        stem, _, _ = name.rpartition(".")
        if stem in stems or _NUMBERED.sub("", stem) in stems or stem.endswith(_OF_A_TARGET) or name.endswith(_VIDEO):
            continue
        if not name.endswith(_CAPTION):
            beside.orphans.add(actual)
            tally.orphans[NO_METADATA] += 1
        elif _NAMED_TIME.search(stem) and not name.endswith(_GEOTAG):
            tally.orphans[NO_CAPTION_METADATA] += 1


def _contents(files: Iterator[_File]) -> Iterator[tuple[_File, bytes | InvalidRecord]]:
    """What the files hold; unpacked some at a time, for unpacking empties the processor's caches."""
    while several := list(islice(files, _AT_ONCE)):
        yield from zip(several, [_content(file.base + file.ending) for file in several], strict=True)


def _content(path: str) -> bytes | InvalidRecord:
    try:
        with FileIO(path) as file:  # a fifth faster than `Path.open`, all told
            content = file.readall() if os.fstat(file.fileno()).st_size <= LARGEST_FILE else None
        if content and path[-3:].lower() == ".xz":
            content = _unpacked(content)
    except OSError as error:
        return InvalidRecord(
            "file cannot be read", f"cannot be read ({error.strerror or error})", "check the permissions"
        )
    except (lzma.LZMAError, EOFError, MemoryError) as error:
        return InvalidRecord("damaged .xz file", f"cannot be unpacked ({error})", "download the post again")
    if content is None or len(content) > LARGEST_FILE:
        return InvalidRecord("file is too large", f"holds more than {LARGEST_FILE} bytes", "remove it: it is no post")
    return content


def _unpacked(content: bytes) -> bytes:
    unpacking = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_DICTIONARY)
    unpacked = unpacking.decompress(content, max_length=LARGEST_FILE + 1)
    if not unpacking.eof and len(unpacked) <= LARGEST_FILE:
        raise EOFError("it ends before its time")
    return unpacked


def _structure(content: bytes | InvalidRecord) -> object:
    if isinstance(content, InvalidRecord):
        raise content
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:  # ValueError: also what is not UTF-8, and numbers too long
        problem = f"is not complete JSON ({error.args[0] if error.args else error})"
        raise InvalidRecord("damaged JSON", problem, "download the post again") from error


def _post_node(structure: object, tally: ImportReport) -> Node | None:
    """The node of a post; None for what Instaloader writes beside posts, which is counted."""
    if isinstance(structure, list) and all(isinstance(item, dict) and "text" in item for item in structure):
        tally.left_out["comments ignored"] += 1
        return None
    if not isinstance(structure, dict) or not _may_be_a_post(structure):
        raise InvalidRecord(
            "not Instaloader's", "is no metadata of Instaloader", "move it elsewhere if it is another program's"
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


def _record(file: _File, content: bytes | InvalidRecord, tally: ImportReport) -> dict[str, object] | None:
    """A metadata file, and the files of its name -> what `parse` reads; None for what is no post."""
    node = _post_node(_structure(content), tally)
    if node is None:
        return None
    shortcode = _shortcode(node)
    if shortcode is None:
        raise InvalidRecord("no shortcode", "has no key 'shortcode'", "download the post again")
    user = first(
        at(node, "owner", "id"),
        at(node, "owner", "pk"),
        at(node, "iphone_struct", "user", "pk"),
        at(node, "user", "pk"),
    )
    if user is None:
        tally.note(NO_USER)
    return {
        "id": shortcode,
        "text": _caption(node, file),
        "images": _images(node, file, tally),
        "user": user,
        "time": _time(node, file, tally),
        **_location(node, file, tally),
    }


def _shortcode(node: Node) -> object:
    return first(node.get("shortcode"), node.get("code"), at(node, "iphone_struct", "code"))


def _caption(node: Node, file: _File) -> object:
    """The caption; from the `.txt` file, which may hold more than it, only where the node does not speak of one."""
    edges = at(node, "edge_media_to_caption", "edges")
    if isinstance(edges, list):
        return at(edges, 0, "node", "text")
    for holder in (node, node.get("iphone_struct")):
        if isinstance(holder, dict) and "caption" in holder:
            caption = holder["caption"]
            return caption.get("text") if isinstance(caption, dict) else caption
    return _side_file(file, _CAPTION).rstrip("\n")


def _time(node: Node, file: _File, tally: ImportReport) -> datetime | None:
    """When it was posted, in UTC; from the file name where the node does not say."""
    stamp = first(*(node.get(key) for key in ("taken_at_timestamp", "date", "taken_at")))
    stamp = first(stamp, at(node, "iphone_struct", "taken_at"))
    with suppress(ValueError, OverflowError, OSError):
        if isinstance(stamp, int | float) and not isinstance(stamp, bool):
            return datetime.fromtimestamp(stamp, UTC)
    if named := _NAMED_TIME.search(file.base.rpartition(os.sep)[2]):
        with suppress(ValueError):
            return datetime.strptime(named[1], "%Y-%m-%d_%H-%M-%S").replace(tzinfo=UTC)
    tally.note(NO_TIME if stamp is None else BAD_TIME)
    return None


def _location(node: Node, file: _File, tally: ImportReport) -> dict[str, object]:
    """venue, place, latitude and longitude, as far as the node, its iPhone form or `_location.txt` know them."""
    known = [node.get("location"), at(node, "iphone_struct", "location")]
    places = [place for place in known if isinstance(place, dict)]
    venue = first(*(place.get(key) for place in places for key in ("id", "pk", "facebook_places_id")))
    name = first(*(place.get("name") for place in places))
    pairs = [(place.get("lat"), place.get("lng")) for place in places]
    latitude, longitude = next((pair for pair in pairs if None not in pair), (None, None))
    if latitude is None and (places or "location" not in node) and (side := _side_file(file, _GEOTAG)):
        link = _MAP_LINK.search(side)
        latitude, longitude = link.groups() if link else (None, None)
        name = first(name, side[: link.start() if link else None].strip())
    if venue is None and (target := _LOCATION_TARGET.fullmatch(Path(file.base).parent.name)):
        venue = target[1]
    return {"venue": venue, "place": name, **tally.coordinates(latitude, longitude)}


def _side_file(file: _File, ending: str) -> str:
    """The text of a file beside the metadata, "" where there is none."""
    path = file.beside.path(file.base, ending) if file.beside.names else None
    if path is None:
        return ""
    try:
        with Path(path).open("rb") as opened:
            return opened.read(_LARGEST_SIDE_FILE).decode(errors="replace").replace("\r\n", "\n")
    except OSError:
        return ""


def _images(node: Node, file: _File, tally: ImportReport) -> list[str]:
    """The images of a post that lie beside it, in order: `BASE.jpg`, or `BASE_1.jpg` and so on; covers of videos."""
    children = _children(node)
    if children is None and str(node.get("__typename", "")).endswith("Sidecar"):
        return _numbered_images(file, tally)
    slots = [("", node)] if children is None else [(f"_{n}", child) for n, child in enumerate(children, start=1)]
    images = []
    for suffix, child in slots:
        image, reason = _image(file.base + suffix, file.beside)
        if image is None and (named := _named_by_address(child, file.base)):
            image, reason = _image(named, file.beside)
            _no_stray(image, file.beside, tally)
        if image is not None:
            images.append(image)
        if child.get("is_video") is True or child.get("media_type") == 2:
            tally.note(VIDEO)
        elif image is None:
            tally.note(reason)
    return images


def _numbered_images(file: _File, tally: ImportReport) -> list[str]:
    """The images of a post that does not say how many it has: as many at least as the highest number there."""
    images, missing = [], 0
    for number in range(1, _MOST_CHILDREN + 1):
        base = f"{file.base}_{number}"
        image, reason = _image(base, file.beside)
        is_video = file.beside.path(base, _VIDEO) is not None
        if image is None and not is_video and reason == NO_IMAGE:
            missing += 1  # unless it is the last: then nobody knows that there was one
            continue
        for _ in range(missing):
            tally.note(NO_IMAGE)
        missing = 0
        if image is not None:
            images.append(image)
        if is_video:
            tally.note(VIDEO)
        elif image is None:
            tally.note(reason)
    if missing == _MOST_CHILDREN:
        tally.note(NO_IMAGE)
    return images


def _no_stray(image: str | None, beside: _Beside, tally: ImportReport) -> None:
    """An image has metadata after all, under another name."""
    name = image and image.rpartition(os.sep)[2]
    if name in beside.orphans:
        beside.orphans.discard(name)
        tally.orphans[NO_METADATA] -= 1


def _children(node: Node) -> list[Node] | None:
    """The parts of a post of several images; None for any other."""
    edges = at(node, "edge_sidecar_to_children", "edges")
    if isinstance(edges, list) and edges:
        children = [at(edge, "node") for edge in edges]
    else:
        children = first(node.get("carousel_media"), at(node, "iphone_struct", "carousel_media"))  # type: ignore[assignment]
    if not isinstance(children, list) or not children:
        return None
    return [child if isinstance(child, dict) else {} for child in children]


def _image(base: str, beside: _Beside) -> tuple[str | None, str]:
    """The image of that name, whatever its ending; or None, and why there is none that can be used."""
    if not beside.names:
        return None, NO_IMAGE
    for path, ending in ((beside.path(base, ending), ending) for ending in _IMAGES):
        if path is None:
            continue
        with suppress(OSError):
            if not Path(path).stat().st_size:
                return None, EMPTY_IMAGE
            if ending in _UNREAD_IMAGES:
                return None, f"image in a format that is not read ({ending})"
            return path, ""
    return None, NO_IMAGE


def _named_by_address(child: Node, base: str) -> str | None:
    """With `{filename}` in its file pattern, Instaloader names an image like the end of its address."""
    address = child.get("display_url")
    if base.endswith("_UTC") or not isinstance(address, str):
        return None
    with suppress(ValueError):
        name = PurePosixPath(urlsplit(address).path).stem
        return f"{base.rpartition(os.sep)[0]}{os.sep}{name}" if name else None
    return None
