"""Zeeschuimer's lines: what Instagram, TikTok, X and Xiaohongshu send to a browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.posts.mutation import assert_every_record_ends, mutated_records, write_lines

from postplace.posts.zeeschuimer import detect, zeeschuimer_dump
from postplace.schema import Post

TIME = 1664191650
MOMENT = datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)
LOCATION = {"pk": 213385402, "name": "Old Bridge", "lat": 51.0544, "lng": 13.7352, "city": "Dresden"}


def line(platform: str, data: object, **changes: object) -> dict[str, Any]:
    """An item with the wrapper that Zeeschuimer writes around it."""
    whole: dict[str, Any] = {
        "nav_index": "1:1:0",
        "item_id": "1",
        "timestamp_collected": 1700000000000,
        "last_updated": 1700000000000,
        "source_platform": platform,
        "source_platform_url": f"https://www.{platform}/explore/",
        "source_url": f"https://www.{platform}/api/",
        "user_agent": "x",
        "data": data,
        "id": 1,
    }
    return whole | changes


def photo(name: str, **changes: object) -> dict[str, Any]:
    candidates = [{"url": f"https://scontent.example/{name}.jpg?stp=dst-jpg_e35&_nc=1", "width": 1080}]
    return {"media_type": 1, "image_versions2": {"candidates": candidates}} | changes


def instagram(**changes: object) -> dict[str, Any]:
    whole = photo("111_n") | {
        "pk": "2930000000000000001",
        "id": "2930000000000000001_1784",
        "code": "CaBcAAAAAA1",
        "taken_at": TIME,
        "product_type": "feed",
        "caption": {"text": "evening by the bridge #river"},
        "user": {"pk": "1784", "id": "1784", "username": "anna.invented"},
        "location": LOCATION,
    }
    return whole | changes


def tiktok(**changes: object) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": "7148000000000000001",
        "desc": "lanterns in the garden",
        "createTime": str(TIME),
        "author": {"id": "680001", "uniqueId": "anna.invented", "nickname": "Anna"},
        "textExtra": [{"hashtagName": "lanterns"}, {"userUniqueId": "ben"}],
        "locationCreated": "CN",
        "poi": {"id": "22535865200000001", "name": "Garden Gate", "type": 0},
        "imagePost": {"images": [{"imageURL": {"urlList": ["https://p16.example/a1~tplv.jpeg?x=1"]}}]},
    }
    return whole | changes


def tweet(**changes: object) -> dict[str, Any]:
    legacy: dict[str, Any] = {
        "id_str": "1575000000000000001",
        "full_text": "evening &amp; tea #river",
        "created_at": "Mon Sep 26 11:27:30 +0000 2022",
        "user_id_str": "5000001",
        "conversation_id_str": "1575000000000000001",
        "entities": {"hashtags": [{"text": "river", "indices": [14, 20]}]},
        "extended_entities": {"media": [{"type": "photo", "media_url_https": "https://pbs.example/media/Fabc.jpg"}]},
        "place": {"id": "07d9e", "full_name": "Old Town, Invented", "bounding_box": {"coordinates": [[[13, 51]]]}},
        "coordinates": {"type": "Point", "coordinates": [13.7352, 51.0544]},
    }
    return {"rest_id": "1575000000000000001", "id": "1575000000000000001", "legacy": legacy | changes}


def rednote(**changes: object) -> dict[str, Any]:
    card: dict[str, Any] = {
        "type": "normal",
        "display_title": "江边",
        "desc": "晚上的风 #外滩",
        "time": TIME * 1000,
        "user": {"user_id": "5e01", "nickname": "小林"},
        "image_list": [{"info_list": [{"image_scene": "WB_DFT", "url": "http://sns.example/a1"}]}],
    }
    return {"id": "64b95d01", "model_type": "note", "note_card": card | changes}


def save(folder: Path, *lines: object, name: str = "export.ndjson") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(item) + "\n" for item in lines), encoding="utf-8")
    return path


def image(folder: Path, name: str) -> Path:
    path = folder / "images" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    return path


WHOLE: list[tuple[str, dict[str, Any], str, Post]] = [
    (
        "instagram.com",
        instagram(),
        "111_n.jpg",
        Post(
            "CaBcAAAAAA1",
            text="evening by the bridge #river",
            hashtags=("river",),
            user="1784",
            place="Old Bridge",
            venue="213385402",
            latitude=51.0544,
            longitude=13.7352,
        ),
    ),
    (
        "tiktok.com",
        tiktok(),
        "a1~tplv.jpeg",
        Post(
            "7148000000000000001",
            text="lanterns in the garden",
            hashtags=("lanterns",),
            user="680001",
            place="Garden Gate",
            venue="22535865200000001",
        ),
    ),
    (
        "twitter.com",
        tweet(),
        "Fabc.jpg",
        Post(
            "1575000000000000001",
            text="evening & tea #river",
            hashtags=("river",),
            user="5000001",
            place="Old Town, Invented",
            venue="07d9e",
            latitude=51.0544,
            longitude=13.7352,
        ),
    ),
    (
        "xiaohongshu.com",
        rednote(),
        "64b95d01.jpg",
        Post("64b95d01", text="江边\n晚上的风 #外滩", hashtags=("外滩",), user="5e01"),
    ),
]


@pytest.mark.parametrize(("platform", "data", "name", "expected"), WHOLE)
@pytest.mark.parametrize("kept_by", ["Zeeschuimer", "4CAT"])
def test_a_post_is_read_whole(
    tmp_path: Path, platform: str, data: dict[str, Any], name: str, expected: Post, kept_by: str
) -> None:
    wrapped = line(platform, data)
    if kept_by == "4CAT":
        wrapped = data | {"__import_meta": {key: value for key, value in wrapped.items() if key != "data"}}
    save(tmp_path, wrapped)
    path = image(tmp_path, name)
    dump = zeeschuimer_dump(tmp_path)
    (post,) = dump
    fields = {key: getattr(expected, key) for key in Post.__dataclass_fields__}
    assert post == Post(**fields | {"images": (path,), "time": MOMENT})
    assert dump.counts == {"posts": 1}


def test_other_forms_of_instagram(tmp_path: Path) -> None:
    graph = {
        "__typename": "GraphSidecar",
        "shortcode": "CaBcAAAAAA2",
        "edge_media_to_caption": {"edges": [{"node": {"text": "old form"}}]},
        "taken_at_timestamp": TIME,
        "owner": {"id": "1785"},
        "location": {"id": "213385402", "name": "Old Bridge"},
        "display_url": "https://scontent.example/cover.jpg",
        "edge_sidecar_to_children": {
            "edges": [
                {"node": {"__typename": "GraphImage", "display_url": "https://scontent.example/221_n.jpg"}},
                {"node": {"__typename": "GraphVideo", "display_url": "https://scontent.example/222_n.jpg"}},
            ]
        },
    }
    polaris = {
        "__typename": "XIGPolarisVideoMedia",
        "code": "CaBcAAAAAA3",
        "caption": {"text": "grid"},
        "user": {"id": "1786"},
        "display_uri": "https://scontent.example/333_n.jpg",
    }
    carousel = instagram(code="CaBcAAAAAA4", carousel_media=[photo("441_n"), photo("442_n"), {"media_type": 2}])
    save(tmp_path, *(line("instagram.com", data) for data in (graph, polaris, carousel)))
    paths = {name: image(tmp_path, f"{name}.jpg") for name in ("221_n", "442_n", "CaBcAAAAAA4_1")}
    dump = zeeschuimer_dump(tmp_path)
    posts = {post.id[-1]: post for post in dump}
    assert {key: post.text for key, post in posts.items()} == {
        "2": "old form",
        "3": "grid",
        "4": "evening by the bridge #river",
    }
    assert [post.user for post in posts.values()] == ["1785", "1786", "1784"]
    assert (posts["2"].images, posts["2"].venue) == ((paths["221_n"],), "213385402")
    assert posts["4"].images == (paths["CaBcAAAAAA4_1"], paths["442_n"])
    assert dump.counts == {"posts": 3, "video ignored": 3, "time unknown": 1}


def test_the_whole_item_is_taken_where_a_part_came_first(tmp_path: Path) -> None:
    part = {"code": "CaBcAAAAAA1", "_zs_partial": True, "display_uri": "", "user": {"pk": "1784"}}
    only_part = {"code": "CaBcAAAAAA9", "_zs_partial": True, "caption": {"text": "grid"}, "user": {"pk": "1784"}}
    whole = instagram(carousel_media=[{"media_type": 2}])
    save(tmp_path, *(line("instagram.com", data) for data in (part, only_part, whole)), 7)
    dump = zeeschuimer_dump(tmp_path)
    assert [(post.id, post.text[:7]) for post in dump] == [("CaBcAAAAAA1", "evening"), ("CaBcAAAAAA9", "grid")]
    assert dump.counts == {
        "posts": 2,
        "the same post again": 1,
        "captured in part": 1,
        "time unknown": 1,
        "video ignored": 1,
        "not a record": 1,
    }


def test_ids_of_x_are_not_taken_from_rounded_numbers(tmp_path: Path) -> None:
    """JavaScript keeps 53 bits: parseInt("1575000000000000001") is 1575000000000000000, and so is its neighbour's."""
    replies = [tweet(id_str=f"157500000000000000{n}") | {"rest_id": f"157500000000000000{n}"} for n in (1, 2)]
    save(tmp_path, *(line("twitter.com", reply | {"id": 1575000000000000000}) for reply in replies))
    assert [post.id for post in zeeschuimer_dump(tmp_path)] == ["1575000000000000001", "1575000000000000002"]


