"""Vectors on disk, keyed by content digest and encoder fingerprint: nothing is encoded twice.

A store is a folder of Parquet shards, each written under a temporary name and renamed, so that a shard is whole or not
there; two processes may add to one store at once, each to shards of its own. Letters: N keys, D width.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import uuid
import warnings
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from postplace.errors import PostplaceError, write_failed

FORMAT = b"1"
KEY_BYTES = 16
Stored = NDArray[Any]  # (N, D) in the store's dtype
Precision = Literal["float32", "float16"]
STALE_SECONDS = 24 * 3600  # a temporary file older than this belongs to a process that is gone


def digest(content: bytes) -> bytes:
    """The key of a content: 16 bytes of BLAKE2b."""
    return hashlib.blake2b(content, digest_size=KEY_BYTES).digest()


class Store(Protocol):
    """Where vectors are kept: on disk, or in memory for this call alone."""

    def missing(self, keys: Sequence[bytes]) -> list[int]:
        """The rows of `keys` that are not stored yet."""
        ...

    def add(self, keys: Sequence[bytes], vectors: Stored) -> None:
        """Store a row of vectors under each key."""
        ...

    def read(self, keys: Sequence[bytes | None]) -> Stored:
        """The stored rows of these keys (N, D); zeros where a key is None."""
        ...

    def flush(self) -> None:
        """Write what was added to disk."""
        ...


def finite(vectors: Stored) -> NDArray[np.bool_]:
    """Which rows (N,) of vectors (N, D) are numbers all through: neither NaN nor infinite."""
    return np.asarray(np.isfinite(vectors).all(axis=1))


def add_finite(store: Store, keys: Sequence[bytes], vectors: Stored) -> list[int]:
    """Keep the vectors (N, D) that are numbers all through; the rows of the others."""
    sound = finite(vectors)
    store.add([key for key, fine in zip(keys, sound, strict=True) if fine], vectors[sound])
    return [int(row) for row in np.flatnonzero(~sound)]


class MemoryStore:
    """A store that is gone when the call is over."""

    def __init__(self, width: int, *, dtype: Precision = "float32") -> None:
        self.width, self.dtype = width, np.dtype(dtype)
        self._vectors: dict[bytes, Stored] = {}

    def missing(self, keys: Sequence[bytes]) -> list[int]:
        """See VectorStore."""
        return _first_positions(keys, known=self._vectors)

    def add(self, keys: Sequence[bytes], vectors: Stored) -> None:
        """See VectorStore."""
        _check_finite(vectors)
        self._vectors.update(zip(keys, _rounded(vectors, self.dtype), strict=True))

    def read(self, keys: Sequence[bytes | None]) -> Stored:
        """See VectorStore."""
        found = np.zeros((len(keys), self.width), dtype=self.dtype)
        for row, key in enumerate(keys):
            if key is not None:
                found[row] = self._vectors[key]
        return found

    def flush(self) -> None:
        """Nothing to do."""


class VectorStore:
    """The vectors of one encoder; `add` gathers `shard_rows` of them before it writes, `flush` writes at once.

    In float16, for what is wide, vectors take half the room, here and on the disk; what is beyond its range is cut.
    """

    def __init__(
        self, folder: Path, *, fingerprint: str, width: int, shard_rows: int = 4096, dtype: Precision = "float32"
    ) -> None:
        self.folder = folder / hashlib.sha256(fingerprint.encode()).hexdigest()[:16]
        self.fingerprint, self.width, self.shard_rows = fingerprint, width, shard_rows
        self.dtype = np.dtype(dtype)
        self.damaged = 0
        self._shards: list[Path] = []
        self._known: set[str] = set()
        self._index: dict[bytes, tuple[int, int]] = {}  # key -> shard, row; shard -1 is the buffer
        self._keys: list[bytes] = []
        self._vectors: list[Stored] = []
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_failed(self.folder, error) from error
        self._remove_stale()
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error too what was encoded before it is kept, if the disk allows; the first error is the one to tell
        if kind is None:
            self.flush()
        else:
            with contextlib.suppress(PostplaceError):
                self.flush()

    def __len__(self) -> int:
        return len(self._index)

    def missing(self, keys: Sequence[bytes]) -> list[int]:
        """The positions of the keys that are not there; of a repeated one, the first position only."""
        return _first_positions(keys, known=self._index)

    def add(self, keys: Sequence[bytes], vectors: Stored) -> None:
        """Keep vectors (N, D) under their keys; a key that is there already is left as it is.

        Raises ValueError for vectors of another shape, or with a NaN or an infinite number in them.
        """
        if vectors.shape != (len(keys), self.width):
            raise ValueError(f"{len(keys)} keys with vectors of shape {vectors.shape}, width {self.width}")
        _check_finite(vectors)
        for row in self.missing(keys):
            self._index[keys[row]] = (-1, len(self._keys))
            self._keys.append(keys[row])
            self._vectors.append(np.array(_rounded(vectors[row], self.dtype)))
        if len(self._keys) >= self.shard_rows:
            self.flush()

    def flush(self) -> None:
        """Write what is gathered as one shard. Raises WriteFailed, leaving nothing under a final name."""
        if not self._keys:
            return
        name = f"part-{uuid.uuid4().hex}.parquet"
        temporary = self.folder / f".{name}.tmp"
        try:
            with temporary.open("wb") as file:
                # float vectors do not compress, nor repeat; a checksum tells when the disk has changed them
                pq.write_table(self._table(), file, compression="none", use_dictionary=False, write_page_checksum=True)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / name)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise write_failed(self.folder, error) from error
        self._known.add(name)
        self._shards.append(self.folder / name)
        for row, key in enumerate(self._keys):
            self._index[key] = (len(self._shards) - 1, row)
        self._keys, self._vectors = [], []

    def read(self, keys: Sequence[bytes | None]) -> Stored:
        """Vectors (N, D) in the order of the keys; 0 where the key is None.

        Raises PostplaceError for a key that is not there, and for a shard found damaged only now (it is moved aside).
        """
        found = np.zeros((len(keys), self.width), dtype=self.dtype)
        wanted: dict[int, list[tuple[int, int]]] = {}
        for position, key in enumerate(keys):
            if key is None:
                continue
            if key not in self._index:
                raise PostplaceError(str(self.folder), f"no vector for {key.hex()}", "encode the posts again")
            shard, row = self._index[key]
            wanted.setdefault(shard, []).append((position, row))
        for shard, pairs in wanted.items():
            positions, rows = np.array(pairs).T
            source = np.stack(self._vectors) if shard < 0 else self._read_vectors(shard)
            found[positions] = source[rows]
        return found

    def refresh(self) -> None:
        """Take notice of shards that other processes have written.

        One that cannot be read is moved aside as `.damaged`, with a warning, so that its vectors are encoded again.
        """
        reasons: list[str] = []
        for path in sorted(self.folder.glob("part-*.parquet")):
            if path.name in self._known:
                continue
            self._known.add(path.name)
            try:
                keys = self._read_keys(path)
            except (pa.ArrowException, OSError) as error:
                self._move_aside(path, error)
                reasons.append(f"{path.name}: {_first_line(error)}")
                continue
            self._shards.append(path)
            for row, key in enumerate(keys):
                self._index.setdefault(key, (len(self._shards) - 1, row))
        if reasons:
            what = f"{len(reasons)} damaged files moved aside as .damaged, their vectors are encoded again"
            warnings.warn(f"{self.folder}: {what} ({reasons[0]})", stacklevel=2)

    def _table(self) -> pa.Table:
        flat = np.concatenate(self._vectors)
        if self.dtype == np.float16:  # as bytes: as lists of halves they take eighteen times as long to write
            kind = pa.binary(2 * self.width)
            vectors = pa.FixedSizeBinaryArray.from_buffers(kind, len(self._keys), [None, pa.py_buffer(flat)])
        else:
            vectors = pa.FixedSizeListArray.from_arrays(pa.array(flat, type=pa.float32()), self.width)
        schema = pa.schema(
            [("key", pa.binary(KEY_BYTES)), ("vector", vectors.type)],
            metadata={"fingerprint": self.fingerprint, "width": str(self.width), "format": FORMAT},
        )
        return pa.Table.from_arrays([pa.array(self._keys, type=pa.binary(KEY_BYTES)), vectors], schema=schema)

    def _read_keys(self, path: Path) -> list[bytes]:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            metadata = file.schema_arrow.metadata or {}
            expected = {
                b"fingerprint": self.fingerprint.encode(),
                b"width": str(self.width).encode(),
                b"format": FORMAT,
            }
            if any(metadata.get(name) != value for name, value in expected.items()):
                raise pa.ArrowInvalid("it was written for another encoder")
            keys: list[bytes] = file.read(columns=["key"]).column("key").to_pylist()
            return keys

    def _read_vectors(self, shard: int) -> Stored:
        path = self._shards[shard]
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                column = file.read(columns=["vector"]).column("vector").combine_chunks()
            vectors = self._to_array(column)
            if not finite(vectors).all():  # written by an earlier version, which took whatever an encoder gave
                raise pa.ArrowInvalid("it holds vectors that are no numbers")
            return vectors
        except (pa.ArrowException, OSError) as error:
            self._move_aside(path, error)
            self._index = {key: place for key, place in self._index.items() if place[0] != shard}
            problem = f"is damaged ({_first_line(error)}) and was moved aside"
            raise PostplaceError(str(path), problem, "run the same again: its vectors are then encoded anew") from error

    def _to_array(self, column: Any) -> Stored:
        """Arrow's column -> vectors (N, D)."""
        if self.dtype == np.float16:
            halves = np.frombuffer(column.buffers()[1], dtype=np.float16).reshape(-1, self.width)
            return halves[column.offset : column.offset + len(column)]
        flat: NDArray[np.float32] = column.flatten().to_numpy()
        return flat.reshape(-1, self.width)

    def _move_aside(self, path: Path, error: Exception) -> None:
        """Out of the way of the next reader, but kept; a file that the system does not let us read is left alone."""
        if isinstance(error, OSError) and error.errno is not None:  # Arrow's own complaints carry no number
            raise PostplaceError(str(path), f"cannot be read ({error.strerror})", "check the disk and permissions")
        self.damaged += 1
        with contextlib.suppress(OSError):
            path.rename(path.with_suffix(".damaged"))

    def _remove_stale(self) -> None:
        for path in self.folder.glob(".part-*.tmp"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()


@dataclass(frozen=True, slots=True)
class Stores:
    """Opens stores: in a folder, to be closed with the stack, or without one in memory."""

    folder: Path | None
    stack: contextlib.ExitStack

    def open(self, fingerprint: str, width: int, *, dtype: Precision = "float32", shard_rows: int = 4096) -> Store:
        """See VectorStore; raises WriteFailed when the folder cannot be made."""
        if self.folder is None:
            return MemoryStore(width, dtype=dtype)
        options: dict[str, Any] = {"width": width, "dtype": dtype, "shard_rows": shard_rows}
        return self.stack.enter_context(VectorStore(self.folder, fingerprint=fingerprint, **options))


def _rounded(vectors: Stored, dtype: np.dtype[Any]) -> Stored:
    """In the store's dtype; what float16 cannot hold becomes its largest number, not infinite."""
    if dtype == np.float16:
        most = np.finfo(np.float16).max
        return np.clip(vectors, -most, most).astype(np.float16)
    return np.asarray(vectors, dtype=dtype)


def _check_finite(vectors: Stored) -> None:
    if not finite(vectors).all():
        raise ValueError("vectors with NaN or infinite numbers in them")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _first_positions(keys: Sequence[bytes], *, known: Container[bytes]) -> list[int]:
    first = {key: position for position, key in reversed(list(enumerate(keys)))}
    return sorted(position for key, position in first.items() if key not in known)
