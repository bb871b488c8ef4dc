"""Lists of Instagram posts as Apify's scrapers give them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.posts.mutations import as_lines, many

from postplace.posts.apify import apify_dump, detect
from postplace.posts.auto import recognise

COUNT = int(os.environ.get("POSTPLACE_MUTATIONS", "3000"))


def item(number: int = 0, **changes: object) -> dict[str, Any]:
    """One post of the actor's output."""
    return {
        "id": f"29345{number}",
        "type": "Image",
        "shortCode": f"CaBc{number}",
        "caption": "evening #river",
        "hashtags": ["river"],
        "url": f"https://www.instagram.example/p/CaBc{number}/",
        "displayUrl": "https://scontent.example/a_n.jpg?stp=1",
        "images": [],
        "timestamp": "2022-09-26T11:27:30.000Z",
        "childPosts": [],
        "locationName": "Old Bridge",
        "locationId": "213385402",
        "ownerUsername": "mira_o",
        "ownerId": "1784",
    } | changes


def test_a_post_an_album_and_what_is_none(tmp_path: Path) -> None:
    children = [
        {"type": "Image", "displayUrl": "https://scontent.example/b_n.jpg"},
        {"type": "Video", "displayUrl": "https://scontent.example/c_n.jpg"},
    ]
    profile = {"username": "mira_o", "followersCount": 3, "latestPosts": []}
    error = {"error": "no_items", "errorDescription": "Empty or private data"}
    bare = {"id": "1", "username": "mira_o"}
    items = [item(), item(1, type="Sidecar", childPosts=children), item(), profile, error, bare]
    (tmp_path / "posts.json").write_text(json.dumps(items, indent=2))
    for name in ("CaBc0.jpg", "b_n.png"):
        (tmp_path / name).write_bytes(b"x")
    dump = apify_dump(tmp_path)
    post, album = dump
    assert (post.id, post.text, post.hashtags, post.user) == ("CaBc0", "evening #river", ("river",), "1784")
    assert (post.place, post.venue) == ("Old Bridge", "213385402")
    assert post.time == datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)
    assert (post.images, album.images) == ((tmp_path / "CaBc0.jpg",), (tmp_path / "b_n.png",))
    assert dump.counts == {
        "posts": 2,
        "the same post again": 1,
        "profile ignored": 1,
        "error of the scraper": 1,
        "no content that is known": 1,
        "video ignored": 1,
    }
    assert detect(tmp_path)
    assert recognise(tmp_path / "posts.json").name == "apify"


def test_every_mutated_record_ends_as_a_post_or_a_reason(tmp_path: Path) -> None:
    lines = list(as_lines(many(item, COUNT, seed=4), seed=4))
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    dump = apify_dump(tmp_path)
    posts = list(dump)
    assert len(posts) == len({post.id for post in posts}) == dump.tally.posts
    assert dump.tally.records == len(lines)
    assert len(posts) > COUNT // 2
    assert dump.refused_count > 0
