"""What an import found: what became posts, what did not and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from postplace.cli.import_report import SHOWN, refused_file, show_counts, show_refused
from postplace.errors import BadPost
from postplace.posts.dump import ImportReport


def refused(count: int) -> ImportReport:
    report = ImportReport()
    for number in range(count):
        report.refuse("damaged", BadPost(f"line {number}", "is\ndamaged", "download it again"))
    return report


def test_every_refused_record_is_one_line_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "refused.txt"
    with refused_file(path) as take:
        assert take is not None
        for error in refused(7).refused:
            take(error)
        assert not path.exists()  # it appears when it is whole
    lines = path.read_text().splitlines()
    assert len(lines) == 7
    assert lines[3].startswith("line 3")
    assert "is damaged" in lines[3]


def test_the_file_is_written_though_the_import_fails_and_not_if_nothing_was_refused(tmp_path: Path) -> None:
    def fail(path: Path, *, records: int) -> None:
        with refused_file(path) as take:
            assert take is not None
            for error in refused(records).refused:
                take(error)
            raise KeyError

    for records, written in ((1, True), (0, False)):
        path = tmp_path / f"{records}.txt"
        with pytest.raises(KeyError):
            fail(path, records=records)
        assert path.is_file() == written


def test_without_a_file_there_is_nothing_to_tell_refused_records_to() -> None:
    with refused_file(None) as take:
        assert take is None


def test_the_first_refused_records_are_named_and_the_rest_counted(capsys: pytest.CaptureFixture[str]) -> None:
    show_refused(refused(SHOWN + 2), None)
    lines = capsys.readouterr().err.splitlines()
    assert sum("line " in line for line in lines) == SHOWN
    assert "refused: 2 more; --report FILE writes all of them to a file" in lines
    show_refused(refused(SHOWN), None)
    assert "more" not in capsys.readouterr().err
    show_refused(refused(1), Path("all.txt"))
    assert "refused: 1 in all, each on a line of all.txt" in capsys.readouterr().err


def test_the_table_has_each_reason_and_their_total(capsys: pytest.CaptureFixture[str]) -> None:
    report = refused(2)
    report.left_out["ignored"] = 3
    report.posts = 4
    show_counts(report, None)
    lines = [[cell.strip() for cell in line.strip("│").split("│")] for line in capsys.readouterr().out.splitlines()]
    rows = dict(line for line in lines if len(line) == 2)
    assert rows["posts"] == "4"
    assert (rows["became no post"], rows["damaged"], rows["ignored"]) == ("5", "2", "3")
