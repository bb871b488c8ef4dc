"""The ending of --output says the format; a name that another program would misread is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from postplace.cli import app
from postplace.cli.output_formats import OF_ENDINGS, OTHERS, Format, choose_format
from postplace.errors import BadOption


@pytest.mark.parametrize(
    ("requested", "name", "chosen"),
    [
        (None, None, "jsonl"),
        (None, "out", "jsonl"),
        (None, "out.txt", "jsonl"),
        (None, "out.v2", "jsonl"),
        (None, "out.json", "jsonl"),
        (None, "OUT.CSV", "csv"),
        (None, "out.geojson", "geojson"),
        (None, "out.parquet", "parquet"),
        (None, "out.geoparquet", "geoparquet"),
        (None, "out.html", "map"),
        (None, "out.xlsx", "xlsx"),
        (Format.geojson, "out.json", "geojson"),
        (Format.geoparquet, "out.parquet", "geoparquet"),
        (Format.csv, "out.txt", "csv"),
        (Format.gpkg, "/dev/stdout", "gpkg"),
        (Format.csv, None, "csv"),
        (Format.kml, None, "kml"),
    ],
)
def test_the_format_is_that_requested_or_that_of_the_ending(
    requested: Format | None, name: str | None, chosen: str
) -> None:
    assert choose_format(requested, None if name is None else Path(name)) == chosen


@pytest.mark.parametrize("name", ["out.tsv", "out.xls", "out.shp", "out.jsonl.gz", "out.csv.zip", "out.KMZ"])
def test_a_name_of_another_format_is_refused(name: str) -> None:
    ending = Path(name).suffix.lower()
    for requested in (None, Format.jsonl):
        with pytest.raises(BadOption, match=f"--output: {name}: predictions are not written as {ending}; give"):
            choose_format(requested, Path(name))


def test_a_format_does_not_go_under_the_name_of_another() -> None:
    with pytest.raises(BadOption, match=r"--format: csv does not go into out\.xlsx; name the file \.csv, or leave"):
        choose_format(Format.csv, Path("out.xlsx"))
    with pytest.raises(BadOption, match=r"name the file \.jsonl or \.ndjson or \.json"):
        choose_format(Format.jsonl, Path("out.geojson"))


def test_what_is_not_text_needs_a_file() -> None:
    for name in (Format.parquet, Format.xlsx, Format.gpkg, Format.geoparquet):
        with pytest.raises(BadOption, match=f"--format: {name} is not text; give a file with --output"):
            choose_format(name, None)


def test_every_format_has_an_ending() -> None:
    assert {formats[0] for formats in OF_ENDINGS.values()} == set(Format)
    assert not OTHERS & set(OF_ENDINGS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--shape", "circles"), "--shape: does nothing in jsonl; give --format geojson, geoparquet, gpkg, kml, or"),
        (("--show-texts", "--format", "csv"), "--show-texts: does nothing in csv; give --format map, or leave it out"),
        (("--format", "xlsx"), "--format: xlsx is not text; give a file with --output"),
        (("--output", "out.feather"), "--output: out.feather: predictions are not written as .feather"),
    ],
)
def test_what_does_not_fit_the_format_is_refused_before_anything_is_read(options: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ["predict", "no-run", "no-posts.jsonl", *options])
    assert isinstance(done.exception, BadOption)
    assert str(done.exception).startswith(said)


@pytest.mark.parametrize(
    ("module", "name", "remedy"),
    [
        ("pyogrio", "out.gpkg", "postplace[geo]"),
        ("geopandas", "out.kml", "postplace[geo]"),
        ("openpyxl", "o.xlsx", "[excel]"),
    ],
)
def test_a_library_that_is_missing_is_named_before_anything_is_read(
    module: str, name: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    done = CliRunner().invoke(app, ["predict", "no-run", "no-posts.jsonl", "--output", name])
    assert isinstance(done.exception, BadOption)
    assert f"needs {module}, not installed here" in str(done.exception)
    assert remedy in str(done.exception)
