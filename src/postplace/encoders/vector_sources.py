"""Where a table of vectors reads its rows from: an array, a mapped `.npy` file, or a Parquet file in batches.

Letters: N rows, B of them, D width. Nothing is unpickled: an array of objects is refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from postplace.encoders.encoder import Vectors
from postplace.errors import BadVectors, one_line

BLOCK = 4096  # rows that are read at a time

Block = tuple[Sequence[Any], Vectors]  # ids (B,) and vectors (B, D)


class VectorSource(Protocol):
    """Rows of vectors of one width, to be read through once and then by their number."""

    width: int

    def blocks(self) -> Iterator[Block]:
        """All rows in order, some at a time."""
        ...

    def take(self, rows: NDArray[np.int64]) -> Vectors:
        """The vectors (B, D) of these rows, in that order."""
        ...


def open_source(
    given: Any, ids: Sequence[str] | None, *, where: str, column: str | None, id_column: str
) -> VectorSource:
    """The source that fits what is given: a path, a DataFrame or an array. Raises BadVectors."""
    if isinstance(given, Path):
        if not given.is_file():
            raise BadVectors(where, "is not there", "check the path")
        suffix = given.suffix.lower()
        if suffix == ".parquet":
            return ParquetSource(given, ids, where=where, column=column, id_column=id_column)
        if suffix not in (".npy", ".npz"):
            raise BadVectors(where, "is no file of vectors", "give a .npy, .npz or .parquet file")
        return _numpy_source(given, ids, where=where, column=column or "vectors", id_column=id_column)
    if hasattr(given, "columns"):
        return _frame_source(given, where=where, column=column, id_column=id_column)
    return ArraySource(_array(given, where), ids, where=where)


class ArraySource:
    """Rows of an array (N, D) in memory, or of a file that is mapped into it."""

    def __init__(self, array: NDArray[Any], ids: Sequence[Any] | None, *, where: str) -> None:
        if array.ndim != 2 or not array.shape[1]:
            problem = f"has the shape {array.shape}"
            raise BadVectors(where, problem, "give two dimensions: one row a post, one column a number")
        if array.dtype.kind not in "fiu":
            raise BadVectors(where, f"holds {array.dtype}, not numbers", "give an array of floats")
        if ids is None:
            raise BadVectors(where, "says of no row which post it is of", "give their ids: VectorTable(vectors, ids)")
        if len(ids) != len(array):
            raise BadVectors(where, f"has {len(array)} rows, and there are {len(ids)} ids", "give one id a row")
        self._array, self._ids, self.width = array, ids, int(array.shape[1])

    def blocks(self) -> Iterator[Block]:
        """See `VectorSource`."""
        for start in range(0, len(self._array), BLOCK):
            rows = slice(start, start + BLOCK)
            yield self._ids[rows], np.asarray(self._array[rows], dtype=np.float32)

    def take(self, rows: NDArray[np.int64]) -> Vectors:
        """See `VectorSource`."""
        return np.asarray(self._array[rows], dtype=np.float32)


class ParquetSource:
    """Rows of a Parquet file: read in batches, and later only from those groups of rows that are asked for."""

    def __init__(
        self, path: Path, ids: Sequence[str] | None, *, where: str, column: str | None, id_column: str
    ) -> None:
        self._where = where
        try:
            self._file = pq.ParquetFile(path, pre_buffer=False)  # with the buffer nearly the whole file is held
        except (OSError, pa.ArrowException) as error:
            raise BadVectors(where, f"cannot be read ({one_line(error)})", "give a whole Parquet file") from None
        schema = self._file.schema_arrow
        self._ids, self._id = ids, id_column
        if ids is None and id_column not in schema.names:
            raise BadVectors(where, f"has no column {id_column!r}", "name the column of the posts' ids: id_column=...")
        self._columns = _vector_columns(schema, column, id_column, where)
        counts = [self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups)]
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        if ids is not None and len(ids) != self._starts[-1]:
            raise BadVectors(where, f"has {self._starts[-1]} rows, and there are {len(ids)} ids", "give one id a row")
        first = next(self._read(None), None)
        self.width = 0 if first is None else first.shape[1]

    def blocks(self) -> Iterator[Block]:
        """See `VectorSource`."""
        done = 0
        columns = self._columns if self._ids is not None else [self._id, *self._columns]
        for batch in self._file.iter_batches(batch_size=BLOCK, columns=columns):
            vectors = self._vectors(batch)
            ids = batch.column(self._id).to_pylist() if self._ids is None else self._ids[done : done + len(vectors)]
            if None in ids:
                raise BadVectors(self._where, f"has no id in row {done + ids.index(None) + 1}", "give every row one")
            yield ids, vectors
            done += len(vectors)

    def take(self, rows: NDArray[np.int64]) -> Vectors:
        """See `VectorSource`."""
        taken = np.zeros((len(rows), self.width), np.float32)
        groups = np.searchsorted(self._starts, rows, side="right") - 1
        for group in np.unique(groups):
            start = int(self._starts[group])
            for vectors in self._read([int(group)]):
                here = np.flatnonzero((rows >= start) & (rows < start + len(vectors)))
                taken[here] = vectors[rows[here] - start]
                start += len(vectors)
        return taken

    def _read(self, groups: list[int] | None) -> Iterator[Vectors]:
        for batch in self._file.iter_batches(batch_size=BLOCK, row_groups=groups, columns=self._columns):
            yield self._vectors(batch)

    def _vectors(self, batch: Any) -> Vectors:
        """The vectors (B, D) of a batch of rows."""
        if len(self._columns) > 1 or not _is_list(batch.schema.field(self._columns[0]).type):
            columns = [batch.column(name).to_numpy(zero_copy_only=False) for name in self._columns]
            return np.stack(columns, axis=1).astype(np.float32)
        lists = batch.column(self._columns[0])
        if lists.null_count:
            raise BadVectors(self._where, f"has rows without a vector ({lists.null_count} in one batch)", "fill them")
        flat = lists.flatten().to_numpy(zero_copy_only=False)
        width = getattr(self, "width", 0) or (len(flat) // len(lists) if len(lists) else 0)
        lengths = {len(flat) // max(1, len(lists))} if pa.types.is_fixed_size_list(lists.type) else set()
        lengths = lengths or set(np.diff(lists.offsets.to_numpy()).tolist())
        if len(lists) and lengths != {width}:
            problem = f"has vectors of several widths: {', '.join(map(str, sorted(lengths | {width})))}"
            raise BadVectors(self._where, problem, "give all of them the same")
        vectors: Vectors = flat.reshape(len(lists), width).astype(np.float32)
        return vectors


def _is_list(kind: Any) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return is_list and _is_number(kind.value_type)


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _vector_columns(schema: Any, column: str | None, id_column: str, where: str) -> list[str]:
    """The column of lists, or the columns of numbers."""
    kinds = {name: schema.field(name).type for name in schema.names}
    if column is not None:
        if column not in kinds:
            raise BadVectors(where, f"has no column {column!r}", f"name one of {', '.join(kinds)}")
        if not _is_list(kinds[column]):
            raise BadVectors(
                where, f"the column {column!r} holds {kinds[column]}, not lists of numbers", "name another"
            )
        return [column]
    lists = [name for name, kind in kinds.items() if name != id_column and _is_list(kind)]
    if len(lists) > 1:
        raise BadVectors(where, f"has several columns of lists: {', '.join(lists)}", "say which: column=...")
    numbers = [name for name, kind in kinds.items() if name != id_column and _is_number(kind)]
    if not lists and not numbers:
        raise BadVectors(where, "has no column of lists of numbers", "give one row a post and its vector as a list")
    return lists or numbers


def _array(given: Any, where: str) -> NDArray[Any]:
    try:
        return np.asarray(given)
    except ValueError:
        raise BadVectors(where, "holds vectors of several widths", "give all of them the same") from None


def _numpy_source(path: Path, ids: Any, *, where: str, column: str, id_column: str) -> VectorSource:
    """A `.npy` file, mapped into memory; a `.npz` file, which is a compressed folder of arrays, is read whole."""
    try:
        loaded: Any = np.load(path, mmap_mode="r" if path.suffix.lower() == ".npy" else None, allow_pickle=False)
        if path.suffix.lower() == ".npy":
            return ArraySource(loaded, ids, where=where)
        with loaded:
            if column not in loaded or (ids is None and f"{id_column}s" not in loaded):
                problem = f"holds the arrays {', '.join(loaded.files)}"
                raise BadVectors(where, problem, f"save it with the arrays {id_column}s and {column}")
            return ArraySource(loaded[column], loaded[f"{id_column}s"] if ids is None else ids, where=where)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        problem = f"cannot be read as plain arrays of numbers ({one_line(error)})"
        raise BadVectors(where, problem, "save it with numpy.save from an array of floats (no objects)") from None


def _frame_source(frame: Any, *, where: str, column: str | None, id_column: str) -> VectorSource:
    """A DataFrame with a column of ids, and one of lists or arrays or all others of numbers."""
    if id_column not in frame.columns:
        raise BadVectors(where, f"has no column {id_column!r}", "name the column of the posts' ids: id_column=...")
    if column is None:
        others = [name for name in frame.columns if name != id_column]
        lists = [name for name in others if len(frame) and isinstance(frame[name].iloc[0], list | tuple | np.ndarray)]
        if len(lists) > 1:
            raise BadVectors(where, f"has several columns of lists: {', '.join(lists)}", "say which: column=...")
        if not lists:
            numbers = frame[others].select_dtypes("number")
            return ArraySource(numbers.to_numpy(), frame[id_column].tolist(), where=where)
        column = lists[0]
    elif column not in frame.columns:
        raise BadVectors(where, f"has no column {column!r}", f"name one of {', '.join(map(str, frame.columns))}")
    return ArraySource(_array(frame[column].tolist(), where), frame[id_column].tolist(), where=where)
