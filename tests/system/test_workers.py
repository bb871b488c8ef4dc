"""Worker processes end with the process that they work for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from postplace.system.workers import WorkerPool

SCRIPT = """
import sys
from postplace.system.workers import WorkerPool
from tests.system.test_workers import beat
WorkerPool(beat, workers=1).submit(sys.argv[1]).result()
"""


def beat(where: str) -> None:
    """Write the process's number into a file, again and again, for a minute."""
    for _ in range(600):
        Path(where).write_text(str(os.getpid()))
        time.sleep(0.1)


def _alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_a_worker_ends_in_the_middle_of_its_work_when_its_parent_is_killed(tmp_path: Path) -> None:
    beats = tmp_path / "beats"
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    parent = subprocess.Popen([sys.executable, "-c", SCRIPT, str(beats)], cwd=tmp_path, env=environment)
    try:
        deadline = time.monotonic() + 60
        while not (beats.exists() and beats.read_text()):
            assert time.monotonic() < deadline, "the worker did not begin"
            time.sleep(0.1)
        worker = int(beats.read_text())
        assert worker != parent.pid
        assert _alive(worker)
    finally:
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 20
    while _alive(worker):
        assert time.monotonic() < deadline, "the worker went on"
        time.sleep(0.2)


def test_a_worker_gives_the_result_of_its_task() -> None:
    pool = WorkerPool(divmod, workers=1)
    try:
        assert pool.submit(17, 5).result() == (3, 2)
    finally:
        pool.close()
