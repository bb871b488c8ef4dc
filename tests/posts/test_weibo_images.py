"""Images that weibo-crawler and weibo-search downloaded: their names, their folders, and those that nobody names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from postplace.posts.dump import EMPTY_IMAGE, NO_IMAGE, NO_METADATA, ImportReport
from postplace.posts.weibo_images import Images, ImagesOfUsers, count_orphans, find_images, images_beside

DAY = datetime(2019, 12, 28, 20, 5)
ONE = ["https://a.example/large/x.jpg"]
THREE = [f"https://a.example/large/{name}" for name in ("x.jpg", "y.gif", "z.jpg")]


def put(folder: Path, *names: str, content: bytes = b"x") -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in names]


def find(addresses: Sequence[object], time: datetime | None, images: Images) -> tuple[list[str], list[str]]:
    tally = ImportReport()
    return find_images(addresses, "77", time, images, tally), tally._noted


@pytest.mark.parametrize("name", ["20191228T_77.jpg", "20191228_77.jpg", "20191228 _77.JPG", "77.jpg", "77.webp"])
def test_a_single_image_by_day_and_number(name: str, tmp_path: Path) -> None:
    paths = put(tmp_path / "img", name)
    assert find(ONE, DAY, images_beside(tmp_path)) == (paths, [])


@pytest.mark.parametrize("name", ["20191227T_77.jpg", "20191228T_77_1.jpg", "77-0.jpg", "78.jpg", "77.bmp", "._77.jpg"])
def test_names_of_other_images_are_not_taken(name: str, tmp_path: Path) -> None:
    put(tmp_path / "img", name)
    assert find(ONE, DAY, images_beside(tmp_path)) == ([], [NO_IMAGE])


def test_several_are_counted_from_one_after_a_day_and_from_nought_without(tmp_path: Path) -> None:
    first, third = put(tmp_path / "img" / "原创微博图片", "20191228T_77_1.jpg", "20191228T_77_3.jpg")
    (second,) = put(tmp_path / "images", "77-1.gif")
    images = images_beside(tmp_path)
    assert find(THREE, DAY, images) == ([first, second, third], [])
    assert images.named == {first, second, third}
    assert find(["", *THREE[:2], None], None, images) == ([second], [NO_IMAGE])


def test_the_ending_of_the_address_comes_first_and_an_empty_file_is_none(tmp_path: Path) -> None:
    (still,) = put(tmp_path / "img", "77.jpg")
    (moving,) = put(tmp_path / "img", "77.gif", content=b"")
    images = images_beside(tmp_path)
    assert find(ONE, None, images) == ([still], [])
    assert find(["https://a.example/y.GIF"], None, images) == ([], [EMPTY_IMAGE])
    assert images.named == {still, moving}


def test_images_that_no_record_names_are_counted(tmp_path: Path) -> None:
    used, _, _ = put(tmp_path / "img", "a.jpg", "b.jpg", "c.png")
    listed = {name: name for name in ("a.jpg", "b.jpg", "c.png")}
    named, tally = {used, "elsewhere.jpg"}, ImportReport()
    count_orphans(tmp_path / "img", listed, named, tally)
    assert (tally.orphans, named) == ({NO_METADATA: 2}, {"elsewhere.jpg"})
    count_orphans(tmp_path / "转发微博图片", listed, named, tally)  # of what others posted
    assert tally.orphans == {NO_METADATA: 2}


@pytest.mark.parametrize("folder", ["小安", "weibo/小安", "5", "weibo/5"])
def test_beside_a_database_they_are_in_the_folder_of_their_user(folder: str, tmp_path: Path) -> None:
    paths = put(tmp_path / folder / "img", "77.jpg")
    put(tmp_path / "小北" / "img", "77.jpg")
    of_users = ImagesOfUsers(tmp_path)
    images = of_users.of({"screen_name": "小安", "user_id": 5})
    assert find(ONE, None, images) == (paths, [])
    assert of_users.named == set(paths)
    assert of_users.of({"screen_name": "小安", "user_id": 5}) is images  # listed once


def test_those_of_weibo_search_are_in_all_folders_of_keywords(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    paths = put(tmp_path / "夜景" / "images", "77.jpg")
    assert find(ONE, None, ImagesOfUsers(tmp_path).of({"screen_name": "小安"})) == (paths, [])
    assert ImagesOfUsers(tmp_path / "none").of({}).folders == ()


@pytest.mark.parametrize("user", ["../other", "..", "a/b", "\0", "/"])
def test_a_name_does_not_lead_out_of_the_folder(user: str, tmp_path: Path) -> None:
    put(tmp_path / "other" / "img", "77.jpg")
    put(tmp_path / "img", "77.jpg")
    (tmp_path / "beside").mkdir()
    assert ImagesOfUsers(tmp_path / "beside").of({"screen_name": user}).folders == ()
