"""One rule for the hashtags of a post: those given and those typed, whichever way they come in."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from postplace.errors import BadPost
from postplace.posts.record import parse


def tags(text: str, **record: object) -> tuple[str, ...]:
    """The hashtags of a post with this text."""
    return parse({"id": "1", "text": text, **record}, where="posts[0]", folder=Path()).hashtags


@pytest.mark.parametrize(
    "absent",
    [
        None,
        "",
        "  ",
        float("nan"),
        np.float64("nan"),
        pd.NA,
        pd.NaT,
        Decimal("nan"),
        "#",
        " ; ",
        [""],
        [None],
        ["\u200b"],
    ],
)
def test_absent_is_not_empty(absent: object) -> None:
    assert tags("at #外滩# now", hashtags=absent) == tags("at #外滩# now") == ("外滩",)


@pytest.mark.parametrize("none", [[], (), "[]", " [ ] ", np.array([]), np.array([], dtype=object)])
def test_only_an_empty_list_says_none(none: object) -> None:
    assert tags("at #外滩# now", hashtags=none) == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("river", ("river", "Bund", "old town")),
        (["river", "bund"], ("river", "bund", "old town")),
        ('["OldTown", "river"]', ("OldTown", "river", "Bund")),
        (np.array(["＃BUND＃"], dtype=object), ("BUND", "old town")),
        (7, ("7", "Bund", "old town")),
        (["a", "A", "＃a"], ("a", "Bund", "old town")),
        (["#river#sea", "＃a ＃b", "C#"], ("river", "sea", "a", "b", "C", "Bund", "old town")),
        (["\u200bsea\u00a0\u200f"], ("sea", "Bund", "old town")),
    ],
)
def test_given_and_typed_are_united_each_once(given: object, expected: tuple[str, ...]) -> None:
    assert tags("at #Bund and #old town# #bund", hashtags=given) == expected


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ("Z\u00fcrich", "Zu\u0308rich"),
        ("Zu\u0308rich", "Z\u00fcrich"),
        ("istanbul", "\u0130stanbul"),
        ("תלאביב", "\u200fתלאביב"),
        ("外滩\u200b", "外滩"),
        ("ＢＵＮＤ", "bund"),
    ],
)
def test_two_ways_to_write_a_tag_are_one_tag(given: str, typed: str) -> None:
    assert len(tags(f"at #{typed} now", hashtags=[given])) == 1


@pytest.mark.parametrize("yes", [True, "true", "True", 1, 1.0, np.True_])
def test_a_list_that_is_complete_is_taken_as_it_is(yes: object) -> None:
    assert tags("#Bund #river", hashtags=["river", "River"], hashtags_complete=yes) == ("river", "River")
    assert tags("#Bund #river", hashtags_complete=yes) == ()


@pytest.mark.parametrize("no", [False, "false", 0, 0.0, None, "", float("nan"), pd.NA])
def test_a_list_that_is_not_complete_is_united(no: object) -> None:
    assert tags("#Bund #river", hashtags=["river"], hashtags_complete=no) == ("river", "Bund")


def test_what_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(BadPost, match="key 'hashtags_complete': 'perhaps' is neither true nor false; give true or fal"):
        tags("#Bund", hashtags_complete="perhaps")
    assert "hashtags_complete" not in str(parse({"id": "1", "hashtags_complete": True}, where="x", folder=Path()))


# --- what numbers, paths and degrees look like in tables


@pytest.mark.parametrize("key", ["id", "user", "venue", "place", "category"])
@pytest.mark.parametrize(
    "given", ["4.45457E+15", "5.12346E+09", "1.23E+18", "5E+12", "4,45457E+15", "4.7600000000000010e+18", " 1.5E+10 "]
)
def test_a_number_that_a_spreadsheet_rounded_is_refused_wherever_it_stands(key: str, given: str) -> None:
    with pytest.raises(BadPost, match=rf"key '{key}': .* is a rounded number; format the column as text") as caught:
        parse({"id": "1", "text": "x", key: given}, where="posts[0]", folder=Path())
    assert str(caught.value).endswith(f"or leave '{key}' out: two of them may have become one") == (key != "id")


@pytest.mark.parametrize("name", ["1e5", "2E10", "E+10", "v1.5E+1", "1.5", "C++", "12.000", "9007199254740991.0"])
def test_names_that_are_no_rounded_numbers_stay(name: str) -> None:
    assert parse({"id": "1", "user": name}, where="posts[0]", folder=Path()).user == name


def test_a_text_of_a_float_that_cannot_have_kept_its_digits() -> None:
    with pytest.raises(BadPost, match=r"key 'user': '9007199254740993.0' is a rounded number"):
        parse({"id": "1", "user": "9007199254740993.0"}, where="posts[0]", folder=Path())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a.jpg,b.png", ["a.jpg", "b.png"]),
        ("a.jpg, b.JPEG", ["a.jpg", "b.JPEG"]),
        ("x/a.jpg x/b.webp", ["x/a.jpg", "x/b.webp"]),
        ("my photo.jpg", ["my photo.jpg"]),
        ("night, 2022.jpg", ["night, 2022.jpg"]),
        ("a.jpg;b, c.jpg", ["a.jpg", "b, c.jpg"]),
        ("file:///data/a%20b.jpg", ["/data/a b.jpg"]),
        ("file://localhost/data/a.jpg", ["/data/a.jpg"]),
    ],
)
def test_paths_in_one_text(given: str, expected: list[str]) -> None:
    post = parse({"id": "1", "images": given}, where="posts[0]", folder=Path())
    assert [str(image) for image in post.images] == expected


def test_paths_as_windows_writes_them_are_found(tmp_path: Path) -> None:
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "a.jpg").write_bytes(b"x")
    (tmp_path / r"odd\name.jpg").write_bytes(b"x")
    record = {"id": "1", "images": [r"pics\a.jpg", r"odd\name.jpg", r"pics\gone.jpg"]}
    images = parse(record, where="posts[0]", folder=tmp_path).images
    assert images == (tmp_path / "pics/a.jpg", tmp_path / r"odd\name.jpg", tmp_path / r"pics\gone.jpg")


def test_degrees_with_a_decimal_comma() -> None:
    post = parse({"id": "1", "latitude": "51,0544", "longitude": "-13,5"}, where="posts[0]", folder=Path())
    assert (post.latitude, post.longitude) == (51.0544, -13.5)


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("51°3'15.8\"N", "give decimal degrees, as 51.0544"),
        ("51.05 N", "give decimal degrees, as 51.0544"),
        (-999, "leave it out where there is none"),
        ("9999.0", "leave it out where there is none"),
        ("NA", "leave it out where there is none"),
        ("1,234,5", "give degrees between -90 and 90"),
        (180.5, "give degrees between -90 and 90"),
    ],
)
def test_what_are_no_degrees_has_the_remedy_that_fits(given: object, remedy: str) -> None:
    with pytest.raises(BadPost, match=f"; {remedy}$"):
        parse({"id": "1", "latitude": given, "longitude": 1}, where="posts[0]", folder=Path())


@pytest.mark.parametrize(
    ("key", "given", "remedy"),
    [
        ("user", {"screen_name": "a", "id": 5}, "give one of its values alone, as that of 'id'"),
        ("hashtags", [{"text": "river", "indices": [1, 7]}], "give one of its values alone, as that of 'text'"),
        ("place", {"lat": 1}, "give one of its values alone, as that of 'lat'"),
        ("user", b"a", "give it as a text; a UUID as"),
        ("user", True, "give a text or a number"),
    ],
)
def test_what_is_no_name_has_the_remedy_that_fits(key: str, given: object, remedy: str) -> None:
    with pytest.raises(BadPost, match=f"key '{key}': .* is not a text; {remedy}"):
        parse({"id": "1", key: given}, where="posts[0]", folder=Path())
