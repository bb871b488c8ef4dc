"""postplace import: what other programs downloaded becomes a file of posts, or one clear line."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from postplace import cli
from postplace.cli import import_
from postplace.posts import dump as dump_module
from postplace.posts import registry
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
def test_an_instaloader_dump_is_imported(run: Command, tmp_path: Path, ending: str) -> None:
    dump, out = tmp_path / "dump", tmp_path / f"posts{ending}"
    for name in ("whole", "a_cut_json", "a_video"):
        INSTALOADER["DUMPS"][name](dump / name)
    (dump / "lost.jpg").write_bytes(INSTALOADER["JPEG"])
    INSTALOADER["post"](dump / "berta", INSTALOADER["node"]("Other", owner={"id": "8"}))
    code, shown, errors = run("instaloader", dump, "--out", out)
    assert code == 0, errors
    assert [(post.id, post.user) for post in read_posts(out)] == [("CaBcDeFgHiJ", "17841400001"), ("Other", "8")]
    rows = [line.strip("│ ").split("│") for line in shown.splitlines() if "│" in line]
    assert {row[0].strip(): int(row[1]) for row in rows} == {
        "posts": 2,
        "became no post": 2,
        "the same post again": 1,
        "damaged JSON": 1,
        "files without a post": 1,
        "image without metadata": 1,
        "remarks on posts (a post may have several)": 1,
        "video ignored": 1,
    }
    assert shown.splitlines()[-1] == f"2 posts in {out}"
    assert errors.startswith("refused: ")
    assert "a_cut_json" in errors
    assert {path.name for path in tmp_path.iterdir()} == {"dump", out.name}


def test_imported_images_are_relative_to_the_file(run: Command, tmp_path: Path) -> None:
    INSTALOADER["DUMPS"]["whole"](tmp_path / "dump")
    run("instaloader", tmp_path / "dump", "--out", tmp_path / "posts.jsonl", "--quiet")
    (post,) = read_posts(tmp_path / "posts.jsonl")
    assert [image.read_bytes() for image in post.images if isinstance(image, Path)] == [INSTALOADER["JPEG"]]
    assert '"dump/anna/' in (tmp_path / "posts.jsonl").read_text()


def test_a_weibo_export_is_imported(run: Command, tmp_path: Path) -> None:
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
    rows = [line.strip("│ ").split("│") for line in shown.splitlines() if "│" in line]
    counts = {row[0].strip(): int(row[1]) for row in rows}
    assert counts["place of the posts"] == 3
    assert [counts[way] for way in ("by location id", "by the nearest place", "too far from every place")] == [1] * 3
    again = ("--places", places, "--radius-km", "0.1", "--overwrite")
    run("instaloader", dump, "--out", tmp_path / "p.jsonl", *again)
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
        assert "empty: holds nothing to import (it is empty); check the path" in refused(
            run, command, tmp_path / "empty", "--out", out
        )
        assert "file: " in refused(run, command, tmp_path / "file", "--out", out)
    line = refused(run, "instaloader", tmp_path / "cut", "--out", out)
    assert "cut: holds no posts (damaged .xz file 1); download the post again" in line
    one = tmp_path / "weibo" / "小安" / "1669879400.csv"
    assert "would overwrite what is read; choose another file" in refused(run, "weibo", one, "--out", one)
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
    assert errors.splitlines()[-1] == "refused: 3 more; --report FILE writes all of them to a file"


def test_a_report_names_every_refused_record(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump_module, "KEPT_REFUSALS", 2)
    for number in range(8):
        (tmp_path / "dump").mkdir(exist_ok=True)
        (tmp_path / "dump" / f"{number}.json").write_text("{")
    report = tmp_path / "refused.txt"
    asked = ("instaloader", tmp_path / "dump", "--out", tmp_path / "p.csv", "--report", report)
    assert "holds no posts" in refused(run, *asked)  # the reasons are wanted most where nothing was imported
    assert [Path(line.partition(":")[0]).name for line in report.read_text().splitlines()] == [
        f"{number}.json" for number in range(8)
    ]
    INSTALOADER["post"](tmp_path / "dump")
    code, _, errors = run(*asked)
    assert (code, errors.splitlines()[-1]) == (0, f"refused: 8 in all, each on a line of {report}")
    assert "would overwrite what is read" in refused(run, *asked[:-1], asked[3], "--overwrite")


def test_check_ins_get_the_places_of_a_list(run: Command, tmp_path: Path) -> None:
    check_ins = ["上海·外滩", "上海 · 外灘", "上海·静安寺", "上海·静安寺", ""]
    records = [WEIBO["weibo"](id=n, bid="", pics="", location=name) for n, name in enumerate(check_ins)]
    WEIBO["save_json"](tmp_path / "weibo", *records)
    places = tmp_path / "places.csv"
    places.write_text("place,name,aliases\n7,上海·外滩,上海·外灘;The Bund\n", encoding="utf-8")
    code, shown, _ = run("weibo", tmp_path / "weibo", "--out", tmp_path / "p.jsonl", "--places", places)
    assert code == 0
    found = [(post.place, post.venue) for post in read_posts(tmp_path / "p.jsonl")]
    assert found[:3] == [("上海·外滩", "上海·外滩"), ("上海·外滩", "上海 · 外灘"), (None, "上海·静安寺")]
    assert found[3:] == [(None, "上海·静安寺"), (None, None)]
    rows = [line.strip("│ ").split("│") for line in shown.splitlines() if "│" in line]
    counts = {row[0].strip(): int(row[1]) for row in rows}
    assert (counts["by name"], counts["name or id not in the list"], counts["without a location"]) == (2, 2, 1)
    assert "not in the list: 上海·静安寺 2 (add a row or an alias" in shown


def test_two_locations_of_one_name_are_reported(run: Command, tmp_path: Path) -> None:
    for code in ("213000444", "213000481"):
        content = INSTALOADER["node"](code, location={"id": code, "name": "星巴克"})
        INSTALOADER["post"](tmp_path / "dump", content, name=code)
    places, out = tmp_path / "places.csv", tmp_path / "p.jsonl"
    places.write_text("place,name\n213000444,星巴克\n213000481,星巴克\n", encoding="utf-8")
    _, shown, _ = run("instaloader", tmp_path / "dump", "--out", out)
    assert "warning: 1 name stands for several locations (星巴克)" in shown
    _, shown, _ = run("instaloader", tmp_path / "dump", "--out", out, "--places", places, "--overwrite")
    assert "warning" not in shown
    assert [post.place for post in read_posts(out)] == ["星巴克 (213000444)", "星巴克 (213000481)"]


def test_a_radius_without_places_is_refused(run: Command, tmp_path: Path) -> None:
    WEIBO["DUMPS"]["whole"](tmp_path / "weibo")
    line = refused(run, "weibo", tmp_path / "weibo", "--out", tmp_path / "p.csv", "--radius-km", "1")
    assert "--radius-km: does nothing without --places" in line


def test_help_is_light_and_has_examples(run: Command) -> None:
    code = "import sys, postplace.cli.import_; print([n for n in ('torch', 'pandas', 'numpy') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    for command in registry._BUILT_IN:
        _, shown, _ = run(command, "--help")
        assert f"Example: postplace import {command}" in " ".join(shown.split())


def test_auto_says_what_it_found_and_reads_it(run: Command, tmp_path: Path) -> None:
    dump, out = tmp_path / "dump", tmp_path / "posts.jsonl"
    INSTALOADER["DUMPS"]["whole"](dump)
    code, shown, errors = run("auto", dump, "--out", out)
    assert code == 0, errors
    assert "is a folder that Instaloader filled: read with the source instaloader" in errors
    assert "posts" in shown
    assert len(read_posts(out)) == 1


def test_auto_names_what_no_source_reads(run: Command, tmp_path: Path) -> None:
    (tmp_path / "outbox.json").write_text('{"type": "OrderedCollection", "orderedItems": []}')
    error = refused(run, "auto", tmp_path, "--out", tmp_path / "posts.jsonl")
    assert "is Mastodon's export of one's own account; no source reads it yet" in error
    (tmp_path / "b").mkdir()
    error = refused(run, "auto", tmp_path / "b", "--out", tmp_path / "posts.jsonl")
    assert "holds nothing that is known; looked for instaloader: a folder" in error


def test_auto_shifts_coordinates_as_the_source_would(run: Command, tmp_path: Path) -> None:
    tweet = {"id": 1, "rawContent": "a", "coordinates": {"longitude": 121.4945, "latitude": 31.2405}}
    (tmp_path / "tweets.jsonl").write_text(json.dumps(tweet) + "\n")
    found = []
    for source in ("auto", "tweets"):
        out = tmp_path / f"posts-{source}.jsonl"
        code, _, errors = run(source, tmp_path / "tweets.jsonl", "--out", out, "--crs", "gcj02")
        assert code == 0, errors
        found += [(post.latitude, post.longitude) for post in read_posts(out)]
    assert found[0] == found[1]
    assert found[0] != (31.2405, 121.4945)


def test_a_source_without_a_command_of_its_own_has_one(run: Command, tmp_path: Path) -> None:
    dump, out = tmp_path / "1.ndjson", tmp_path / "p.jsonl"
    location = {"pk": 7, "name": "Old Bridge", "lat": 51.05, "lng": 13.73}
    item = {"code": "CaB", "taken_at": 1664191650, "caption": {"text": "evening"}, "location": location}
    lines = [{"item_id": "1", "source_platform": "instagram.com", "data": item}, {"item_id": "2"}]
    dump.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    code, shown, errors = run("zeeschuimer", dump, "--out", out, "--report", tmp_path / "refused.txt")
    assert (code, [post.place for post in read_posts(out)]) == (0, ["Old Bridge"]), errors
    assert "no content that is known" in shown
    assert "import auto" in (tmp_path / "refused.txt").read_text(encoding="utf-8")


def test_a_remedy_never_names_the_folder_that_was_given(run: Command, tmp_path: Path) -> None:
    dump, out = tmp_path / "dump", tmp_path / "posts.parquet"
    dump.mkdir()
    (dump / "notes.doc").write_text("x")
    auto = "`postplace import auto` says which source reads it"
    for source in ("instaloader", "weibo"):
        assert f"dump: holds nothing to import (it holds notes.doc); {auto}" in refused(run, source, dump, "--out", out)
    (dump / "x.json").write_text('{"weibo": [{"id": 1, "content": "x"}]}')
    line = refused(run, "weibo", dump, "--out", out)
    assert "holds no posts (no content that is known 1); " in line
    assert auto in line
    packed = tmp_path / "dump.zip"
    packed.write_bytes(b"PK")
    assert "dump.zip: is a file, not a folder; unpack it, and give the folder" in refused(
        run, "instaloader", packed, "--out", out
    )


def test_images_without_metadata_say_how_to_get_it(run: Command, tmp_path: Path) -> None:
    (tmp_path / "dump" / "anna").mkdir(parents=True)
    (tmp_path / "dump" / "anna" / "2022-09-26_11-27-30_UTC.jpg").write_bytes(INSTALOADER["JPEG"])
    line = refused(run, "instaloader", tmp_path / "dump", "--out", tmp_path / "posts.parquet")
    assert "--no-metadata-json` filled it, download the metadata with `instaloader --no-pictures --no-videos`" in line


def test_a_dump_of_empty_posts_is_an_error(run: Command, tmp_path: Path) -> None:
    posts = [WEIBO["weibo"](id=number, text="", topics="", pics="") for number in range(2)]
    WEIBO["save_json"](tmp_path / "dump", *posts)
    out = tmp_path / "posts.parquet"
    line = refused(run, "weibo", tmp_path / "dump", "--out", out)
    assert "none of its 2 posts has text, hashtags or an image; it is what the source weibo reads" in line
    assert not out.exists()
    WEIBO["save_json"](tmp_path / "dump", *posts, WEIBO["weibo"](id=3, text="x", topics="", pics=""))
    code, shown, _ = run("weibo", tmp_path / "dump", "--out", out)
    assert code == 0
    assert "neither text nor hashtags nor an image that is there │     2" in shown
