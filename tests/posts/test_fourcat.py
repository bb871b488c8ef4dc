"""4CAT's tables: columns by source of the data, and the images that it downloads."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.posts.mutation import assert_every_record_ends, mutated_records, write_table

from postplace.posts.fourcat import detect, fourcat_export
from postplace.schema import Post

ADDRESSES = ("https://scontent.example/111_n.jpg?stp=a", "https://scontent.example/112_n.jpg?stp=a,b")


def instagram(**changes: object) -> dict[str, Any]:
    """A row of an Instagram dataset, with the columns that are of use here and some more."""
    whole: dict[str, Any] = {
        "collected_from_url": "https://www.instagram.com/explore/locations/1/",
        "partial_item": "False",
        "id": "CaBcAAAAAA1",
        "timestamp": "2022-09-26 11:27:30",
        "thread_id": "CaBcAAAAAA1",
        "parent_id": "CaBcAAAAAA1",
        "url": "https://www.instagram.com/p/CaBcAAAAAA1",
        "body": "evening by the bridge #river",
        "author_id": "1784",
        "author": "anna.invented",
        "media_type": "photo",
        "num_media": 2,
        "image_urls": ",".join(ADDRESSES),
        "media_urls": ",".join(ADDRESSES),
        "hashtags": "river",
        "location_name": "Old Bridge",
        "location_id": "213385402",
        "location_latlong": "51.0544,13.7352",
        "location_city": "Dresden",
        "unix_timestamp": 1664191650,
        "missing_media": "",
    }
    return whole | changes


def tweet(**changes: object) -> dict[str, Any]:
    """A row of a dataset of the API of X."""
    whole: dict[str, Any] = {
        "id": "1575000000000000001",
        "thread_id": "1575000000000000001",
        "timestamp": "2022-09-26 11:27:30",
        "unix_timestamp": 1664191650,
        "subject": "",
        "body": "evening &amp; tea",
        "author": "anna_invented",
        "author_id": "5000001",
        "is_retweet": "no",
        "is_quote_tweet": "no",
        "hashtags": "river,tea",
        "images": "",
        "videos": "",
        "long_lat": "13.7352, 51.0544",
        "place_name": "Old Town, Invented",
    }
    return whole | changes


def save(folder: Path, *rows: dict[str, Any], name: str = "dataset.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


MOMENT = datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)


def test_a_post_is_read_whole_with_the_images_of_an_archive(tmp_path: Path) -> None:
    save(tmp_path, instagram())
    archive = tmp_path / "dataset-images"
    archive.mkdir()
    listed = {
        address: {"filename": f"{n}.jpg", "url": address, "success": n == 0, "from_dataset": "a", "post_ids": ["x"]}
        for n, address in enumerate(ADDRESSES)
    }
    (archive / ".metadata.json").write_text(json.dumps(listed), encoding="utf-8")
    (archive / "0.jpg").write_bytes(b"x")
    export = fourcat_export(tmp_path)
    assert list(export) == [
        Post(
            "CaBcAAAAAA1",
            text="evening by the bridge #river",
            hashtags=("river",),
            images=(archive / "0.jpg",),
            user="1784",
            time=MOMENT,
            place="Old Bridge",
            venue="213385402",
            latitude=51.0544,
            longitude=13.7352,
        )
    ]
    assert export.counts == {"posts": 1, "image file is missing": 1}


def test_images_by_name_and_a_name_that_leads_elsewhere(tmp_path: Path) -> None:
    save(tmp_path, instagram())
    (tmp_path / "images").mkdir()
    found = tmp_path / "images" / "112_n.jpg"
    found.write_bytes(b"x")
    (tmp_path / ".metadata.json").write_text(json.dumps({ADDRESSES[0]: {"filename": "../x.jpg", "success": True}}))
    assert [post.images for post in fourcat_export(tmp_path)] == [(found,)]


@pytest.mark.parametrize("damage", ["", "[1]", '{"https://a": 3, "b"', '{"a": {"filename": 3, "success": true}}'])
def test_a_damaged_list_of_images_costs_images_only(tmp_path: Path, damage: str) -> None:
    save(tmp_path, instagram())
    (tmp_path / ".metadata.json").write_text(damage)
    export = fourcat_export(tmp_path)
    assert len(list(export)) == 1
    assert export.counts["image file is missing"] == 2


def test_a_tweet_has_its_point(tmp_path: Path) -> None:
    save(tmp_path, tweet())
    (post,) = fourcat_export(tmp_path)
    assert (post.text, post.hashtags, post.place) == ("evening & tea", ("river", "tea"), "Old Town, Invented")
    assert (post.latitude, post.longitude) == (51.0544, 13.7352)


def test_a_corner_of_a_box_is_no_point(tmp_path: Path) -> None:
    """4CAT takes the mean of the first two corners of the place's box for its middle: a point on its edge."""
    save(tmp_path, tweet(long_lat="13.57,51.1", quote_author=""))
    export = fourcat_export(tmp_path)
    assert [post.latitude for post in export] == [None]
    assert export.counts == {"posts": 1, "coordinates of a box left out": 1}


