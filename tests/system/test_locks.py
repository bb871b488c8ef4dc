"""Two processes on one folder: the second is told at once, and a killed first one blocks nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from postplace.errors import BadOption, WriteFailed
from postplace.system.locks import exclusive_lock

Start = Callable[..., "subprocess.Popen[str]"]

HOLD = "import sys, time; print('held', flush=True); time.sleep(60)"
PREPARE = f"""
from postplace import cli
from postplace.preparation import pipeline as preparation

def prepare_posts(*_, **__):
    {HOLD}

preparation.prepare_posts = prepare_posts
cli.main()
"""
COLLECT = f"""
import sys
from pathlib import Path
from postplace.posts.collection import collect

def run(*_):
    {HOLD}

collect._Visit.run = run
collect.collect([collect.Location("1")], Path(sys.argv[1]), loader=None)
"""


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process that runs some Python until it holds the lock; it is killed at the end at the latest."""
    with ExitStack() as stack:

        def started(code: str, *arguments: object) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", code, *map(str, arguments)]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            stack.callback(child.wait)
            stack.callback(child.kill)
            assert child.stdout is not None
            stack.enter_context(child.stdout)
            assert child.stdout.readline() == "held\n"
            return child

        yield started


def test_a_second_prepare_is_one_line_and_exit_code_2(start: Start, tmp_path: Path) -> None:
    posts, out = tmp_path / "posts.jsonl", tmp_path / "prepared"
    posts.write_text("\n".join(f'{{"id": "{n}", "text": "post {n:x}", "user": "{n}"}}' for n in range(30)))
    arguments = ["prepare", str(posts), "--out", str(out), "--workers", "0", "-q"]
    first = start(PREPARE, *arguments)

    def second() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "postplace", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    refused = second()
    assert refused.returncode == 2
    assert refused.stderr == (
        f"error: {out}: another process is preparing posts for it; "
        "wait until it has finished, or choose another folder\n"
    )
    assert not out.exists()
    first.kill()
    first.wait()
    done = second()
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["posts.jsonl", "prepared"]


def test_a_second_collect_is_refused(start: Start, tmp_path: Path) -> None:
    code = "; ".join(
        (
            "import sys",
            "from pathlib import Path",
            "from postplace.posts.collection.collect import collect",
            "collect([], Path(sys.argv[1]), loader=None)",
        )
    )

    def second() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    first = start(COLLECT, tmp_path)
    assert f"BadOption: {tmp_path}: another process is collecting into it" in second().stderr
    first.kill()
    first.wait()
    assert second().returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_one_after_the_other_and_after_an_error(tmp_path: Path) -> None:
    lock = tmp_path / "above" / "lock"
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), exclusive_lock(lock, where="here", work="using"):
            raise ZeroDivisionError
    assert list(lock.parent.iterdir()) == []
    with exclusive_lock(lock, where="here", work="using"):
        again = exclusive_lock(lock, where="here", work="using")
        with pytest.raises(BadOption, match="here: another process is using it"), again:
            pass
        assert lock.exists()  # who was refused has not taken it away
    assert not lock.exists()


def test_where_no_lock_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(WriteFailed, match="cannot be written"),
        exclusive_lock(tmp_path / "file" / "lock", where="a", work="b"),
    ):
        pass
