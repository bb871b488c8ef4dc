"""weibo-crawler's exports: one flaw each, its siblings, and anything at all."""

from __future__ import annotations

import json
import os
import runpy
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postplace.errors import BadPost
from postplace.posts import dump as dump_module
from postplace.posts.dump import Dump
from postplace.posts.weibo import weibo_export
from postplace.posts.weibo_values import number_of_bid
from postplace.schema import Post

MAKE = runpy.run_path(str(Path(__file__).parents[1] / "data" / "weibo" / "make.py"))
IMAGES = "小安/img/原创微博图片"
TIME = datetime(2019, 12, 28, 10, 30, tzinfo=timezone(timedelta(hours=8)))
WHOLE = Post(
    id="4454572602912349",
    text="今天的#外滩夜景# 很美 & 很冷",
    hashtags=("外滩夜景", "上海"),
    user="1669879400",
    time=TIME,
    place="上海·外滩",
    venue="上海·外滩",
)
ONE = [f"{IMAGES}/20191228T_4454572602912349.jpg"]
LOST = {"image file is missing": 1}
RETWEET = {"text": "转发微博", "hashtags": (), "place": None, "venue": None}

ONE_FLAW: list[tuple[str, list[str], dict[str, Any], dict[str, int]]] = [
    ("whole", ONE, {}, {"the same post again": 1, "table that holds no posts": 1}),
    ("only_csv", [f"{IMAGES}/20191228_4454572602912349.jpg"], {}, {}),
    ("header_without_live_photo", ONE, {}, {"row moved back under its header": 1}),
    ("a_retweet", [], RETWEET, {"retweeted part left out": 1}),
    ("a_retweet_in_json", [], RETWEET, {"retweeted part left out": 1}),
    (
        "three_images",
        [f"{IMAGES}/20191228T_4454572602912349_1.jpg", f"{IMAGES}/20191228T_4454572602912349_3.gif"],
        {},
        LOST,
    ),
    ("an_empty_image", [], {}, {"image file is empty": 1}),
    ("a_video", [], {}, {"video ignored": 1}),
    (
        "html_in_the_text",
        [],
        {"text": "在#外滩#\n看夜景[心] 3 < 5", "hashtags": ("外滩", "外滩夜景", "上海")},
        LOST,
    ),
    ("a_rounded_id", ONE, {}, {"id computed from the bid": 1}),
    ("weibo_search", [], {"text": "在#外滩#", "hashtags": ("外滩",)}, {}),
    ("comments", [], {}, LOST | {"table that holds no posts": 1}),
    ("a_cut_row", [], {}, LOST | {"row is cut short": 1}),
    ("a_relative_time", [], {"time": None}, LOST | {"time cannot be read": 1}),
    ("no_id", [], {}, LOST | {"no id": 1, "not a record": 1}),
    ("no_user", [], {"user": None}, LOST | {"user unknown": 1}),
    (
        "lost_records",
        ONE,
        {},
        {"the same post again": 1, "table that holds no posts": 1, "image without metadata": 2},
    ),
    ("capitals", [f"{IMAGES}/20191228T_4454572602912349.JPG"], {}, {}),
]
DAMAGED = [
    ("a_rounded_id_alone", 0, "id rounded", "1669879400.csv, line 2: has the rounded id '4.45457E+15'; give the JSON"),
    ("not_utf_8", 0, "not UTF-8", "1669879400.csv: is not UTF-8; save the file as UTF-8"),
    ("a_cut_json", 2, "damaged JSON, the rest of its file", "1669879400.json, after post 2: is not complete JSON ("),
]


@pytest.mark.parametrize(("name", "images", "changes", "counts"), ONE_FLAW)
def test_an_export_with_one_flaw(
    tmp_path: Path, name: str, images: list[str], changes: dict[str, Any], counts: dict[str, int]
) -> None:
    MAKE["DUMPS"][name](tmp_path)
    export = weibo_export(tmp_path)
    for _ in range(2):
        (post,) = export
        expected = {key: getattr(WHOLE, key) for key in Post.__dataclass_fields__} | changes
        assert post == Post(**expected | {"images": tuple(tmp_path / image for image in images)})
        assert export.counts == {"posts": 1} | counts


