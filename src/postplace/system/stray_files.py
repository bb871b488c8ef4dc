"""Files and folders that a Mac, a NAS or Windows leaves beside those of people: they hold nothing of a dump."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

STRAY = "file of a Mac, a NAS or Windows passed over"

_FILES = frozenset((".ds_store", ".localized", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"))
_FOLDERS = frozenset(
    (
        "__macosx",  # in archives that a Mac packed
        ".appledouble",
        ".spotlight-v100",
        ".trashes",
        ".fseventsd",
        ".temporaryitems",
        "@eadir",  # thumbnails and indexes of Synology
        ".@__thumb",  # and of QNAP
        "@recycle",
        "$recycle.bin",
        "system volume information",
    )
)


def is_stray_file(name: str) -> bool:
    """Whether a file of this name is not one of a dump: `._NAME` holds what a Mac knows of `NAME` (AppleDouble).

    >>> is_stray_file("._posts.csv"), is_stray_file("Thumbs.db"), is_stray_file("posts.csv")
    (True, True, False)
    """
    return name.startswith("._") or name.lower() in _FILES


def is_stray_folder(name: str) -> bool:
    """Whether nothing in a folder of this name is of a dump.

    >>> is_stray_folder("__MACOSX"), is_stray_folder("@eaDir"), is_stray_folder("images")
    (True, True, False)
    """
    return name.lower() in _FOLDERS


def without_strays(files: Iterable[PurePath], root: PurePath) -> tuple[list[PurePath], int]:
    """The files of a dump among those below `root`, in their order, and how many are stray ones.

    >>> from pathlib import PurePosixPath as Path
    >>> without_strays([Path("a/b.csv"), Path("a/._b.csv"), Path("a/@eaDir/b.csv")], Path("a"))
    ([PurePosixPath('a/b.csv')], 2)
    """
    files = list(files)
    inside = [file.relative_to(root).parts for file in files]
    strays = [is_stray_file(parts[-1]) or any(map(is_stray_folder, parts[:-1])) for parts in inside]
    return [file for file, stray in zip(files, strays, strict=True) if not stray], sum(strays)
