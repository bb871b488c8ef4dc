"""Columns of tables: which are refused, which are read, and floats that are too narrow for their numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from postplace.errors import BadPost
from postplace.posts.columns import (
    arrow_records,
    arrow_rows,
    check_columns,
    keep_narrow,
    known_and_other,
    narrow_names,
)


def test_columns_must_have_an_id_and_no_name_twice() -> None:
    check_columns(["text", "id", "", ""], "p.csv")
    with pytest.raises(BadPost, match=r"p\.csv, line 1: there is no column 'id'"):
        check_columns(["ID", "text"], "p.csv, line 1")
    with pytest.raises(BadPost, match="the column 'likes' is there twice; give every column its own name"):
        check_columns(["id", "likes", "text", "likes"], "p.csv")


def test_columns_that_are_read_and_those_that_are_counted() -> None:
    assert known_and_other(["likes", "text", 5, "id"]) == (["text", "id"], {"likes": None, "5": None})


def test_only_names_in_narrow_floats_are_narrow() -> None:
    names = ["id", "user", "venue", "place", "category", "latitude"]
    pandas = ["float32", "float64", "Float32", "float[pyarrow]", "int64", "float32"]
    assert narrow_names(names, pandas) == {"id", "venue", "place"}
    assert narrow_names(names[:3], [pa.float32(), pa.float16(), pa.float64()]) == {"id", "user"}


def test_a_narrow_float_is_kept_as_one_and_other_values_as_they_are() -> None:
    kept = keep_narrow({"id": 16777216.0, "user": None, "latitude": 51.5}, {"id", "user"})
    assert type(kept["id"]) is np.float32
    assert kept == {"id": np.float32(2**24), "user": None, "latitude": 51.5}
    assert type(kept["latitude"]) is float


def test_arrow_rows_of_narrow_and_of_wide_columns() -> None:
    batch = pa.record_batch({"id": pa.array([1.0, None], pa.float32()), "latitude": pa.array([51.5, 52.0])})
    first, second = arrow_rows(batch)
    assert isinstance(first, dict)
    assert type(first["id"]) is np.float32
    assert second == {"id": None, "latitude": 52.0}


def broken() -> pa.RecordBatch:
    """Three texts, of which the second is not UTF-8."""
    texts = pa.array([b"a", b"\xff", b"c"], pa.binary()).view(pa.utf8())
    return pa.record_batch({"id": pa.array(["1", "2", "3"]), "text": texts})


def test_a_damaged_row_costs_itself_alone() -> None:
    first, damaged, third = arrow_rows(broken())
    assert (first, third) == ({"id": "1", "text": "a"}, {"id": "3", "text": "c"})
    assert isinstance(damaged, UnicodeDecodeError)


def test_records_are_numbered_through_all_batches_and_have_the_keys_that_are_not_read() -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"id": pa.array(["0"])})
        yield broken()

    records = list(arrow_records(batches(), {"likes": None}, "p.parquet, row {}"))
    assert [where for where, _ in records] == [f"p.parquet, row {number}" for number in (1, 2, 3, 4)]
    assert records[0][1] == {"likes": None, "id": "0"}
    assert str(records[2][1]) == "p.parquet, row 3: cannot be read (UnicodeDecodeError); write texts as UTF-8"
    assert records[3][1] == {"likes": None, "id": "3", "text": "c"}
