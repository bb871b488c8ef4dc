"""Parquet files of posts as pyarrow reads them: piece by piece, and with a remedy where it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from postplace import read_posts
from postplace.encoders.vector_sources import ParquetSource
from postplace.errors import BadPost
from postplace.posts.post_files import parquet_records

ROWS, GROUP = 20_000, 1_000


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Twenty groups of rows, whose texts cannot be compressed: 7 MB."""
    draw = np.random.default_rng(0)
    columns = {
        "id": [str(row) for row in range(ROWS)],
        "text": [draw.bytes(120).hex() for _ in range(ROWS)],
        "vector": list(draw.random((ROWS, 16), dtype=np.float32)),
    }
    parquet.write_table(pa.table(columns), tmp_path / "posts.parquet", row_group_size=GROUP)
    return tmp_path / "posts.parquet"


def test_posts_are_read_without_holding_the_file(large: Path) -> None:
    held = [pa.total_allocated_bytes() for _ in parquet_records(large)]
    assert max(held) - held[0] < large.stat().st_size / 20


def test_vectors_are_read_without_holding_the_file(large: Path) -> None:
    source = ParquetSource(large, None, where="vectors", column="vector", id_column="id")
    held = [pa.total_allocated_bytes() for _ in source.blocks()]
    assert max(held) - held[0] < large.stat().st_size / 20


def test_numbers_of_more_than_64_bits_are_refused_with_the_remedy(tmp_path: Path) -> None:
    """Polars makes such numbers of S2 cells in CSV, and pyarrow does not read them."""
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame = polars.DataFrame({"id": [10084116462467940352]}, schema={"id": polars.Int128})
    frame.with_columns(text=polars.lit("at the pier")).write_parquet(tmp_path / "posts.parquet")
    with pytest.raises(BadPost, match=r"has a type or a compression that is not read .*cast\(pl\.String\)"):
        next(iter(read_posts(tmp_path / "posts.parquet")))
    texts = polars.read_parquet(tmp_path / "posts.parquet").cast({"id": polars.String})
    texts.write_parquet(tmp_path / "texts.parquet")
    assert [post.id for post in read_posts(tmp_path / "texts.parquet")] == ["10084116462467940352"]
