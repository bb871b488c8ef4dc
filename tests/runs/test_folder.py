"""A run folder is whole or not there; what is amiss is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from postplace.errors import BadOption, BadRun, WriteFailed
from postplace.runs.folder import read_run, write_run
from postplace.system.atomic_files import write_atomically

FILES = {"model.safetensors": b"weights", "places.json": b"[]"}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_run(tmp_path / "run", {"model": "mrlf"}, FILES)
    config, files = read_run(tmp_path / "run")
    assert config["model"] == "mrlf"
    assert files == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_existing_run_is_not_overwritten_unasked(tmp_path: Path) -> None:
    write_run(tmp_path / "run", {"seed": 1}, FILES)
    with pytest.raises(BadOption, match="overwrite=True"):
        write_run(tmp_path / "run", {"seed": 2}, FILES)
    write_run(tmp_path / "run", {"seed": 2}, FILES, overwrite=True)
    assert read_run(tmp_path / "run")[0]["seed"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_is_no_run_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").write_bytes(b"precious")
    with pytest.raises(BadOption, match="is not a run"):
        write_run(tmp_path / "holiday", {}, FILES, overwrite=True)
    assert (tmp_path / "holiday" / "photo.jpg").exists()


@pytest.mark.parametrize("name", ["config.json", *FILES])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_run(tmp_path / "run", {}, FILES)
    (tmp_path / "run" / name).unlink()
    with pytest.raises(BadRun, match=f"{name}: is missing"):
        read_run(tmp_path / "run")


@pytest.mark.parametrize("name", ["config.json", *FILES])
def test_a_truncated_file_is_named(tmp_path: Path, name: str) -> None:
    write_run(tmp_path / "run", {}, FILES)
    path = tmp_path / "run" / name
    path.write_bytes(path.read_bytes()[:1])
    with pytest.raises(BadRun, match=name):
        read_run(tmp_path / "run")


def test_another_format_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "run", {}, FILES)
    path = tmp_path / "run" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(BadRun, match="format 99"):
        read_run(tmp_path / "run")


def test_a_config_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    write_run(tmp_path / "run", {}, FILES)
    path = tmp_path / "run" / "config.json"
    path.write_text(json.dumps({"format": 1, "files": {"../secret": "0"}}))
    with pytest.raises(BadRun, match="list of files"):
        read_run(tmp_path / "run")


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteFailed, match="free some disk space"):
        write_run(tmp_path / "run", {}, FILES)
    with pytest.raises(WriteFailed):
        write_atomically(tmp_path / "metrics.json", b"{}")
    assert list(tmp_path.iterdir()) == []
