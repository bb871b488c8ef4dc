"""A device, a pipe or an open descriptor is written to; a link stays and what it leads to is replaced."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from postplace.errors import WriteFailed
from postplace.system.atomic_files import atomic_file, atomic_folder, check_writable, write_atomically, write_within
from postplace.system.targets import final_path, is_stream

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of Unix")


@contextmanager
def reader_of(pipe: Path) -> Iterator[Callable[[], bytes]]:
    """Reads a pipe to its end in a thread, as the other program would."""
    content: list[bytes] = []
    thread = threading.Thread(target=lambda: content.append(pipe.read_bytes()), daemon=True)
    thread.start()

    def read() -> bytes:
        thread.join(10)
        return content[0]

    yield read


def identity(path: Path) -> tuple[int, int, int]:
    """What a file that was replaced has another of."""
    status = path.lstat()
    return status.st_dev, status.st_ino, status.st_mode


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_a_pipe_is_written_to_and_stays(pipe: Path) -> None:
    before = identity(pipe)
    with reader_of(pipe) as read, atomic_file(pipe) as file:
        file.write(b"one ")
        assert file.tell() == 4
        file.write(b"two")
    assert read() == b"one two"
    assert identity(pipe) == before
    assert [path.name for path in pipe.parent.iterdir()] == ["pipe"]


def test_a_link_to_a_pipe_is_the_pipe(pipe: Path) -> None:
    link = pipe.parent / "link"
    link.symlink_to("pipe")
    with reader_of(pipe) as read:
        write_atomically(link, b"through")
    assert read() == b"through"
    assert link.is_symlink()
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


def test_a_reader_that_goes_away_is_an_error(pipe: Path) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(WriteFailed, match=r"pipe: cannot be written \(Broken pipe\)"), atomic_file(pipe) as file:  # noqa: PT012
        os.close(reader)
        file.write(b"x" * 100_000)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no /dev/full")
def test_a_full_device_is_an_error_and_stays_a_device() -> None:
    before = identity(Path("/dev/full"))
    with pytest.raises(WriteFailed, match=r"/dev/full: cannot be written \(No space left on device\)"):
        write_atomically(Path("/dev/full"), b"content")
    assert identity(Path("/dev/full")) == before


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="this system has no /dev/null")
def test_nothing_is_left_where_a_device_takes_everything() -> None:
    before = identity(Path("/dev/null")), sorted(path.name for path in Path("/dev").iterdir())
    write_atomically(Path("/dev/null"), b"content")
    check_writable(Path("/dev/null"))
    assert (identity(Path("/dev/null")), sorted(path.name for path in Path("/dev").iterdir())) == before
    with (
        pytest.raises(WriteFailed, match=r"/dev/null: cannot be written \(Not a directory\)"),
        atomic_folder(Path("/dev/null")),
    ):
        pass
    assert identity(Path("/dev/null")) == before[0]


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(Path("there") / "target")
    with atomic_file(link) as file:
        file.write(b"new")
        assert target.read_bytes() == b"old"
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert [path.name for path in target.parent.iterdir()] == ["target"]


def test_a_link_to_nothing_yet_makes_the_file(tmp_path: Path) -> None:
    link, further = tmp_path / "link", tmp_path / "further"
    link.symlink_to("further")
    further.symlink_to("target")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert further.is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"
    lost = tmp_path / "lost"
    lost.symlink_to(tmp_path / "nowhere" / "target")
    with pytest.raises(WriteFailed, match="lost: cannot be written"):
        write_atomically(lost, b"")


def test_links_that_go_in_circles_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(WriteFailed, match="a: cannot be written"):
        write_atomically(tmp_path / "a", b"")
    with pytest.raises(WriteFailed, match="a: cannot be written"), atomic_folder(tmp_path / "a"):
        pass


def test_a_link_to_a_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "old").touch()
    (tmp_path / "link").symlink_to("target")
    with atomic_folder(tmp_path / "link") as unfinished:
        write_within(unfinished, "new", b"1")
    assert (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "target"]
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["new"]


def test_a_folder_does_not_replace_a_file_or_a_pipe(pipe: Path) -> None:
    (pipe.parent / "file").write_bytes(b"old")
    for name in ("file", "pipe"):
        before = identity(pipe.parent / name)
        with pytest.raises(WriteFailed, match=f"{name}: cannot be written"), atomic_folder(pipe.parent / name):
            pass
        assert identity(pipe.parent / name) == before
    assert sorted(path.name for path in pipe.parent.iterdir()) == ["file", "pipe"]


def test_the_permissions_of_a_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_atomically(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_a_stream(pipe: Path) -> None:
    folder = pipe.parent
    (folder / "file").touch()
    assert is_stream(pipe)
    assert not any(is_stream(folder / name) for name in ("file", "none", "none/none", "."))
    assert final_path(folder / "none") == folder.resolve() / "none"


WRITE = """
import sys
from pathlib import Path
from postplace.system.atomic_files import write_atomically
print("before")
write_atomically(Path(sys.argv[1]), b"written\\n")
print("after")
"""
NAMES = [name for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1") if Path(name).exists()]


@pytest.mark.parametrize("name", [*NAMES, "link"])
@pytest.mark.parametrize("appended", [False, True])
def test_standard_output_is_written_to_also_where_it_is_a_file(tmp_path: Path, name: str, appended: bool) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old\n")
    (tmp_path / "link").symlink_to("/dev/stdout")
    with path.open("ab" if appended else "wb") as file:
        before = identity(path)
        subprocess.run([sys.executable, "-c", WRITE, name], stdout=file, check=True, cwd=tmp_path)
    assert path.read_text() == ("old\n" if appended else "") + "before\nwritten\nafter\n"
    assert identity(path) == before
    assert sorted(found.name for found in tmp_path.iterdir()) == ["link", "out"]


def test_standard_output_is_written_to_where_it_is_a_pipe() -> None:
    done = subprocess.run([sys.executable, "-c", WRITE, "/dev/stdout"], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"before\nwritten\nafter\n"


def test_a_descriptor_that_is_not_open_is_an_error() -> None:
    with pytest.raises(WriteFailed, match=r"cannot be written \(Bad file descriptor\)"):
        write_atomically(Path("/dev/fd/987"), b"")
