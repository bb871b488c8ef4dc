"""Tables in memory: of pandas, Polars, Arrow, DuckDB and whatever speaks Arrow's stream interface -> records.

None of these libraries is imported here unless the caller has imported it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from postplace.errors import BadPost
from postplace.posts.columns import (
    Record,
    arrow_records,
    check_columns,
    keep_narrow,
    known_and_other,
    narrow_names,
)

_ROWS = 1024  # held at a time


def table_records(source: Any) -> tuple[str, Iterator[Record]] | None:
    """The name of a table and its records; None for what is no table.

    Read: a DataFrame of pandas, a DataFrame or LazyFrame of Polars, a Table, RecordBatch, RecordBatchReader or Dataset
    of Arrow, a relation of DuckDB, and other objects with `__arrow_c_stream__`. Raises BadPost, while iterating, for a
    table without `id`.
    """
    if _is_a(source, "pandas", "DataFrame"):
        return "DataFrame", _pandas_records(source)
    if _is_a(source, "polars", "DataFrame", "LazyFrame"):
        return type(source).__name__, _polars_records(source)
    if _is_a(source, "pyarrow", "RecordBatch", "Table", "RecordBatchReader") or _is_a(
        source, "pyarrow.dataset", "Dataset"
    ):
        return type(source).__name__, _arrow_records(source)
    if type(source).__name__ in ("Series", "ChunkedArray"):
        found = "is one column or one row of a table"
        raise BadPost(
            type(source).__name__, found, "give a DataFrame or a Table; of a row of pandas `row.to_frame().T`"
        )
    if hasattr(type(source), "__arrow_c_stream__"):  # also a relation of DuckDB
        return type(source).__name__, _stream_records(source)
    return None


def _is_a(source: object, module: str, *names: str) -> bool:
    """Whether it is of one of these classes; an object of a module that nobody has imported cannot be there."""
    imported = sys.modules.get(module)
    classes = tuple(kind for name in names if isinstance(kind := getattr(imported, name, None), type))
    return isinstance(source, classes)


def _pandas_records(frame: Any) -> Iterator[Record]:
    if "id" not in frame.columns and "id" in frame.index.names:
        raise BadPost("DataFrame", "has 'id' as its index, not as a column", "give `frame.reset_index()`")
    check_columns([str(name) for name in frame.columns], "DataFrame")
    known, other = known_and_other(list(frame.columns))
    narrow = narrow_names(known, [frame[name].dtype for name in known])
    for row, values in enumerate(zip(*(frame[name] for name in known), strict=True)):
        record = dict(zip(known, values, strict=True))
        yield f"DataFrame.iloc[{row}]", other | (keep_narrow(record, narrow) if narrow else record)


def _polars_records(frame: Any) -> Iterator[Record]:
    kind = type(frame).__name__
    lazy = kind == "LazyFrame"
    names = frame.collect_schema().names() if lazy else frame.columns
    check_columns(names, kind)
    known, other = known_and_other(names)
    chosen = frame.select(known)
    if lazy and hasattr(chosen, "collect_batches"):
        parts = chosen.collect_batches(chunk_size=_ROWS)
    else:
        parts = (chosen.collect() if lazy else chosen).iter_slices(_ROWS)
    row = 0
    for part in parts:
        narrow = narrow_names(part.columns, part.dtypes)
        for record in part.iter_rows(named=True):
            yield f"{kind}[{row}]", other | (keep_narrow(record, narrow) if narrow else record)
            row += 1


def _arrow_records(source: Any) -> Iterator[Record]:
    kind = type(source).__name__
    check_columns(source.schema.names, kind)
    known, other = known_and_other(source.schema.names)
    if hasattr(source, "scanner"):  # a Dataset
        batches = source.to_batches(columns=known, batch_size=_ROWS)
    elif hasattr(source, "to_batches"):  # a Table
        batches = source.select(known).to_batches(max_chunksize=_ROWS)
    elif hasattr(source, "read_next_batch"):
        batches = (batch.select(known) for batch in source)
    else:
        batches = [source.select(known)]
    yield from arrow_records(batches, other, f"{kind}, row {{}}")


def _stream_records(source: Any) -> Iterator[Record]:
    import pyarrow

    try:
        reader = pyarrow.RecordBatchReader.from_stream(source)
    except pyarrow.ArrowException as error:
        found = f"has a type that Arrow does not know ({str(error).splitlines()[0][:80]})"
        raise BadPost(type(source).__name__, found, "give its rows as dicts, or cast the column to text") from error
    kind = type(source).__name__
    check_columns(reader.schema.names, kind)
    known, other = known_and_other(reader.schema.names)
    yield from arrow_records((batch.select(known) for batch in reader), other, f"{kind}, row {{}}")
