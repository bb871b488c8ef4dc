"""The command: a whole page or none, and nothing that it reads is replaced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from postplace import PostLocator, read_posts
from postplace.cli import main


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["postplace", "report", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_report_is_written_and_says_what_was_left_out(postplace, place_run: Path, city: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "report.html"
    made = postplace("report", place_run, city, "--out", out, "--device", "cpu", "--quiet")
    assert made.returncode == 0, made.stderr
    assert "left out because the run had learned from them" in made.stderr
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert "must not be used" in page  # the model card
    assert "others were left out" in page
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_is_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place_run: Path, city: Path, tmp_path: Path
) -> None:
    before = city.read_bytes()
    assert _run(monkeypatch, place_run, city, "--out", city, "--overwrite") == 2
    assert "would overwrite what is read" in capsys.readouterr().err
    assert _run(monkeypatch, place_run, city, "--out", place_run / "MODEL_CARD.md", "--overwrite") == 2
    assert "would overwrite" in capsys.readouterr().err
    picture = next(city.parent.rglob("*.jpg"), None) or next(city.parent.rglob("*.png"))
    assert _run(monkeypatch, place_run, city, "--out", picture, "--overwrite") == 2
    assert "would overwrite" in capsys.readouterr().err
    old = tmp_path / "old.html"
    old.write_text("old")
    assert _run(monkeypatch, place_run, city, "--out", old) == 2
    assert "exists already" in capsys.readouterr().err
    assert old.read_text() == "old"
    assert city.read_bytes() == before


def test_posts_that_were_all_learned_from_leave_no_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place_run: Path, city: Path, tmp_path: Path
) -> None:
    run = PostLocator.load(place_run, device="cpu")
    learned = {post.id for post in read_posts(city) if run.subset_of(post) == "train"}
    lines = [line for line in city.read_text(encoding="utf-8").splitlines() if json.loads(line)["id"] in learned]
    rows = [json.loads(line) for line in lines[:5]]
    for row in rows:
        row["images"] = [str(city.parent / name) for name in row.get("images", [])]
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    assert _run(monkeypatch, place_run, few, "--out", tmp_path / "r.html") == 2
    assert "were learned from" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()
