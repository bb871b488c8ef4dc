"""The images beside a dump: listed by name, found in the usual folders, counted where no record names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from postplace.posts import downloaded_images
from postplace.posts.downloaded_images import ImageIndex, address_stem, images_in, usable
from postplace.posts.dump import EMPTY_IMAGE, NO_IMAGE, NO_METADATA, ImportReport


def make(folder: Path, *names: str, content: bytes = b"x") -> list[str]:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in names]


def test_endings_in_any_case_and_none_of_a_mac(tmp_path: Path) -> None:
    upper, other, _, _, first, _ = make(tmp_path, "a.JPG", "b.webp", "._a.JPG", "notes.txt", "c.1.jpg", "c.1.png")
    assert images_in(str(tmp_path)) == {"a": upper, "b": other, "c.1": first}  # of one name, the first in order
    assert images_in(str(tmp_path / "nowhere")) == images_in(upper) == images_in("\0") == {}


def test_a_nearer_folder_comes_before_an_earlier_name(tmp_path: Path) -> None:
    (beside,) = make(tmp_path, "second.jpg")
    inner, photo = *make(tmp_path / "images", "first.jpg"), *make(tmp_path / "photos", "third.png")
    index = ImageIndex()
    assert index.find(tmp_path, ["first", "second"]) == beside
    assert index.find(tmp_path, ["", "first"]) == inner
    assert index.find(tmp_path, ["third"]) == photo
    assert index.find(tmp_path, ["third"], inside=("", "images")) is None
    assert index.find(tmp_path, [""]) is None


def test_images_that_no_record_names_are_counted_once(tmp_path: Path) -> None:
    used, _, _ = make(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    index, tally = ImageIndex(), ImportReport()
    index.find(tmp_path, ["a"], inside=("",))
    index.count_orphans({used}, tally)
    assert tally.orphans == {NO_METADATA: 2}
    index.count_orphans(set(), tally)  # the folder is forgotten
    assert tally.orphans == {NO_METADATA: 2}


def test_a_folder_is_listed_once_while_it_is_among_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []

    def list_folder(folder: str) -> dict[str, str]:
        listed.append(Path(folder).name)
        return {}

    monkeypatch.setattr(downloaded_images, "images_in", list_folder)
    monkeypatch.setattr(downloaded_images, "_KEPT", 2)
    index = ImageIndex()
    for name in ("a", "b", "a", "c", "b", "a"):
        index.find(tmp_path / name, ["x"], inside=("",))
    assert listed == ["a", "b", "c", "a"]


def test_an_image_is_used_or_remarked_upon(tmp_path: Path) -> None:
    (full,), (empty,) = make(tmp_path, "a.jpg"), make(tmp_path, "b.jpg", content=b"")
    tally = ImportReport()
    found = [usable(image, tally) for image in (full, empty, str(tmp_path / "gone.jpg"), None)]
    assert found == [[full], [], [], []]
    assert tally._noted == [EMPTY_IMAGE, NO_IMAGE, NO_IMAGE]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.example/b/F%20x.tar.jpg#top", "F x.tar"),
        ("media/F.jpg", "F"),
        ("https://a.example/", ""),
        ("https://[broken", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_the_name_at_the_end_of_an_address(address: object, expected: str) -> None:
    assert address_stem(address) == expected
