"""What no source reads is named for what it is, with what to do; what is not known is not guessed at."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from postplace.posts.known_exports import NO_IMPORT, NO_POSTS, UNPACK, KnownExport, known_export


def put(path: Path, content: object = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def is_(path: Path) -> str:
    known = known_export(path)
    return "" if known is None else known.is_


def test_an_archive_and_a_folder_with_one(tmp_path: Path) -> None:
    file = put(tmp_path / "Dump.TAR.gz")
    assert known_export(file) == KnownExport("is an archive", UNPACK)
    known = known_export(tmp_path)
    assert known is not None
    assert known.is_ == "holds the archive Dump.TAR.gz"
    assert known.remedy.startswith("unpack it, and give the folder")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Your_Instagram_Activity/a.html"], "is an export of Instagram in HTML"),
        (["your_instagram_activity/a.html", "other/b.json"], "is Instagram's export of one's own account"),
        (["data/account.js", "data/manifest.js"], "is an archive of X without tweets.js"),
        (["data/account.js"], ""),
        (["a.jpg.supplemental-metadata.json"], "is Google Photos as Takeout gives it"),
        (["Takeout/a.jpg"], "is Google Photos as Takeout gives it"),
        (["outbox.json", "actor.json"], "is Mastodon's export of one's own account"),
        (["notes.txt", "a.jpg"], ""),
    ],
)
def test_by_the_names_that_an_export_has(names: list[str], expected: str, tmp_path: Path) -> None:
    for name in names:
        put(tmp_path / name)
    assert is_(tmp_path) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"uri": "a.jpg", "creation_timestamp": 1}, "is Instagram's export of one's own account"),
        ({"media": [{"uri": "a.jpg"}]}, ""),
        ({"media": []}, ""),
        ({"id": "5", "name": "x", "original": "y"}, "is Flickr's export of one's own account"),
        ({"id": "5", "original": "y"}, ""),
        ({"type": "OrderedCollection"}, "is Mastodon's export of one's own account"),
        ({"photoTakenTime": None}, "is Google Photos as Takeout gives it"),
        ({"GraphProfileInfo": {}}, "is a dump of instagram-scraper"),
        ({"type": "Feature"}, "is GeoJSON, of places as it seems"),
        ({"type": "Point"}, ""),
    ],
)
def test_by_the_first_records(record: dict[str, object], expected: str, tmp_path: Path) -> None:
    file = put(tmp_path / "a.json", record)
    assert is_(file) == expected
    known = known_export(file)
    assert known is None or known.remedy.startswith(NO_POSTS) == ("GeoJSON" in expected)


@pytest.mark.parametrize(
    ("name", "header", "expected"),
    [
        ("a.csv", "fsq_place_id,latitude,longitude\n", "holds FSQ OS Places"),
        ("a.tsv", "@id\tname\t@lat\n", "holds places of OpenStreetMap, from Overpass"),
        ("a.csv", "OSM_ID;fclass;Name\n", "holds places of OpenStreetMap"),
        ("a.csv", "id;likes;text\n", "is a table of posts already"),
        ("a.csv", "id,likes\n", ""),
        ("a.csv", "place,name\n", "is a list of places already"),
        ("a.csv", "", ""),
        ("a.jsonl", '{"id": 1}\n{"text": "a"}\n', "is a table of posts already"),
        ("a.txt", "place,name\n", ""),
    ],
)
def test_by_the_columns_of_a_table(name: str, header: str, expected: str, tmp_path: Path) -> None:
    assert is_(put(tmp_path / name, header)) == expected


def test_posts_in_a_folder_name_their_file_and_a_compressed_one_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "mine.csv.gz").write_bytes(gzip.compress(b"id,images\n"))
    assert known_export(tmp_path) == KnownExport(
        "holds mine.csv.gz, posts", f"{NO_IMPORT}give a file in it: mine.csv.gz"
    )


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["fsq_place_id", "latitude"], "holds FSQ OS Places"),
        (["names", "geometry", "categories"], "holds places of Overture Maps"),
        (["names", "geometry"], ""),
    ],
)
def test_places_in_parquet(columns: list[str], expected: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({column: ["x"] for column in columns}), tmp_path / "a.parquet")
    known = known_export(tmp_path / "a.parquet")
    assert ("" if known is None else known.is_) == expected
    assert known is None or known.remedy == f"{NO_POSTS}`postplace import places` makes a places.csv of it"


def test_what_cannot_be_read_is_nothing_that_is_known(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no Parquet")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    assert [known_export(path) for path in (tmp_path, tmp_path / "none", Path("\0"))] == [None, None, None]


def test_posts_are_found_among_places_geojson_and_archives(tmp_path: Path) -> None:
    put(tmp_path / "places.csv", "place,name,latitude,longitude,category,aliases\n1,Pier,31.3,121.6,,\n")
    put(tmp_path / "area.geojson", {"type": "FeatureCollection", "features": []})
    put(tmp_path / "images.zip")
    put(tmp_path / "posts.jsonl", '{"id": "1", "text": "a"}\n')
    put(tmp_path / "more.csv", "id,text\n2,b\n")
    expected = KnownExport("holds more.csv, posts", f"{NO_IMPORT}give a file in it: more.csv, posts.jsonl")
    assert known_export(tmp_path) == expected
