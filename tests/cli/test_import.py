"""postplace import: what other programs downloaded becomes a file of posts, or one clear line."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from postplace import cli
from postplace.cli import import_
from postplace.posts.table import read_posts

DATA = Path(__file__).parents[1] / "data"
INSTALOADER = runpy.run_path(str(DATA / "instaloader" / "make.py"))
WEIBO = runpy.run_path(str(DATA / "weibo" / "make.py"))
PLACES = "place,name,latitude,longitude,category,aliases\n213385402,The Bridge,31.2,121.5,sight,\n9,Pier,31.3,121.6,,\n"

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`run("weibo", path, "--out", file)` -> exit code, stdout, stderr."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(cli, "app", import_.app)
        monkeypatch.setattr(sys, "argv", ["postplace import", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        code: Any = ended.value.code
        return code or 0, printed.out, printed.err

    return command


def refused(run: Command, *arguments: object) -> str:
    code, _, printed = run(*arguments)
    assert code == 2, printed
    *_, last = printed.splitlines()
    assert last.startswith("error: ")
    assert "Traceback" not in printed
    return last


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".csv"])
def test_instaloader(run: Command, tmp_path: Path, ending: str) -> None:
    dump, out = tmp_path / "dump", tmp_path / f"posts{ending}"
    for name in ("whole", "a_cut_json", "a_video"):
        INSTALOADER["DUMPS"][name](dump / name)
    INSTALOADER["post"](dump / "berta", INSTALOADER["node"]("Other", owner={"id": "8"}))
    code, shown, errors = run("instaloader", dump, "--out", out)
    assert code == 0, errors
    assert [(post.id, post.user) for post in read_posts(out)] == [("CaBcDeFgHiJ", "17841400001"), ("Other", "8")]
    rows = [line.strip("│ ").split("│") for line in shown.splitlines() if "│" in line]
    assert {row[0].strip(): int(row[1]) for row in rows} == {
        "posts": 2,
        "the same post again": 1,
        "damaged JSON": 1,
        "video ignored": 1,
    }
    assert shown.splitlines()[-1] == f"2 posts in {out}"
    assert errors.startswith("refused: ")
    assert "a_cut_json" in errors
    assert {path.name for path in tmp_path.iterdir()} == {"dump", out.name}


def test_pictures_are_relative_to_the_file(run: Command, tmp_path: Path) -> None:
    INSTALOADER["DUMPS"]["whole"](tmp_path / "dump")
    run("instaloader", tmp_path / "dump", "--out", tmp_path / "posts.jsonl", "--quiet")
    (post,) = read_posts(tmp_path / "posts.jsonl")
    assert [image.read_bytes() for image in post.images if isinstance(image, Path)] == [INSTALOADER["JPEG"]]
    assert '"dump/anna/' in (tmp_path / "posts.jsonl").read_text()


def test_weibo(run: Command, tmp_path: Path) -> None:
    WEIBO["DUMPS"]["whole"](tmp_path / "weibo")
    code, shown, errors = run("weibo", tmp_path / "weibo", "--out", tmp_path / "posts.parquet")
    assert (code, errors) == (0, "")
    assert "the same post again" in shown
    assert [(post.place, post.hashtags) for post in read_posts(tmp_path / "posts.parquet")] == [
        ("上海·外滩", ("外滩夜景", "上海"))
    ]


def test_places_by_id_and_by_distance(run: Command, tmp_path: Path) -> None:
    pytest.importorskip("postplace.places.known")
    dump, places = tmp_path / "dump", tmp_path / "places.csv"
    places.write_text(PLACES)
    near = {"id": "1", "name": "a pier", "lat": 31.301, "lng": 121.6}  # 111 m north of Pier
    INSTALOADER["post"](dump / "a", INSTALOADER["node"]("ById"))
    INSTALOADER["post"](dump / "b", INSTALOADER["node"]("Near", location=near))
    INSTALOADER["post"](dump / "c", INSTALOADER["node"]("Far", location=near | {"lat": 40.0}))
    code, shown, errors = run("instaloader", dump, "--out", tmp_path / "p.jsonl", "--places", places)
    assert code == 0, errors
    assert {post.id: post.place for post in read_posts(tmp_path / "p.jsonl")} == {
        "ById": "The Bridge",
        "Near": "Pier",
        "Far": None,
    }
    assert shown.count("place: ") == 3
    run("instaloader", dump, "--out", tmp_path / "p.jsonl", "--places", places, "--radius-km", "0.1")
    assert [post.place for post in read_posts(tmp_path / "p.jsonl")] == ["The Bridge", None, None]
    assert "--radius-km: 0.0 km" in refused(
        run, "instaloader", dump, "--out", tmp_path / "no.csv", "--places", places, "--radius-km", "0"
    )
    assert "places.csv" in refused(
        run, "instaloader", dump, "--out", tmp_path / "no.csv", "--places", tmp_path / "nope" / "places.csv"
    )
    assert not (tmp_path / "no.csv").exists()


def test_what_cannot_be_imported_is_one_line_and_leaves_nothing(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "posts.parquet"
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    INSTALOADER["DUMPS"]["a_cut_xz"](tmp_path / "cut")
    WEIBO["DUMPS"]["whole"](tmp_path / "weibo")
    for command in ("instaloader", "weibo"):
        assert "nope: does not exist; check the path" in refused(run, command, tmp_path / "nope", "--out", out)
        assert "empty: holds nothing to import" in refused(run, command, tmp_path / "empty", "--out", out)
        assert "file: " in refused(run, command, tmp_path / "file", "--out", out)
    line = refused(run, "instaloader", tmp_path / "cut", "--out", out)
    assert "cut: holds no posts (damaged .xz file 1); give the folder" in line
    one = tmp_path / "weibo" / "小安" / "1669879400.csv"
    assert "is what is to be imported; give another file" in refused(run, "weibo", one, "--out", one)
    assert "has the unknown ending '.xlsx'" in refused(run, "weibo", one, "--out", tmp_path / "p.xlsx")
    assert "cannot be written" in refused(run, "weibo", one, "--out", tmp_path / "none" / "p.csv")
    monkeypatch.setattr("os.scandir", _refuse)
    assert "cannot be read (Permission denied)" in refused(run, "instaloader", tmp_path / "cut", "--out", out)
    assert not out.exists()


def _refuse(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_five_refused_records_are_named(run: Command, tmp_path: Path) -> None:
    INSTALOADER["post"](tmp_path / "dump")
    for number in range(8):
        (tmp_path / "dump" / f"{number}.json").write_text("{")
    _, _, errors = run("instaloader", tmp_path / "dump", "--out", tmp_path / "p.csv")
    assert errors.count("refused: ") == 6
    assert errors.splitlines()[-1] == "refused: 3 more"


def test_help_is_light_and_has_examples(run: Command) -> None:
    code = "import sys, postplace.cli.import_; print([n for n in ('torch', 'pandas', 'numpy') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    for command in ("instaloader", "weibo"):
        _, shown, _ = run(command, "--help")
        assert f"Example: postplace import {command}" in " ".join(shown.split())
