"""The vector store: what comes back, what survives a crash, two writers, a damaged file and a full disk."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from postplace.encoders.encoder import Vectors
from postplace.encoders.store import MemoryStore, Precision, Stores, VectorStore, add_finite, digest
from postplace.errors import PostplaceError, WriteFailed

KEYS = [digest(bytes([number])) for number in range(10)]


def rows(numbers: list[int]) -> Vectors:
    """For the key of each number, the vector (n, n + 0.5, -n)."""
    return np.array([[n, n + 0.5, -n] for n in numbers], dtype=np.float32).reshape(-1, 3)


def open_store(folder: Path, *, shard_rows: int = 4096, fingerprint: str = "toy") -> VectorStore:
    return VectorStore(folder, fingerprint=fingerprint, width=3, shard_rows=shard_rows)


def fill(folder: Path, numbers: list[int], *, shard_rows: int = 4096) -> VectorStore:
    store = open_store(folder, shard_rows=shard_rows)
    with store:
        store.add([KEYS[n] for n in numbers], rows(numbers))
    return store


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/part-*.parquet"))


def test_the_key_is_blake2b_of_16_bytes() -> None:
    assert digest(b"").hex() == "cae66941d9efbd404e4d88758ea67670"


def test_vectors_come_back_in_the_order_asked(tmp_path: Path) -> None:
    fill(tmp_path, [0, 1, 2, 3])
    store = open_store(tmp_path)
    assert len(store) == 4
    np.testing.assert_array_equal(store.read([KEYS[2], KEYS[0], KEYS[2]]), rows([2, 0, 2]))
    assert store.read([]).shape == (0, 3)
    assert store.read([]).dtype == np.float32


def test_missing_gives_first_positions_only(tmp_path: Path) -> None:
    store = fill(tmp_path, [1])
    assert store.missing([KEYS[0], KEYS[1], KEYS[0], KEYS[2]]) == [0, 3]


def test_a_key_is_kept_once_and_as_it_was(tmp_path: Path) -> None:
    store = fill(tmp_path, [5])
    store.add([KEYS[5], KEYS[6], KEYS[6]], rows([1, 6, 2]))
    store.flush()
    np.testing.assert_array_equal(open_store(tmp_path).read([KEYS[5], KEYS[6]]), rows([5, 6]))


def test_what_is_added_is_not_a_view(tmp_path: Path) -> None:
    store, vectors = open_store(tmp_path), rows([1])
    store.add([KEYS[1]], vectors)
    vectors[:] = 99
    np.testing.assert_array_equal(store.read([KEYS[1]]), rows([1]))


def test_a_full_buffer_is_written(tmp_path: Path) -> None:
    store = open_store(tmp_path, shard_rows=2)
    store.add([KEYS[0]], rows([0]))
    assert shards(tmp_path) == []
    store.add([KEYS[1], KEYS[2]], rows([1, 2]))
    assert len(shards(tmp_path)) == 1
    store.add([KEYS[3]], rows([3]))  # one shard and a buffer
    np.testing.assert_array_equal(store.read([KEYS[3], KEYS[1]]), rows([3, 1]))


def test_a_shard_says_what_it_is(tmp_path: Path) -> None:
    fill(tmp_path, [0, 1])
    schema = pq.read_schema(shards(tmp_path)[0])
    assert str(schema.field("key").type) == "fixed_size_binary[16]"
    assert str(schema.field("vector").type).startswith("fixed_size_list<")
    assert {b"fingerprint": b"toy", b"width": b"3", b"format": b"1"}.items() <= schema.metadata.items()


def test_encoders_do_not_share(tmp_path: Path) -> None:
    fill(tmp_path, [0])
    assert open_store(tmp_path, fingerprint="other").missing([KEYS[0]]) == [0]


def test_a_key_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PostplaceError, match=f"no vector for {KEYS[0].hex()}"):
        open_store(tmp_path).read([KEYS[0]])


def test_vectors_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"2 keys with vectors of shape \(1, 3\)"):
        open_store(tmp_path).add(KEYS[:2], rows([0]))


def test_an_error_in_between_keeps_what_was_added(tmp_path: Path) -> None:
    def stop(store: VectorStore) -> None:
        with store:
            store.add([KEYS[0]], rows([0]))
            raise RuntimeError("elsewhere")

    with pytest.raises(RuntimeError, match="elsewhere"):
        stop(open_store(tmp_path))
    assert len(open_store(tmp_path)) == 1


def test_no_key_gives_zeros(tmp_path: Path) -> None:
    keys = [None, KEYS[2], None]
    expected = [[0, 0, 0], [2, 2.5, -2], [0, 0, 0]]
    np.testing.assert_array_equal(fill(tmp_path, [2]).read(keys), expected)
    memory = MemoryStore(3)
    memory.add([KEYS[2]], rows([2]))
    np.testing.assert_array_equal(memory.read(keys), expected)


# ---------------------------------------------------------------------- half precision


@pytest.mark.parametrize("on_disk", [True, False])
def test_halves_are_rounded_once_and_never_infinite(tmp_path: Path, on_disk: bool) -> None:
    vectors = np.array([[1 / 3, 1e9, -1e9], [0, 1e-9, 2]], dtype=np.float32)
    expected = [[np.float16(1 / 3), 65504, -65504], [0, 0, 2]]
    for _ in range(2):
        with contextlib.ExitStack() as stack:
            store = Stores(tmp_path if on_disk else None, stack).open("wide", 3, dtype="float16")
            store.add(KEYS[:2], vectors)  # the second time, on the disk, it is there already
            found = store.read([KEYS[1], KEYS[0]])
        assert found.dtype == np.float16
        np.testing.assert_array_equal(found, expected[::-1])


def test_halves_take_two_bytes_on_the_disk_and_are_checked(tmp_path: Path) -> None:
    options: dict[str, Any] = {"fingerprint": "wide", "width": 50_000, "dtype": "float16"}
    vectors = np.random.default_rng(0).normal(size=(3, 50_000)).astype(np.float16)
    with VectorStore(tmp_path, **options) as store:
        store.add(KEYS[:3], vectors)
    (path,) = shards(tmp_path)
    assert path.stat().st_size < 3 * 100_000 + 5_000
    store = VectorStore(tmp_path, **options)
    np.testing.assert_array_equal(store.read([KEYS[2], None, KEYS[0]])[[0, 2]], vectors[[2, 0]])
    content = bytearray(path.read_bytes())
    content[content.index(vectors[1, :8].tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(PostplaceError, match="is damaged"):
        store.read([KEYS[0]])


# ---------------------------------------------------------------------- other processes


ADD_OVERLAPPING = """
import sys, time
from pathlib import Path
import numpy as np
from postplace.encoders.store import MemoryStore, Precision, Stores, VectorStore, add_finite, digest
folder, first = Path(sys.argv[1]), int(sys.argv[2])
numbers = np.random.default_rng(first).permutation(np.arange(first, first + 600)).tolist()
with VectorStore(folder, fingerprint="toy", width=3, shard_rows=50) as store:
    (folder / f"ready-{first}").touch()
    while len(list(folder.glob("ready-*"))) < 2:
        time.sleep(0.001)
    for start in range(0, 600, 7):
        part = numbers[start : start + 7]
        vectors = np.array([[n, n + 0.5, -n] for n in part], dtype=np.float32)
        store.add([digest(str(n).encode()) for n in part], vectors)
