"""What a path is recognised as: a source's, an export that none reads, or nothing that is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postplace import Post, read_source, register_source
from postplace.errors import BadPost
from postplace.posts.auto import recognise
from postplace.posts.known_exports import known_export
from postplace.posts.registry import find_source, source_names, unregister_source


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def instaloader(folder: Path) -> None:
    write(folder / "mira" / "2022-09-26_11-27-30_UTC.json", {"node": {"shortcode": "a"}, "instaloader": {}})


def instaloader_texts(folder: Path) -> None:
    write(folder / "2022-09-26_11-27-30_UTC.txt", "evening")


def bare_nodes(folder: Path) -> None:
    write(folder / "2934.json", {"__typename": "GraphImage", "shortcode": "a", "id": "1"})


def weibo_json(folder: Path) -> None:
    write(folder / "小安" / "1.json", {"user": {"id": 1}, "weibo": [{"id": 1, "bid": "L", "text": "a", "pics": ""}]})


def weibo_csv(folder: Path) -> None:
    write(folder / "小安" / "1.csv", "id,bid,正文,位置\n1,L,a,\n")


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (instaloader, "instaloader"),
        (instaloader_texts, "instaloader"),
        (bare_nodes, "instaloader"),
        (weibo_json, "weibo"),
        (weibo_csv, "weibo"),
    ],
)
def test_the_older_sources_are_recognised(tmp_path: Path, make: Callable[[Path], None], name: str) -> None:
    make(tmp_path)
    assert recognise(tmp_path).name == name


def test_auto_reads_with_the_source_that_it_found(tmp_path: Path) -> None:
    weibo_json(tmp_path)
    dump = read_source("auto", tmp_path)
    assert [post.text for post in dump] == ["a"]
    assert dump.counts["posts"] == 1


def test_auto_takes_the_reference_system_as_the_source_would(tmp_path: Path) -> None:
    write(
        tmp_path / "a.jsonl", {"id": 1, "rawContent": "a", "coordinates": {"longitude": 121.4945, "latitude": 31.2405}}
    )
    ((auto,), (tweets,)) = (read_source(name, tmp_path, crs="gcj02") for name in ("auto", "tweets"))
    assert auto == tweets
    assert auto.latitude != 31.2405


FLICKR = {"id": "5", "name": "Old Bridge", "date_taken": "2022-09-28 10:00:00", "original": "x", "count_views": "1"}
INSTAGRAM = [{"media": [{"uri": "media/posts/a.jpg", "creation_timestamp": 1664191650}]}]
TAKEOUT = {"title": "IMG_1.jpg", "photoTakenTime": {"timestamp": "1664191650"}}


@pytest.mark.parametrize(
    ("name", "content", "is_", "remedy"),
    [
        ("dump.zip", "PK", "holds the archive dump.zip", "unpack it"),
        ("your_instagram_activity/media/posts_1.json", INSTAGRAM, "is Instagram's export", "no source reads it yet"),
        ("media/posts_1.json", INSTAGRAM, "is Instagram's export", "make a table of it"),
        ("your_instagram_activity/media/posts_1.html", "<html>", "in HTML", "in the format JSON"),
        ("Your archive.html", "<html>", "is an archive of X without tweets.js", "data/tweets.js"),
        ("photo_5.json", FLICKR, "is Flickr's export", "no source reads it yet"),
        ("outbox.json", {"type": "OrderedCollection", "orderedItems": []}, "is Mastodon's export", "no source"),
        ("Takeout/IMG_1.jpg.supplemental-metadata.json", TAKEOUT, "as Takeout gives it", "no source reads it"),
        ("Photos from 2022/IMG_1.jpg.json", TAKEOUT, "as Takeout gives it", "no source reads it"),
        ("mira.json", {"GraphImages": []}, "is a dump of instagram-scraper", "no source reads it"),
        ("a.geojson", {"type": "FeatureCollection", "features": []}, "is GeoJSON", "postplace import places"),
        ("osm.csv", "osm_id,code,fclass,name,lat,lon\n", "holds places of OpenStreetMap", "postplace import places"),
        ("posts.csv", "id,text\n1,a\n", "holds posts.csv, posts", "it needs no import"),
        ("places.csv", "place,name\n1,a\n", "is a list of places already", "`places`"),
    ],
)
def test_what_no_source_reads_is_named_for_what_it_is(
    tmp_path: Path, name: str, content: object, is_: str, remedy: str
) -> None:
    write(tmp_path / name, content)
    with pytest.raises(BadPost) as caught:
        list(read_source("auto", tmp_path))
    assert is_ in caught.value.found
    assert remedy in caught.value.remedy


def test_places_in_parquet_are_named(tmp_path: Path) -> None:
    for name, columns in (("fsq", ["fsq_place_id", "latitude"]), ("overture", ["names", "geometry", "categories"])):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({column: ["x"] for column in columns}), path)
        known = known_export(path)
        assert known is not None
        assert "Places" in known.is_ or "places" in known.is_
        assert "postplace import places" in known.remedy


def test_nothing_that_is_known(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BadPost, match=r"holds nothing that is known; looked for instaloader: a folder"):
        recognise(tmp_path)
    with pytest.raises(BadPost, match="does not exist; check the path"):
        recognise(tmp_path / "none")


def test_what_several_sources_read_must_be_named(tmp_path: Path) -> None:
    instaloader(tmp_path)
    write(tmp_path / "tweets.jsonl", {"id": 1, "rawContent": "a"})
    with pytest.raises(BadPost, match="several sources read: instaloader and tweets; name the one"):
        recognise(tmp_path)


def test_a_source_of_ones_own_is_asked_too(tmp_path: Path) -> None:
    def is_lines(path: Path) -> bool:
        if path.suffix != ".lines":
            raise RuntimeError("of another package: it may fail")
        return True

    @register_source("doctest-lines", reads="a .lines file", detect=is_lines)
    def read_lines(path: Path) -> Iterator[Post]:
        yield Post("1", text=path.read_text())

    try:
        (tmp_path / "a.lines").write_text("evening")
        assert [post.text for post in read_source("auto", tmp_path / "a.lines")] == ["evening"]
        (tmp_path / "b").mkdir()
        instaloader(tmp_path / "b")
        assert recognise(tmp_path / "b").name == "instaloader"
    finally:
        unregister_source("doctest-lines")


def test_every_source_of_the_package_can_be_asked() -> None:
    assert [name for name in source_names() if name != "auto" and not find_source(name).detect] == []


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["a.json", "a.jsonl", "a.csv", "a.js", "a.tsv", "a.json.gz", "a.parquet", "tweets.js", "a"]),
    content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
def test_whatever_lies_there_it_is_recognised_or_a_bad_post(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / name).write_bytes(content)
    for path in (folder, folder / name):
        with suppress(BadPost):
            recognise(path)
