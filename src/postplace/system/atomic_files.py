"""Files and folders that are either whole or not there: temporary names, renames, sha256.

What is no file is not replaced: a device or a pipe is written to, and a link stays (see `system/targets.py`).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from postplace.errors import BadRun, write_failed
from postplace.system.targets import final_path, is_standard_output, is_stream, open_stream


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to under a temporary name; it takes the place of `path` when the block ends without an error.

    Of a link, the file that it leads to is replaced. A device or a pipe is written to as the content comes, and there
    it stays after an error; a reader of standard output that wants no more ends the block with BrokenPipeError.
    Raises WriteFailed for any other OSError of the block too; then, as after every error, a file is what it was before.
    """
    if is_stream(path):
        with _failing(path), open_stream(path) as file:
            yield file
        return
    with _failing(path):
        target = final_path(path)
        mode = _mode_of_file(target)
        unfinished = _beside(target, "part")
        try:
            with unfinished.open("xb") as file:
                yield file
                _to_disk(file)
            if mode is not None:
                unfinished.chmod(mode)
            unfinished.replace(target)
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill; it takes the place of `folder`, with all that is in it, when the block ends well.

    Of a link, the folder that it leads to is replaced. Raises WriteFailed for a `folder` that is a file, a device or a
    pipe, and for an OSError of the block too; then, as after every error, `folder` is what it was before.
    """
    with _failing(folder):
        target = final_path(folder)
        if target.exists() and not target.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        unfinished = _beside(target, "part")
        try:
            unfinished.mkdir(parents=True)
            yield unfinished
            _put_in_place(unfinished, target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write one file, in a folder that need not be there yet, whole or not at all. Raises WriteFailed."""
    with _failing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(content)


def write_within(folder: Path, name: str, content: bytes) -> None:
    """Write one file of a `atomic_folder`, down to the disk. Raises OSError."""
    with (folder / name).open("wb") as file:
        file.write(content)
        _to_disk(file)


def check_writable(folder: Path) -> None:
    """Raise WriteFailed, before hours of work, for a folder or a file that could not be put there.

    Makes the folders above. Nothing is tried on a device or a pipe.
    """
    if is_stream(folder):
        return
    with _failing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        probe = _beside(final_path(folder), "probe")
        probe.mkdir()
        probe.rmdir()


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


@contextmanager
def _failing(path: Path) -> Iterator[None]:
    """OSErrors of the block as WriteFailed, but of a reader of standard output that wants no more, as `head` does."""
    try:
        yield
    except OSError as error:
        if isinstance(error, BrokenPipeError) and is_standard_output(path):
            raise
        raise write_failed(path, error) from error


def _mode_of_file(target: Path) -> int | None:
    """The permissions of the file that is replaced, for its successor; None where there is none yet.

    Raises OSError for what can neither be replaced nor written to: a folder, a disk, a socket.
    """
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(number, os.strerror(number) if stat.S_ISDIR(mode) else "neither a file nor a pipe")
    return stat.S_IMODE(mode)


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
