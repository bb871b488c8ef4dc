"""The images that lie beside a dump, found by the names that downloaders give them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from postplace.posts.dump import EMPTY_IMAGE, NO_IMAGE, ImportReport
from postplace.posts.foreign_values import address_stem
from postplace.posts.image_files import image_names

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

    def _images(self, folder: str) -> dict[str, str]:
        """The names of a folder's images without their endings -> their paths."""
        if folder not in self._listed:
            if len(self._listed) >= _KEPT:
                self._listed.pop(next(iter(self._listed)))
            self._listed[folder] = _images_in(folder)
        return self._listed[folder]


def _images_in(folder: str) -> dict[str, str]:
    return {name.rpartition(".")[0]: f"{folder}{os.sep}{actual}" for name, actual in image_names(Path(folder)).items()}


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


def name_at(address: object) -> str:
    """The name at the end of an address, without its ending; "" where there is no address.

    >>> name_at("https://pbs.example/media/Fabc.jpg?name=large"), name_at(None)
    ('Fabc', '')
    """
    return address_stem(address) if isinstance(address, str) else ""
