"""Instaloader's folders: one flaw each, what the library itself writes, and anything at all."""

from __future__ import annotations

import json
import lzma
import os
import runpy
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postplace.errors import BadPost
from postplace.posts import dump as dump_module
from postplace.posts.dump import Dump
from postplace.posts.instaloader import instaloader_dump
from postplace.schema import Post

MAKE = runpy.run_path(str(Path(__file__).parents[1] / "data" / "instaloader" / "make.py"))
NAME: str = MAKE["NAME"]
TIME = datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)
WHOLE = Post(
    id="CaBcDeFgHiJ",
    text="Night at the #bund\n#夜景 #bund",
    hashtags=("bund", "夜景"),
    user="17841400001",
    time=TIME,
    place="Old Bridge",
    venue="213385402",
)
HERE = {"latitude": 31.2397, "longitude": 121.4998}

ONE_FLAW: list[tuple[str, list[str], dict[str, Any], dict[str, int]]] = [
    ("whole", [f"anna/{NAME}.jpg"], {}, {}),
    ("not_compressed", [f"anna/{NAME}.jpg"], {}, {}),
    (
        "three_images",
        [f"anna/{NAME}_1.jpg", f"anna/{NAME}_2.jpg", f"anna/{NAME}_3.webp"],
        {},
        {"video ignored": 1},
    ),
    (
        "a_lost_image",
        [f"anna/{NAME}_1.jpg"],
        {},
        {"image file is missing": 1, "image file is empty": 1},
    ),
    ("a_video", [f"anna/{NAME}.jpg"], {}, {"video ignored": 1}),
    ("a_video_without_cover", [], {}, {"video ignored": 1}),
    (
        "a_location_target",
        [f"%213385402/{NAME}.jpg"],
        {"text": "Night at the #bund", "hashtags": ("bund",)} | HERE,
        {},
    ),
    ("a_geotag_file", [f"anna/{NAME}.jpg"], HERE, {}),
    ("no_location", [f"anna/{NAME}.jpg"], {"place": None, "venue": None}, {}),
    ("no_caption", [f"anna/{NAME}.jpg"], {"text": "", "hashtags": ()}, {}),
    ("no_caption_in_the_node", [f"anna/{NAME}.jpg"], {}, {}),
    ("only_metadata", [], {}, {"image file is missing": 1}),
    ("twice", [f"#bund/{NAME}.jpg"], {}, {"the same post again": 1}),
    (
        "other_files",
        [f"anna/{NAME}.jpg"],
        {},
        {
            "Profile ignored": 1,
            "StoryItem ignored": 1,
            "Hashtag ignored": 1,
            "FrozenNodeIterator ignored": 1,
            "comments ignored": 1,
        },
    ),
    ("an_impossible_position", [f"anna/{NAME}.jpg"], {}, {"coordinates cannot be read": 1}),
    ("no_time", ["anna/CaBcDeFgHiJ.jpg"], {"time": None}, {"time unknown": 1}),
    ("named_by_address", ["anna/x_n.jpg"], {}, {}),
    ("lost_metadata", [f"anna/{NAME}.jpg"], {}, {"image without metadata": 3, "caption without metadata": 1}),
    ("capitals", [f"anna/{NAME}.JPG"], {}, {}),
    (
        "an_album_without_its_parts",
        [f"anna/{NAME}_2.jpg"],
        {},
        {"image file is missing": 3, "video ignored": 1},
    ),
    ("an_album_without_anything", [], {}, {"image file is missing": 1}),
]
DAMAGED = [
    ("a_cut_xz", "damaged .xz file", f"anna/{NAME}.json.xz: cannot be unpacked (it ends before its time); download"),
    ("a_damaged_xz", "damaged .xz file", f"anna/{NAME}.json.xz: cannot be unpacked ("),
    ("a_cut_json", "damaged JSON", f"anna/{NAME}.json: is not complete JSON ("),
    ("no_shortcode", "no shortcode", f"anna/{NAME}.json.xz: has no key 'shortcode'; download"),
]

Read = tuple[list[Post], dict[str, int], Dump]