@pytest.mark.parametrize(("name", "posts", "reason", "message"), DAMAGED)
def test_a_damaged_record_is_refused(tmp_path: Path, name: str, posts: int, reason: str, message: str) -> None:
    MAKE["DUMPS"][name](tmp_path)
    export = weibo_export(tmp_path)
    assert len(list(export)) == posts
    assert export.counts[reason] == export.refused_count == 1
    assert message in str(export.refused[0])


def test_every_export_that_is_made_is_tested() -> None:
    assert {name for name, *_ in (*ONE_FLAW, *DAMAGED)} == set(MAKE["DUMPS"])


def test_a_single_file(tmp_path: Path) -> None:
    MAKE["DUMPS"]["whole"](tmp_path)
    for name in ("1669879400.json", "1669879400.csv"):
        (post,) = weibo_export(tmp_path / "小安" / name)
        assert (post.user, post.images) == (WHOLE.user, (tmp_path / ONE[0],))


def test_a_single_file_says_nothing_of_the_images_of_others(tmp_path: Path) -> None:
    MAKE["DUMPS"]["lost_records"](tmp_path)
    export = weibo_export(tmp_path / "小安" / "1669879400.json")
    assert len(list(export)) == 1
    assert export.counts == {"posts": 1}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2019-12-28", datetime(2019, 12, 28)),
        ("2019-12-28 10:30", datetime(2019, 12, 28, 10, 30)),
        ("2019-12-28T10:30:05", datetime(2019, 12, 28, 10, 30, 5)),
        ("2019/12/28 9:05", datetime(2019, 12, 28, 9, 5)),
        ("2019年12月28日 10:30", datetime(2019, 12, 28, 10, 30)),
        ("Sat Dec 28 10:30:05 +0800 2019", datetime(2019, 12, 28, 10, 30, 5)),
        ("2019-12-28T02:30:05+00:00", datetime(2019, 12, 28, 10, 30, 5)),
        ("2019-02-30", None),
        ("Sat Xyz 28 10:30:05 +0800 2019", None),
        ("5分钟前", None),
        (1577500205, None),
    ],
)
def test_times_are_beijings(tmp_path: Path, given: object, expected: datetime | None) -> None:
    MAKE["save_json"](tmp_path, MAKE["weibo"](created_at=given, full_created_at=None, pics=""))
    export = weibo_export(tmp_path)
    (post,) = export
    assert post.time == (expected and expected.replace(tzinfo=TIME.tzinfo))
    assert export.counts["time cannot be read"] == (expected is None)


@pytest.mark.parametrize(
    ("post_id", "bid", "expected"),
    [
        (4454572602912349, "ImTGkcdDn", "4454572602912349"),
        ("4454572602912340", "ImTGkcdDn", "4454572602912349"),  # 15 digits are what a spreadsheet keeps
        ("4.45457260291235E+15", "ImTGkcdDn", "4454572602912349"),
        ("", "ImTGkcdDn", "4454572602912349"),
        (4760000000000000.0, "", "4760000000000000"),  # as pandas writes a column with gaps
        ("4760000000000000.0", "", "4760000000000000"),
        ("7", "ImTGkcdDn", "7"),
        ("7", "", "7"),
        ("ImTGkcdDn", "", "ImTGkcdDn"),  # weiboSpider's ids are bids
    ],
)
def test_ids(tmp_path: Path, post_id: object, bid: str, expected: str) -> None:
    MAKE["save_json"](tmp_path, MAKE["weibo"](id=post_id, bid=bid))
    assert [post.id for post in weibo_export(tmp_path)] == [expected]


