"""weibo-crawler's database, tables of several runs, images of weibo-search, records of other programs."""

from __future__ import annotations

import csv
import runpy
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from postplace.posts.dump import NO_CONTENT, NO_IMAGE, NO_METADATA, Dump
from postplace.posts.recognition import is_weibo_crawler
from postplace.posts.record_files import HEADER_AGAIN
from postplace.posts.weibo import weibo_export
from postplace.posts.weibo_database import OTHER_DATABASE
from postplace.schema import Post

MAKE = runpy.run_path(str(Path(__file__).parents[1] / "data" / "weibo" / "make.py"))
NICKNAME: str = MAKE["NICKNAME"]
OWN_IMAGES = Path(NICKNAME) / "img" / "原创微博图片"
COLUMNS = [
    "user_id",
    "id",
    "bid",
    "screen_name",
    "text",
    "topics",
    "pics",
    "video_url",
    "location",
    "created_at",
    "retweet_id",
]


def database(path: Path, *rows: dict[str, Any], columns: list[str] = COLUMNS, table: str = "weibo") -> Path:
    """As weibo-crawler's `sqlite_insert` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE TABLE {table} ({', '.join(f'{column} text' for column in columns)})")
    for row in rows:
        cells = [row.get(column) for column in columns]
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", cells)
    connection.commit()
    connection.close()
    return path


def read(path: Path) -> tuple[list[Post], Dump]:
    dump = weibo_export(path)
    return list(dump), dump


def put(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(MAKE["JPEG"])


# --- the database


@pytest.mark.parametrize("folder", ["", "weibo"])
def test_the_database_has_the_posts_of_all_users(tmp_path: Path, folder: str) -> None:
    other = MAKE["weibo"](id=4454572602912350, bid="", user_id=5, screen_name="小北", text="江边", pics="a.jpg")
    database(tmp_path / "weibodata.db", MAKE["weibo"](), other)
    images = tmp_path / folder
    mine = images / OWN_IMAGES / "20191228T_4454572602912349.jpg"
    theirs = images / "5" / "img" / "原创微博图片" / "20191228_4454572602912350.jpg"  # `user_id_as_folder_name`
    put(mine, theirs, mine.with_name("20200101_1.jpg"))
    posts, dump = read(tmp_path)
    assert [(post.id, post.user, post.place, post.images) for post in posts] == [
        ("4454572602912349", "1669879400", "上海·外滩", (mine,)),
        ("4454572602912350", "5", "上海·外滩", (theirs,)),
    ]
    assert dump.counts == {"posts": 2, NO_METADATA: 1}
    before = (tmp_path / "weibodata.db").read_bytes()
    assert [post.id for post in read(tmp_path / "weibodata.db")[0]] == [post.id for post in posts]
    assert (tmp_path / "weibodata.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["weibodata.db"]


def test_a_database_is_read_without_a_trace_and_from_a_medium_that_is_read_only(tmp_path: Path) -> None:
    path = database(tmp_path / "weibodata.db", MAKE["weibo"]())
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    for mode in (0o700, 0o500):
        tmp_path.chmod(mode)
        assert len(read(tmp_path)[0]) == 1
        assert [each.name for each in tmp_path.iterdir()] == ["weibodata.db"]
    tmp_path.chmod(0o700)


def test_the_database_of_weibo_search_finds_images_of_all_keywords(tmp_path: Path) -> None:
    database(tmp_path / "weibo.db", MAKE["weibo"]())
    put(tmp_path / "夜景" / "images" / "4454572602912349.jpg")
    (post,), _ = read(tmp_path)
    assert post.images == (tmp_path / "夜景" / "images" / "4454572602912349.jpg",)
    assert is_weibo_crawler(tmp_path)


def test_a_post_in_the_database_and_in_json_is_one(tmp_path: Path) -> None:
    database(tmp_path / "weibodata.db", MAKE["weibo"]())
    MAKE["save_json"](tmp_path, MAKE["weibo"]())
    posts, dump = read(tmp_path)
    assert len(posts) == dump.counts["the same post again"] == 1


def test_other_databases_are_counted(tmp_path: Path) -> None:
    database(tmp_path / "a.db", columns=["id", "url"])
    database(tmp_path / "b.sqlite", table="users")
    database(tmp_path / "c.db")
    (tmp_path / "d.db").write_bytes(b"no database at all, but long enough to look like one" * 9)
    assert [is_weibo_crawler(tmp_path / f"{name}.db") for name in "acd"] == [False, True, False]
    _, dump = read(tmp_path)
    assert dump.counts == {OTHER_DATABASE: 3, "table without rows": 1}


def test_a_damaged_database_and_a_cell_that_is_no_text(tmp_path: Path) -> None:
    path = database(tmp_path / "weibodata.db", *(MAKE["weibo"](id=n, bid="", text="x" * 900) for n in range(40)))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE weibo SET text = CAST(x'ff' AS TEXT) WHERE id = '3'")
    connection.commit()
    connection.close()
    posts, dump = read(path)
    assert (len(posts), dump.tally.left_out) == (39, {"not UTF-8": 1})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    _, dump = read(path)
    assert dump.refused_count == 1
    assert "weibodata.db, after row" in str(dump.refused[0])


# --- tables of several runs


def test_a_header_that_comes_again_is_counted(tmp_path: Path) -> None:
    rows = [MAKE["cells"](MAKE["weibo"](id=number, bid="")) for number in range(3)]
    header = list(MAKE["HEADER"] + MAKE["RETWEET_HEADER"])
    MAKE["save_csv"](tmp_path, [rows[0], header, rows[1], header, rows[2]])
    posts, dump = read(tmp_path)
    assert [post.id for post in posts] == ["0", "1", "2"]
    assert dump.tally.left_out == {HEADER_AGAIN: 2}


def test_the_header_of_a_later_version_counts_for_its_rows(tmp_path: Path) -> None:
    later = ["id", "正文", "位置", "日期"]
    MAKE["save_csv"](tmp_path, [["1", "a"], later, ["2", "b", "外滩", "2019-12-28"]], header=["id", "正文"])
    posts, dump = read(tmp_path)
    assert [(post.id, post.text, post.place) for post in posts] == [("1", "a", None), ("2", "b", "外滩")]
    assert dump.tally.left_out == {HEADER_AGAIN: 1}


# --- weibo-search


def search_table(folder: Path, *rows: list[str]) -> Path:
    path = folder / "夜景" / "夜景.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = ["id", "bid", "user_id", "微博正文", "发布位置", "发布时间", "微博图片url"]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_the_images_of_weibo_search_are_found(tmp_path: Path) -> None:
    one = ["1", "", "7", "江边", "", "2019-12-28 10:30", "https://x/a.jpg"]
    three = ["2", "", "", "外滩", "", "unknown", "https://x/a.jpg,https://x/b.png,https://x/c.jpg"]
    search_table(tmp_path, one, three)
    images = tmp_path / "夜景" / "images"
    put(images / "1.jpg", images / "2-0.jpg", images / "2-1.png", images / "9.jpg")
    posts, dump = read(tmp_path)
    assert [(post.user, post.images) for post in posts] == [
        ("7", (images / "1.jpg",)),
        (None, (images / "2-0.jpg", images / "2-1.png")),  # the keyword is nobody's name
    ]
    assert dump.counts == {
        "posts": 2,
        NO_IMAGE: 1,
        NO_METADATA: 1,
        "user unknown": 1,
        "time cannot be read": 1,
    }


# --- other programs


@pytest.mark.parametrize(
    "record",
    [
        {"id": "Lx9", "user_id": "1", "content": "江边", "publish_place": "外滩", "original_pictures": "a.jpg"},
        {"id": "29", "shortCode": "CaBc", "caption": "by the river", "images": ["a.jpg"]},
        {"id": "4", "created_at": "2022-10-19 15:54:27", "content": "江边"},
        {"id": "4", "user": {"id": 1}},
        {"id": "4", "location": {"name": "Pier"}, "edge_media_to_caption": {"edges": []}},
    ],
)
def test_records_of_other_programs_are_refused(tmp_path: Path, record: dict[str, Any]) -> None:
    MAKE["save_json"](tmp_path, record, record)
    posts, dump = read(tmp_path)
    assert posts == []
    assert dump.counts == {NO_CONTENT: 2}
    assert "`postplace import auto`" in str(dump.refused[0])
