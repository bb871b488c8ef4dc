"""What is written is read by other programs, and what they write of it is read back as the same posts."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from postplace.posts.table import read_posts, write_posts
from postplace.schema import Post

SHANGHAI = timezone(timedelta(hours=8))
Convert = Callable[[Path, Path], None]


def made(folder: Path) -> list[Post]:
    """Posts with what other programs get wrong: long ids of digits, lists, zones, quotes, words of 'no value'."""
    return [
        Post(
            id="4760000000000001",
            text='evening, "quoted"\nand a second line; #river',
            hashtags=("river", "New York", "夜景"),
            images=(folder / "a b.jpg", folder / "图.jpg"),
            user="1000000000000000007",
            time=datetime(2022, 9, 26, 11, 27, 30, tzinfo=SHANGHAI),
            place="Old Bridge",
            venue="213385402",
            category="food",
            latitude=51.0544,
            longitude=13.7352,
        ),
        Post(
            id="4760000000000002",
            text="NA",
            hashtags=("river",),
            images=(folder / "c.jpg",),
            user="1000000000000000009",
            time=datetime(2022, 12, 1, 23, 59, 59, tzinfo=UTC),
            place="Café Nord",
            venue="213385403",
            category="food",
            latitude=-33.8568,
            longitude=180.0,
            image_text="EXIT 3",
        ),
    ]


def same(read: list[Post], posts: list[Post]) -> None:
    """Of times the moment counts, and whether they have a zone: programs keep it as UTC, or as the machine's own."""
    assert read == posts
    assert [post.time and (post.time, post.time.tzinfo is None) for post in read] == [
        post.time and (post.time, post.time.tzinfo is None) for post in posts
    ]


# --- tables in memory, of what was written


