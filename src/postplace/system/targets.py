"""What stands at the path of an output: a file, which is replaced, or a device or a pipe, which is written to.

Links are followed, so that the file they lead to is written and the link stays. `/dev/stdout`, `/dev/fd/N` and their
like are the descriptors of this process, wherever they lead: also a file that a shell has opened is written to.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_DESCRIPTORS = re.compile(r"/dev/fd|/proc/(?P<process>\d+)(?:/task/\d+)?/fd")
_MOST_LINKS = 40  # as Linux follows


def is_stream(path: Path) -> bool:
    """Whether what is written to `path` goes to a device, a pipe or an open descriptor, instead of replacing a file."""
    with suppress(OSError):
        if _descriptor(final_path(path)) is not None:
            return True
        mode = path.stat().st_mode
        return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)
    return False


def is_standard_output(path: Path) -> bool:
    """Whether `path` is another name of standard output, as /dev/stdout."""
    with suppress(OSError):
        return _descriptor(final_path(path)) == 1
    return False


def is_circular(path: Path) -> bool:
    """Whether the links that a path is made of lead in a circle, so that nothing can lie there."""
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    except ValueError:  # a path with a NUL in it
        return False
    return False


def real_path(path: Path) -> Path:
    """The path without links; as far as they lead where that is in a circle, of which `Path.resolve` makes an error."""
    return Path(os.path.realpath(path))


def final_path(path: Path) -> Path:
    """Where `path` leads to, link by link; the last need not be there. Raises OSError for links that go in circles."""
    for _ in range(_MOST_LINKS):
        path = Path(os.path.realpath(path.parent)) / path.name
        if _descriptor(path) is not None or not path.is_symlink():
            return path
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


@contextmanager
def open_stream(path: Path) -> Iterator[BinaryIO]:
    """A device, a pipe or a descriptor to write to, from its beginning to its end. Raises OSError.

    A pipe waits for its reader. `tell` counts what was written, which writers of Parquet ask for; nothing can be
    taken back.
    """
    for standard in (sys.stdout, sys.stderr):  # what was printed before comes before
        if standard is not None:
            standard.flush()
    number = _descriptor(final_path(path))
    # without O_CREAT and O_TRUNC: there is something, and nothing of it is removed
    descriptor = os.open(path, os.O_WRONLY) if number is None else os.dup(number)
    file = _CountingWriter(io.FileIO(descriptor, "wb"))
    try:
        yield file
        file.flush()
    finally:
        with suppress(OSError):  # what could not be written was raised by `flush`, or is lost with another error
            file.close()


class _CountingWriter(io.BufferedWriter):
    """Knows how much it was given, where the system cannot say."""

    _given = 0

    def write(self, content: object, /) -> int:
        written = super().write(content)  # type: ignore[arg-type]  # it says so itself if that are no bytes
        self._given += written
        return written

    def tell(self) -> int:
        return self._given


def _descriptor(path: Path) -> int | None:
    """The number of an own descriptor that a path without links names, else None."""
    match = _DESCRIPTORS.fullmatch(str(path.parent))
    if match is None or not path.name.isdecimal() or match["process"] not in (None, str(os.getpid())):
        return None
    return int(path.name)