def changed(**changes: Any) -> Post:
    return Post(**{name: getattr(WHOLE, name) for name in Post.__dataclass_fields__} | changes)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Read]:
    """`read("twice")` writes that dump and reads it; images become names."""

    def made(name: str) -> Read:
        MAKE["DUMPS"][name](tmp_path)
        reader = instaloader_dump(tmp_path)
        posts = list(reader)
        for post in posts:
            object.__setattr__(post, "images", tuple(os.path.relpath(str(i), tmp_path) for i in post.images))
        return posts, dict(reader.counts), reader

    return made


@pytest.mark.parametrize(("name", "images", "changes", "counts"), ONE_FLAW)
def test_a_dump_with_one_flaw(
    read: Callable[[str], Read], name: str, images: list[str], changes: dict[str, Any], counts: dict[str, int]
) -> None:
    posts, counted, reader = read(name)
    assert posts == [changed(images=tuple(images), **changes)]
    assert counted == {"posts": 1} | counts
    assert reader.refused_count == 0


@pytest.mark.parametrize(("name", "reason", "message"), DAMAGED)
def test_a_damaged_file_is_refused(read: Callable[[str], Read], name: str, reason: str, message: str) -> None:
    posts, counted, reader = read(name)
    assert posts == []
    assert counted == {reason: 1}
    assert reader.refused_count == 1
    assert message in str(reader.refused[0])


def test_every_dump_that_is_made_is_tested() -> None:
    assert {name for name, *_ in (*ONE_FLAW, *DAMAGED)} | {"foreign_json"} == set(MAKE["DUMPS"])


def test_what_is_no_metadata_is_refused_with_a_fitting_remedy(read: Callable[[str], Read]) -> None:
    posts, counted, reader = read("foreign_json")
    assert len(posts) == 1
    assert counted == {"posts": 1, "not Instaloader's": 1}
    assert "notes.json: is no metadata of Instaloader; move it elsewhere" in str(reader.refused[0])


def test_a_name_of_two_locations_is_told(tmp_path: Path) -> None:
    for number, (code, name) in enumerate([(1, "星巴克"), (2, "星巴克"), (2, "星巴克"), (3, "Pier"), (3, "Quay")]):
        content = MAKE["node"](f"P{number}", location={"id": code, "name": name})
        MAKE["save"](tmp_path / f"{number}.json", MAKE["structure"](content))
    dump = instaloader_dump(tmp_path)
    assert [post.venue for post in dump] == ["1", "2", "2", "3", "3"]
    assert dump.tally.shared_names == ["星巴克"]


def test_every_refused_file_is_told_to_whoever_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump_module, "KEPT_REFUSALS", 1)
    for number in range(3):
        (tmp_path / f"{number}.json").write_text("{")
    told: list[BadPost] = []
    assert list(instaloader_dump(tmp_path, on_refused=told.append)) == []
    assert [error.where[-6:] for error in told] == ["0.json", "1.json", "2.json"]


def test_the_order_is_that_of_the_paths_and_each_iteration_begins_again(tmp_path: Path) -> None:
    for folder, shortcode in (("b", "B1"), ("a", "A2"), ("a/c", "C1"), ("a", "A1"), (".", "0")):
        MAKE["save"](tmp_path / folder / f"{shortcode}.json.xz", MAKE["structure"](MAKE["node"](shortcode)))
    dump = instaloader_dump(tmp_path)
    for _ in range(2):
        assert [post.id for post in dump] == ["0", "A1", "A2", "C1", "B1"]
        assert dump.counts["posts"] == 5
    assert next(iter(dump)).id == "0"
    assert dump.counts["posts"] == 1  # those given out so far


def test_what_is_left_out_leaves_no_remark(tmp_path: Path) -> None:
    for folder in "ab":
        MAKE["save"](tmp_path / folder / "x.json.xz", MAKE["structure"](MAKE["node"](taken_at_timestamp=None)))
    dump = instaloader_dump(tmp_path)
    assert len(list(dump)) == 1
    assert dump.counts == {"posts": 1, "image file is missing": 1, "time unknown": 1, "the same post again": 1}


