"""Which keys of a record are read, and what was probably meant by others."""

from __future__ import annotations

import pytest

from postplace.errors import BadPost
from postplace.posts.keys import is_header, likely_key, on_unused, require_known, suggestions


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("image", "images"),
        ("Image Path", "images"),
        ("imgs", "images"),
        ("caption", "text"),
        ("full_text", "text"),
        ("Text", "text"),
        ("tags", "hashtags"),
        ("lat", "latitude"),
        ("LON", "longitude"),
        ("lng", "longitude"),
        ("long", "longitude"),
        ("created_at", "time"),
        ("user-id", "user"),
        ("locationName", "place"),
        ("location_id", "venue"),
        ("longitud", "longitude"),
        ("likes", None),
        ("colour", None),
        ("", None),
    ],
)
def test_the_key_that_was_probably_meant(name: str, key: str | None) -> None:
    assert likely_key(name) == key


def test_nothing_is_suggested_for_a_key_that_is_there() -> None:
    assert suggestions(["caption", "lat"], used=["text", "latitude"]) == ""
    assert on_unused(["b", "a"], used=[]) == "keys that are not used: a, b"


def test_a_key_counts_where_it_stands_with_nothing_in_it() -> None:
    require_known({"id": 1, "text": None}, "here")
    with pytest.raises(
        BadPost, match=r"here: has none of the keys text, .*: an id alone is no post; give at least one"
    ):
        require_known({"id": 1}, "here")


def test_a_header_is_every_key_under_itself() -> None:
    assert is_header({"id": "id", "text": " text ", "time": None})
    assert not is_header({"id": "id"})
    assert not is_header({"id": "id", "text": "", "user": "id"})
