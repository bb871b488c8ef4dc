"""The images of a post of Instaloader's: by its name, by its parts, by their addresses; what is missing is remarked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from postplace.posts.dump import EMPTY_IMAGE, NO_IMAGE, NO_METADATA, VIDEO, ImportReport
from postplace.posts.instaloader_files import Beside, File
from postplace.posts.instaloader_images import images_by_name, images_of_node

STEM = "2022-09-26_11-27-30_UTC"


def post(folder: Path, *endings: str, stem: str = STEM, orphans: tuple[str, ...] = ()) -> File:
    """A post, beside files of its name with these endings (and others, by their whole names)."""
    names = [*(stem + ending for ending in endings), *orphans]
    for name in names:
        (folder / name).write_bytes(b"x")
    images = [name for name in names if name.startswith(stem) and not name.endswith(".mp4")]
    beside = Beside({name: name for name in names}, set(orphans), {stem: images})
    return File(f"{folder}{os.sep}{stem}", ".json", beside)


def of_node(node: dict[str, Any], file: File) -> tuple[list[str], int, ImportReport]:
    tally = ImportReport()
    images, others = images_of_node(node, file, tally)
    return [Path(image).name for image in images], others, tally


def album(*children: object) -> dict[str, Any]:
    return {"__typename": "GraphSidecar", "edge_sidecar_to_children": {"edges": [{"node": each} for each in children]}}


def test_a_single_image_and_the_cover_of_a_video(tmp_path: Path) -> None:
    images, others, tally = of_node({"__typename": "GraphImage"}, post(tmp_path, ".webp"))
    assert (images, others, tally._noted) == ([f"{STEM}.webp"], 0, [])
    images, _, tally = of_node({"is_video": True}, post(tmp_path, ".jpg", ".mp4"))
    assert (images, tally._noted) == ([f"{STEM}.jpg"], [VIDEO])


def test_the_parts_of_an_album_in_their_order(tmp_path: Path) -> None:
    file = post(tmp_path, "_1.jpg", "_3.png", "_4.heic", "_5.jpg", ".jpg", "_9.jpg")
    (tmp_path / f"{STEM}_5.jpg").write_bytes(b"")
    images, others, tally = of_node(album({}, {"is_video": True}, None, {}, {}, {}), file)
    assert images == [f"{STEM}_1.jpg", f"{STEM}_3.png"]
    assert tally._noted == [VIDEO, "image in a format that is not read (.heic)", EMPTY_IMAGE, NO_IMAGE]
    assert others == 2  # that without a number, and the ninth of six
    assert tally.orphans == {NO_METADATA: 2}


@pytest.mark.parametrize(
    "node",
    [
        {"carousel_media": [{"media_type": 1}, {"media_type": 2}]},
        {"iphone_struct": {"carousel_media": [{"media_type": 1}, {"media_type": 2}]}},
    ],
)
def test_the_parts_as_the_application_names_them(node: dict[str, Any], tmp_path: Path) -> None:
    images, _, tally = of_node(node, post(tmp_path, "_1.jpg"))
    assert (images, tally._noted) == ([f"{STEM}_1.jpg"], [VIDEO])


def test_an_album_that_does_not_say_its_parts_has_as_many_as_the_highest_number(tmp_path: Path) -> None:
    node = {"__typename": "GraphSidecar"}
    images, others, tally = of_node(node, post(tmp_path, "_1.jpg", "_4.jpg", "_5.mp4"))
    assert images == [f"{STEM}_1.jpg", f"{STEM}_4.jpg"]
    assert (others, tally._noted) == (0, [NO_IMAGE, NO_IMAGE, VIDEO])
    empty = tmp_path / "empty"
    empty.mkdir()
    images, _, tally = of_node(node, post(empty))
    assert (images, tally._noted) == ([], [NO_IMAGE])


def test_an_image_named_like_its_address_is_no_stray(tmp_path: Path) -> None:
    file = post(tmp_path, stem="bridge", orphans=("n_1.jpg", "n_2.jpg"))
    tally = ImportReport()
    tally.orphans[NO_METADATA] = 2
    images, _ = images_of_node({"display_url": "https://a.example/v/n_1.jpg?x=1"}, file, tally)
    assert images == [str(tmp_path / "n_1.jpg")]
    assert (tally.orphans[NO_METADATA], file.beside.orphans) == (1, {"n_2.jpg"})
    timed = post(tmp_path, orphans=("n_1.jpg",))  # a name with the time has no address in it
    images, _, tally = of_node({"display_url": "https://a.example/v/n_1.jpg"}, timed)
    assert (images, tally._noted) == ([], [NO_IMAGE])


@pytest.mark.parametrize(
    ("endings", "expected", "is_one", "noted"),
    [
        ([".jpg"], [".jpg"], True, []),
        (["_1.jpg", "_2.jpg"], ["_1.jpg", "_2.jpg"], True, []),
        ([".jpg", "_1.jpg"], [".jpg", "_1.jpg"], False, []),  # of two posts of one second
        ([".mp4"], [], True, [VIDEO]),
        ([], [], True, []),
    ],
)
def test_without_metadata_the_names_alone_say_it(
    endings: list[str], expected: list[str], is_one: bool, noted: list[str], tmp_path: Path
) -> None:
    tally = ImportReport()
    images, one = images_by_name(post(tmp_path, *endings), tally)
    assert [Path(image).name for image in images] == [STEM + ending for ending in expected]
    assert (one, tally._noted) == (is_one, noted)