def test_a_number_with_a_point_is_the_same_post(tmp_path: Path) -> None:
    ids = (4760000000000000, 4760000000000000.0)
    whole, pointed = (MAKE["weibo"](id=number, bid="", user_id="5") for number in ids)
    MAKE["save_json"](tmp_path, whole, pointed)
    export = weibo_export(tmp_path)
    assert [(post.id, post.user) for post in export] == [("4760000000000000", "5")]
    assert export.counts["the same post again"] == 1


def test_a_user_is_one_in_any_writing(tmp_path: Path) -> None:
    users = [5, 5.0, "5", "5.0", "4.45457E+15"]
    MAKE["save_json"](tmp_path, *(MAKE["weibo"](id=n, bid="", user_id=user) for n, user in enumerate(users, start=1)))
    export = weibo_export(tmp_path)
    assert [post.user for post in export] == ["5", "5", "5", "5", None]
    assert export.counts["user rounded by a spreadsheet"] == 1


def test_bids_of_the_crawlers_own_examples() -> None:
    assert number_of_bid("ImGTzxJJt") == "4454081098040623"
    assert number_of_bid("ImFwIjaTF") == "4454028484570123"
    assert [number_of_bid(bid) for bid in ("", "a-b-c", "ZZZZZ", "1" * 13)] == [None] * 4


@pytest.mark.parametrize(
    "content",
    [
        '{"user": {"id": 5}, "weibo": [{"id": 1, "text": "a"}, {"id": 2, "text": ""}]}',
        '{"weibo": [{"id": 1, "text": "a"}], "user": {"id": 5}}\n{"weibo": [{"id": 2, "text": ""}]}',
        '[{"id": 1, "text": "a"}, {"id": 2, "text": ""}]',
        '\ufeff{"id": 1, "text": "a"}\n{"id": 2, "text": ""}\n',
        ' [ ] {"weibo":[]} [{"id": 1, "text": "a"} , {"id": 2, "text": ""}]',
    ],
)
@pytest.mark.parametrize("chunk", [1, 7, 2**16])
def test_json_in_every_shape_and_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, chunk: int
) -> None:
    monkeypatch.setattr(dump_module, "_CHUNK", chunk)
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    assert [(post.id, post.text) for post in weibo_export(tmp_path)] == [("1", "a"), ("2", "")]


def test_a_json_is_not_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = 0
    real = dump_module.JsonText._read_on

    def watched(text: dump_module.JsonText) -> None:
        nonlocal longest
        real(text)
        longest = max(longest, len(text._text))

    monkeypatch.setattr(dump_module.JsonText, "_read_on", watched)
    posts = [MAKE["weibo"](id=number, bid="") for number in range(3000)]
    size = MAKE["save_json"](tmp_path, *posts).stat().st_size
    assert sum(1 for _ in weibo_export(tmp_path)) == 3000
    assert size > 10 * longest


