"""What predict writes, opened by the programs that it is written for: the same rows, of the same types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyarrow import parquet
from tests.cli.answers import ANSWERED, LONG_ID, MIXED, answered

from postplace.cli.output import HEADER, write_predictions
from postplace.places.rows import COLUMNS
from postplace.schema import Prediction

PROPERTIES = [column.property for column in COLUMNS if column.property is not None]
GEO = {"geojson": "geojson", "gpkg": "gpkg", "geoparquet": "parquet", "kml": "kml"}
IDS = ["none", *[LONG_ID] * 3, *["p2"] * 3]


def written(folder: Path, name: str, predictions: Sequence[Prediction] = MIXED, *, shape: str = "points") -> Path:
    path = folder / f"{shape}.{GEO.get(name, name)}"
    write_predictions(predictions, name, path, shape=shape)
    return path


def opened(path: Path) -> Any:
    """A geographic file as a GeoDataFrame."""
    geopandas = pytest.importorskip("geopandas", reason="extra geo is not installed")
    return geopandas.read_parquet(path) if path.suffix == ".parquet" else geopandas.read_file(path)


def kinds(frame: Any) -> dict[str, str]:
    """What kind of value a column holds, by its name: of a GeoDataFrame or a DataFrame."""
    return {name: "text" if dtype in ("object", "str") else dtype.name for name, dtype in frame.dtypes.items()}


# --- geographic programs


@pytest.mark.parametrize("name", GEO)
@pytest.mark.parametrize("shape", ["points", "circles"])
def test_geopandas_and_folium_take_it(tmp_path: Path, name: str, shape: str) -> None:
    frame = opened(written(tmp_path, name, shape=shape))
    assert frame.crs.to_epsg() == 4326
    assert frame.post.tolist() == (IDS if shape == "points" else ["none", LONG_ID, "p2"])
    assert frame["rank"].tolist() == ([0, 1, 2, 3, 1, 2, 3] if shape == "points" else [0, 1, 1])
    assert set(frame.geometry.dropna().geom_type) == {"Point" if shape == "points" else "MultiPolygon"}
    assert frame.geometry.isna().tolist()[:2] == [True, False]
    assert frame.total_bounds[[0, 2]].tolist() == ([-179.985, 179.99] if shape == "points" else [-180.0, 180.0])
    flat = frame.drop(columns=[column for column in frame if str(frame[column].dtype).startswith("datetime")])
    assert len(json.loads(flat.to_json())["features"]) == len(frame)
    folium = pytest.importorskip("folium", reason="folium is not installed")
    page = folium.Map()
    folium.GeoJson(flat, tooltip=folium.GeoJsonTooltip(["post", "probability"])).add_to(page)
    assert LONG_ID in page.get_root().render()


@pytest.mark.parametrize("name", GEO)
def test_types_do_not_depend_on_a_post_that_is_not_answered(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").mkdir()
    all_answered, mixed = opened(written(tmp_path / "a", name, ANSWERED)), opened(written(tmp_path, name))
    assert kinds(all_answered) == kinds(mixed)
    found = kinds(mixed)
    expected = {"text": "text", "integer": "int32", "boolean": "int32", "number": "float64"}
    for column in COLUMNS:
        if column.property is not None:
            read_as = "Name" if name == "kml" and column.property == "name" else column.property
            assert found[read_as] == expected[column.kind], column.name


@pytest.mark.parametrize("name", ["gpkg", "geoparquet", "kml"])
def test_types_do_not_depend_on_regions_either(tmp_path: Path, name: str) -> None:
    """In GeoJSON a number that is missing everywhere has no type."""
    (tmp_path / "a").mkdir()
    without = opened(written(tmp_path / "a", name, [answered("1", region=False)]))
    assert kinds(without) == kinds(opened(written(tmp_path, name)))


@pytest.mark.parametrize("name", ["geojson", "gpkg", "kml"])
@pytest.mark.parametrize(
    ("where", "rows"),
    [
        (f"post = '{LONG_ID}'", 3),
        ("rank = 1", 2),
        ("rank = 0", 1),
        ("name = '=Bar, 外滩'", 2),
        ("name = ''", 1),
        ("probability > 0.1", 4),
        ("modalities LIKE '%hashtags%'", 6),
        ("confident = 1", 3),
        ("confident = 0", 4),
        ("in_set = 1", 2),
        ("level = 0.9", 6),
        ("level IS NULL", 1),
        ("radius_km BETWEEN 2 AND 3", 6),
        ("coverage_over = 'users'", 6),
        ("not_read = ''", 7),
        ("circle_latitude < 0", 6),
        ("circle_longitude > 179", 6),
    ],
)
def test_gdal_can_ask_for_every_property(tmp_path: Path, name: str, where: str, rows: int) -> None:
    pyogrio = pytest.importorskip("pyogrio", reason="extra geo is not installed")
    assert len(pyogrio.read_dataframe(written(tmp_path, name), where=where)) == rows


def test_geojson_goes_into_geoparquet_and_back(tmp_path: Path) -> None:
    frame = opened(written(tmp_path, "geojson"))
    frame.to_parquet(tmp_path / "again.parquet")
    again = opened(tmp_path / "again.parquet")
    assert kinds(again) == kinds(frame)
    assert again.geometry.geom_equals(frame.geometry).tolist() == [False, True, True, False, True, True, False]


def test_the_middle_of_both_sides_of_the_antimeridian_is_there(tmp_path: Path) -> None:
    west, south, east, north = json.loads(written(tmp_path, "geojson").read_text())["bbox"]
    assert (west, south, east, north) == (179.99, -17.01, -179.985, -17.0)
    circle = opened(written(tmp_path, "geojson", shape="circles")).geometry.iloc[1]
    parts = sorted(part.centroid.x for part in circle.geoms)
    assert parts[0] < -179.9
    assert parts[1] > 179.9


# --- tables


@pytest.mark.parametrize("name", ["csv", "parquet", "xlsx"])
def test_pandas_reads_every_column_as_it_is_documented(tmp_path: Path, name: str) -> None:
    if name == "xlsx":
        pytest.importorskip("openpyxl", reason="extra excel is not installed")
    read: Any = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}[name]
    options: dict[str, Any] = {}
    if name != "parquet":  # what docs/outputs.md says to give
        types = {"text": str, "integer": "int64", "number": "float64"}
        given = {column.name: types[column.kind] for column in COLUMNS if column.kind in types}
        missing = {column.name: [""] for column in COLUMNS if column.kind == "number"}
        options = {"dtype": given, "keep_default_na": False, "na_values": missing}
    for predictions in (MIXED, ANSWERED):
        frame = read(written(tmp_path, name, predictions), **options)
        assert tuple(frame.columns) == HEADER
        assert [value for value in frame["id"] if value != "none"] == IDS[1:]
        assert set(frame["place"]) - {""} == {"Pier", "=Bar, 外滩", "somewhere"}
        assert frame["rank"].dtype.kind == "i"
        for column in COLUMNS:
            if column.kind == "number":
                assert frame[column.name].dtype == "float64", column.name
        if name != "csv":
            assert frame["confident"].dtype == frame["in_set"].dtype == bool


def test_polars_reads_both_tables(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    table = polars.read_parquet(written(tmp_path, "parquet"))
    types = {"text": polars.String, "integer": polars.Int32, "number": polars.Float64, "boolean": polars.Boolean}
    assert dict(table.schema) == {column.name: types[column.kind] for column in COLUMNS}
    assert table["id"].to_list() == IDS
    assert table["place"].to_list()[:4] == ["", "Pier", "=Bar, 外滩", "somewhere"]
    rows = polars.read_csv(written(tmp_path, "csv"))
    assert rows["rank"].to_list() == table["rank"].to_list()
    assert rows["id"].to_list() == IDS
    lines = polars.read_ndjson(written(tmp_path, "jsonl"))
    assert lines["id"].to_list() == ["none", LONG_ID, "p2"]


def test_duckdb_reads_them_all(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    types = {"text": "VARCHAR", "integer": "INTEGER", "number": "DOUBLE", "boolean": "BOOLEAN"}
    with duckdb.connect() as connection:
        table = written(tmp_path, "parquet")
        described = connection.sql(f"DESCRIBE SELECT * FROM '{table}'").fetchall()
        assert [(row[0], row[1]) for row in described] == [(column.name, types[column.kind]) for column in COLUMNS]
        sure = f"SELECT count(*) FROM '{table}' WHERE confident AND NOT in_set"
        assert connection.sql(sure).fetchall() == [(2,)]
        rows = written(tmp_path, "csv")
        described = connection.sql(f"DESCRIBE SELECT * FROM '{rows}'").fetchall()
        kept = {column.name: types[column.kind] for column in COLUMNS} | {"rank": "BIGINT"}
        assert {row[0]: row[1] for row in described} == kept
        features = f"SELECT count(*) FROM (SELECT unnest(features) f FROM read_json('{written(tmp_path, 'geojson')}'"
        columns = "columns={'features': 'STRUCT(id VARCHAR, properties STRUCT(post VARCHAR, confident INTEGER))[]'}"
        found = f"{features}, format='unstructured', {columns})) WHERE f.properties.confident = 1"
        assert connection.sql(found).fetchall() == [(3,)]
        lines = f"SELECT id FROM read_json('{written(tmp_path, 'jsonl')}')"
        assert [row[0] for row in connection.sql(lines).fetchall()] == ["none", LONG_ID, "p2"]


def test_arrow_has_declared_types(tmp_path: Path) -> None:
    schema = parquet.read_schema(written(tmp_path, "parquet"))
    types = {"text": "string", "integer": "int32", "number": "double", "boolean": "bool"}
    assert {field.name: str(field.type) for field in schema} == {column.name: types[column.kind] for column in COLUMNS}
    assert parquet.read_table(tmp_path / "points.parquet").num_rows == 7


def test_a_sheet_keeps_ids_whole_and_computes_nothing(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="extra excel is not installed")
    sheet = openpyxl.load_workbook(written(tmp_path, "xlsx")).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert tuple(cells[0]) == HEADER
    first = dict(zip(HEADER, cells[2], strict=True))
    assert (first["id"], first["rank"], first["place"], first["confident"]) == (LONG_ID, 1, "Pier", True)
    name = sheet.cell(4, HEADER.index("place") + 1)
    assert (name.value, name.data_type) == ("=Bar, 外滩", "s")
    assert sheet.cell(3, 1).data_type == "s"
    assert sheet.freeze_panes == "A2"


def test_what_a_cell_cannot_hold_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="extra excel is not installed")
    sheet = openpyxl.load_workbook(written(tmp_path, "xlsx", [answered("a\x07b")])).active
    assert sheet.cell(2, 1).value == "a\ufffdb"
    assert "3 cells hold characters that xlsx cannot" in capsys.readouterr().err
