"""postplace import places: the command, on a tiny release."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from postplace.cli.import_places import places
from postplace.cli.wording import in_options
from postplace.errors import BadOption, NotEnoughData, PostplaceError
from postplace.places.known import read_places
from postplace.places.semantic import CLASSES


def load_maker() -> ModuleType:
    file = Path(__file__).parents[1] / "data" / "fsq" / "make.py"
    spec = importlib.util.spec_from_file_location("fsq_make", file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A folder with a release of FSQ OS Places."""
    folder: Path = load_maker().make(tmp_path / "fsq")
    return folder


def run(*arguments: object) -> Any:
    app = typer.Typer(rich_markup_mode=None)
    app.command()(places)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_an_fsq_release_becomes_a_file_of_places(release: Path, tmp_path: Path) -> None:
    out = tmp_path / "places.csv"
    done = run(release, "--box", "50,13,52,14", "--out", out)
    assert done.exit_code == 0, done.output
    assert [place.name for place in read_places(out).places] == ["Golden Dragon", "Iron Hall", "City Arcade"]
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "12 places read"
    assert "1 left out: closed" in lines
    assert "3 kept" in lines
    assert "1 Community and Government > Spiritual Center > Church" in lines


def test_only_places_that_posts_were_made_near(release: Path, tmp_path: Path) -> None:
    posts, out = tmp_path / "posts.jsonl", tmp_path / "places.csv"
    records = [{"id": str(n), "latitude": 51.002, "longitude": 13.5001} for n in range(3)]
    records.append({"id": "x", "latitude": 51.001, "longitude": 13.5})
    posts.write_text("".join(json.dumps(record) + "\n" for record in records))
    command = (release, "--box", "50,13,52,14", "--out", out, "--near-posts", posts, "--radius-km", "0.05")
    assert run(*command, "--min-posts", 2).exit_code == 0
    assert [place.name for place in read_places(out).places] == ["Iron Hall"]
    assert run(*command, "--overwrite").exit_code == 0
    assert [place.name for place in read_places(out).places] == ["Golden Dragon", "Iron Hall"]


def test_the_mapping_is_shown_without_any_file() -> None:
    done = run("--show-mapping")
    assert done.exit_code == 0
    rows = [line.split(maxsplit=1) for line in done.stdout.splitlines()[1:-1]]
    assert list(dict.fromkeys(name for name, _ in rows)) == [*CLASSES, "(none)"]
    assert ["Cinema", "Arts and Entertainment > Movie Theater"] in rows


def test_a_box_in_the_south_and_west_is_no_option(release: Path, tmp_path: Path) -> None:
    done = run(release, "--box", "-38,144,-37,-145", "--out", tmp_path / "places.csv")
    assert isinstance(done.exception, NotEnoughData)
    assert "no place of 12 is left (outside the box, or without coordinates 12)" in str(done.exception)
    assert not (tmp_path / "places.csv").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--out", "x.csv"), "--box"),
        (("--box", "50,13,52,14"), "--out"),
        (("--box", "50,13,52", "--out", "x.csv"), "--box"),
        (("--box", "52,13,50,14", "--out", "x.csv"), "--box"),
        (("--box", "50,13,52,200", "--out", "x.csv"), "--box"),
        (("--box", "nan,13,52,14", "--out", "x.csv"), "--box"),
        (("--box", "50,13,52,14", "--out", "x.csv", "--min-posts", "2"), "--min-posts"),
        (("--box", "50,13,52,14", "--out", "x.csv", "--max-places", "0"), "--max-places"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(release: Path, options: tuple[str, ...], named: str) -> None:
    done = run(release, *options)
    assert isinstance(done.exception, BadOption)
    assert in_options(done.exception, ["import", "places"]).where == named


def test_import_places_without_a_file_is_refused() -> None:
    done = run("--box", "50,13,52,14", "--out", "x.csv")
    assert isinstance(done.exception, PostplaceError)
    assert done.exception.where == "OPEN_DATA"


def test_geojson_becomes_a_file_of_places(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [13.73, 51.05]}
    bar = {"type": "Feature", "id": "node/1", "properties": {"name": "Corner", "amenity": "bar"}, "geometry": point}
    bench = bar | {"id": "node/2", "properties": {"name": "Bench", "amenity": "bench"}}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [bar, bench]}))
    (tmp_path / "._a.geojson").write_bytes(b"x")
    out = tmp_path / "places.csv"
    done = run(tmp_path, "--box", "50,13,52,14", "--out", out)
    assert done.exit_code == 0, done.output
    assert [(place.name, place.category) for place in read_places(out).places] == [("Corner", "Restaurant")]
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[:3] == ["2 places read", "1 left out: a category of none of the eight classes", "1 kept"]
    assert "1 file of a Mac, a NAS or Windows passed over" in lines
    assert "1 amenity=bench" in lines


def test_what_leaves_no_place_is_named_by_its_file(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.geojson"
    nowhere = {"type": "Feature", "properties": {"name": "A"}, "geometry": {"type": "Point", "coordinates": [0, 0]}}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [nowhere]}))
    done = run(file, "--box", "-10,-10,10,10", "--out", tmp_path / "places.csv")
    assert isinstance(done.exception, NotEnoughData)
    assert done.exception.where == str(file)
    assert "coordinates 0, 0" in done.exception.found