"""


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    commands = [[sys.executable, "-c", ADD_OVERLAPPING, str(tmp_path), str(first)] for first in (0, 400)]
    processes = [subprocess.Popen(command) for command in commands]
    assert [process.wait(60) for process in processes] == [0, 0]
    store = open_store(tmp_path)
    numbers = list(range(1000))
    np.testing.assert_array_equal(store.read([digest(str(n).encode()) for n in numbers]), rows(numbers))
    assert sum(pq.read_metadata(path).num_rows for path in shards(tmp_path)) == 1200  # both wrote the 200 they share
    assert not list(tmp_path.glob("*/.part-*"))


def test_refresh_sees_what_another_wrote(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    fill(tmp_path, [4])
    assert store.missing([KEYS[4]]) == [0]
    store.refresh()
    np.testing.assert_array_equal(store.read([KEYS[4]]), rows([4]))


def test_unfinished_files_are_no_shards_and_go_after_a_day(tmp_path: Path) -> None:
    folder = fill(tmp_path, [0]).folder
    young, old = folder / ".part-young.parquet.tmp", folder / ".part-old.parquet.tmp"
    for path in (young, old):
        path.write_bytes(b"PAR1 half of")
    day_ago = time.time() - 25 * 3600
    os.utime(old, (day_ago, day_ago))
    assert len(open_store(tmp_path)) == 1
    assert young.exists()
    assert not old.exists()


# ---------------------------------------------------------------------- damage


def test_damaged_shards_are_moved_aside_and_told_once(tmp_path: Path) -> None:
    for number in range(4):
        fill(tmp_path, [number])
    cut, empty, garbage, _ = shards(tmp_path)
    cut.write_bytes(cut.read_bytes()[:-40])
    empty.write_bytes(b"")
    garbage.write_bytes(os.urandom(500))
    with pytest.warns(UserWarning, match="3 damaged files moved aside") as told:
        store = open_store(tmp_path)
    assert len(told) == 1
    assert (store.damaged, len(store)) == (3, 1)
    assert len(store.missing(KEYS[:4])) == 3
    assert len(list(tmp_path.glob("*/*.damaged"))) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_store(tmp_path).damaged == 0


def test_a_shard_of_another_encoder_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, [0])
    other = open_store(tmp_path, fingerprint="other")
    shards(tmp_path)[0].rename(other.folder / "part-strange.parquet")
    with pytest.warns(UserWarning, match="written for another encoder"):
        other.refresh()
    assert len(other) == 0


def test_a_flipped_bit_in_the_vectors_is_found(tmp_path: Path) -> None:
    fill(tmp_path, [0, 1, 2])
    (path,) = shards(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(np.float32(1.5).tobytes())] ^= 1
    path.write_bytes(content)
    store = open_store(tmp_path)
    with pytest.raises(PostplaceError, match=r"is damaged .* moved aside; run the same again"):
        store.read([KEYS[1]])
    assert store.missing([KEYS[1]]) == [0]
    assert open_store(tmp_path).missing([KEYS[1]]) == [0]


def test_a_shard_that_may_not_be_read_is_left_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, [0])

    def refuse(path: Path, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pq, "ParquetFile", refuse)
    with pytest.raises(PostplaceError, match=r"cannot be read \(Permission denied\)"):
        open_store(tmp_path)
    assert len(shards(tmp_path)) == 1


# ---------------------------------------------------------------------- a disk that does not take it


@pytest.mark.parametrize("operation", ["replace", "open"])
def test_no_space_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    store = open_store(tmp_path)
    store.add([KEYS[0]], rows([0]))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, operation, full)
        with pytest.raises(WriteFailed, match=r"No space left on device\); free some disk space"):
            store.flush()
    assert list(store.folder.iterdir()) == []
    store.flush()  # nothing was lost: with space again it is written
    np.testing.assert_array_equal(open_store(tmp_path).read([KEYS[0]]), rows([0]))


def test_a_file_that_may_not_grow_leaves_nothing_half_written(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limit on file sizes")
    assert resource.RLIMIT_FSIZE is not None
    code = """
