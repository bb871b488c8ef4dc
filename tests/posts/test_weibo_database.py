"""The table `weibo` of a SQLite file, row by row; other files are counted, damaged ones refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from postplace.posts.dump import ImportReport, InvalidRecord
from postplace.posts.weibo_database import OTHER_DATABASE, database_rows, holds_posts


def key_of(name: str) -> str:
    """Of a made-up layout: `TEXT` is the text, and `tool` is not read."""
    return {"TEXT": "text", "tool": ""}.get(name, name)


def save(path: Path, columns: str, *rows: Sequence[object], table: str = "weibo") -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE {table} ({columns})")
        for row in rows:
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        connection.commit()
    return path


def read(path: Path) -> tuple[list[tuple[str, object]], ImportReport]:
    tally = ImportReport()
    return list(database_rows(path, tally, key_of=key_of)), tally


def test_rows_are_mappings_by_key_without_what_is_null_or_not_read(tmp_path: Path) -> None:
    path = save(tmp_path / "a #1?.db", "id, TEXT, tool, lat", [7, "夜景", "phone", 31.25], ["8", "", None, None])
    rows, tally = read(path)
    assert rows == [
        (", table weibo, row 1", {"id": 7, "text": "夜景", "lat": 31.25}),
        (", table weibo, row 2", {"id": "8", "text": ""}),
    ]
    assert not tally.left_out


def test_a_cell_that_is_no_text_costs_its_row(tmp_path: Path) -> None:
    rows, _ = read(save(tmp_path / "a.db", "id, TEXT", [1, b"\xff"], [2, "b"]))
    assert isinstance(rows[0][1], InvalidRecord)
    assert rows[0][1].args[0] == "not UTF-8"
    assert rows[1] == (", table weibo, row 2", {"id": 2, "text": "b"})


@pytest.mark.parametrize(
    ("columns", "table", "expected"),
    [
        ("id, TEXT", "weibo", True),
        ("bid, TEXT", "weibo", True),
        ("id, text2", "weibo", False),
        ("name, TEXT", "weibo", False),
        ("id, weibo_id, TEXT", "weibo", False),  # comments
        ("id, TEXT", "users", False),
    ],
)
def test_which_databases_hold_posts(columns: str, table: str, expected: bool, tmp_path: Path) -> None:
    path = save(tmp_path / "a.db", columns, table=table)
    assert holds_posts(path, key_of=key_of) is expected
    rows, tally = read(path)
    assert (rows, tally.left_out) == ([], {"table without rows" if expected else OTHER_DATABASE: 1})


def test_what_is_no_database_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database, but long enough to look like one" * 20)
    for path in (tmp_path / "a.db", tmp_path / "none.db", tmp_path):
        assert not holds_posts(path, key_of=key_of)
        rows, tally = read(path)
        assert (rows, tally.left_out) == ([], {OTHER_DATABASE: 1})
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"], "and none is made"


def test_a_database_with_a_damaged_page_gives_what_came_before(tmp_path: Path) -> None:
    path = save(tmp_path / "a.db", "id, TEXT", *([number, "x" * 900] for number in range(40)))
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(content[:half] + bytes(len(content) - half))
    rows, tally = read(path)
    (*before, (where, damage)) = rows
    assert 0 < len(before) < 40
    assert isinstance(damage, InvalidRecord)
    assert str(damage.args[0]) == "damaged database, the rest of it"
    assert where == f", after row {len(before)}"
    assert not tally.left_out


def test_changes_that_wait_beside_the_database_are_read(tmp_path: Path) -> None:
    path = save(tmp_path / "a.db", "id, TEXT", [1, "a"])
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("INSERT INTO weibo VALUES (2, 'b')")
        writer.commit()  # it stands in a.db-wal until the writer is closed
        rows, _ = read(path)
    assert [row for _, row in rows] == [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]