FRAMES: dict[str, Callable[[Path], object]] = {
    "pandas-parquet": pd.read_parquet,
    "pandas-parquet-arrow": lambda path: pd.read_parquet(path, dtype_backend="pyarrow"),
    "pandas-csv": lambda path: pd.read_csv(path, dtype={"id": str, "user": str, "venue": str}, keep_default_na=False),
    "pandas-jsonl": lambda path: pd.read_json(path, lines=True, dtype=False, convert_dates=False),
    "polars-parquet": pl.read_parquet,
    "polars-parquet-lazy": pl.scan_parquet,
    "polars-csv": lambda path: pl.read_csv(path, infer_schema=False),
    "polars-csv-typed": lambda path: pl.read_csv(path, schema_overrides={"id": pl.Int128, "user": pl.Int128}),
    "polars-jsonl": pl.read_ndjson,
    "arrow-parquet": pq.read_table,
    "arrow-csv": lambda path: pyarrow.csv.read_csv(
        path, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)
    ),
    "arrow-dataset-parquet": lambda path: ds.dataset(path),
    "duckdb-parquet": lambda path: duckdb.sql(f"FROM read_parquet('{path}')"),
    "duckdb-csv": lambda path: duckdb.sql(f"FROM read_csv('{path}', all_varchar = true)"),
    "duckdb-csv-typed": lambda path: duckdb.sql(f"FROM read_csv('{path}')"),
    "duckdb-jsonl": lambda path: duckdb.sql(f"FROM read_json('{path}')"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_what_was_written_is_read_by_other_programs_and_given_back(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the images of a table in memory are found from the folder of the process
    ending = next(part for part in ("parquet", "csv", "jsonl") if part in name)
    path = tmp_path / f"posts.{ending}"
    write_posts(made(tmp_path), path)
    same(read_posts(FRAMES[name](path)), made(Path()))


# --- files that other programs wrote of what was written


def sql(text: str) -> Convert:
    def convert(source: Path, target: Path) -> None:
        duckdb.sql(text.format(source=source, target=target))

    return convert


def to_xlsx(source: Path, target: Path) -> None:
    """As somebody pastes a CSV into a sheet whose columns are text, beside a sheet of notes."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "notes"
    sheet.append(["what", "this", "is"])
    posts = book.create_sheet("posts")
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            posts.append(row)
    book.save(target)


def excel_csv(source: Path, target: Path) -> None:
    """As a German Excel saves 'CSV UTF-8': a mark, semicolons, decimal commas."""
    with source.open(encoding="utf-8", newline="") as file, target.open("w", encoding="utf-8-sig", newline="") as out:
        rows = csv.DictReader(file)
        writer = csv.DictWriter(out, rows.fieldnames or (), delimiter=";")
        writer.writeheader()
        for row in rows:
            degrees = {key: row[key].replace(".", ",") for key in ("latitude", "longitude")}
            writer.writerow(row | degrees)


CONVERTED: dict[str, Convert] = {
    "pandas .parquet>.parquet": lambda a, b: pd.read_parquet(a).to_parquet(b),
    "pandas .parquet>.jsonl": lambda a, b: pd.read_parquet(a).to_json(b, orient="records", lines=True),
    "pandas .parquet>.json": lambda a, b: pd.read_parquet(a).to_json(b, orient="records", indent=2),
    "pandas .parquet>.jsonl.gz": lambda a, b: pd.read_parquet(a).to_json(b, orient="records", lines=True),
    "pandas .csv>.csv": lambda a, b: pd.read_csv(a, dtype=str, keep_default_na=False).to_csv(b, index=False),
    "pandas .csv>.csv.gz": lambda a, b: pd.read_csv(a, dtype=str, keep_default_na=False).to_csv(b, index=False),
    "pandas .csv>.csv.zst": lambda a, b: (
        pl.read_csv(a, infer_schema=False).to_pandas().to_csv(pa.output_stream(str(b), compression="zstd"), index=False)
    ),
    "pandas .csv>.tsv.xz": lambda a, b: pd.read_csv(a, dtype=str, keep_default_na=False).to_csv(
        b, index=False, sep="\t"
    ),
    "pandas .csv>.xlsx": lambda a, b: pd.read_csv(a, dtype=str, keep_default_na=False).to_excel(b, index=False),
    "polars .parquet>.parquet": lambda a, b: pl.read_parquet(a).write_parquet(b),
    "polars .parquet>.jsonl": lambda a, b: pl.read_parquet(a).write_ndjson(b),
    "polars .parquet>.json": lambda a, b: pl.read_parquet(a).write_json(b),
    "polars .csv>.csv": lambda a, b: pl.read_csv(a, infer_schema=False).write_csv(b),
    "polars .csv>.tsv": lambda a, b: pl.read_csv(a, infer_schema=False).write_csv(b, separator="\t"),
    "polars .csv>.parquet": lambda a, b: pl.read_csv(
        a, try_parse_dates=True, schema_overrides={"user": pl.String}
    ).write_parquet(b),
    "arrow .parquet>.parquet": lambda a, b: pq.write_table(pq.read_table(a), b, compression="zstd"),
    "arrow .csv>.csv": lambda a, b: pyarrow.csv.write_csv(
        pyarrow.csv.read_csv(a, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)), b
    ),
    "duckdb .parquet>.parquet": sql("COPY (FROM read_parquet('{source}')) TO '{target}'"),
    "duckdb .parquet>.jsonl": sql("COPY (FROM read_parquet('{source}')) TO '{target}' (FORMAT json)"),
    "duckdb .parquet>.json": sql("COPY (FROM read_parquet('{source}')) TO '{target}' (FORMAT json, ARRAY true)"),
    "duckdb .parquet>.csv": sql("COPY (FROM read_parquet('{source}')) TO '{target}'"),
    "duckdb .parquet>.csv.gz": sql("COPY (FROM read_parquet('{source}')) TO '{target}'"),
    "duckdb .parquet>.tsv": sql("COPY (FROM read_parquet('{source}')) TO '{target}' (DELIMITER '\t')"),
    "duckdb .csv>.parquet": sql("COPY (FROM read_csv('{source}')) TO '{target}'"),
    "duckdb .jsonl>.parquet": sql("COPY (FROM read_json('{source}')) TO '{target}'"),
    "openpyxl .csv>.xlsx": to_xlsx,
    "excel .csv>.csv": excel_csv,
}


@pytest.mark.parametrize("name", CONVERTED)
def test_what_other_programs_write_is_read_back_as_the_same_posts(name: str, tmp_path: Path) -> None:
    source, _, target = name.rpartition(" ")[2].partition(">")
    given, converted = tmp_path / f"posts{source}", tmp_path / f"again{target}"
    write_posts(made(tmp_path), given)
    CONVERTED[name](given, converted)
    same(read_posts(converted), made(tmp_path))


# --- what a program does to values of its own accord


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl", ".xlsx", "frame"])
def test_a_column_of_numbers_with_gaps_gives_the_same_ids_everywhere(tmp_path: Path, ending: str) -> None:
    """pandas makes floats of it, which CSV and Excel write as 1001.0."""
    frame = pd.DataFrame({"id": [123.0, 124.0], "text": ["a", "b"], "user": [1001, None], "venue": [5.0, 6.0]})
    path = tmp_path / f"posts{ending}"
    write: dict[str, Callable[[], Any]] = {
        ".csv": lambda: frame.to_csv(path, index=False),
        ".parquet": lambda: frame.to_parquet(path),
        ".jsonl": lambda: frame.to_json(path, orient="records", lines=True),
        ".xlsx": lambda: frame.to_excel(path, index=False),
        "frame": lambda: None,
    }
    write[ending]()
    posts = read_posts(frame if ending == "frame" else path)
    assert [(post.id, post.user, post.venue) for post in posts] == [("123", "1001", "5"), ("124", None, "6")]


def test_times_of_types_keep_their_moment_and_their_lack_of_a_zone(tmp_path: Path) -> None:
    aware, naive = datetime(2022, 9, 26, 11, 27, 30, 250_000, tzinfo=UTC), datetime(2022, 9, 26, 11, 27, 30)
    frames = {
        "aware": pl.DataFrame({"id": ["1"], "text": ["x"], "time": [aware.astimezone(SHANGHAI)]}),
        "naive": pl.DataFrame({"id": ["1"], "text": ["x"], "time": [naive]}),
    }
    for name, expected in (("aware", aware), ("naive", naive)):
        frame = frames[name]
        files = [
            tmp_path / f"{name}.{ending}" for ending in ("parquet", "csv", "jsonl", "p.csv", "p.jsonl", "p.parquet")
        ]
        frame.write_parquet(files[0])
        frame.write_csv(files[1])
        frame.write_ndjson(files[2])
        frame.to_pandas().to_csv(files[3], index=False)
        frame.to_pandas().to_json(files[4], orient="records", lines=True, date_format="iso")
        frame.to_pandas().to_parquet(files[5])
        duckdb.sql("SET TimeZone = 'Asia/Shanghai'")
        for ending in ("csv", "json", "parquet"):
            files.append(tmp_path / f"{name}.d.{ending}")
            duckdb.sql(f"COPY (FROM '{files[0]}') TO '{files[-1]}'")
        for source in (frame, frame.to_pandas(), frame.to_arrow(), duckdb.sql(f"FROM '{files[0]}'"), *files):
            (post,) = read_posts(source)
            assert post.time == expected, source
            assert (post.time.tzinfo is None) == (name == "naive"), source


def test_excel_cells_that_are_numbers_and_dates(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([None])
    sheet.append(["id", "text", "time", "latitude", "longitude", None, "hashtags"])
    sheet.append([4760000000000001, "a", datetime(2022, 9, 26, 11, 27, 30), 51.5, 13.5, None, "river; night"])
    sheet.append([None])
    sheet.append([7, "#N/A", None, None, None, "aside", None])
    book.save(tmp_path / "posts.xlsx")
    with pytest.warns(UserWarning, match="keys that are not used: a column without a name"):
        first, second = read_posts(tmp_path / "posts.xlsx")
    assert first == Post(
        "4760000000000001",
        "a",
        ("river", "night"),
        time=datetime(2022, 9, 26, 11, 27, 30),
        latitude=51.5,
        longitude=13.5,
    )
    assert second == Post("7")


def test_geometry_and_other_columns_of_arrow_are_told_and_not_read(tmp_path: Path) -> None:
    table = pa.table({"id": ["1"], "text": ["x"], "geom": [b"\x01"], "raw": pc.struct_field(pa.array([{"a": 1}]), [0])})
    path = tmp_path / "posts.parquet"
    pq.write_table(table, path)
    with pytest.warns(UserWarning, match="keys that are not used: geom, raw"):
        assert read_posts(path) == [Post("1", "x")]


def test_json_of_a_program_that_escapes_and_sorts(tmp_path: Path) -> None:
    write_posts(made(tmp_path), tmp_path / "posts.jsonl")
    records = [json.loads(line) for line in (tmp_path / "posts.jsonl").read_text(encoding="utf-8").splitlines()]
    (tmp_path / "again.json").write_text(json.dumps(records, sort_keys=True, indent=4), encoding="utf-8")
    same(read_posts(tmp_path / "again.json"), made(tmp_path))
