"""The images that lie beside a dump, found by the names that downloaders give them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence, Set
from contextlib import suppress
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from postplace.posts.dump import EMPTY_IMAGE, NO_IMAGE, NO_METADATA, ImportReport

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic", ".avif")
FOLDERS = ("", "images", "media", "photos", "img")  # where they lie beside a dump, as a rule
_KEPT = 16  # folders


class ImageIndex:
    """The images of folders, each listed once while a dump is read from folder to folder."""

    def __init__(self) -> None:
        self._listed: dict[str, dict[str, str]] = {}

    def find(self, folder: Path, stems: Iterable[str], *, inside: Sequence[str] = FOLDERS) -> str | None:
        """The first image that has one of the names (without their endings), in the folder or one of those in it."""
        names = [stem for stem in stems if stem]
        for path in (str(folder / name) if name else str(folder) for name in inside):
            images = self._images(path)
            for name in names:
                if name in images:
                    return images[name]
        return None

    def count_orphans(self, used: Set[str], tally: ImportReport) -> None:
        """The images of the listed folders that are not among those used: posts whose record is gone.

        The folders are forgotten.
        """
        orphans = sum(path not in used for images in self._listed.values() for path in images.values())
        if orphans:
            tally.orphans[NO_METADATA] += orphans
        self._listed.clear()

    def _images(self, folder: str) -> dict[str, str]:
        """The names of a folder's images without their endings -> their paths."""
        if folder not in self._listed:
            if len(self._listed) >= _KEPT:
                self._listed.pop(next(iter(self._listed)))
            self._listed[folder] = images_in(folder)
        return self._listed[folder]


def images_in(folder: str) -> dict[str, str]:
    """The images in a folder, by their names without the endings; none where there is no such folder."""
    found: dict[str, str] = {}
    with suppress(OSError, ValueError), os.scandir(folder) as entries:
        for name in sorted(entry.name for entry in entries):
            stem, dot, ending = name.rpartition(".")
            if dot + ending.lower() in IMAGE_ENDINGS and not name.startswith("._"):
                found.setdefault(stem, f"{folder}{os.sep}{name}")
    return found


def usable(image: str | None, tally: ImportReport) -> list[str]:
    """The image as a list; none, with a remark, for one that is missing or empty."""
    if image is not None:
        with suppress(OSError):
            if Path(image).stat().st_size:
                return [image]
            tally.note(EMPTY_IMAGE)
            return []
    tally.note(NO_IMAGE)
    return []


def address_stem(address: object) -> str:
    """The name at the end of an address, without its ending; "" where there is none.

    >>> address_stem("https://pbs.example/media/Fabc.jpg?name=large")
    'Fabc'
    """
    if not isinstance(address, str):
        return ""
    with suppress(ValueError):
        return PurePosixPath(unquote(urlsplit(address).path)).stem
    return ""
