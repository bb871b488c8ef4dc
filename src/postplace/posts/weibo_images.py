"""The images that weibo-crawler and weibo-search downloaded, found by the number and the day of their post."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from postplace.posts.dump import EMPTY_IMAGE, NO_IMAGE, NO_METADATA, ImportReport, by_ending
from postplace.system.stray_files import is_stray_file

IMAGES = (".jpg", ".gif", ".png", ".jpeg", ".webp")

_FOLDERS = ("img/原创微博图片", "img", "images")  # the last is weibo-search's
_OF_POSTS = ("原创微博图片", "img", "images")  # the other folders in `img` hold what others posted
_OUTPUT = ("", "weibo")  # where weibo-crawler's folders of users lie, seen from its database


@dataclass(frozen=True, slots=True)
class Images:
    """The folders where images of posts may lie, what is in each (by the name with its ending in lower case), and
    the paths that records have named.
    """

    folders: tuple[tuple[str, Mapping[str, str]], ...] = ()
    named: set[str] = field(default_factory=set)

    def of(self, values: Mapping[str, object]) -> Images:
        """Those among which the images of a record are."""
        return self


class ImagesOfUsers:
    """The images in the folders of users beside a database, which has the posts of all of them."""

    def __init__(self, folder: Path) -> None:
        self.named: set[str] = set()
        self._folder = folder
        self._by_user: dict[str, Images] = {}

    def of(self, values: Mapping[str, object]) -> Images:
        """Those in the folder of the user's name or number; of weibo-search, in all folders of keywords."""
        for user in (str(values.get(key) or "") for key in ("screen_name", "user_id")):
            if (images := self._of_user(user)).folders:
                return images
        return self._cached("", self._of_keywords)

    def _of_user(self, user: str) -> Images:
        if user in ("", "..") or "\0" in user or Path(user).name != user:  # a name that leads out of the folder
            return Images()
        return self._cached(user, lambda: _listed(self._folder / output / user for output in _OUTPUT))

    def _of_keywords(self) -> Images:
        with suppress(OSError), os.scandir(self._folder) as entries:
            return _listed(sorted(Path(entry.path) for entry in entries if entry.is_dir()))
        return Images()

    def _cached(self, user: str, find: Callable[[], Images]) -> Images:
        if user not in self._by_user:
            self._by_user[user] = Images(find().folders, self.named)
        return self._by_user[user]


def images_beside(folder: Path) -> Images:
    """The images of the posts in a file of this folder."""
    return _listed([folder])


def _listed(folders: Iterable[Path]) -> Images:
    found = []
    for inside in (folder / name for folder in folders for name in _FOLDERS):
        with suppress(OSError), os.scandir(inside) as entries:
            names = [e.name for e in entries if e.name.lower().endswith(IMAGES) and not is_stray_file(e.name)]
            found.append((str(inside), by_ending(names)))
    return Images(tuple(found))


def count_orphans(folder: Path, images: Mapping[str, str], named: set[str], tally: ImportReport) -> None:
    """Count the images of a folder that no record names: posts whose record is gone, or cannot be used.

    Takes those that are named out of `named`.
    """
    if folder.name not in _OF_POSTS:
        return
    for name in images.values():
        path = f"{folder}{os.sep}{name}"
        if path in named:
            named.discard(path)
        else:
            tally.orphans[NO_METADATA] += 1


def find_images(
    addresses: Iterable[object], post_id: str, time: datetime | None, images: Images, tally: ImportReport
) -> list[str]:
    """The images of a post that were downloaded, in the order of their addresses."""
    given = [str(address) for address in addresses if address]
    found = []
    for number, address in enumerate(given, start=1):
        image, reason = _image(images, list(_names(post_id, time, number if len(given) > 1 else None)), address)
        if image:
            found.append(image)
        else:
            tally.note(reason)
    return found


def _names(post_id: str, time: datetime | None, number: int | None) -> Iterator[str]:
    """What an image may be called: weibo-crawler counts from 1, and puts after the day the character that the time had
    there; weibo-search counts from 0.
    """
    if time is not None:
        suffix = "" if number is None else f"_{number}"
        yield from (f"{time:%Y%m%d}{mark}_{post_id}{suffix}" for mark in ("T", "", " "))
    yield post_id if number is None else f"{post_id}-{number - 1}"


def _image(images: Images, stems: list[str], address: str) -> tuple[str | None, str]:
    """The image of one of the names; or None, and why."""
    likely = address[-4:].lower()
    endings = sorted(IMAGES, key=lambda ending: ending != likely)
    for folder, names in images.folders:
        for wanted in (f"{stem}{ending}" for stem in stems for ending in endings):
            if (name := names.get(wanted)) is None:
                continue
            path = f"{folder}{os.sep}{name}"
            images.named.add(path)
            with suppress(OSError):
                return (path, "") if Path(path).stat().st_size else (None, EMPTY_IMAGE)
    return None, NO_IMAGE
