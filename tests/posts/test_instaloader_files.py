"""Instaloader's folders without metadata, posts of one second, records of other programs."""

from __future__ import annotations

import runpy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from postplace.posts.dump import NO_CAPTION_METADATA, NO_CONTENT, NO_METADATA, NO_USER, VIDEO, Dump
from postplace.posts.instaloader import EARLIER_CAPTION, IMAGE_OF_ANOTHER, SAME_SECOND, WITHOUT_METADATA
from postplace.posts.instaloader import instaloader_dump as read_dump
from postplace.schema import Post
from postplace.system.stray_files import STRAY

MAKE = runpy.run_path(str(Path(__file__).parents[1] / "data" / "instaloader" / "make.py"))
NAME: str = MAKE["NAME"]
TIME = datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)
GEOTAG = "Old Bridge\nhttps://maps.google.com/maps?q=31.25,121.5&ll=31.25,121.5\n"


def put(folder: Path, *endings: str, text: str = "", name: str = NAME) -> None:
    """Files of one name: text in a `.txt`, an image in any other."""
    folder.mkdir(parents=True, exist_ok=True)
    for ending in endings:
        (folder / f"{name}{ending}").write_bytes(text.encode() if ending.endswith(".txt") else MAKE["JPEG"])


def read(folder: Path) -> tuple[list[Post], Dump]:
    dump = read_dump(folder)
    return list(dump), dump


def image_names(post: Post) -> list[str]:
    return [image.name for image in post.images if isinstance(image, Path)]


# --- without metadata


def test_a_location_without_metadata_is_read_from_captions_and_names(tmp_path: Path) -> None:
    put(tmp_path / "%213385402", ".txt", text="Night at the #bund\n")
    put(tmp_path / "%213385402", "_location.txt", text=GEOTAG)
    put(tmp_path / "%213385402", "_1.jpg", "_2.webp")
    (post,), dump = read(tmp_path)
    assert post == Post(
        id=f"%213385402/{NAME}",
        text="Night at the #bund",
        hashtags=("bund",),
        images=(tmp_path / "%213385402" / f"{NAME}_1.jpg", tmp_path / "%213385402" / f"{NAME}_2.webp"),
        time=TIME,
        place="Old Bridge",
        venue="213385402",
        latitude=31.25,
        longitude=121.5,
    )
    assert dump.counts == {"posts": 1, WITHOUT_METADATA: 1, NO_USER: 1}


def test_a_profile_without_metadata_has_its_user_and_its_stories_are_no_posts(tmp_path: Path) -> None:
    put(tmp_path / "anna", ".txt", ".jpg", ".mp4", text="a walk")
    put(tmp_path / "anna", ".jpg", name="2022-09-27_08-00-00_UTC")  # a story, or a post without words
    put(tmp_path / "anna", ".jpg", name="2022-01-01_00-00-00_UTC_profile_pic")
    (tmp_path / "anna" / "id").write_text("17841400001\n")
    (post,), dump = read(tmp_path)
    assert (post.user, post.text, image_names(post)) == ("17841400001", "a walk", [f"{NAME}.jpg"])
    assert dump.counts == {"posts": 1, WITHOUT_METADATA: 1, VIDEO: 1, NO_METADATA: 1}


def test_an_image_without_words_is_a_post_in_the_folder_of_a_hashtag(tmp_path: Path) -> None:
    put(tmp_path / "#river", ".jpg")
    put(tmp_path / "#river", "_1.jpg", "_2.jpg", name="2022-09-27_08-00-00_UTC")
    posts, dump = read(tmp_path)
    assert [image_names(post) for post in posts] == [
        [f"{NAME}.jpg"],
        ["2022-09-27_08-00-00_UTC_1.jpg", "2022-09-27_08-00-00_UTC_2.jpg"],
    ]
    assert dump.counts == {"posts": 2, WITHOUT_METADATA: 2, NO_USER: 2}


def test_other_names_need_an_image_or_a_location_beside_the_caption(tmp_path: Path) -> None:
    put(tmp_path / "anna", ".txt", ".jpg", text="a walk", name="CaBcDeFgHiJ")
    put(tmp_path / "anna", ".txt", text="buy milk", name="notes")
    posts, dump = read(tmp_path)
    assert [(post.id, post.text, post.time) for post in posts] == [("anna/CaBcDeFgHiJ", "a walk", None)]
    assert dump.counts["time unknown"] == 1


