"""What every reader of a foreign dump shares."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from postplace.errors import BadPost
from postplace.posts.dump import Dump, ImportReport, InvalidRecord, JsonText, first, make_posts, walk
from postplace.schema import Post
from postplace.system.stray_files import STRAY


def test_json_text_reads_nested_values_and_refuses_what_is_cut_short() -> None:
    whole = JsonText(io.StringIO(' {"a": [1, {"b": null}], "c": "d"} '))
    assert [(key, whole.value()) for key in whole.object_keys()] == [("a", [1, {"b": None}]), ("c", "d")]
    assert whole.peek() == ""
    with pytest.raises(InvalidRecord):
        list(JsonText(io.StringIO("[1, 2")).list_items())


def test_posts_of_counts_each_record_once_as_a_post_or_a_reason() -> None:
    def record(item: str) -> dict[str, object] | None:
        if item == "damaged":
            raise InvalidRecord("damaged", "is damaged", "download it again")
        return None if item == "ignored" else {"id": item, "text": "x"}

    tally = ImportReport()
    items = [(f"line {number}", item) for number, item in enumerate(["a", "damaged", "ignored", "a", "b"], start=1)]
    assert [post.id for post in make_posts(items, tally, record=record)] == ["a", "b"]
    assert (tally.posts, dict(tally.left_out)) == (2, {"damaged": 1, "the same post again": 1})
    assert [error.where for error in tally.refused] == ["line 2"]
    assert tally.records == 4


@pytest.mark.parametrize(
    ("latitude", "longitude", "kept", "remarks"),
    [
        ("31.2", 121, {"latitude": 31.2, "longitude": 121.0}, 0),
        (None, "", {}, 0),
        (0, 0, {}, 1),
        (91, 0, {}, 1),
        ("north", 1, {}, 1),
        (1, None, {}, 1),
    ],
)
def test_coordinates_are_both_or_neither(
    latitude: object, longitude: object, kept: dict[str, float], remarks: int
) -> None:
    tally = ImportReport()
    assert tally.coordinates(latitude, longitude) == kept
    tally.post({"id": "1", "text": "x"}, where="here")
    assert tally.remarks.total() == remarks


def test_remarks_on_a_record_that_becomes_no_post_are_not_counted() -> None:
    tally = ImportReport()
    tally.note("video ignored")
    tally.refuse("damaged", BadPost("here", "is damaged", "download it again"))
    tally.post({"id": "1", "text": "x"}, where="here")
    assert not tally.remarks


def test_every_iteration_of_a_dump_counts_from_zero() -> None:
    def read(tally: ImportReport) -> Iterator[Post]:
        yield from make_posts([("here", "1")], tally, record=lambda item: {"id": item, "text": "x"})

    dump = Dump(read)
    assert [len(list(dump)) for _ in range(2)] == [1, 1]
    assert dump.counts == {"posts": 1}


def test_walk_finds_endings_in_any_case_and_gives_a_folder_before_those_in_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x.JSON", "a/y.json", "a/b/z.txt", "a/p.JPG"):
        (tmp_path / name).touch()
    found = list(walk(tmp_path, ImportReport(), endings=(".json",), notice=(".jpg",)))
    assert [(inside.name, names, dict(noticed)) for inside, names, noticed in found[1:]] == [
        ("a", ["y.json"], {"p.jpg": "p.JPG"}),
        ("b", [], {}),
    ]
    assert found[0][1] == ["x.JSON"]
    with pytest.raises(BadPost):
        list(walk(tmp_path / "none", ImportReport(), endings=(".json",)))


def test_first_takes_zero_and_false_for_values() -> None:
    assert [first(None, "", 0, 1), first("", False), first(None)] == [0, False, None]


def test_walk_passes_over_what_a_mac_or_a_nas_left_and_counts_it(tmp_path: Path) -> None:
    for folder in ("a", "__MACOSX", "@eaDir", "._b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.json").touch()
    for name in ("._y.json", ".DS_Store", "Thumbs.db", "y.json"):
        (tmp_path / name).touch()
    tally = ImportReport()
    found = {inside.name: names for inside, names, _ in walk(tmp_path, tally, endings=(".json", ".db"))}
    assert found == {tmp_path.name: ["y.json"], "a": ["x.json"], "._b": ["x.json"]}
    assert tally.orphans == {STRAY: 5}