def test_other_forms_of_x(tmp_path: Path) -> None:
    long = tweet(coordinates=None, place=None) | {"note_tweet": {"note_tweet_results": {"result": {"text": "long"}}}}
    nested = {"__typename": "TweetWithVisibilityResults", "tweet": long}
    adaptive = {
        "id": 1575000000000000100,
        "type": "adaptive",
        "legacy": tweet(
            id_str="1575000000000000101",
            user_id_str=None,
            coordinates=None,
            geo={"type": "Point", "coordinates": [51.0544, 13.7352]},
            extended_entities={"media": [{"type": "video"}]},
        )["legacy"],
        "user": {"id_str": "5000009"},
    }
    retweet = tweet(retweeted_status_result={"result": {}})
    promoted = tweet(id_str="3") | {"promoted": True}
    tombstone = {"__typename": "TweetTombstone", "id": "9"}
    save(tmp_path, *(line("twitter.com", data) for data in (nested, adaptive, retweet, promoted, tombstone)))
    dump = zeeschuimer_dump(tmp_path)
    first, second = dump
    assert (first.text, first.latitude, first.place) == ("long", None, None)
    assert (second.id, second.user) == ("1575000000000000101", "5000009")
    assert (second.latitude, second.longitude) == (51.0544, 13.7352)
    assert dump.counts == {
        "posts": 2,
        "image file is missing": 1,
        "video ignored": 1,
        "retweets ignored": 1,
        "advertisements ignored": 1,
        "no content that is known": 1,
    }