def test_the_polaris_form_and_version_3(tmp_path: Path) -> None:
    media = {
        "code": "Pol",
        "pk": "1",
        "media_type": 8,
        "taken_at": MAKE["TAKEN"],
        "user": {"pk": 17841400001},
        "caption": {"text": "at #bund"},
        "location": {"pk": 5, "name": "Pier", "lat": 1.5, "lng": 2.5},
        "carousel_media": [{"media_type": 1}, {"media_type": 2}],
    }
    MAKE["save"](tmp_path / "a.json", media)  # version 3 saved the node alone
    dump = instaloader_dump(tmp_path)
    assert list(dump) == [Post("Pol", "at #bund", ("bund",), (), "17841400001", TIME, "Pier", "5", None, 1.5, 2.5)]
    assert dump.counts == {"posts": 1, "image file is missing": 1, "video ignored": 1}


def test_the_folder_of_a_location_is_its_id(tmp_path: Path) -> None:
    MAKE["post"](tmp_path / "%42", MAKE["node"](location=None))
    assert [post.venue for post in instaloader_dump(tmp_path)] == ["42"]


@pytest.mark.parametrize(
    ("coordinates", "expected"),
    [
        ((31.2, 121.5), (31.2, 121.5)),
        (("31.2", "121.5"), (31.2, 121.5)),
        ((0, 0), (None, None)),
        ((90.1, 0), (None, None)),
        ((1, "x"), (None, None)),
        ((float("nan"), 1), (None, None)),
        ((10**400, 1), (None, None)),
    ],
)
def test_both_coordinates_or_neither(tmp_path: Path, coordinates: Any, expected: tuple[float, float]) -> None:
    place = {"id": 1, "lat": coordinates[0], "lng": coordinates[1]}
    MAKE["save"](tmp_path / "a.json", MAKE["structure"](MAKE["node"](location=place)))
    dump = instaloader_dump(tmp_path)
    (post,) = dump
    assert (post.latitude, post.longitude) == expected
    assert dump.counts["coordinates cannot be read"] == (expected[0] is None)


def test_a_wrong_value_refuses_the_post_and_names_the_key(tmp_path: Path) -> None:
    MAKE["save"](tmp_path / "a.json", MAKE["structure"](MAKE["node"](owner={"id": [1]})))
    dump = instaloader_dump(tmp_path)
    assert list(dump) == []
    assert dump.counts == {"user cannot be used": 1}
    assert "a.json, key 'user': [1] is not a text; give a text or a number" in str(dump.refused[0])


def test_missing_folders_files_and_permissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for path, message in (
        (tmp_path / "nope", "nope: does not exist; check the path"),
        (tmp_path / "file", "file: is a file, not a folder; give the folder"),
        (Path(f"{tmp_path}/a\0"), "cannot be read"),
    ):
        with pytest.raises(BadPost) as caught:
            list(instaloader_dump(path))
        assert message in str(caught.value)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(BadPost, match=r"cannot be read \(Permission denied\); check the path and the permissions"):
        list(instaloader_dump(tmp_path))


def test_an_inner_folder_and_a_file_that_may_not_be_read_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    MAKE["post"](tmp_path / "a", name="one_UTC")
    MAKE["post"](tmp_path / "a", MAKE["node"]("Other"), name="two_UTC")
    (tmp_path / "b").mkdir()
    real = os.scandir

    def scan(path: Path) -> Any:
        if path.name == "b":
            raise PermissionError(13, "Permission denied")
        return real(path)

    def open_(path: str) -> FileIO:
        if "two_UTC.json" in path:
            raise PermissionError(13, "Permission denied")
        return FileIO(path)

    monkeypatch.setattr(os, "scandir", scan)
    monkeypatch.setattr("postplace.posts.instaloader_files.FileIO", open_)
    dump = instaloader_dump(tmp_path)
    assert len(list(dump)) == 1
    assert dump.counts == {"posts": 1, "file cannot be read": 1, "folder cannot be read": 1}


def test_links_that_lead_back_and_names_that_are_not_utf_8(tmp_path: Path) -> None:
    MAKE["post"](tmp_path / "a")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    foreign = os.fsencode(tmp_path) + b"/\xff.json"
    with open(foreign, "wb"):  # noqa: PTH123  # a Path cannot be made of bytes
        pass
    dump = instaloader_dump(tmp_path)
    assert len(list(dump)) == 1
    assert dump.counts == {"posts": 1, "link to a folder ignored": 1, "name is not UTF-8": 1}


