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
from postplace.posts.auto import instead_of, recognise, what_else
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


# --- a path given for something else than it is

AUTO = "`postplace import auto` says which source reads it"


def own_table(path: Path) -> Path:
    return write(path, "id,text,place\n1,a,b\n")


def folder_of(make: Callable[[Path], None], path: Path) -> Path:
    make(path)
    return path


def fsq(path: Path) -> Path:
    table = pa.table({"fsq_place_id": ["1"], "name": ["Mill"], "latitude": [1.0], "longitude": [2.0]})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def empty_folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda at: own_table(at / "t.csv"), ""),
        (lambda at: write(at / "x.txt", "x"), ""),
        (lambda at: at / "nowhere", ""),
        (lambda at: empty_folder(at / "empty"), ""),
        (
            lambda at: folder_of(instaloader, at / "d"),
            "the source instaloader reads it: `postplace import instaloader`",
        ),
        (
            lambda at: folder_of(weibo_json, at / "d"),
            "the source weibo reads it: `postplace import weibo` makes a file",
        ),
        (
            lambda at: fsq(at / "p.parquet"),
            "it holds FSQ OS Places; `postplace import places` makes a places.csv of it",
        ),
        (
            lambda at: write(at / "p.csv", "place;name\n1;Mill\n"),
            "it is a list of places already; give it to the option",
        ),
        (
            lambda at: write(at / "p.csv", "fsq_place_id,latitude\n1,1\n"),
            "it holds FSQ OS Places; give the Parquet files",
        ),
    ],
)
def test_what_a_path_given_as_a_table_is_instead(make: Callable[[Path], Path], expected: str, tmp_path: Path) -> None:
    said = what_else(make(tmp_path))
    assert said.startswith(expected)
    assert bool(said) == bool(expected)


@pytest.mark.parametrize(
    ("make", "otherwise", "expected"),
    [
        (lambda at: folder_of(weibo_json, at / "d"), AUTO, "the source weibo reads it: `postplace import weibo`"),
        (lambda at: folder_of(instaloader, at / "d"), AUTO, "it is what the source instaloader reads: the counts say"),
        (lambda at: folder_of(instaloader, at / "d"), "ask for JSON", "ask for JSON"),
        (lambda at: own_table(at / "t.csv"), AUTO, "it is a table of posts already; it needs no import"),
        (lambda at: write(at / "d.zip", "PK"), "give the folder", "unpack it, and give the folder"),
        (lambda at: fsq(at / "p.parquet"), "give the folder", "it holds FSQ OS Places; `postplace import places`"),
        (lambda at: empty_folder(at / "empty"), "", "the source instaloader reads a folder that Instaloader filled"),
        (lambda at: empty_folder(at / "empty"), "check the path", "check the path"),
    ],
)
def test_what_to_do_with_a_path_of_which_a_source_reads_nothing(
    make: Callable[[Path], Path], otherwise: str, expected: str, tmp_path: Path
) -> None:
    assert instead_of("instaloader", make(tmp_path), otherwise).startswith(expected)


@pytest.mark.parametrize("source", [name for name in source_names() if name != "auto"])
@pytest.mark.parametrize(
    "make",
    [
        lambda at: own_table(at / "given.csv"),
        lambda at: fsq(at / "given" / "p.parquet"),
        lambda at: write(at / "given.zip", "PK"),
        lambda at: folder_of(weibo_json, at / "given"),
        lambda at: folder_of(instaloader, at / "given"),
        lambda at: empty_folder(at / "given"),
        lambda at: write(at / "given.txt", "x"),
    ],
    ids=["own table", "places", "archive", "weibo", "instaloader", "empty", "text"],
)
def test_no_source_sends_anybody_to_what_they_gave(source: str, make: Callable[[Path], Path], tmp_path: Path) -> None:
    """Where a reader refuses a path as a whole; what it counts as no post is told by the command."""
    path = make(tmp_path)
    dump = read_source(source, path if path.name.startswith("given") else path.parent)
    with suppress(BadPost):
        list(dump)
        return
    with pytest.raises(BadPost) as caught:
        list(dump)
    where, found, remedy = caught.value.args
    assert "the folder that" not in remedy
    if (known := known_export(path)) is not None and where == str(path):
        assert known.remedy.removeprefix("it holds places, not posts: ") in remedy
    assert f"import {source}`" not in remedy
    assert found
