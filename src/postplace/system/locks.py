"""One process at a time: a lock that is gone with the process that held it, however it ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from postplace.errors import BadOption, write_failed


@contextmanager
def exclusive_lock(lock: Path, *, where: str, work: str) -> Iterator[None]:
    """Hold the file `lock` while the block runs; it is made, with the folders above it, and removed at the end.

    The lock is the operating system's (flock, or Windows' counterpart), so one left behind by a killed process is
    free. Raises BadOption at once, saying that another process does `work` with `where`, when it is held; WriteFailed
    when the file cannot be made.
    """
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held.acquire(timeout=0)
    except Timeout:
        remedy = "wait until it has finished, or choose another folder"
        raise BadOption(where, f"another process is {work} it", remedy) from None
    except OSError as error:
        raise write_failed(lock, error) from error
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()  # while it is held: who has opened it by now finds that it is gone, and makes a new one
        held.release()
