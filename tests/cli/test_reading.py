"""Posts for a command: read, with what was skipped or ignored said on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from postplace.cli.options import OnBadPost
from postplace.cli.reading import SHOWN, read, read_in_parts
from postplace.errors import BadPost


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_posts_come_in_parts_of_that_size_and_nothing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "posts.jsonl", *({"id": str(number), "text": "x"} for number in range(5)))
    parts = list(read_in_parts(path, OnBadPost.error, size=2))
    assert [[post.id for post in part] for part in parts] == [["0", "1"], ["2", "3"], ["4"]]
    assert [post.id for post in read(path, OnBadPost.error)] == list("01234")
    assert capsys.readouterr() == ("", "")


def test_a_bad_record_is_an_error_or_is_skipped_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "posts.jsonl", {"id": "1", "text": "x"}, *([7] * (SHOWN + 2)))
    with pytest.raises(BadPost):
        read(path, OnBadPost.error)
    assert [post.id for post in read(path, OnBadPost.skip)] == ["1"]
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"{SHOWN + 2} of {SHOWN + 3} records skipped:"
    assert len(lines) == 1 + SHOWN + 1
    assert lines[-1] == "  ... and 2 more"


def test_keys_that_are_not_used_are_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = {"text": "x", "likes": 3, "colour": "red"}
    path = write(tmp_path / "posts.jsonl", *({"id": str(number), **record} for number in range(3)))
    assert len(read(path, OnBadPost.error)) == 3
    assert capsys.readouterr().err == "keys that are not used: colour, likes\n"
