"""Images beside a dump: found by name, else a remark; those that nobody names are counted."""

from __future__ import annotations

from pathlib import Path

from postplace.posts.downloaded_images import ImageIndex
from postplace.posts.dump import ImportReport
from postplace.posts.image_files import ImageFolders, images_beside


def make(folder: Path, *names: str, content: bytes = b"x") -> list[str]:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in names]


def test_what_is_found_and_what_is_left_over(tmp_path: Path) -> None:
    (first, _) = make(tmp_path, "a.jpg", "orphan.png")
    make(tmp_path, "empty.jpg", content=b"")
    images, tally = ImageFolders(), ImportReport()
    assert images.find(tmp_path, ["a", "empty", "b"], tally) == [first]
    assert tally._noted == ["image file is empty", "image file is missing"]
    images.count_orphans(tally)
    images.count_orphans(tally)
    assert tally.orphans == {"image without metadata": 1}


def test_images_that_somebody_downloaded(tmp_path: Path) -> None:
    by_address, by_number = make(tmp_path / "media", "Fabc.jpg", "7_2.png")
    (alone,) = make(tmp_path, "8.jpg")
    given = ["https://a.example/Fabc.jpg?name=orig", "https://a.example/other", "https://[broken"]
    tally = ImportReport()
    assert images_beside(ImageIndex(), tmp_path, given, 7, tally) == [by_address, by_number]
    assert tally._noted == ["image file is missing"]
    assert images_beside(ImageIndex(), tmp_path, given[1:2], 8, tally) == [alone]
    assert images_beside(ImageIndex(), tmp_path, [], 8, tally) == []
