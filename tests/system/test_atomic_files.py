"""A file or a folder is whole or as it was before, whatever happens while it is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from postplace.errors import BadRun, WriteFailed
from postplace.system.atomic_files import (
    atomic_file,
    atomic_folder,
    check_writable,
    read_checked,
    sha256_of_file,
    write_atomically,
    write_within,
)

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # sha256 of "abc", FIPS 180-4


class Interrupted(Exception):
    """Anything that is no OSError."""


def test_a_file_is_replaced_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with atomic_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    write_atomically(tmp_path / "new" / "b.txt", b"abc")
    assert sha256_of_file(tmp_path / "new" / "b.txt") == ABC
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.txt", "new"]


@pytest.mark.parametrize(("error", "raised"), [(OSError(28, "No space"), WriteFailed), (Interrupted(), Interrupted)])
def test_after_an_error_all_is_as_it_was(tmp_path: Path, error: Exception, raised: type[Exception]) -> None:
    file, folder = tmp_path / "a.txt", tmp_path / "b"
    file.write_bytes(b"old")
    folder.mkdir()
    (folder / "old").touch()
    with pytest.raises(raised), atomic_file(file) as opened:  # noqa: PT012
        opened.write(b"new")
        raise error
    with pytest.raises(raised), atomic_folder(folder) as unfinished:  # noqa: PT012
        write_within(unfinished, "new", b"new")
        raise error
    assert file.read_bytes() == b"old"
    assert sorted(found.name for found in tmp_path.rglob("*")) == ["a.txt", "b", "old"]


def test_a_folder_takes_the_place_of_the_whole_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "above" / "b"
    for name in ("old", "new"):
        with atomic_folder(folder) as unfinished:
            write_within(unfinished, name, b"1")
    assert [found.relative_to(tmp_path).as_posix() for found in sorted(tmp_path.rglob("*"))] == [
        "above",
        "above/b",
        "above/b/new",
    ]


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if "part-" in self.name:
            raise OSError(28, os.strerror(28))
        return real(self, target)

    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "old").touch()
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(WriteFailed, match="free some disk space"), atomic_folder(tmp_path / "b"):
        pass
    assert [found.name for found in sorted(tmp_path.rglob("*"))] == ["b", "old"]


def test_what_cannot_be_written_is_told_early(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteFailed, match="cannot be written"):
        check_writable(tmp_path / "file" / "run")
    with pytest.raises(WriteFailed, match="cannot be written"):
        write_atomically(tmp_path / "file" / "a.txt", b"")
    check_writable(tmp_path / "above" / "run")
    assert list((tmp_path / "above").iterdir()) == []


def test_a_file_that_is_not_the_one_saved_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert read_checked(path, ABC, remedy="copy it again") == b"abc"
    path.write_bytes(b"abd")
    with pytest.raises(BadRun, match=r"a: is cut short or changed .*expected ba7816bf8f01.*; copy it again"):
        read_checked(path, ABC, remedy="copy it again")
    with pytest.raises(BadRun, match="is missing; copy it again"):
        read_checked(tmp_path / "b", ABC, remedy="copy it again")
