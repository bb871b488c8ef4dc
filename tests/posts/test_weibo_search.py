"""weibo-search's exports: a CSV for each keyword, with a folder of images."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.posts.mutation import assert_every_record_ends, mutated_records, write_table

from postplace.posts.weibo_search import detect, weibo_search_export
from postplace.schema import Post

ID, BID = "4454572602912349", "ImTGkcdDn"  # they stand for the same number
HEADER = (
    *("id", "bid", "user_id", "用户昵称", "微博正文", "头条文章url", "发布位置", "艾特用户", "话题", "转发数"),
    *("评论数", "点赞数", "发布时间", "发布工具", "微博图片url", "微博视频url", "retweet_id", "ip"),
    *("user_authentication", "会员类型", "会员等级"),
)


def row(**changes: object) -> dict[str, Any]:
    """A row with one image and a check-in, as the crawler writes it."""
    whole: dict[str, Any] = dict.fromkeys(HEADER, "") | {
        "id": ID,
        "bid": BID,
        "user_id": "1000000007",
        "用户昵称": "小林",
        "微博正文": "豫园的灯 #上海夜景# &amp; 茶",
        "发布位置": "上海·豫园",
        "话题": "上海夜景,灯会",
        "发布时间": "2022-02-15 19:30",
        "微博图片url": "https://wx1.sinaimg.example/large/0a.jpg",
        "ip": "上海",
        "会员等级": 0,
    }
    return whole | changes


def save(folder: Path, *rows: dict[str, Any], keyword: str = "豫园", header: tuple[str, ...] = HEADER) -> Path:
    path = folder / "结果文件" / keyword / f"{keyword}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        if not file.tell():
            table.writerow(header)
        table.writerows([[values[name] for name in HEADER] for values in rows])
    return path


def image(folder: Path, name: str, keyword: str = "豫园") -> Path:
    path = folder / "结果文件" / keyword / "images" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_a_post_is_read_whole(tmp_path: Path) -> None:
    save(tmp_path, row())
    path = image(tmp_path, f"{ID}.jpg")
    export = weibo_search_export(tmp_path)
    assert list(export) == [
        Post(
            ID,
            text="豫园的灯 #上海夜景# & 茶",
            hashtags=("上海夜景", "灯会"),
            images=(path,),
            user="1000000007",
            time=datetime(2022, 2, 15, 19, 30, tzinfo=timezone(timedelta(hours=8))),
            place="上海·豫园",
            venue="上海·豫园",
        )
    ]
    assert export.counts == {"posts": 1}


def test_several_images_are_numbered_from_zero(tmp_path: Path) -> None:
    pictures = ",".join(f"https://wx1.sinaimg.example/large/{n}.jpg" for n in range(3))
    save(tmp_path, row(微博图片url=pictures))
    paths = image(tmp_path, f"{ID}-0.jpg"), image(tmp_path, f"{ID}-2.gif")
    image(tmp_path, "4454572602912350.jpg")
    export = weibo_search_export(tmp_path)
    (post,) = export
    assert post.images == paths
    assert export.counts == {"posts": 1, "image file is missing": 1, "image without metadata": 1}
    (alone,) = weibo_search_export(tmp_path / "结果文件" / "豫园" / "豫园.csv")
    assert alone.images == paths


def test_a_post_under_two_keywords_is_one(tmp_path: Path) -> None:
    for keyword in ("外滩", "豫园"):
        save(tmp_path, row(), keyword=keyword)
        image(tmp_path, f"{ID}.jpg", keyword)
    export = weibo_search_export(tmp_path)
    assert len(list(export)) == 1
    assert export.counts == {"posts": 1, "the same post again": 1}


def test_rows_of_a_newer_version_below_an_older_header(tmp_path: Path) -> None:
    save(tmp_path, row(微博图片url=""), header=HEADER[:17])
    assert [post.place for post in weibo_search_export(tmp_path)] == ["上海·豫园"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "4.45457E+15"}, "id computed from the bid"),
        ({"id": "4.45457E+15", "bid": ""}, "id rounded"),
        ({"id": "", "bid": ""}, "no id"),
        ({"user_id": ""}, "user unknown"),
        ({"发布时间": "5分钟"}, "time cannot be read"),
        ({"微博视频url": "http://f.video.example/a.mp4"}, "video ignored"),
    ],
)
def test_one_flaw(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    save(tmp_path, row(微博图片url="") | changes)
    export = weibo_search_export(tmp_path)
    ids = [post.id for post in export]
    assert ids == ([] if reason in ("id rounded", "no id") else [ID])
    assert export.counts == {"posts": len(ids), reason: 1} if ids else {reason: 1}


def test_it_knows_its_own(tmp_path: Path) -> None:
    save(tmp_path, row())
    (tmp_path / "other.csv").write_text("id,bid,正文,原始图片url\n1,a,江边,\n", encoding="utf-8")
    assert detect(tmp_path)
    assert not detect(tmp_path / "other.csv")


def set_id(record: dict[str, Any], post_id: str) -> None:
    record["id"], record["bid"] = post_id, ""


def test_every_mutated_record_ends(tmp_path: Path) -> None:
    write_table(tmp_path / "x.csv", HEADER, mutated_records([row()], set_id))
    assert_every_record_ends(weibo_search_export(tmp_path), refused_share=0.02)
