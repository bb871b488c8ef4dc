"""A job on every image: in worker processes that die, and in runs that are cut short."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from postplace.errors import WriteFailed
from postplace.preparation.image_jobs import Record
from postplace.preparation.image_pass import Journal, each_image


@dataclass(frozen=True)
class Sizes:
    """The bytes of a file; a file named die ends the process, one named fail cannot be taken."""

    calls: Path
    fingerprint: str = "sizes"

    def __call__(self, digest: str, path: Path) -> Record:
        with self.calls.open("a") as file:
            file.write(f"{path.name}\n")
        if path.name == "die":
            os._exit(9)
        return {"error": "failed"} if path.name == "fail" else {"size": path.stat().st_size}

    def still_valid(self, record: Record) -> bool:
        return "size" in record


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Twelve files of 0 to 11 bytes, by a digest."""
    (tmp_path / "files").mkdir()
    paths = [tmp_path / "files" / str(number) for number in range(12)]
    for number, path in enumerate(paths):
        path.write_bytes(b"x" * number)
    return {f"d{number}": path for number, path in enumerate(paths)}


def run(files: dict[str, Path], folder: Path, **options: Any) -> dict[str, Record]:
    folder.mkdir(exist_ok=True)
    job = Sizes(folder / "calls")
    journal = Journal(folder, "sizes", fingerprint=job.fingerprint, valid=job.still_valid)
    try:
        return each_image(files, job, journal=journal, name="sizes", **options)
    finally:
        journal.close()


def test_a_worker_that_dies_costs_one_image(files: dict[str, Path], tmp_path: Path) -> None:
    files["d5"] = files["d5"].rename(files["d5"].with_name("die"))
    files["d7"] = files["d7"].rename(files["d7"].with_name("fail"))
    records = run(files, tmp_path / "run", workers=1)
    assert list(records) == list(files)
    assert "died" in records.pop("d5")["error"]
    assert records.pop("d7") == {"error": "failed"}
    assert records == {f"d{number}": {"size": number} for number in range(12) if number not in (5, 7)}


def test_a_run_that_was_cut_short_goes_on(files: dict[str, Path], tmp_path: Path) -> None:
    whole = run(files, tmp_path / "run", workers=0)
    journal = next((tmp_path / "run").glob("sizes-*.jsonl"))
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:4]) + lines[4][:9])  # killed in the middle of the fifth line
    (tmp_path / "run" / "calls").unlink()
    assert run(files, tmp_path / "run", workers=0) == whole
    assert (tmp_path / "run" / "calls").read_text().split() == [str(number) for number in range(4, 12)]
    (tmp_path / "run" / "calls").unlink()
    assert run(files, tmp_path / "run", workers=0) == whole
    assert not (tmp_path / "run" / "calls").exists()


@pytest.mark.parametrize(
    "line",
    [b"null", b"[1]", b'{"size": 1}', b'{"image": [], "size": 1}', b'{"picture": [], "size": 1}', b"\xff", b"{" * 9999],
)
def test_a_journal_with_nonsense_in_it_is_read_around(files: dict[str, Path], tmp_path: Path, line: bytes) -> None:
    whole = run(files, tmp_path / "run", workers=0)
    journal = next((tmp_path / "run").glob("sizes-*.jsonl"))
    journal.write_bytes(line + b"\n" + journal.read_bytes())
    assert run(files, tmp_path / "run", workers=0) == whole


def test_what_failed_is_tried_again(files: dict[str, Path], tmp_path: Path) -> None:
    files["d7"] = files["d7"].rename(files["d7"].with_name("fail"))
    assert "error" in run(files, tmp_path / "run", workers=0)["d7"]
    files["d7"] = files["d7"].rename(files["d7"].with_name("7"))
    assert run(files, tmp_path / "run", workers=0)["d7"] == {"size": 7}


def test_a_pass_over_no_image_leaves_nothing(tmp_path: Path) -> None:
    assert run({}, tmp_path / "run", workers=0) == {}
    assert list((tmp_path / "run").iterdir()) == []


def test_records_that_cannot_be_kept_are_told(files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    journal = Journal(tmp_path / "run", "sizes", fingerprint="sizes", valid=lambda record: True)
    with pytest.raises(WriteFailed, match="cannot be written"):
        journal.add("d0", {"size": 0})
    journal.close()


def test_a_bar_shows_the_rate(files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(files, tmp_path / "run", workers=0, progress=True)
    shown = capsys.readouterr()
    assert "12/12" in shown.err
    assert "/s" in shown.err
    assert shown.out == ""
