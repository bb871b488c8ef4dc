"""Files of records of other programs: what is in them, what is wrong with them, and whose they look like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from postplace.errors import BadPost
from postplace.posts import json_files, record_files
from postplace.posts.dump import ImportReport, InvalidRecord
from postplace.posts.record_files import CsvForm, first_records, folders_of_files, read_records, whole_first

FORM = CsvForm(required={"id", "text"}, keys={"编号": "id", "正文": "text"})


def found(path: Path, form: CsvForm | None = None) -> tuple[list[object], ImportReport]:
    """The records of a file; of a damaged one the reason."""
    tally = ImportReport()
    records = [record for _, record in read_records(path, tally, form)]
    return [record.args[0] if isinstance(record, InvalidRecord) else record for record in records], tally


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", '[{"id": 1}, 2]', [{"id": 1}, 2]),
        ("a.json", '\ufeff{"id": 1}\n{"id": 2}', [{"id": 1}, {"id": 2}]),
        ("a.json", '[{"id": 1}, {"id": ', [{"id": 1}, "damaged JSON, the rest of its file"]),
        ("a.jsonl", '{"id": 1}\n\n{"id": \n{"id": 2}', [{"id": 1}, "damaged JSON", {"id": 2}]),
        ("a.ndjson", ' [{"id": 1},\n {"id": 2}]', [{"id": 1}, {"id": 2}]),
        ("A.JSONL", "[" * 100_000, ["damaged JSON, the rest of its file"]),
        ("a.jsonl", '{"id": ' + "9" * 5000 + "}", ["damaged JSON"]),
        ("a.csv", "编号,正文\n1,江边\n", [{"id": "1", "text": "江边"}]),
        ("a.csv", "\ufeffid;text\r\n1;a,b\r\n", [{"id": "1", "text": "a,b"}]),
        ("a.csv", "id\ttext\n1\ta\n", [{"id": "1", "text": "a"}]),
        (
            "a.csv",
            "id,text,more\n1,a,\nid,text\n2,b\n",
            [{"id": "1", "text": "a", "more": ""}, {"id": "2", "text": "b"}],
        ),
        ("a.csv", "id,text\n1\n2,b,c\n", ["row is cut short", "row is longer than its header"]),
        ("a.csv", f'id,text\n1,"{"x" * 200_000}"\n2,b\n', ["damaged row", {"id": "2", "text": "b"}]),
    ],
)
def test_records(tmp_path: Path, name: str, content: str, expected: list[object]) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert found(tmp_path / name, FORM)[0] == expected


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", "", "empty file"),
        ("a.jsonl", " \n", "empty file"),
        ("a.csv", "", "empty file"),
        ("a.csv", "other,columns\n1,2\n", "table that holds no posts"),
        ("a.csv", "id,text\n", "table without rows"),
        ("a.csv", "id,text\nid,text\n", "header again"),
    ],
)
def test_files_without_records_are_counted(tmp_path: Path, name: str, content: str, reason: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    records, tally = found(tmp_path / name, FORM)
    assert (records, tally.left_out) == ([], {reason: 1})


def test_what_is_not_utf_8_costs_itself_only(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"id": "\xff"}\n{"id": "b"}\n')
    (tmp_path / "a.csv").write_bytes(b"id,text\n1,\xff\n2,b\n")
    assert found(tmp_path / "a.jsonl")[0] == ["not UTF-8", {"id": "b"}]
    assert found(tmp_path / "a.csv", FORM)[0] == ["not UTF-8", {"id": "2", "text": "b"}]


def test_a_line_that_is_too_long_is_not_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "LONGEST_RECORD", 100)
    (tmp_path / "a.jsonl").write_text(json.dumps("x" * 1000) + '\n{"id": 2}\n')
    assert found(tmp_path / "a.jsonl")[0] == ["record is too long", {"id": 2}]


def test_a_file_that_cannot_be_read_is_one_refusal(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    assert found(tmp_path / "a.jsonl")[0] == ["file cannot be read"]


def test_a_file_and_a_folder(tmp_path: Path) -> None:
    for name in ("b/2.csv", "b/1.CSV", "3.csv", "x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    groups = list(folders_of_files(tmp_path, ImportReport(), endings=(".csv",)))
    assert groups == [
        (tmp_path, [tmp_path / "3.csv"], True),
        (tmp_path / "b", [tmp_path / "b" / "1.CSV", tmp_path / "b" / "2.csv"], True),
    ]
    assert list(folders_of_files(tmp_path / "3.csv", ImportReport(), endings=(".csv",))) == [
        (tmp_path, [tmp_path / "3.csv"], False)
    ]
    for path, message in ((tmp_path / "x.txt", "has the unknown ending '.txt'"), (tmp_path / "no", "does not exist")):
        with pytest.raises(BadPost, match=message):
            list(folders_of_files(path, ImportReport(), endings=(".csv",)))


def test_a_part_comes_after_the_whole_and_nothing_is_counted_twice() -> None:
    tally = ImportReport()

    def read(report: ImportReport) -> record_files.Found:
        report.left_out["header again"] += 1
        yield from (("", record) for record in ("part 1", "whole 1", "part 2", "whole 2"))

    records = [record for _, record in whole_first(read, lambda record: str(record).startswith("part"), tally)]
    assert records == ["whole 1", "whole 2", "part 1", "part 2"]
    assert tally.left_out == {"header again": 1}


def test_the_first_records_of_whatever_lies_there(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"user": 1, "list": [{"n": n} for n in range(9)]}))
    (tmp_path / "b.json").write_text(json.dumps({"user": "x" * 100, "list": [{"m": n} for n in range(99_999)]}))
    (tmp_path / "c.csv").write_text("id,text\n1,a\n2,b\n")
    (tmp_path / "d.json").write_text("{" * 9999)
    (tmp_path / "e.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "f.jsonl").write_text('{"k": 1}\n{"k": 2}\n')
    (tmp_path / ".hidden.json").write_text('{"h": 1}')
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "g.json").write_text('{"h": 1}')
    records = list(first_records(tmp_path, endings=(".json", ".jsonl", ".csv")))
    assert records[0]["user"] == 1
    assert [record.get("n") for record in records[1:3]] == [0, 1]
    assert {"m": 0} in records
    assert {"id": "1", "text": "a"} in records
    assert {"k": 1} in records
    assert not any("h" in record for record in records)
    assert list(first_records(tmp_path / "nowhere\0", endings=(".json",))) == []
