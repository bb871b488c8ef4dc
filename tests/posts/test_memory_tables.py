"""Tables in memory, of whichever library: the same posts, and nothing imported for it."""

from __future__ import annotations

import io
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from postplace.errors import BadPost
from postplace.posts.table import PostStream, read_posts
from postplace.schema import Post

TIME = datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {
        "id": 4760000000000001,
        "text": "a",
        "hashtags": ["x", "y z"],
        "user": 123.0,
        "time": TIME,
        "place": 1,
        "likes": 3,
    },
    {"id": 4760000000000002, "text": "b", "hashtags": [], "user": None, "time": None, "place": None, "likes": 3},
]
POSTS = [Post("4760000000000001", "a", ("x", "y z"), user="123", time=TIME, place="1"), Post("4760000000000002", "b")]


class Stream:
    """What speaks Arrow's stream interface and is of no library that is known."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


class DataSet:
    """A Hugging Face data set, as far as it is needed: it gives dicts."""

    column_names = ("id", "text")

    def __len__(self) -> int:
        return len(ROWS)

    def __getitem__(self, row: int) -> dict[str, Any]:
        return ROWS[row]

    def __iter__(self) -> Any:
        return iter(ROWS)


def arrow() -> pa.Table:
    return pl.DataFrame(ROWS).to_arrow()


SOURCES: dict[str, Callable[[], object]] = {
    "pandas": lambda: pl.DataFrame(ROWS).to_pandas(),
    "pandas, Arrow types": lambda: pl.DataFrame(ROWS).to_pandas(use_pyarrow_extension_array=True),
    "pandas, categories": lambda: pl.DataFrame(ROWS).to_pandas().astype({"text": "category"}),
    "Polars": lambda: pl.DataFrame(ROWS),
    "Polars, lazy": lambda: pl.DataFrame(ROWS).lazy(),
    "Polars, categories": lambda: pl.DataFrame(ROWS).with_columns(pl.col("text").cast(pl.Categorical)),
    "Arrow": arrow,
    "Arrow, dictionary": lambda: arrow().set_column(1, "text", arrow()["text"].dictionary_encode()),
    "Arrow, batch": lambda: arrow().combine_chunks().to_batches()[0],
    "Arrow, reader": lambda: arrow().to_reader(),
    "Arrow, data set": lambda: ds.dataset(arrow()),
    "stream": lambda: Stream(arrow()),
    "DuckDB": lambda: duckdb.from_arrow(arrow()),
    "dicts": lambda: ROWS,
    "dicts of Polars": lambda: pl.DataFrame(ROWS).iter_rows(named=True),
    "Hugging Face": DataSet,
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_table_gives_the_same_posts(name: str) -> None:
    stream = PostStream(SOURCES[name]())
    assert list(stream) == POSTS
    assert stream.ignored_keys == {"likes": 2}
    if "reader" not in name and "iter" not in name and "of Polars" not in name:
        assert list(stream) == POSTS  # a second pass


@pytest.mark.parametrize(
    "name", ["pandas", "Polars", "Polars, lazy", "Arrow", "Arrow, batch", "Arrow, data set", "stream", "DuckDB"]
)
def test_a_table_without_an_id_names_the_column_most_like_it(name: str) -> None:
    table = arrow().rename_columns(["post_id", *arrow().column_names[1:]])
    made: dict[str, object] = {
        "pandas": table.to_pandas(),
        "Polars": pl.from_arrow(table),
        "Polars, lazy": pl.DataFrame(table).lazy(),
        "Arrow": table,
        "Arrow, batch": table.combine_chunks().to_batches()[0],
        "Arrow, data set": ds.dataset(table),
        "stream": Stream(table),
        "DuckDB": duckdb.from_arrow(table),
    }
    with pytest.raises(BadPost, match="there is no column 'id'; did you mean 'post_id'"):
        read_posts(made[name])


UUID = uuid.UUID("2542de50-18f2-4f56-8364-132ddb9a16d8")
LONG = 170141183460469231731687303715884105727  # the largest of 128 bits
IDS: dict[str, tuple[Callable[[], object], str]] = {
    "UUID": (lambda: [{"id": UUID, "text": "x"}], str(UUID)),
    "UUID of pandas": (lambda: pd.DataFrame({"id": [UUID], "text": ["x"]}), str(UUID)),
    "UUID of Arrow": (lambda: pa.table({"id": pa.array([UUID.bytes], pa.uuid()), "text": ["x"]}), str(UUID)),
    "UUID of DuckDB": (lambda: duckdb.sql(f"SELECT '{UUID}'::UUID AS id, 'x' AS text"), str(UUID)),
    "Int128 of Polars": (
        lambda: pl.DataFrame({"id": [LONG], "text": ["x"]}, {"id": pl.Int128, "text": pl.String}),
        str(LONG),
    ),
    "HUGEINT of DuckDB": (lambda: duckdb.sql(f"SELECT {LONG}::HUGEINT AS id, 'x' AS text"), str(LONG)),
    "BIGINT of DuckDB": (lambda: duckdb.sql("SELECT 4760000000000001 AS id, 'x' AS text"), "4760000000000001"),
    "unsigned of pandas": (lambda: pd.DataFrame({"id": np.array([2**64 - 1], "u8"), "text": ["x"]}), str(2**64 - 1)),
    "float of 32 bits": (lambda: pa.table({"id": pa.array([7.0], pa.float32()), "text": ["x"]}), "7"),
}


@pytest.mark.parametrize("name", IDS)
def test_ids_of_every_type_keep_all_their_digits(name: str) -> None:
    make, expected = IDS[name]
    assert [post.id for post in read_posts(make())] == [expected]


NARROW = np.array([16_777_217], np.float32)  # 2**24 + 1, which becomes 2**24


@pytest.mark.parametrize("key", ["id", "user", "venue", "place", "category"])
@pytest.mark.parametrize(
    "make",
    [
        lambda columns: pd.DataFrame(columns),
        lambda columns: pl.DataFrame(columns),
        lambda columns: pa.table(columns),
        lambda columns: duckdb.from_arrow(pa.table(columns)),
        lambda columns: [{key: values[0] for key, values in columns.items()}],
    ],
    ids=["pandas", "Polars", "Arrow", "DuckDB", "dicts"],
)
def test_floats_that_have_lost_digits_are_refused(make: Callable[[Any], object], key: str) -> None:
    columns = {"id": ["a"], "text": ["x"], key: NARROW}
    with pytest.raises(BadPost, match=rf"key '{key}': 16777216.0 is a rounded number; read it as text") as caught:
        read_posts(make(columns))
    assert ("or leave" in str(caught.value)) == (key != "id")


def test_bytes_are_no_id() -> None:
    with pytest.raises(BadPost, match=r"row 1, key 'id': b'.* is not a text; give it as a text; a UUID as str.UUID"):
        read_posts(pa.table({"id": pa.array([UUID.bytes], pa.binary(16)), "text": ["x"]}))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (pd.Series(["a"], name="text"), "Series: is one column or one row of a table; give a DataFrame"),
        (pl.Series("text", ["a"]), "Series: is one column or one row"),
        (pa.chunked_array([["a"]]), "ChunkedArray: is one column or one row"),
        ({"id": 1, "text": "x"}, r"is not a source; give a path, .*; of one record a list: \[record\]"),
        (Post("a"), r"is not a source; .*; of one record a list: \[record\]"),
        ({"train": DataSet(), "test": DataSet()}, "is not a source; .*; of a dict of data sets one of them, .*'train'"),
        ({"id": [1], "text": ["x"]}, "is not a source; .*; of columns `pandas.DataFrame"),
        (io.StringIO("id,text"), "is not a source; .*; of an open file its path"),
        (duckdb.connect(), "is not a source; .*; of a query its relation, as `duckdb.sql` gives it"),
        (5, "5 is not a source; give a path, a DataFrame or a list of dicts or posts$"),
        (["sunset"], r"posts\[0\]: 'sunset' is not a record; give an object with at least the key 'id'"),
    ],
)
def test_what_is_no_table_is_named(source: object, message: str) -> None:
    with pytest.raises(BadPost, match=message):
        read_posts(source)


def test_a_stream_of_a_type_that_arrow_does_not_know() -> None:
    class Unknown:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pl.DataFrame({"id": [1]}, {"id": pl.Int128}).__arrow_c_stream__(requested_schema)

    with pytest.raises(BadPost, match=r"has a type that Arrow does not know .*; give its rows as dicts, or cast"):
        read_posts(Unknown())


def test_a_large_lazy_table_is_not_read_at_once() -> None:
    posts = iter(PostStream(pl.LazyFrame({"id": range(100_000)}).with_columns(text=pl.lit("x"))))
    assert [next(posts).id for _ in range(3)] == ["0", "1", "2"]


def test_nothing_is_imported_that_the_caller_has_not() -> None:
    code = (
        "import sys; from postplace import read_posts; read_posts([{'id': 1, 'text': 'x'}]);"
        "print([name for name in ('polars', 'duckdb', 'datasets', 'openpyxl', 'pandas') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_an_id_that_is_the_index_is_named() -> None:
    frame = pd.DataFrame({"id": [1], "text": ["x"]}).set_index("id")
    with pytest.raises(BadPost, match=r"DataFrame: has 'id' as its index, not as a column; give `frame.reset_index"):
        read_posts(frame)
    assert read_posts(frame.reset_index()) == [Post("1", "x")]


def test_an_open_file_is_no_image() -> None:
    with pytest.raises(BadPost, match=r"is not a path; give its bytes, as `file.read"):
        read_posts([{"id": 1, "images": [io.BytesIO(b"x")]}])
