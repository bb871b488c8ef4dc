"""The images of a post among those that lie beside a dump, and those that no post has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from postplace.posts.downloaded_images import ImageIndex, address_stem, usable
from postplace.posts.dump import ImportReport


@dataclass(slots=True)
class ImageFolders:
    """The images of the folders that a crawler filled, found by name, and which of them posts have."""

    _index: ImageIndex = field(default_factory=ImageIndex)
    _used: set[str] = field(default_factory=set)

    def find(self, folder: Path, stems: Sequence[str], tally: ImportReport) -> list[str]:
        """The images of the names, given without their endings, in their order; for each that is missing a remark."""
        found = []
        for stem in stems:
            image = self._index.find(folder, [stem], inside=("",))
            if image is not None:
                self._used.add(image)
            found += usable(image, tally)
        return found

    def count_orphans(self, tally: ImportReport) -> None:
        """Images that no record named: posts whose record is gone. Then all are forgotten."""
        self._index.count_orphans(self._used, tally)
        self._used.clear()


def images_beside(
    index: ImageIndex, folder: Path, addresses: Sequence[str], post_id: object, tally: ImportReport
) -> list[str]:
    """The images of a post of a dump that has addresses only, where somebody downloaded them beside it.

    They are found by the name in the address, or by `ID_1`, `ID_2` and so on (`ID` where the post has one image), in
    the folder of the dump or in `images`, `media`, `photos` or `img` in it. The rest are remarks on the post.
    """
    found = []
    for number, address in enumerate(addresses, start=1):
        alone = [str(post_id)] if len(addresses) == 1 else []
        found += usable(index.find(folder, [address_stem(address), f"{post_id}_{number}", *alone]), tally)
    return found