def test_images_alone_say_how_to_get_the_metadata(tmp_path: Path) -> None:
    put(tmp_path / "anna", ".jpg")
    posts, dump = read(tmp_path)
    assert posts == []
    assert dump.counts == {NO_METADATA: 1}
    assert "--no-pictures --no-videos" in dump.tally.remedy


# --- posts of one second


def old(folder: Path, *captions: str) -> None:
    for number, caption in enumerate(captions, start=1):
        put(folder, f"_old_{number:02}.txt", text=caption)


@pytest.mark.parametrize("target", ["#river", "%1", ":feed", "\ufe55feed"])
def test_no_image_of_another_post_of_the_same_second(tmp_path: Path, target: str) -> None:
    MAKE["post"](tmp_path / target)  # the second one: the image is the first's
    old(tmp_path / target, "first post, a cat")
    (post,), dump = read(tmp_path)
    assert (post.text[:5], post.images) == ("Night", ())
    assert dump.counts == {"posts": 1, SAME_SECOND: 1, IMAGE_OF_ANOTHER: 1, NO_CAPTION_METADATA: 1}


def test_a_single_image_after_an_album_is_its_own(tmp_path: Path) -> None:
    MAKE["post"](tmp_path / "#river", pictures=".jpg _1.jpg _2.jpg")
    old(tmp_path / "#river", "the album")
    (post,), dump = read(tmp_path)
    assert image_names(post) == [f"{NAME}.jpg"]
    assert dump.counts == {"posts": 1, SAME_SECOND: 1, NO_CAPTION_METADATA: 1, NO_METADATA: 2}


def test_an_album_after_a_single_image_has_its_own(tmp_path: Path) -> None:
    MAKE["post"](tmp_path / "#river", MAKE["sidecar"](False, False), pictures=".jpg _1.jpg _2.jpg")
    old(tmp_path / "#river", "the single image")
    (post,), dump = read(tmp_path)
    assert image_names(post) == [f"{NAME}_1.jpg", f"{NAME}_2.jpg"]
    assert dump.counts[NO_METADATA] == 1


def test_of_three_posts_of_a_second_no_image_is_certain(tmp_path: Path) -> None:
    MAKE["post"](tmp_path / "#river", pictures=".jpg _1.jpg")
    old(tmp_path / "#river", "second", "first")
    (post,), dump = read(tmp_path)
    assert post.images == ()
    assert dump.counts[NO_CAPTION_METADATA] == 2


def test_an_edited_caption_is_no_other_post(tmp_path: Path) -> None:
    MAKE["post"](tmp_path / "anna")
    old(tmp_path / "anna", "Night at the bund")
    (post,), dump = read(tmp_path)
    assert len(post.images) == 1
    assert dump.counts == {"posts": 1, EARLIER_CAPTION: 1}


def test_a_name_with_more_than_a_second_is_of_one_post(tmp_path: Path) -> None:
    MAKE["post"](tmp_path / "#river", name="CaBcDeFgHiJ")
    put(tmp_path / "#river", "_old_01.txt", text="Night", name="CaBcDeFgHiJ")
    (post,), _ = read(tmp_path)
    assert len(post.images) == 1


def test_without_metadata_both_forms_of_a_name_are_two_posts(tmp_path: Path) -> None:
    put(tmp_path / "#river", ".txt", ".jpg", "_1.jpg", text="which one?")
    (post,), dump = read(tmp_path)
    assert post.images == ()
    assert dump.counts[IMAGE_OF_ANOTHER] == 2


# --- other programs


@pytest.mark.parametrize(
    "record",
    [
        {"pk": "29", "code": "CaBc", "taken_at": "2022-09-26T11:27:30+00:00", "caption_text": "a walk"},  # instagrapi
        {"shortcode": "CaBc", "display_url": "https://x/a.jpg", "description": "", "date": "2022-09-26 11:27:30"},
        {"shortcode": "CaBc", "owner": {"id": "1"}},
    ],
)
def test_records_of_other_programs_are_refused(tmp_path: Path, record: dict[str, Any]) -> None:
    MAKE["save"](tmp_path / "x.json", record)
    posts, dump = read(tmp_path)
    assert posts == []
    assert dump.counts == {NO_CONTENT: 1}
    assert "`postplace import auto`" in str(dump.refused[0])


def test_what_a_mac_left_is_passed_over(tmp_path: Path) -> None:
    MAKE["post"](tmp_path / "anna")
    put(tmp_path / "anna", ".json.xz", ".jpg", ".txt", name=f"._{NAME}")
    (post,), dump = read(tmp_path)
    assert len(post.images) == 1
    assert dump.counts == {"posts": 1, STRAY: 3}
