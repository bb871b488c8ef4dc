"""MediaCrawler's files: notes of Xiaohongshu, posts of Weibo, and videos of other platforms."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.posts.mutation import assert_every_record_ends, mutated_records, write_list, write_table

from postplace.posts.mediacrawler import detect, mediacrawler_dump
from postplace.schema import Post

NOTE_ID = "64b95d01000000000c034587"


def note(**changes: object) -> dict[str, Any]:
    """A note of Xiaohongshu with two images, as versions of 2025 write it."""
    whole: dict[str, Any] = {
        "note_id": NOTE_ID,
        "type": "normal",
        "title": "江边散步",
        "desc": "晚上的风很舒服 #外滩[话题]# #上海[话题]#",
        "video_url": "",
        "time": 1664191650000,
        "last_update_time": 0,
        "user_id": "5e0000000000000001000001",
        "nickname": "小林",
        "avatar": "https://sns-avatar.example/a.jpg",
        "liked_count": "3",
        "ip_location": "上海",
        "image_list": "http://sns-webpic.example/1/a!nd_dft,http://sns-webpic.example/1/b!nd_dft",
        "tag_list": "外滩,上海",
        "last_modify_ts": 1700000000000,
        "note_url": f"https://www.xiaohongshu.com/explore/{NOTE_ID}",
    }
    return whole | changes


def weibo(**changes: object) -> dict[str, Any]:
    """A post of Weibo, as versions of 2026 write it: with a hash for the user."""
    whole: dict[str, Any] = {
        "note_id": "4760000000000001",
        "content": "豫园的灯 #上海夜景# &amp; 茶",
        "create_time": 1664191650,
        "create_date_time": "2022-09-26 19:27:30+08:00",
        "liked_count": "1",
        "last_modify_ts": 1700000000000,
        "note_url": "https://m.weibo.cn/detail/4760000000000001",
        "creator_hash": "9f86d081884c7d65",
        "nickname": "小*",
    }
    return whole | changes


def save(folder: Path, platform: str, *records: object, name: str = "search_contents_2024-01-01.json") -> Path:
    path = folder / "data" / platform / "json" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(records, ensure_ascii=False, indent=4), encoding="utf-8")
    return path


def image(folder: Path, *parts: str, content: bytes = b"x") -> Path:
    path = folder.joinpath("data", *parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_note_is_read_whole(tmp_path: Path) -> None:
    save(tmp_path, "xhs", note())
    images = tuple(image(tmp_path, "xhs", "images", NOTE_ID, f"{n}.jpg") for n in range(2))
    dump = mediacrawler_dump(tmp_path)
    assert list(dump) == [
        Post(
            NOTE_ID,
            text="江边散步\n晚上的风很舒服 #外滩 #上海",
            hashtags=("外滩", "上海"),
            images=images,
            user="5e0000000000000001000001",
            time=datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC),
        )
    ]
    assert dump.counts == {"posts": 1}


def test_a_post_of_weibo_and_the_images_that_nobody_can_place(tmp_path: Path) -> None:
    save(tmp_path, "weibo", weibo())
    for name in ("001aaa.jpg", "001bbb.jpg"):
        image(tmp_path, "weibo", "images", name)
    dump = mediacrawler_dump(tmp_path)
    assert list(dump) == [
        Post(
            "4760000000000001",
            text="豫园的灯 #上海夜景# & 茶",
            hashtags=("上海夜景",),
            user="9f86d081884c7d65",
            time=datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC),
        )
    ]
    assert dump.counts == {"posts": 1, "image of Weibo, whose post MediaCrawler does not say": 2}


def test_what_of_the_images_is_missing(tmp_path: Path) -> None:
    save(tmp_path, "xhs", note())
    image(tmp_path, "xhs", "images", NOTE_ID, "0.jpg", content=b"")
    dump = mediacrawler_dump(tmp_path)
    assert [post.images for post in dump] == [()]
    assert dump.counts == {"posts": 1, "image file is empty": 1, "image file is missing": 1}


def test_csv_json_lines_and_the_older_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "xhs"
    folder.mkdir(parents=True)
    with (folder / "1_search_contents_2024-01-01.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.DictWriter(file, list(note()))
        rows.writeheader()
        rows.writerows([note(note_id="a", image_list="http://x.example/1"), note(note_id="6.4B+E", image_list="")])
    (folder / "search_contents.jsonl").write_text(json.dumps(note(note_id="b", image_list="")) + "\n", encoding="utf-8")
    path = image(tmp_path, "xhs", "images", "a", "0.jpg")
    dump = mediacrawler_dump(tmp_path)
    assert {post.id: post.images for post in dump} == {"a": (path,), "6.4B+E": (), "b": ()}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"title": "江边", "desc": "江边散步"}, "江边散步"),  # the crawler cuts a title from the description
        ({"title": "江边", "desc": ""}, "江边"),
        ({"title": "", "desc": "散步"}, "散步"),
        ({"title": None, "desc": None}, ""),
    ],
)
def test_title_and_description(tmp_path: Path, changes: dict[str, object], text: str) -> None:
    save(tmp_path, "xhs", note(image_list="", tag_list="", **changes))
    assert [post.text for post in mediacrawler_dump(tmp_path)] == [text]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (1664191650000, datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)),
        ("1664191650", datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)),
        (166419165012, None),  # a digit too many or two too few
        ("", None),
    ],
)
def test_seconds_and_milliseconds(tmp_path: Path, time: object, expected: datetime | None) -> None:
    save(tmp_path, "xhs", note(time=time, image_list=""))
    assert [post.time for post in mediacrawler_dump(tmp_path)] == [expected]


def test_videos_of_other_platforms_give_their_words(tmp_path: Path) -> None:
    save(
        tmp_path,
        "douyin",
        {
            "aweme_id": "7",
            "title": "江边",
            "desc": "江边",
            "create_time": 1664191650,
            "video_download_url": "http://x.example/a.mp4",
            "last_modify_ts": 1,
        },
    )
    dump = mediacrawler_dump(tmp_path)
    assert [(post.id, post.text) for post in dump] == [("7", "江边")]
    assert dump.counts == {"posts": 1, "video ignored": 1, "user unknown": 1}


def test_comments_and_users_are_no_posts(tmp_path: Path) -> None:
    comment = {"comment_id": "1", "note_id": NOTE_ID, "content": "好看", "last_modify_ts": 1}
    creator = {"user_id": "5", "nickname": "小林", "desc": "我", "fans": 3, "tag_list": "{}"}
    save(tmp_path, "xhs", comment, {"note_id": "x"}, {"content": "江边"}, creator, 7)
    dump = mediacrawler_dump(tmp_path)
    assert list(dump) == []
    assert dump.counts == {
        "comments ignored": 1,
        "profiles ignored": 1,
        "no content that is known": 1,
        "no id": 1,
        "not a record": 1,
    }


def test_a_note_id_is_no_path(tmp_path: Path) -> None:
    image(tmp_path, "secret", "0.jpg")
    save(tmp_path, "xhs", note(note_id="../../secret"), note(note_id=".."))
    assert [post.images for post in mediacrawler_dump(tmp_path)] == [(), ()]


def test_it_knows_its_own(tmp_path: Path) -> None:
    assert detect(save(tmp_path / "a", "xhs", note()).parents[2])
    assert detect(save(tmp_path / "b", "weibo", weibo()))
    assert not detect(save(tmp_path / "c", "x", {"note_id": "1"}))


def set_id(record: dict[str, Any], post_id: str) -> None:
    record["note_id"] = post_id


def test_every_mutated_record_ends_json(tmp_path: Path) -> None:
    write_list(tmp_path / "x.json", mutated_records([note(), weibo()], set_id))
    assert_every_record_ends(mediacrawler_dump(tmp_path))


def test_every_mutated_record_ends_csv(tmp_path: Path) -> None:
    write_table(tmp_path / "x.csv", list(note()), mutated_records([note()], set_id, seed=1))
    assert_every_record_ends(mediacrawler_dump(tmp_path), refused_share=0.02)
