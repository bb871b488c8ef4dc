"""The posts in a SQLite file of weibo-crawler (`weibodata.db`) or weibo-search (`weibo.db`): their table `weibo`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from postplace.posts.dump import ImportReport, InvalidRecord, not_utf_8

ENDINGS = (".db", ".sqlite", ".sqlite3")
OTHER_DATABASE = "database that holds no posts"

_TABLE = "weibo"
_MAGIC = b"SQLite format 3\0"

Row = tuple[str, object]  # where in the file it stands; its values, or why it has none (InvalidRecord)


def database_rows(path: Path, tally: ImportReport, *, key_of: Callable[[str], str]) -> Iterator[Row]:
    """The rows of the table, one at a time, as mappings; nothing is written, and no lock is held by anyone else's.

    `key_of` a column's name is the key that it is read as, "" for none. A file that is no such database is counted.
    """
    number = 0
    try:
        with closing(_connect(path)) as connection:
            keys = _keys(connection, key_of)
            if not keys:
                tally.left_out[OTHER_DATABASE] += 1
                return
            for values in connection.execute(f"SELECT * FROM {_TABLE}"):
                number += 1
                yield f", table {_TABLE}, row {number}", _named(dict(zip(keys, values, strict=True)))
            if not number:
                tally.left_out["table without rows"] += 1
    except sqlite3.Error as error:
        if not _is_sqlite(path):
            tally.left_out[OTHER_DATABASE] += 1
            return
        damage = InvalidRecord("damaged database, the rest of it", f"cannot be read ({error})", "export the file again")
        yield f", after row {number}", damage


def holds_posts(path: Path, *, key_of: Callable[[str], str]) -> bool:
    """Whether a file is such a database; never raises."""
    with suppress(sqlite3.Error, OSError, ValueError):
        if _is_sqlite(path):
            with closing(_connect(path)) as connection:
                return bool(_keys(connection, key_of))
    return False


def _keys(connection: sqlite3.Connection, key_of: Callable[[str], str]) -> list[str]:
    """The key of each column of the table; none where it holds no posts."""
    columns = connection.execute(f"PRAGMA table_info({_TABLE})")
    keys = [key_of(name.decode(errors="replace")) for _, name, *_ in columns]
    return keys if "text" in keys and {"id", "bid"} & set(keys) and "weibo_id" not in keys else []


def _connect(path: Path) -> sqlite3.Connection:
    """The database, opened to read.

    With no changes waiting beside it, it is opened as a file that nobody writes to: otherwise SQLite would put files of
    its own beside one in WAL mode, and could not open it on a medium that is read-only.
    """
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    waits = any(path.with_name(path.name + ending).exists() for ending in ("-wal", "-journal"))
    for options in ([""] if waits else []) + ["&immutable=1"]:
        connection = sqlite3.connect(address + options, uri=True)
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.Error:
            connection.close()
            if options:
                raise
            continue
        connection.text_factory = bytes
        break
    return connection


def _named(row: Mapping[str, object]) -> dict[str, object] | InvalidRecord:
    values: dict[str, object] = {}
    for key, value in row.items():
        if not key or value is None:
            continue
        if isinstance(value, bytes):
            try:
                value = value.decode()
            except UnicodeDecodeError:
                return not_utf_8()
        values[key] = value
    return values


def _is_sqlite(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC
    return False
