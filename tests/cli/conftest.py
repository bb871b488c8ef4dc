"""Running the command as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def postplace(cache: Path) -> Command:
    """`postplace("predict", run, posts)` -> the finished process; vectors come from the session's store."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "postplace", *map(str, arguments)]
        environment = {**os.environ, "POSTPLACE_CACHE": str(cache), "COLUMNS": "200"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)

    return run
