"""instagrapi's media: one a file, a list, an object a line; photos, albums and videos."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.posts.mutations import as_lines, many

from postplace.posts.auto import recognise
from postplace.posts.instagrapi import detect, instagrapi_dump

COUNT = int(os.environ.get("POSTPLACE_MUTATIONS", "3000"))


def media(number: int = 0, **changes: object) -> dict[str, Any]:
    """As `Media.model_dump(mode="json")`."""
    return {
        "pk": f"29{number}",
        "id": f"29{number}_1784",
        "code": f"CaBc{number}",
        "taken_at": "2022-09-26T11:27:30+00:00",
        "media_type": 1,
        "product_type": "feed",
        "thumbnail_url": "https://x.example/a_n.jpg?stp=1",
        "location": {"pk": 213385402, "name": "Old Bridge", "lng": 13.73, "lat": 51.05},
        "user": {"pk": "1784", "username": "mira_o"},
        "caption_text": "evening by the bridge #river",
        "usertags": [],
        "resources": [],
    } | changes


@pytest.mark.parametrize("form", ["file", "list", "lines"])
def test_a_photo_however_it_was_dumped(tmp_path: Path, form: str) -> None:
    (tmp_path / "mira_o_290.jpg").write_bytes(b"x")
    if form == "file":
        (tmp_path / "mira_o_290.json").write_text(json.dumps(media(), indent=4))
    elif form == "list":
        (tmp_path / "all.json").write_text(json.dumps([media()]))
    else:
        (tmp_path / "all.jsonl").write_text(json.dumps(media()) + "\n")
    dump = instagrapi_dump(tmp_path)
    (post,) = dump
    assert (post.id, post.text, post.hashtags) == ("CaBc0", "evening by the bridge #river", ("river",))
    assert (post.user, post.place, post.venue) == ("1784", "Old Bridge", "213385402")
    assert post.time == datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)
    assert (post.latitude, post.longitude) == (51.05, 13.73)
    assert post.images == (tmp_path / "mira_o_290.jpg",)
    assert dump.counts == {"posts": 1}
    assert detect(tmp_path)
    assert recognise(tmp_path).name == "instagrapi"


def test_an_album_and_a_video(tmp_path: Path) -> None:
    parts = [
        {"pk": "801", "media_type": 1, "thumbnail_url": "https://x.example/b_n.jpg"},
        {"pk": "802", "media_type": 1, "thumbnail_url": "https://x.example/c_n.jpg"},
        {"pk": "803", "media_type": 2, "thumbnail_url": "https://x.example/d_n.jpg"},
    ]
    records = [media(media_type=8, resources=parts), media(1, media_type=2)]
    (tmp_path / "all.jsonl").write_text("\n".join(map(json.dumps, records)))
    (tmp_path / "mira_o_801.webp").write_bytes(b"x")
    (tmp_path / "c_n.jpg").write_bytes(b"")
    dump = instagrapi_dump(tmp_path / "all.jsonl")
    album, video = dump
    assert (album.images, video.images) == ((tmp_path / "mira_o_801.webp",), ())
    assert dump.counts == {"posts": 2, "image file is empty": 1, "video ignored": 2}


def test_the_answers_beneath(tmp_path: Path) -> None:
    raw = media(taken_at=1664191650, caption={"text": "raw"}, image_versions2={}, thumbnail_url=None)
    del raw["caption_text"], raw["resources"]
    (tmp_path / "a.json").write_text(json.dumps(raw))
    (post,) = instagrapi_dump(tmp_path)
    assert (post.text, post.time) == ("raw", datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC))


def test_a_record_with_none_of_its_keys_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"pk": 1, "username": "mira_o"}, 5]')
    dump = instagrapi_dump(tmp_path)
    assert list(dump) == []
    assert dump.counts == {"no content that is known": 1, "not a record": 1}
    assert not detect(tmp_path)


def test_every_mutated_record_ends_as_a_post_or_a_reason(tmp_path: Path) -> None:
    lines = list(as_lines(many(media, COUNT, seed=3), seed=3))
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    dump = instagrapi_dump(tmp_path)
    posts = list(dump)
    assert len(posts) == len({post.id for post in posts}) == dump.tally.posts
    assert dump.tally.records == len(lines)
    assert len(posts) > COUNT // 2
    assert dump.refused_count > 0
