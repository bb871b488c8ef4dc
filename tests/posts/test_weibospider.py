"""weiboSpider's exports: JSON and CSV of one user, with images."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.posts.mutation import assert_every_record_ends, mutated_records, write_list, write_table

from postplace.errors import BadPost
from postplace.posts.registry import read_source
from postplace.posts.weibo import weibo_export
from postplace.posts.weibospider import detect, weibospider_export
from postplace.schema import Post
from postplace.system.stray_files import STRAY

BEIJING = timezone(timedelta(hours=8))
USER = "1000000007"
HEADER = {
    "微博id": "id",
    "微博正文": "content",
    "头条文章url": "article_url",
    "原始图片url": "original_pictures",
    "被转发微博原始图片url": "retweet_pictures",
    "是否为原创微博": "original",
    "微博视频url": "video_url",
    "发布位置": "publish_place",
    "发布时间": "publish_time",
    "发布工具": "publish_tool",
    "点赞数": "up_num",
    "转发数": "retweet_num",
    "评论数": "comment_num",
}


def weibo(**changes: object) -> dict[str, Any]:
    """A post with one image and a check-in, with the keys and in the order of the crawler."""
    whole: dict[str, Any] = {
        "id": "Kx8Mp2QaZ",
        "user_id": USER,
        "content": "傍晚在江边 #夜景# 真美\xa0[组图共1张]\xa0原图\xa0",
        "article_url": "",
        "original_pictures": "https://wx1.sinaimg.example/large/0a.jpg",
        "retweet_pictures": "无",
        "original": True,
        "video_url": "无",
        "publish_place": "上海·外滩",
        "publish_time": "2022-05-01 18:03",
        "publish_tool": "iPhone",
        "up_num": 1,
        "retweet_num": 0,
        "comment_num": 0,
    }
    return whole | changes


def save_json(folder: Path, *posts: object) -> Path:
    """As the crawler writes it: the user first, then the posts."""
    path = folder / "小林" / f"{USER}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"user": {"id": USER, "nickname": "小林", "location": "上海"}, "weibo": posts}
    path.write_text(json.dumps(whole, indent=4, ensure_ascii=False), encoding="utf-8")
    return path


def save_csv(folder: Path, *runs: Sequence[dict[str, Any]], columns: Sequence[str] = tuple(HEADER)) -> Path:
    """As the crawler writes it: every run begins with the header."""
    path = folder / "小林" / f"{USER}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    for run in runs:
        with path.open("a", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(columns)
            rows.writerows([[post[HEADER[name]] for name in columns] for post in run])
    return path


def image(folder: Path, name: str, content: bytes = b"x") -> Path:
    path = folder / "小林" / "img" / "原创微博图片" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_post_is_read_whole(tmp_path: Path) -> None:
    save_json(tmp_path, weibo())
    path = image(tmp_path, "20220501_Kx8Mp2QaZ.jpg")
    export = weibospider_export(tmp_path)
    for _ in range(2):
        assert list(export) == [
            Post(
                "Kx8Mp2QaZ",
                text="傍晚在江边 #夜景# 真美",
                hashtags=("夜景",),
                images=(path,),
                user=USER,
                time=datetime(2022, 5, 1, 18, 3, tzinfo=BEIJING),
                place="上海·外滩",
                venue="上海·外滩",
            )
        ]
        assert export.counts == {"posts": 1}


def test_the_csv_of_the_same_crawler_gives_the_same_posts(tmp_path: Path) -> None:
    posts = [weibo(id=f"Kx8Mp2Qa{letter}", publish_place=place) for letter, place in (("A", "上海·豫园"), ("B", "无"))]
    save_json(tmp_path / "json", *posts)
    save_csv(tmp_path / "csv", posts)
    for folder in ("json", "csv"):
        for letter in "AB":
            image(tmp_path / folder, f"20220501_Kx8Mp2Qa{letter}.jpg")
    from_json, from_csv = (list(weibospider_export(tmp_path / folder)) for folder in ("json", "csv"))
    for one, other in zip(from_json, from_csv, strict=True):
        assert [Path(str(i)).name for i in one.images] == [Path(str(i)).name for i in other.images] != []
        assert (one.text, one.place, one.time, one.user) == (other.text, other.place, other.time, USER)
    assert [post.place for post in from_csv] == ["上海·豫园", None]
    assert [post.text for post in weibo_export(tmp_path / "csv")] == [post.text for post in from_csv]


def test_json_and_csv_of_a_post_are_one(tmp_path: Path) -> None:
    save_json(tmp_path, weibo())
    save_csv(tmp_path, [weibo(content="older")])
    export = weibospider_export(tmp_path)
    assert [post.text for post in export] == ["傍晚在江边 #夜景# 真美"]
    assert export.counts["the same post again"] == 1


def test_headers_that_come_again_are_no_posts(tmp_path: Path) -> None:
    runs = [[weibo(id=f"Kx8Mp2Q{run}{n}") for n in "ab"] for run in "123"]
    save_csv(tmp_path, *runs[:2])
    save_csv(tmp_path, runs[2], columns=[name for name in HEADER if "转发微博" not in name and "原创" not in name])
    export = weibospider_export(tmp_path)
    posts = list(export)
    assert [post.place for post in posts] == ["上海·外滩"] * 6  # also below a header with fewer columns
    assert export.counts["header again"] == 2


def test_several_images_and_what_is_missing(tmp_path: Path) -> None:
    pictures = ",".join(f"https://wx1.sinaimg.example/large/{n}.jpg" for n in range(3))
    save_json(tmp_path, weibo(original_pictures=pictures))
    first, last = image(tmp_path, "20220501_Kx8Mp2QaZ_1.jpg"), image(tmp_path, "20220501_Kx8Mp2QaZ_3.JPG")
    image(tmp_path, "20220501_Kx8Mp2QaZ_2.jpg", b"")
    image(tmp_path, "20210101_gone.jpg")
    image(tmp_path, "._20220501_Kx8Mp2QaZ_1.jpg")
    export = weibospider_export(tmp_path)
    (post,) = export
    assert post.images == (first, last)
    assert export.counts == {"posts": 1, "image file is empty": 1, "image without metadata": 1, STRAY: 1}
    (alone,) = (single := weibospider_export(tmp_path / "小林" / f"{USER}.json"))
    assert (alone.images, single.counts["image without metadata"]) == (post.images, 0)


@pytest.mark.parametrize("read", [weibospider_export, weibo_export])
def test_what_others_wrote_is_left_out_of_a_retweet(tmp_path: Path, read: Any) -> None:
    content = "转发理由:也想去 \n原始用户: 小北\n转发内容: 豫园的灯 #别人的#\xa0原图\xa0"
    save_csv(tmp_path, [weibo(content=content, original=False, original_pictures="无", publish_place="无")])
    export = read(tmp_path)
    (post,) = export
    assert (post.text, post.hashtags, post.images) == ("也想去", (), ())
    assert export.counts["retweeted part left out"] == 1


def test_words_that_a_user_wrote_stay(tmp_path: Path) -> None:
    save_json(tmp_path, weibo(content="求原图", original_pictures="无"), weibo(id="b", content="原图 在这里"))
    assert [post.text for post in weibospider_export(tmp_path)] == ["求原图", "原图 在这里"]


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"publish_time": "刚刚"}, "time cannot be read"),
        ({"publish_time": ""}, "time unknown"),
        ({"video_url": "http://f.video.example/a.mp4"}, "video ignored"),
        ({"user_id": "1.00000E+09"}, "user rounded by a spreadsheet"),
    ],
)
def test_what_a_post_lacks_is_a_remark(tmp_path: Path, changes: dict[str, object], remark: str) -> None:
    save_json(tmp_path, weibo(**changes, original_pictures="无"))
    export = weibospider_export(tmp_path)
    assert len(list(export)) == 1
    assert export.counts == {"posts": 1, remark: 1}


def test_a_record_of_another_program_is_refused_by_name(tmp_path: Path) -> None:
    save_json(tmp_path, {"id": 4454572602912349, "bid": "ImTGkcdDn", "text": "江边", "created_at": "2022-05-01"}, 5, {})
    refused: list[BadPost] = []
    export = read_source("weibospider", tmp_path, on_refused=refused.append)
    assert list(export) == []
    assert export.counts == {"no content that is known": 2, "not a record": 1}
    assert "has none of the keys content, original_pictures" in str(refused[0])
    assert "import auto" in str(refused[0])


def test_a_json_that_ends_before_its_time(tmp_path: Path) -> None:
    path = save_json(tmp_path, weibo(), weibo(id="b"))
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    export = weibospider_export(tmp_path)
    assert len(list(export)) == 1
    assert export.refused_count == 1


def test_it_knows_its_own(tmp_path: Path) -> None:
    save_json(tmp_path / "json", *(weibo(id=str(n)) for n in range(2000)))
    save_csv(tmp_path / "csv", [weibo()])
    (tmp_path / "other.json").write_text('{"weibo": [{"id": 1, "text": "江边"}]}', encoding="utf-8")
    assert detect(tmp_path / "json")
    assert detect(tmp_path / "csv")
    assert detect(tmp_path / "csv" / "小林" / f"{USER}.csv")
    assert not detect(tmp_path / "other.json")
    assert not detect(tmp_path / "nowhere")


def set_id(record: dict[str, Any], post_id: str) -> None:
    record["id"] = post_id


def test_every_mutated_record_ends_json(tmp_path: Path) -> None:
    records = mutated_records([weibo(), weibo(original=False)], set_id)
    before = json.dumps({"user": {"id": USER}})[:-1] + ', "weibo": ['
    write_list(tmp_path / f"{USER}.json", records, before=before, after="]}")
    assert_every_record_ends(weibospider_export(tmp_path))


def test_every_mutated_record_ends_csv(tmp_path: Path) -> None:
    rows = (
        {name: record.get(key) for name, key in HEADER.items()} if isinstance(record, dict) else record
        for record in mutated_records([weibo()], set_id, seed=1)
    )
    write_table(tmp_path / f"{USER}.csv", list(HEADER), rows)
    assert_every_record_ends(weibospider_export(tmp_path))
