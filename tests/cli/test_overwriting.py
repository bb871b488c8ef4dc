"""No command writes over what it reads, by whatever name, nor over an older file without being asked to."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from postplace.cli import main
from postplace.cli.overwriting import check_new, check_output, files_of_run
from postplace.errors import BadOption

Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Refused:
    """Run a command in `tmp_path`; it must end with code 2 and leave every file as it was. Gives the line."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> str:
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        monkeypatch.setattr(sys, "argv", ["postplace", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        printed = capsys.readouterr().err
        assert ended.value.code == 2, printed
        assert before == after
        return printed.splitlines()[-1]

    return run


@pytest.fixture
def posts_file(city: Path, tmp_path: Path) -> Path:
    """A copy of the posts of the city, without its pictures."""
    return Path(shutil.copy(city, tmp_path / "q.jsonl"))


@pytest.fixture
def places_file(tmp_path: Path) -> Path:
    path = tmp_path / "places.csv"
    path.write_text("place,name,latitude,longitude,category,aliases\n1,Pier,31.3,121.6,,\n")
    return path


def test_an_output_that_is_an_input_by_another_name(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text("{}")
    (tmp_path / "link").symlink_to(file)
    os.link(file, tmp_path / "hard")
    for name in ("q.jsonl", "link", "hard", "sub/../q.jsonl"):
        with pytest.raises(BadOption, match=r"--output: .* would overwrite what is read"):
            check_output("--output", tmp_path / name, [None, file])
    check_output("--output", tmp_path / "other.jsonl", [None, file])
    check_output("--output", None, [file])


def test_an_output_among_the_files_of_an_input(tmp_path: Path) -> None:
    (tmp_path / "dump" / "deep").mkdir(parents=True)
    (tmp_path / "dump" / "deep" / "post.json").write_text("{}")
    with pytest.raises(BadOption, match="would overwrite"):
        check_output("--out", tmp_path / "dump" / "deep" / "post.json", [tmp_path / "dump"])
    with pytest.raises(BadOption, match="is a folder"):
        check_output("--out", tmp_path / "dump", [])
    check_output("--out", tmp_path / "dump" / "posts.csv", [tmp_path / "dump"])


def test_an_older_file_is_replaced_with_overwrite(tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    check_new("--out", old, overwrite=False)
    old.write_text("old")
    with pytest.raises(BadOption, match="exists already; choose another file or give --overwrite"):
        check_new("--out", old, overwrite=False)
    check_new("--out", old, overwrite=True)


def test_evaluate_and_predict_overwrite_no_input(
    refused: Refused, posts_file: Path, place_run: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(place_run, tmp_path / "run")
    assert "--output: q.jsonl would overwrite" in refused("evaluate", run, posts_file, "--output", "q.jsonl")
    assert "would overwrite" in refused("evaluate", run, posts_file, "--output", run / "metrics.json")
    assert "would overwrite" in refused("predict", run, posts_file, "--output", "q.jsonl")
    assert "would overwrite" in refused("predict", run, "--image", "q.jsonl", "--output", "q.jsonl")
    own = run / "judged.json"
    own.write_text("{}")
    assert own not in files_of_run(run)


def test_inspect_overwrites_no_input(refused: Refused, posts_file: Path, places_file: Path) -> None:
    assert "would overwrite" in refused("inspect", posts_file, "--output", "q.jsonl")
    assert "would overwrite" in refused("inspect", posts_file, "--places", places_file, "--output", "places.csv")
    mask = ("--mask-place-names", "places.csv")
    assert "would overwrite" in refused("inspect", posts_file, "--places", places_file, *mask)
    both = refused("inspect", posts_file, "--mask-place-names", "m.jsonl", "--output", "m.jsonl")
    assert "m.jsonl is where the masked posts go" in both


def test_import_overwrites_no_input(refused: Refused, posts_file: Path, places_file: Path, tmp_path: Path) -> None:
    (tmp_path / "dump").mkdir()
    for command in ("instaloader", "weibo"):
        line = refused("import", command, "dump", "--places", places_file, "--out", "places.csv", "--overwrite")
        assert "--out: places.csv would overwrite" in line
        assert "q.jsonl exists already; choose" in refused("import", command, "dump", "--out", "q.jsonl")
    box = ("--box", "50,13,52,14")
    near = refused("import", "places", "dump", *box, "--near-posts", posts_file, "--out", "q.jsonl", "--overwrite")
    assert "would overwrite" in near
    (tmp_path / "x.csv").write_text("")
    assert "would overwrite" in refused("import", "places", "x.csv", *box, "--out", "x.csv", "--overwrite")
    assert "does not end in .csv" in refused("import", "places", "dump", *box, "--out", "posts.parquet")
    assert "exists already" in refused("import", "places", "dump", *box, "--out", "places.csv")


def test_experiment_and_compare_overwrite_no_input(refused: Refused, posts_file: Path, tmp_path: Path) -> None:
    assert "would overwrite" in refused("experiment", "mrlf-table2", "--data", posts_file, "--out", "q.jsonl")
    (tmp_path / "results").mkdir()
    described = {"format": 1, "title": "t", "results": []}
    (tmp_path / "results" / "experiment.json").write_text(json.dumps(described))
    assert "would overwrite" in refused("compare", "results", "--output", "results/experiment.json")


def test_links_that_lead_in_a_circle(refused: Refused, posts_file: Path, places_file: Path, tmp_path: Path) -> None:
    for name in ("l.jsonl", "loop", "l.csv"):
        (tmp_path / name).symlink_to(name)
    for option, name, command in (
        ("--output", "l.jsonl", ("inspect", posts_file, "--output", "l.jsonl")),
        ("--mask-place-names", "l.jsonl", ("inspect", posts_file, "--mask-place-names", "l.jsonl")),
        ("--out", "l.jsonl", ("import", "weibo", "dump", "--out", "l.jsonl")),
    ):
        assert refused(*command) == f"error: {option}: {name} is a link that leads in a circle; choose another file"
    for command in (("train", posts_file, "--out", "loop"), ("prepare", posts_file, "--out", "loop")):
        assert "loop: cannot be written (Too many levels" in refused(*command)
    box = ("--box", "1,1,2,2", "--out", "p.csv")
    for line_of in (
        ("inspect", "l.jsonl"),
        ("inspect", "l.jsonl", "--output", "o.json"),
        ("train", "l.jsonl", "--out", "run"),
        ("prepare", "l.jsonl", "--out", "prepared"),
        ("import", "auto", "l.jsonl", "--out", "o.jsonl"),
        ("import", "places", "l.csv", *box),
        ("inspect", posts_file, "--places", "l.csv"),
    ):
        line = refused(*line_of)
        assert "link" in line, (line_of, line)
        assert "does not exist" not in line
