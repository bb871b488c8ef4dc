"""Files of Instaloader and of weibo-crawler are recognised by names and first records; others are not."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from postplace.posts.recognition import is_instaloader, is_weibo_crawler


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2022-09-26_11-27-30_UTC.txt", True),
        ("mira/2022-09-26_11-27-30_UTC_2.jpg", True),
        ("mira/bridge_2022-09-26_11-27-30_UTC_location.txt", True),  # with a file pattern of one's own
        ("2022-09-26_11-27-30_UTC.csv", False),
        ("2022-09-26_11-27-30.txt", False),
        ("2022-09-26.jpg", False),
    ],
)
def test_a_folder_of_instaloader_by_the_names_in_it(name: str, expected: bool, tmp_path: Path) -> None:
    file = write(tmp_path / name, "x")
    assert is_instaloader(tmp_path) is expected
    assert is_instaloader(file) is False  # it fills folders


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"node": {}, "instaloader": {"version": "4.10"}}, True),
        ({"__typename": "GraphSidecar", "shortcode": "a"}, True),
        ({"__typename": "GraphImage", "id": "1"}, False),
        ({"__typename": "XDTGraphImage", "shortcode": "a"}, False),
        ({"__typename": None, "shortcode": "a"}, False),
        (["instaloader"], False),
    ],
)
def test_a_folder_of_instaloader_by_its_records(record: object, expected: bool, tmp_path: Path) -> None:
    write(tmp_path / "a" / "post.json", record)
    assert is_instaloader(tmp_path) is expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("1.json", {"user": {"id": 1}, "weibo": [{"id": 1, "text": "a", "pics": ""}]}, True),
        ("1.json", [{"id": 1, "text": "a", "bid": "L"}], True),
        ("1.json", {"id": 1, "text": "a", "attitudes_count": 0}, True),  # one object
        ("1.json", [5, {"text": "a"}, {"text": "b"}, {"text": "c", "bid": "L"}], False),  # the fourth is not looked at
        ("1.json", {"weibo": [{"id": 1, "pics": ""}]}, False),
        ("1.json", {"weibo": {"text": "a", "bid": "L"}}, False),
        ("1.json", '{"user": {}, "weibo": [{"text": "a", "bid": "L"}, {"te', True),  # what is cut short comes later
        ("1.json", '{"user": {', False),
        ("1.csv", "\ufeffid,bid,正文\n", True),
        ("1.csv", " BID , Text \n", True),
        ("1.csv", "微博id,微博正文\n", True),
        ("1.csv", "id,text\n", False),
        ("1.csv", "bid,price\n", False),
        ("1.csv", "", False),
        ("1.txt", "bid,text\n", False),
    ],
)
def test_a_file_of_weibo_crawler(name: str, content: object, expected: bool, tmp_path: Path) -> None:
    file = write(tmp_path / "user" / name, content)
    assert is_weibo_crawler(file) is expected
    assert is_weibo_crawler(tmp_path) is expected


def test_a_database_by_its_columns(tmp_path: Path) -> None:
    for name, columns in (("posts", "id, text"), ("comments", "id, weibo_id, text")):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as connection:
            connection.execute(f"CREATE TABLE weibo ({columns})")
    assert is_weibo_crawler(tmp_path / "posts.db")
    assert not is_weibo_crawler(tmp_path / "comments.db")


def test_what_is_not_there_is_neither(tmp_path: Path) -> None:
    for path in (tmp_path / "none", Path("\0"), Path("x" * 5000)):
        assert not is_instaloader(path)
        assert not is_weibo_crawler(path)
