"""Lines of nghuyong's WeiboSpider: posts with points, and what is no post."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.posts.mutation import assert_every_record_ends, mutated_records, write_lines

from postplace.posts.weibospider_nghuyong import detect, weibospider_nghuyong_dump
from postplace.schema import Post

GEO = {
    "type": "Point",
    "coordinates": [31.2397, 121.4998],
    "detail": {"poiid": "B2000000000000000001", "title": "江边步道", "type": "checkin", "spot_type": "0"},
}


def tweet(**changes: object) -> dict[str, Any]:
    """A post found by keyword, as the spider writes it."""
    whole: dict[str, Any] = {
        "crawl_time": 1666869049,
        "keyword": "江边",
        "_id": "4829255386537001",
        "mblogid": "Mch46aaAA",
        "created_at": "2022-10-19 23:44:36",
        "geo": GEO,
        "ip_location": "发布于 上海",
        "reposts_count": 0,
        "comments_count": 0,
        "attitudes_count": 1,
        "source": "iPhone客户端",
        "content": "江边散步 #夜景# &amp; 茶",
        "pic_urls": ["https://wx1.sinaimg.example/orj960/001aaa", "https://wx1.sinaimg.example/orj960/001bbb"],
        "pic_num": 2,
        "isLongText": False,
        "is_retweet": False,
        "user": {"_id": "1000000007", "nick_name": "小林", "verified": False},
        "url": "https://weibo.com/1000000007/Mch46aaAA",
    }
    return whole | changes


def save(folder: Path, *records: object, name: str = "tweet_spider_by_keyword_20221027190000.jsonl") -> Path:
    path = folder / "output" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def test_a_post_is_read_whole(tmp_path: Path) -> None:
    path = save(tmp_path, tweet())
    image = path.parent / "images" / "001bbb.jpg"
    image.parent.mkdir()
    image.write_bytes(b"x")
    dump = weibospider_nghuyong_dump(tmp_path)
    assert list(dump) == [
        Post(
            "4829255386537001",
            text="江边散步 #夜景# & 茶",
            hashtags=("夜景",),
            images=(image,),
            user="1000000007",
            time=datetime(2022, 10, 19, 23, 44, 36, tzinfo=timezone(timedelta(hours=8))),
            place="江边步道",
            venue="B2000000000000000001",
            latitude=31.2397,
            longitude=121.4998,
        )
    ]
    assert dump.counts == {"posts": 1, "image file is missing": 1}


@pytest.mark.parametrize(
    ("geo", "expected", "lost"),
    [
        (None, (None, None, None), 0),
        ("", (None, None, None), 0),
        ({"type": "Point", "coordinates": [31.5, 121.5]}, (31.5, 121.5, None), 0),
        ({"type": "Point", "coordinates": [0, 0], "detail": {"title": "江边"}}, (None, None, "江边"), 1),
        ({"type": "Point", "coordinates": [121.5, 31.5]}, (None, None, None), 1),  # no latitude is that large
        ({"type": "Polygon", "coordinates": [[31, 121], [32, 122]]}, (None, None, None), 1),
        ({"detail": {"title": "江边"}}, (None, None, "江边"), 1),
        ("121.5 31.5", (None, None, None), 1),
    ],
)
def test_a_point_is_read_or_its_loss_is_counted(tmp_path: Path, geo: object, expected: object, lost: int) -> None:
    save(tmp_path, tweet(geo=geo, pic_urls=[]))
    dump = weibospider_nghuyong_dump(tmp_path)
    (post,) = dump
    assert (post.latitude, post.longitude, post.place) == expected
    assert dump.counts["coordinates cannot be read"] == lost


def test_the_spider_by_user_leaves_the_user_in_the_address(tmp_path: Path) -> None:
    record = tweet(video="http://f.video.example/a.mp4", pic_urls=[])
    del record["user"]
    save(tmp_path, record)
    dump = weibospider_nghuyong_dump(tmp_path)
    assert [post.user for post in dump] == ["1000000007"]
    assert dump.counts == {"posts": 1, "video ignored": 1}


def test_what_is_no_post_is_counted(tmp_path: Path) -> None:
    comment = {"_id": 4826279188100001, "content": "好看", "comment_user": {"_id": "1"}, "like_counts": 1}
    profile = {"_id": "1000000008", "nick_name": "小北", "description": "", "location": "上海"}
    fan = {"_id": "1_2", "follower_id": "1", "fan_info": {"_id": "2", "nick_name": "小北"}}
    path = save(tmp_path, comment, profile, fan, {"_id": "1"}, {"mblogid": "a", "content": "江边"}, tweet(pic_urls=[]))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"_id": "2", "content": "cut\n' + json.dumps(tweet(_id="3", pic_urls=[])) + "\n")
    dump = weibospider_nghuyong_dump(tmp_path)
    assert [post.id for post in dump] == ["4829255386537001", "3"]  # a damaged line costs only itself
    assert dump.tally.left_out == {
        "comments ignored": 1,
        "profiles ignored": 2,
        "no content that is known": 1,
        "no id": 1,
        "damaged JSON": 1,
    }


def test_it_knows_its_own(tmp_path: Path) -> None:
    assert detect(save(tmp_path, tweet()))
    assert not detect(save(tmp_path / "x", {"_id": "1", "content": "comment"}))


def set_id(record: dict[str, Any], post_id: str) -> None:
    record["_id"] = post_id


def test_every_mutated_record_ends(tmp_path: Path) -> None:
    write_lines(tmp_path / "x.jsonl", mutated_records([tweet(), tweet(geo=None)], set_id))
    assert_every_record_ends(weibospider_nghuyong_dump(tmp_path))
