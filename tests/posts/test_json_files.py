"""JSON in whatever shape, plain or compressed; and a look at the first records that never raises."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pytest

from postplace.errors import BadPost
from postplace.posts.dump import ImportReport, InvalidRecord
from postplace.posts.json_files import dump_files, first_objects, json_values, sample_files

TWO = [{"id": 1}, {"id": 2, "text": "é\u2028x"}]
LINES = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in TWO)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", json.dumps(TWO)),
        ("a.json", json.dumps(TWO, indent=2)),
        ("a.json", LINES),
        ("a.json", "\ufeff" + LINES.replace("\n", "\r\n\r\n")),
        ("a.jsonl", LINES),
        ("a.jsonl", json.dumps(TWO)),
        ("a.jsonl", json.dumps(TWO, indent=1)),
        ("a.ndjson", json.dumps(TWO[0], indent=1) + json.dumps(TWO[1], indent=1)),
        ("a.js", "window.YTD.tweets.part0 = " + json.dumps(TWO, indent=2)),
    ],
)
def test_every_shape(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8", newline="")
    assert [value for _, value in json_values(tmp_path / name)] == TWO


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_compressed_files(tmp_path: Path, ending: str, pack) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / f"a.jsonl{ending}"
    path.write_bytes(pack(LINES.encode()))
    assert [value for _, value in json_values(path)] == TWO
    assert list(first_objects(tmp_path)) == TWO
    path.write_bytes(pack(LINES.encode())[:-9])
    ((_, value),) = list(json_values(path))[-1:]
    assert isinstance(value, InvalidRecord)


def test_a_damaged_line_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"id": 1\n{"id": 2}\n{"id": "\xd5"}\n' + b'{"id": ' + b"9" * 5000 + b"}\n" + b"[" * 50_000 + b"\n7"
    )
    values = [value if not isinstance(value, InvalidRecord) else value.args[0] for _, value in json_values(path)]
    assert values == ["damaged JSON", {"id": 2}, "not UTF-8", "damaged JSON", "damaged JSON", 7]
    assert [where for where, _ in json_values(path)][1] == ", line 2"


def test_what_is_looked_for_never_raises(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00{")
    (tmp_path / "b.json.gz").write_bytes(b"no gzip")
    (tmp_path / "c.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "e.JSON").write_text('{"id": 5}')
    assert list(first_objects(tmp_path)) == [{"id": 5}]
    assert list(first_objects(tmp_path / "none")) == []
    assert list(sample_files(Path("a\0b"), (".json",))) == []


def test_another_ending_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(BadPost, match=r"unknown ending '.txt'; give a folder, or a file \(\.json"):
        list(dump_files(tmp_path / "a.txt", ImportReport(), wanted=lambda file: True, endings=(".json",)))