import resource, sys
from pathlib import Path
import numpy as np
from postplace.encoders.store import MemoryStore, Precision, Stores, VectorStore, add_finite, digest
from postplace.errors import WriteFailed
store = VectorStore(Path(sys.argv[1]), fingerprint="toy", width=100)
store.add([digest(bytes([n])) for n in range(100)], np.ones((100, 100), dtype=np.float32))
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    store.flush()
except WriteFailed as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteFailed, match=r"file/.* cannot be written"):
        open_store(tmp_path / "file")


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_never_kept(tmp_path: Path, value: float, dtype: Precision) -> None:
    """In float16 too, where an infinite number would be cut to the largest one."""
    vectors = rows([1, 2])
    vectors[1, 0] = value
    for store in (VectorStore(tmp_path, fingerprint="toy", width=3, dtype=dtype), MemoryStore(3, dtype=dtype)):
        with pytest.raises(ValueError, match="NaN or infinite"):
            store.add(KEYS[:2], vectors)
        assert store.missing(KEYS[:2]) == [0, 1]
        assert add_finite(store, KEYS[:2], vectors) == [1]
        assert store.missing(KEYS[:2]) == [1]


def test_what_an_earlier_version_kept_of_it_is_encoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("postplace.encoders.store._check_finite", lambda vectors: None)
        strange = rows([1, 2])
        strange[1, 0] = np.nan
        with open_store(tmp_path) as store:
            store.add(KEYS[:2], strange)
    with pytest.raises(PostplaceError, match=r"no numbers\) and was moved aside; run the same again"):
        open_store(tmp_path).read(KEYS[:1])
    assert open_store(tmp_path).missing(KEYS[:2]) == [0, 1]