def test_a_record_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump_module, "LONGEST_RECORD", 2**10)
    monkeypatch.setattr(dump_module, "_CHUNK", 2**8)
    (tmp_path / "x.json").write_text(
        '[{"id": 1, "text": ""}, {"id": 2, "text": "' + "x" * 2**14 + '"}, {"id": 3, "text": ""}]'
    )
    export = weibo_export(tmp_path)
    assert [post.id for post in export] == ["1"]
    assert export.tally.left_out == {"damaged JSON, the rest of its file": 1}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", "", "empty file"),
        ("a.json", '{"user_id_list": ["1"]}', "JSON that holds no posts"),
        ("a.json", "x", "damaged JSON, the rest of its file"),
        ("a.json", "[" * 10**5, "damaged JSON, the rest of its file"),
        ("a.json", '[{"id": 1]', "damaged JSON, the rest of its file"),
        ("a.json", '[{"id": ' + "9" * 5000 + "}]", "damaged JSON, the rest of its file"),
        ("a.json", b'[{"id": 1, "text": "\xd5"}]', "not UTF-8"),
        ("a.json", '[{"id": 1, "text": {}}]', "text cannot be used"),
        ("a.json", '[{"id": 1, "text": "", "topics": {}}]', "hashtags cannot be used"),
        ("a.csv", "", "table that holds no posts"),
        ("a.csv", "a,b\n1,2\n", "table that holds no posts"),
        ("a.csv", "id,text\n", "table without rows"),
        ("a.csv", b"id,text\n1,\xd5\n", "not UTF-8"),
        ("a.csv", f"id,text\n1,{'x' * 200_000}\n", "damaged row"),
    ],
)
def test_what_is_no_post(tmp_path: Path, name: str, content: str | bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    export = weibo_export(tmp_path)
    assert list(export) == []
    assert export.counts == {reason: 1}


def test_coordinates_and_the_users_name(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "anna.csv").write_text("id,text,lat,lng\n1,x,31.5,121.5\n2,y,,\n3,z,100,0\n")
    export = weibo_export(tmp_path)
    assert [(post.user, post.latitude, post.longitude) for post in export] == [
        ("anna", 31.5, 121.5),
        ("anna", None, None),
        ("anna", None, None),
    ]
    assert export.counts["coordinates cannot be read"] == 1


def test_missing_paths_and_permissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("")
    for path, message in (
        (tmp_path / "nope", "nope: does not exist; check the path"),
        (tmp_path / "a.txt", "has the unknown ending '.txt'; give a folder, a .json or a .csv file"),
    ):
        with pytest.raises(BadPost) as caught:
            list(weibo_export(path))
        assert message in str(caught.value)
    (tmp_path / "a.csv").write_text("id,text\n1,x\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        export = weibo_export(tmp_path)
        assert list(export) == []
        assert export.counts == {"file cannot be read": 1}
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(BadPost, match=r"cannot be read \(Permission denied\)"):
        list(weibo_export(tmp_path))


# --- anything at all

KEYS = [
    *("id", "bid", "user_id", "user", "text", "pics", "video_url", "location", "created_at", "full_created_at"),
    *("topics", "retweet", "is_original", "retweet_id", "latitude", "longitude", "weibo"),
]
words = st.text(st.characters(), max_size=6) | st.sampled_from(
    ["<img alt=[", "&#0;", "&#xD800;", "1e9", "无", "2019-12-28", "a,b", "a/\0", "\ud800", "昨天"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=8,
)
records = st.dictionaries(st.sampled_from(KEYS), anything, max_size=9)


def make_posts(path: Path) -> tuple[Dump, list[Post]]:
    export = weibo_export(path)
    posts = list(export)
    assert export.counts["posts"] == len(posts) == len({post.id for post in posts})
    assert export.refused_count == len(export.refused)
    for post in posts:
        json.dumps([post.id, post.text, post.hashtags, post.user, post.place], ensure_ascii=False).encode()
    return export, posts


@settings(max_examples=60, deadline=None)
@given(st.lists(records | anything, max_size=4))
def test_whatever_the_json_holds_each_record_ends_as_a_post_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, items: list[object]
) -> None:
    folder = tmp_path_factory.mktemp("export")
    (folder / "img").mkdir()
    (folder / "x.json").write_text(json.dumps({"weibo": items}))
    export, _ = make_posts(folder)
    assert export.tally.records == len(items)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=18, max_size=40), max_size=4))
def test_whatever_the_cells_hold_each_row_ends_as_a_post_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = MAKE["save_csv"](tmp_path_factory.mktemp("export"), rows)
    export, _ = make_posts(path)
    assert export.tally.records == max(1, len(rows))  # a table without rows is a reason of its own


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_whatever_the_bytes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("export")
    MAKE["DUMPS"][data.draw(st.sampled_from(["only_csv", "a_retweet", "a_cut_json", "whole"]))](folder)
    path = data.draw(st.sampled_from(sorted(p for p in folder.rglob("*") if p.suffix in (".csv", ".json"))))
    content = bytearray(path.read_bytes())
    start = data.draw(st.integers(0, len(content)))
    content[start : start + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))
    path.write_bytes(content)
    export, _ = make_posts(folder)
    assert export.tally.records >= 1
