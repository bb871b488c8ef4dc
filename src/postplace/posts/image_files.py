"""Images that lie beside a dump, found by their names; what no record names is counted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from postplace.posts.dump import EMPTY_IMAGE, NO_IMAGE, NO_METADATA, ImportReport, by_ending
from postplace.posts.foreign_values import address_stem

IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".heic")
BESIDE = ("", "images", "img", "pics", "media")  # where people keep what they downloaded for a dump that has no images


@dataclass(slots=True)
class ImageFolders:
    """What is in the folders where images may lie, each listed once, and the images that records have named."""

    _listed: dict[Path, Mapping[str, str]] = field(default_factory=dict)
    _named: set[str] = field(default_factory=set)

    def find(self, folders: Iterable[Path], stems: Sequence[str], tally: ImportReport) -> str | None:
        """The path of the image with one of the names, given without the ending; without one, a remark on the post."""
        reason = NO_IMAGE
        for folder in folders:
            names = self._names(folder)
            for stem in stems if names else ():
                name = next((names[stem + ending] for ending in IMAGES if stem + ending in names), None)
                if name is None:
                    continue
                path = f"{folder}{os.sep}{name}"
                self._named.add(path)
                with suppress(OSError):
                    if Path(path).stat().st_size:
                        return path
                    reason = EMPTY_IMAGE
        tally.note(reason)
        return None

    def count_orphans(self, tally: ImportReport) -> None:
        """Images of the listed folders that no record named: posts whose record is gone. Then they are forgotten."""
        for folder, names in self._listed.items():
            paths = (f"{folder}{os.sep}{name}" for name in names.values())
            if orphans := sum(path not in self._named for path in paths):
                tally.orphans[NO_METADATA] += orphans
        self._listed.clear()
        self._named.clear()

    def _names(self, folder: Path) -> Mapping[str, str]:
        if folder not in self._listed:
            self._listed[folder] = image_names(folder)
        return self._listed[folder]


def image_names(folder: Path) -> Mapping[str, str]:
    """The images in a folder, by the name with its ending in lower case; none where there is no such folder.

    What a Mac writes beside an image, `._NAME`, is none.
    """
    with suppress(OSError, ValueError), os.scandir(folder) as entries:
        names = (entry.name for entry in entries)
        return by_ending(name for name in names if name.lower().endswith(IMAGES) and not name.startswith("._"))
    return {}


def images_beside(
    images: ImageFolders, folder: Path, addresses: Sequence[str], post_id: object, tally: ImportReport
) -> list[str]:
    """The images of a post of a dump that has addresses only, where somebody downloaded them beside it.

    They are found by the name in the address, or by `ID_1`, `ID_2` and so on (`ID` where the post has one image), in
    the folder of the dump or in `images`, `img`, `pics` or `media` in it. The rest are remarks on the post.
    """
    folders = [folder / name for name in BESIDE]
    found = []
    for number, address in enumerate(addresses, start=1):
        stems = [address_stem(address), f"{post_id}_{number}"]
        if len(addresses) == 1:
            stems.append(str(post_id))
        found.append(images.find(folders, [stem for stem in stems if stem], tally))
    return [path for path in found if path]