@pytest.mark.parametrize(
    ("changes", "time", "reason"),
    [
        ({"unix_timestamp": 0, "timestamp": 0}, None, "time unknown"),  # what 4CAT writes for what it does not know
        ({"unix_timestamp": "", "timestamp": "2022-09-26 11:27:30"}, MOMENT, None),
        ({"unix_timestamp": "", "timestamp": "1664191650"}, MOMENT, None),  # of Bluesky
        ({"unix_timestamp": "1664191650000"}, MOMENT, None),
        ({"unix_timestamp": "166419165012", "timestamp": "yesterday"}, None, "time cannot be read"),
    ],
)
def test_times(tmp_path: Path, changes: dict[str, object], time: datetime | None, reason: str | None) -> None:
    save(tmp_path, instagram(image_urls="", **changes))
    export = fourcat_export(tmp_path)
    assert [post.time for post in export] == [time]
    assert export.counts == {"posts": 1} | ({reason: 1} if reason else {})


@pytest.mark.parametrize(
    ("row", "posts", "reason"),
    [
        (tweet(is_retweet="yes"), 0, "retweets ignored"),
        (tweet(id="1.575E+18"), 0, "id rounded"),
        (tweet(id=""), 0, "no id"),
        (tweet(author_id="1.784E+16"), 1, "user rounded by a spreadsheet"),
        (instagram(location_id="2.13E+08", image_urls=""), 1, "location rounded by a spreadsheet"),
        (tweet(author="", author_id=""), 1, "user unknown"),
        (tweet(videos="https://video.example/a.mp4"), 1, "video ignored"),
        (instagram(media_type="video"), 1, "video ignored"),
        (instagram(location_latlong="0,0", image_urls=""), 1, "coordinates cannot be read"),
        (instagram(location_latlong="51.05", image_urls=""), 1, "coordinates cannot be read"),
        (tweet() | {"comment_url": "https://tiktok.example/1"}, 0, "comments ignored"),
    ],
)
def test_one_flaw(tmp_path: Path, row: dict[str, Any], posts: int, reason: str) -> None:
    save(tmp_path, row)
    export = fourcat_export(tmp_path)
    assert len(list(export)) == posts
    assert export.counts == ({"posts": 1} if posts else {}) | {reason: 1}


def test_a_title_and_a_body(tmp_path: Path) -> None:
    columns = {"collected_from_url": "", "timestamp": "", "unix_timestamp": "", "title": "江边"}
    save(tmp_path, columns | {"id": "1", "body": "晚上的风"}, columns | {"id": "2", "body": ""})
    assert [post.text for post in fourcat_export(tmp_path)] == ["江边\n晚上的风", "江边"]


def test_the_whole_row_is_taken_where_a_part_came_first(tmp_path: Path) -> None:
    save(tmp_path, instagram(partial_item="True", body="", image_urls="", unix_timestamp=0), instagram(image_urls=""))
    export = fourcat_export(tmp_path)
    assert [post.text for post in export] == ["evening by the bridge #river"]
    assert export.counts == {"posts": 1, "the same post again": 1}


def test_semicolons_of_a_spreadsheet(tmp_path: Path) -> None:
    path = save(tmp_path, tweet())
    rows = list(csv.reader(path.open(encoding="utf-8", newline="")))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    assert detect(path)
    assert [post.id for post in fourcat_export(path)] == ["1575000000000000001"]


def test_it_knows_its_own(tmp_path: Path) -> None:
    assert detect(save(tmp_path, instagram()))
    assert detect(save(tmp_path, tweet()))
    (tmp_path / "posts.csv").write_text("id,body,timestamp\n1,a,2022\n", encoding="utf-8")
    assert not detect(tmp_path / "posts.csv")


def set_id(record: dict[str, Any], post_id: str) -> None:
    record["id"] = post_id


def test_every_mutated_record_ends(tmp_path: Path) -> None:
    write_table(tmp_path / "x.csv", list(instagram()), mutated_records([instagram()], set_id))
    assert_every_record_ends(fourcat_export(tmp_path), refused_share=0.02)