def test_a_bomb_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json.xz").write_bytes(lzma.compress(b" " * 2**24, check=lzma.CHECK_NONE, preset=0))
    (tmp_path / "b.json").write_bytes(b" " * 2**17)
    monkeypatch.setattr("postplace.posts.instaloader_files.LARGEST_FILE", 2**16)
    dump = instaloader_dump(tmp_path)
    tracemalloc.start()
    assert list(dump) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert dump.counts == {"file is too large": 2}
    assert peak < 2**22


def test_a_thousand_refusals_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump_module, "KEPT_REFUSALS", 3)
    for number in range(5):
        (tmp_path / f"{number}.json").write_text("{")
    dump = instaloader_dump(tmp_path)
    assert list(dump) == []
    assert (dump.refused_count, len(dump.refused)) == (5, 3)


# --- the library itself


def test_what_the_library_writes_is_read_and_what_the_tests_write_the_library_reads(tmp_path: Path) -> None:
    instaloader = pytest.importorskip("instaloader")
    loader = instaloader.Instaloader(quiet=True)
    ours = MAKE["post"](tmp_path / "anna")
    loaded = instaloader.load_structure_from_file(loader.context, str(ours))
    assert (loaded.shortcode, loaded.caption, loaded.owner_id) == (WHOLE.id, WHOLE.text, WHOLE.user)
    assert loader.format_filename(loaded) == NAME

    iphone = MAKE["iphone_node"]("Other")["iphone_struct"] | {
        "has_liked": False,
        "like_count": 1,
        "user": {"pk": 17841400001, "username": "anna", "is_private": False, "full_name": "", "profile_pic_url": ""},
    }
    post = instaloader.Post.from_iphone_struct(loader.context, iphone)
    folder = tmp_path / "%213385402"
    folder.mkdir()
    loader.save_metadata_json(str(folder / NAME), post)
    location = instaloader.PostLocation(213385402, "Old Bridge", "old-bridge", True, 31.2397, 121.4998)
    loader.save_location(str(tmp_path / "anna" / NAME), location, TIME)
    expected = changed(id="Other", text="Night at the #bund", hashtags=("bund",), images=(), **HERE)
    assert list(instaloader_dump(tmp_path)) == [expected, changed(images=(tmp_path / "anna" / f"{NAME}.jpg",), **HERE)]


# --- anything at all

KEYS = [
    *("node", "instaloader", "node_type", "shortcode", "code", "edge_media_to_caption", "edges", "text", "caption"),
    *("location", "id", "pk", "name", "lat", "lng", "owner", "user", "taken_at_timestamp", "date", "taken_at"),
    *("is_video", "__typename", "edge_sidecar_to_children", "carousel_media", "iphone_struct", "media_type"),
    "display_url",
]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(), max_size=5)
    | st.sampled_from(["Post", "Profile", "GraphSidecar", "GraphVideo", "http://[", "/a\0b.jpg", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)
nodes = st.dictionaries(st.sampled_from(KEYS), anything, max_size=10)


def ends_in_posts_or_reasons(folder: Path, records: int) -> None:
    dump = instaloader_dump(folder)
    posts = list(dump)
    assert dump.tally.records == records
    assert dump.counts["posts"] == len(posts) == len({post.id for post in posts})
    assert dump.refused_count == len(dump.refused)
    assert dump.counts.total() >= records
    for post in posts:
        json.dumps([post.id, post.text, post.hashtags, post.user, post.place], ensure_ascii=False).encode()


@settings(max_examples=60, deadline=None)
@given(st.lists(nodes, max_size=3), st.lists(anything, max_size=2), st.lists(st.binary(max_size=60), max_size=2))
def test_whatever_the_files_hold_each_ends_as_a_post_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, nodes: list[object], values: list[object], raw: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("dump")
    for number, node in enumerate(nodes):
        MAKE["save"](folder / f"node{number}.json", {"node": node, "instaloader": {"node_type": "Post"}})
    for number, value in enumerate(values):
        MAKE["save"](folder / f"value{number}.json.xz", value)
    for number, content in enumerate(raw):
        (folder / f"raw{number}.json{'.xz' * (number % 2)}").write_bytes(content)
    ends_in_posts_or_reasons(folder, len(nodes) + len(values) + len(raw))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_byte_anywhere(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("dump")
    path = MAKE["save"](folder / f"a.json{data.draw(st.sampled_from(['', '.xz']))}", MAKE["structure"](MAKE["node"]()))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    ends_in_posts_or_reasons(folder, 1)
