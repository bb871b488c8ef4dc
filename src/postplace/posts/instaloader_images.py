"""The images of a post of Instaloader's, found by its name and the parts that its metadata tells of."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from postplace.posts.dump import EMPTY_IMAGE, NO_IMAGE, NO_METADATA, VIDEO, ImportReport, at, first
from postplace.posts.instaloader_files import IMAGES, UNREAD_IMAGES, VIDEO_FILE, Beside, File

_MOST_CHILDREN = 20  # what Instagram allows in one post

Node = dict[str, Any]


def images_of_node(node: Node, file: File, tally: ImportReport) -> tuple[list[str], int]:
    """The images of a post that lie beside it, in order: `BASE.jpg`, or `BASE_1.jpg` and so on; covers of videos.

    And how many images of this name are of no part of the post: they are counted as without metadata.
    """
    children = _children(node)
    if children is None and str(node.get("__typename", "")).endswith("Sidecar"):
        suffixes = [f"_{number}" for number in range(1, _MOST_CHILDREN + 1)]
        return _numbered_images(file, tally), _count_others(file, suffixes, tally)
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
    return images, _count_others(file, [suffix for suffix, _ in slots], tally)


def images_by_name(file: File, tally: ImportReport) -> tuple[list[str], bool]:
    """The images of a post without metadata, and whether their names are those of one post."""
    single, _ = _image(file.base, file.beside)
    if file.beside.path(file.base, VIDEO_FILE):
        tally.note(VIDEO)
    if not any(name.rpartition(".")[0] != file.stem for name in file.beside.images.get(file.stem, ())):
        return ([] if single is None else [single]), True
    album = _numbered_images(file, tally)
    return (album, True) if single is None else ([single, *album], False)


def _count_others(file: File, suffixes: list[str], tally: ImportReport) -> int:
    others = file.other_images(suffixes)
    tally.orphans[NO_METADATA] += others
    return others


def _numbered_images(file: File, tally: ImportReport) -> list[str]:
    """The images of a post that does not say how many it has: as many at least as the highest number there."""
    images, missing = [], 0
    for number in range(1, _MOST_CHILDREN + 1):
        base = f"{file.base}_{number}"
        image, reason = _image(base, file.beside)
        is_video = file.beside.path(base, VIDEO_FILE) is not None
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


def _no_stray(image: str | None, beside: Beside, tally: ImportReport) -> None:
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


def _image(base: str, beside: Beside) -> tuple[str | None, str]:
    """The image of that name, whatever its ending; or None, and why there is none that can be used."""
    if not beside.names:
        return None, NO_IMAGE
    for path, ending in ((beside.path(base, ending), ending) for ending in IMAGES):
        if path is None:
            continue
        with suppress(OSError):
            if not Path(path).stat().st_size:
                return None, EMPTY_IMAGE
            if ending in UNREAD_IMAGES:
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
