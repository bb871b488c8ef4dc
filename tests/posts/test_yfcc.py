"""The table of YFCC100M, with 23 and with 25 columns."""

from __future__ import annotations

import bz2
import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postplace.posts.auto import recognise
from postplace.posts.yfcc import COLUMNS, NO_TABLE, ROUGH, detect, yfcc_table

COUNT = int(os.environ.get("POSTPLACE_MUTATIONS", "3000"))
DIGEST = "abcdef0123456789abcdef0123456789"


def row(number: int = 0, **changes: str) -> list[str]:
    """The 23 cells of a photo."""
    cells = {
        "photoid": str(6000 + number),
        "uid": "12345@N00",
        "unickname": "mira+o",
        "datetaken": "2012-04-30 23:10:00.0",
        "dateuploaded": "1335866400",
        "capturedevice": "Box+Camera",
        "title": "Old+Bridge%2C+evening",
        "description": "by+the+%E6%B2%B3+%3Ca+href%3D%22x%22%3Emap%3C%2Fa%3E",
        "usertags": "river,old+bridge,%E6%B2%B3",
        "machinetags": "geo:lat=51.05",
        "longitude": "13.7352",
        "latitude": "51.0544",
        "accuracy": "16",
        "pageurl": f"http://www.flickr.example/photos/x/{6000 + number}/",
        "downloadurl": f"http://farm1.example/1/{6000 + number}_s.jpg",
        "licensename": "Attribution",
        "licenseurl": "http://cc.example",
        "serverid": "1",
        "farmid": "2",
        "secret": "s",
        "secretoriginal": "s2",
        "ext": "jpg",
        "marker": "0",
    }
    assert tuple(cells) == COLUMNS
    return list((cells | changes).values())


def longer(cells: list[str]) -> list[str]:
    """The same with a line number and a hash."""
    return ["7", cells[0], DIGEST, *cells[1:]]


def save(path: Path, *rows: list[str]) -> Path:
    path.write_text("".join("\t".join(cells) + "\n" for cells in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", [list, longer])
@pytest.mark.parametrize("name", ["6000.jpg", "images/6000_s.jpg"])
def test_a_photo(tmp_path: Path, form, name: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "images").mkdir()
    (tmp_path / name).write_bytes(b"x")
    path = save(tmp_path / "yfcc100m_dataset.tsv", form(row()), form(row(1, marker="1")), form(row()))
    dump = yfcc_table(tmp_path)
    post, video = dump
    assert (post.id, post.user, post.text) == ("6000", "12345@N00", "Old Bridge, evening\nby the 河 map")
    assert post.hashtags == ("river", "old bridge", "河")
    assert post.time == datetime(2012, 5, 1, 10, tzinfo=UTC)
    assert (post.latitude, post.longitude, post.place) == (51.0544, 13.7352, None)
    assert (post.images, video.images) == ((tmp_path / name,), ())
    assert dump.counts == {"posts": 2, "the same post again": 1, "video ignored": 1}
    assert recognise(tmp_path).name == recognise(path).name == "yfcc"


def test_the_layout_of_multimedia_commons_compressed(tmp_path: Path) -> None:
    (tmp_path / "images" / "abc" / "def").mkdir(parents=True)
    (tmp_path / "images" / "abc" / "def" / f"{DIGEST}.jpg").write_bytes(b"x")
    (tmp_path / "yfcc100m_dataset.bz2").write_bytes(bz2.compress("\t".join(longer(row())).encode()))
    (post,) = yfcc_table(tmp_path / "yfcc100m_dataset.bz2")
    assert post.images == (tmp_path / "images" / "abc" / "def" / f"{DIGEST}.jpg",)
    assert detect(tmp_path)


@pytest.mark.parametrize(
    ("cells", "counts"),
    [
        (row(longitude="", latitude="", accuracy=""), {"posts": 1}),
        (row(accuracy="11"), {"posts": 1, ROUGH: 1}),
        (row(dateuploaded="null"), {"posts": 1, "time cannot be read": 1}),
        (row(latitude="951"), {"posts": 1, "coordinates cannot be read": 1}),
        (row()[:-1], {"row of another table, or cut short": 1}),
        (row(uid="mira"), {NO_TABLE: 1}),
        (list(COLUMNS), {"empty file": 1}),
    ],
)
def test_what_is_counted(tmp_path: Path, cells: list[str], counts: dict[str, int]) -> None:
    (tmp_path / "6000.jpg").write_bytes(b"x")
    dump = yfcc_table(save(tmp_path / "a.tsv", cells))
    list(dump)
    assert dump.counts == counts


def test_every_mutated_row_ends_as_a_post_or_a_reason(tmp_path: Path) -> None:
    rng = random.Random(6)
    odd = ["", "x", "\ud800", "1e9", "-1", "%", "%zz", "%ff", "9" * 400, "nan", "../../a", "\x0b", "<b", "0"]
    rows = []
    for number in range(COUNT):
        cells = row(number if rng.random() < 0.95 else rng.randrange(COUNT))
        cells = longer(cells) if rng.random() < 0.5 else cells
        if rng.random() < 0.5:
            cells[rng.randrange(len(cells))] = rng.choice(odd)
        rows.append(cells[: rng.randrange(1, len(cells))] if rng.random() < 0.02 else cells)
    lines = "".join("\t".join(cells) + "\n" for cells in rows)
    (tmp_path / "a.tsv").write_text(lines, encoding="utf-8", errors="surrogatepass")
    dump = yfcc_table(tmp_path)
    posts = list(dump)
    assert len(posts) == len({post.id for post in posts}) == dump.tally.posts
    assert dump.tally.records == sum(any(cell.strip() for cell in cells) for cells in rows)
    assert len(posts) > COUNT // 2
    assert dump.refused_count > 0
