"""What a Mac, a NAS or Windows leaves beside the files of people."""

from __future__ import annotations

from pathlib import Path

import pytest

from postplace.system.stray_files import is_stray_file, is_stray_folder, without_strays


@pytest.mark.parametrize("name", ["._a.json.xz", ".DS_Store", "thumbs.db", "Desktop.ini"])
def test_stray_files(name: str) -> None:
    assert is_stray_file(name)


@pytest.mark.parametrize("name", [".hidden.json", "_SUCCESS", "a._b.json", "thumbs.db.json", "__MACOSX"])
def test_files_of_people(name: str) -> None:
    assert not is_stray_file(name)


def test_a_folder_of_a_hashtag_is_no_stray_one() -> None:
    assert is_stray_folder("@eaDir")
    assert not any(map(is_stray_folder, ("#recycle", "#Eadir", "._anna")))


def test_the_name_of_the_root_does_not_count() -> None:
    root = Path("__MACOSX")
    assert without_strays([root / "a.csv", root / "@eaDir" / "a.csv"], root) == ([root / "a.csv"], 1)
