"""Files and folders that are either whole or not there: temporary names, renames, sha256."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from postplace.errors import BadRun, write_failed


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to under a temporary name; it takes the place of `path` when the block ends without an error.

    Raises WriteFailed for an OSError of the block too; then, as after every error, `path` is what it was before.
    """
    unfinished = _beside(path, "part")
    try:
        with unfinished.open("xb") as file:
            yield file
            _to_disk(file)
        unfinished.replace(path)
    except OSError as error:
        raise write_failed(path, error) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill; it takes the place of `folder`, with all that is in it, when the block ends well.

    Raises WriteFailed for an OSError of the block too; then, as after every error, `folder` is what it was before.
    """
    unfinished = _beside(folder, "part")
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        _put_in_place(unfinished, folder)
    except OSError as error:
        raise write_failed(folder, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write one file, in a folder that need not be there yet, whole or not at all. Raises WriteFailed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failed(path, error) from error
    with atomic_file(path) as file:
        file.write(content)


def write_within(folder: Path, name: str, content: bytes) -> None:
    """Write one file of a `atomic_folder`, down to the disk. Raises OSError."""
    with (folder / name).open("wb") as file:
        file.write(content)
        _to_disk(file)


def check_writable(folder: Path) -> None:
    """Raise WriteFailed, before hours of work, for a folder that could not be put there; makes the folders above."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        probe = _beside(folder, "probe")
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        raise write_failed(folder, error) from error


def read_checked(path: Path, expected: str, *, remedy: str) -> bytes:
    """The content of a file whose sha256 is known. Raises BadRun when it is missing, cut short or changed."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadRun(str(path), "is missing", remedy) from None
    except OSError as error:
        raise BadRun(str(path), f"cannot be read ({error.strerror})", "check the folder's permissions") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != expected:
        detail = f"is cut short or changed (sha256 {digest[:12]}..., expected {str(expected)[:12]}...)"
        raise BadRun(str(path), detail, remedy)
    return content


def sha256_of_file(path: Path) -> str:
    """64 hex digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_json(value: Any) -> bytes:
    """Readable JSON, ending in a newline; numbers that JSON has no word for are refused."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _beside(path: Path, what: str) -> Path:
    """A name that no other process takes, on the same disk."""
    return path.with_name(f".{path.name}.{what}-{secrets.token_hex(4)}")


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _put_in_place(unfinished: Path, folder: Path) -> None:
    if not folder.exists():
        unfinished.rename(folder)
        return
    old = _beside(folder, "old")
    folder.rename(old)
    try:
        unfinished.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
