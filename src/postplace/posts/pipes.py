"""Posts from a pipe: what comes out of it is copied once, so that it can be looked into and read again."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any


def is_pipe(mode: int) -> bool:
    """Whether what has this `st_mode` can be read once alone: a pipe, a socket or a device, as a terminal."""
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)


class PipeContent:
    """The content of a pipe, in a temporary file that is there as long as this object."""

    def __init__(self) -> None:
        self._copy: Any = None

    def of(self, path: Path) -> Path:
        """Where the content of the pipe at `path` lies; read from it at the first call alone. Raises OSError."""
        if self._copy is None:
            copy = NamedTemporaryFile(prefix="postplace-")  # noqa: SIM115  # it is closed, and so deleted, with this
            with path.open("rb") as pipe:
                shutil.copyfileobj(pipe, copy)
            copy.flush()
            self._copy = copy
        return Path(self._copy.name)
