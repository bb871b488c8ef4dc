"""gallery-dl's metadata of Instagram, Flickr and Weibo: one JSON an image, joined to posts."""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.posts.mutations import as_lines, many, mutated

from postplace.posts.auto import recognise
from postplace.posts.gallery_dl import FURTHER, detect, gallery_dl_dump

COUNT = int(os.environ.get("POSTPLACE_MUTATIONS", "3000"))


def instagram(number: int = 0, part: int = 0, **changes: object) -> dict[str, Any]:
    """One file of an album."""
    return {
        "category": "instagram",
        "subcategory": "posts",
        "post_id": f"29{number}",
        "post_shortcode": f"CaBc{number}",
        "post_url": f"https://www.instagram.example/p/CaBc{number}/",
        "description": "evening #river",
        "tags": ["#river"],
        "location_id": "213385402",
        "location_slug": "old-bridge",
        "owner_id": "1784",
        "username": "mira_o",
        "post_date": "2022-09-26 11:27:30",
        "date": "2022-09-26 11:27:30",
        "sidecar_media_id": f"29{number}",
        "media_id": f"8{number}{part}",
        "num": part + 1,
        "count": 2,
        "filename": "x",
        "extension": "jpg",
    } | changes


def flickr(number: int = 0, **changes: object) -> dict[str, Any]:
    """A photo with `info` and `metadata`."""
    return {
        "category": "flickr",
        "subcategory": "user",
        "id": 5300 + number,
        "title": "Old Bridge",
        "description": 'evening, <a href="x">map</a>',
        "tags": ["river", "old bridge"],
        "owner": {"nsid": "12345@N00", "username": "mira_o"},
        "date": "2022-09-28 10:00:00",
        "datetaken": "2022-09-01 08:00:00",
        "latitude": "51.0544",
        "longitude": "13.7352",
        "accuracy": "16",
        "location": {"latitude": "51.0544", "longitude": "13.7352", "locality": "Oldtown", "country": "Freeland"},
        "url": "https://live.example/5300_o.jpg",
        "filename": "5300_o",
        "extension": "jpg",
    } | changes


def weibo(number: int = 0, **changes: object) -> dict[str, Any]:
    """An image of a status with a check-in."""
    status = {
        "id": 4760000000000000 + number,
        "idstr": str(4760000000000000 + number),
        "mblogid": "Lq1",
        "text": "江边 <a>#夜景#</a>",
        "text_raw": "江边 #夜景#",
        "created_at": "Wed Apr 20 20:10:00 +0800 2022",
        "region_name": "发布于 上海",
        "user": {"id": 1, "idstr": "1", "screen_name": "小安"},
        "geo": {"type": "Point", "coordinates": [31.24, 121.49]},
        "url_struct": [{"url_title": "上海·外滩", "page_id": "100101B2094757D06EABF54998"}],
    } | changes
    return {"category": "weibo", "subcategory": "feed", "status": status, "num": 1, "filename": "x", "extension": "jpg"}