def test_other_forms_of_tiktok_and_xiaohongshu(tmp_path: Path) -> None:
    embedded = tiktok(id="2", author="anna.invented", imagePost=None, poi=None)
    note = {"title": "江边", "desc": "", "imageList": [], "user": {"userId": "5e02"}}
    page = {"id": "64b95d02", "note": note | {"poi": {"poiId": "B0", "name": "码头"}}}
    overview = {"id": "64b95d03", "title": "江边", "author_name": "小林", "_zs-origin": "html"}
    lines = [line("tiktok.com", embedded), line("tiktok.com", tiktok(id="3", isAd=True))]
    save(tmp_path, *lines, *(line("xiaohongshu.com", data) for data in (page, overview)))
    dump = zeeschuimer_dump(tmp_path)
    assert [(post.id, post.user, post.place) for post in dump] == [
        ("2", "anna.invented", None),
        ("64b95d02", "5e02", "码头"),
        ("64b95d03", None, None),
    ]
    assert dump.counts == {
        "posts": 3,
        "video ignored": 1,
        "advertisements ignored": 1,
        "time unknown": 2,
        "user unknown": 1,
    }


def test_what_is_no_post_is_counted(tmp_path: Path) -> None:
    wrong: list[Mapping[str, object]] = [line("9gag.com", {"id": "1"}), line("", instagram()), {"item_id": "1"}]
    wrong += [line("instagram.com", [1]), line("instagram.com", {"code": "x"}), line("tiktok.com", {"desc": "no id"})]
    save(tmp_path, *wrong, instagram())
    dump = zeeschuimer_dump(tmp_path)
    assert list(dump) == []
    assert dump.counts == {
        "items of a platform that is not read": 2,
        "no content that is known": 3,
        "not a record": 1,
        "no id": 1,
    }


def test_it_knows_its_own(tmp_path: Path) -> None:
    assert detect(save(tmp_path, line("tiktok.com", tiktok())))
    assert detect(save(tmp_path, tiktok() | {"__import_meta": {"source_platform": "tiktok.com"}}))
    assert not detect(save(tmp_path, instagram()))


def set_id(record: dict[str, Any], post_id: str) -> None:
    data = record["data"]
    key = next(key for key in ("code", "rest_id", "id") if key in data)
    data[key] = post_id


def test_every_mutated_record_ends(tmp_path: Path) -> None:
    samples = [line(platform, data) for platform, data, *_ in WHOLE]
    samples.append(line("instagram.com", instagram(_zs_partial=True)))
    write_lines(tmp_path / "x.ndjson", mutated_records(samples, set_id))
    assert_every_record_ends(zeeschuimer_dump(tmp_path))