def save(folder: Path, name: str, values: object, *, image: bool = True) -> None:
    """`NAME` and `NAME.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(values), encoding="utf-8")
    if image:
        (folder / name).write_bytes(b"x")


def test_an_album_of_instagram_is_one_post(tmp_path: Path) -> None:
    save(tmp_path, "290_800.jpg", instagram(0, 0))
    save(tmp_path, "290_801.jpg", instagram(0, 1))
    save(tmp_path, "a_first_by_name.jpg", instagram(0, 2))
    save(tmp_path, "290_803.mp4", instagram(0, 3, extension="mp4"))
    save(tmp_path, "info", instagram(0) | {"media_id": None}, image=False)
    dump = gallery_dl_dump(tmp_path)
    (post,) = dump
    assert (post.id, post.text, post.hashtags, post.user) == ("CaBc0", "evening #river", ("river",), "1784")
    assert post.time == datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)
    assert (post.place, post.venue) == ("old bridge", "213385402")
    assert [Path(str(image)).name for image in post.images] == ["290_800.jpg", "290_801.jpg", "a_first_by_name.jpg"]
    assert dump.counts == {"posts": 1, FURTHER: 4, "video ignored": 1, "image file is missing": 1}
    assert detect(tmp_path)
    assert recognise(tmp_path).name == "gallery-dl"


def test_a_photo_of_flickr(tmp_path: Path) -> None:
    save(tmp_path, "flickr_5300.jpg", flickr())
    save(tmp_path, "flickr_5301.jpg", flickr(1, accuracy=0, latitude=0, longitude=0, location=None), image=False)
    dump = gallery_dl_dump(tmp_path)
    post, unplaced = dump
    assert (post.id, post.text, post.user) == ("5300", "Old Bridge\nevening, map", "12345@N00")
    assert post.hashtags == ("river", "old bridge")
    assert post.time == datetime(2022, 9, 28, 10, tzinfo=UTC)
    assert (post.latitude, post.longitude, post.place) == (51.0544, 13.7352, "Oldtown")
    assert post.images == (tmp_path / "flickr_5300.jpg",)
    assert (unplaced.latitude, unplaced.images) == (None, ())
    assert dump.counts == {"posts": 2, "image file is missing": 1}


def test_a_status_of_weibo(tmp_path: Path) -> None:
    save(tmp_path / "小安", "4760000000000000_01.jpg", weibo())
    save(tmp_path / "小安", "4760000000000001_01.jpg", weibo(1, retweeted_status={"id": 3}))
    dump = gallery_dl_dump(tmp_path)
    post, retweet = dump
    assert (post.id, post.text, post.hashtags) == ("4760000000000000", "江边 #夜景#", ("夜景",))
    assert (post.user, post.place, post.venue) == ("1", "上海·外滩", "B2094757D06EABF54998")
    assert post.time == datetime(2022, 4, 20, 20, 10, tzinfo=timezone(timedelta(hours=8)))
    assert (post.latitude, post.longitude) == (31.24, 121.49)
    assert (len(post.images), retweet.images) == (1, ())
    assert dump.counts == {"posts": 2, "retweeted part left out": 1}


def test_its_dump_and_json_lines(tmp_path: Path) -> None:
    (tmp_path / "dump.json").write_text(json.dumps([[2, instagram()], [3, "https://x/a.jpg", instagram()]], indent=1))
    lines = [instagram(1, 0), instagram(1, 1), flickr()]
    (tmp_path / "all.jsonl").write_text("\n".join(map(json.dumps, lines)))
    for name in ("291_810.jpg", "291_811.jpg", "flickr_5300.jpg"):
        (tmp_path / name).write_bytes(b"x")
    dump = gallery_dl_dump(tmp_path)
    assert [(post.id, len(post.images)) for post in dump] == [("CaBc1", 2), ("5300", 1), ("CaBc0", 0)]
    assert dump.counts == {"posts": 3, FURTHER: 1, "metadata of a folder ignored": 1, "image file is missing": 1}


@pytest.mark.parametrize(
    ("values", "reason", "message"),
    [
        (
            {"category": "tumblr", "id": 1},
            "another site of gallery-dl",
            "is of the site 'tumblr', and those",
        ),
        ({"id": 1, "text": "x"}, "not gallery-dl's", "has no 'category' (it has id, text)"),
        ({"category": "instagram", "post_shortcode": "a"}, "no content that is known", "has none of the keys"),
        ({"category": "weibo", "status": {"id": 1}}, "no content that is known", "has none of the keys text_raw"),
        ([1], "not a record", "is not an object"),
    ],
)
def test_what_is_no_post_is_named(tmp_path: Path, values: object, reason: str, message: str) -> None:
    save(tmp_path, "a.jpg", values)
    dump = gallery_dl_dump(tmp_path)
    assert list(dump) == []
    assert dump.counts == {reason: 1}
    assert message in str(dump.refused[0])


@pytest.mark.parametrize("make", [instagram, flickr, weibo])
def test_every_mutated_record_ends_as_a_post_or_a_reason(tmp_path: Path, make: Any) -> None:
    lines = list(as_lines(many(make, COUNT // 3, seed=8), seed=8))
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    dump = gallery_dl_dump(tmp_path)
    posts = list(dump)
    assert len(posts) == len({post.id for post in posts}) == dump.tally.posts
    assert dump.tally.records == len(lines)
    assert len(posts) > COUNT // 7
    assert dump.refused_count > 0


def test_every_mutated_file_ends_as_a_post_or_a_reason(tmp_path: Path) -> None:
    rng = random.Random(5)
    for number in range(200):
        values = instagram(number // 3, number % 3)
        save(tmp_path, f"{number}.jpg", mutated(values, rng) if rng.random() < 0.5 else values, image=number % 2 == 0)
    dump = gallery_dl_dump(tmp_path)
    posts = list(dump)
    lists = sum(isinstance(json.loads(file.read_text()), list) for file in tmp_path.glob("*.json"))
    assert abs(dump.tally.records - 200) <= 3 * lists
    assert 60 < len(posts) < 120
