"""Edits as a person would make them by hand."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from postplace import Post, PostLocator
from postplace.explain import Edit, Part, apply, open_whole
from postplace.explain.edits import clash, images_after, occurrences
from postplace.images.decode import decode
from postplace.posts.record import parse
from postplace.text.hashtags import normalise_hashtag

Toy = Callable[..., PostLocator]
Square = Callable[..., bytes]


def tag(name: str, new: str | None = None) -> Edit:
    """A hashtag hidden or replaced."""
    return Edit("hide hashtag" if new is None else "replace hashtag", Part("hashtag", name), new)


def word(name: str, new: str | None = None) -> Edit:
    """Words hidden or replaced."""
    return Edit("hide words" if new is None else "reword", Part("word", name, "text"), new)


def region(kind: str, box: tuple[float, float, float, float], image: int = 0) -> Edit:
    """A region of an image."""
    return Edit(kind, Part("region", "image 1, there", image=image, box=box))  # type: ignore[arg-type]


def edited(toy: Toy, post: Post, *edits: Edit) -> Post:
    """The post with the edits."""
    return apply(open_whole(toy(lambda *_: 0.0), post), edits)


@pytest.mark.parametrize(
    ("text", "edit", "after"),
    [
        ("dinner #bund tonight", tag("bund"), "dinner tonight"),
        ("dinner #Bund, tonight #bund", tag("bund"), "dinner, tonight"),
        ("在#外滩#看夜景", tag("外滩"), "在看夜景"),
        ("在#外滩#看夜景", tag("外滩", "江边"), "在#江边#看夜景"),
        ("dinner #bund tonight", tag("bund", "river"), "dinner #river tonight"),
        ("At the bridge. Bridge! footbridge", word("bridge"), "At the.! footbridge"),
        ("at the old bridge, now", word("old bridge"), "at the, now"),
        ("我在外滩，外滩夜景", word("外滩"), "我在，夜景"),
        ("at the old bridge", word("old bridge", "place"), "at the place"),
        ("bridge http://a.org/bridge #bridge", word("bridge"), "#bridge"),
        ("see you  there", tag("bund"), "see you  there"),
    ],
)
def test_words_and_tags_go_everywhere_and_leave_a_text(toy: Toy, text: str, edit: Edit, after: str) -> None:
    assert edited(toy, Post("1", text=text, hashtags=("bund", "外滩")), edit).text == after


def test_tags_keep_their_order_and_come_once(toy: Toy) -> None:
    post = Post("1", hashtags=("Bund", "food", "bund", "river"))
    assert edited(toy, post, tag("bund")).hashtags == ("food", "river")
    assert edited(toy, post, tag("Bund", "river")).hashtags == ("river", "food")
    assert edited(toy, post, tag("Bund"), tag("food"), tag("river")).hashtags == ()


PIECES = (
    "#bund",
    "#Bund#",
    "＃BUND＃",
    "#外滩",
    "#外滩#",
    "#外",
    "滩",
    "bund",
    "#",
    "＃",
    " ",
    "\u200b",
    "\u200f",
    "，",
    "x",
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.sets(st.sampled_from(["bund", "外滩"]), min_size=1)
)
def test_nobody_who_reads_the_edited_post_finds_the_hidden_tag(toy: Toy, text: str, hidden: set[str]) -> None:
    after = edited(toy, Post("1", text=text, hashtags=("bund", "river")), *map(tag, sorted(hidden)))
    read = parse({"id": "1", "text": after.text, "hashtags": list(after.hashtags) or None}, where="x", folder=Path())
    assert hidden.isdisjoint(map(normalise_hashtag, read.hashtags))
    assert read.hashtags == after.hashtags  # what the run was asked about is what any door reads


@pytest.mark.parametrize(
    ("text", "edit", "after"),
    [
        ("##外滩#外滩", tag("外滩"), ""),
        ("外外滩滩夜景", word("外滩"), "夜景"),
        ("#外滩\u200b夜景", tag("外滩夜景"), ""),
        ("dinner #\u200fbund now", tag("bund"), "dinner now"),
        ("#bund and #外滩", tag("bund", "外滩"), "#外滩 and #外滩"),
    ],
)
def test_what_stood_around_it_does_not_bring_it_back(toy: Toy, text: str, edit: Edit, after: str) -> None:
    assert edited(toy, Post("1", text=text), edit).text == after


def test_tags_that_are_typed_are_among_those_that_are_edited(toy: Toy) -> None:
    """Also in a post made in Python that does not list them: they are published with its text."""
    post = Post("1", text="dinner #bund #river", hashtags=("food", "Bund"))
    assert open_whole(toy(lambda *_: 0.0), post).post.hashtags == ("food", "Bund", "river")
    after = edited(toy, post, tag("bund"))
    assert (after.text, after.hashtags) == ("dinner #river", ("food", "river"))


def test_images_are_dropped_blurred_and_cropped(toy: Toy, square: Square) -> None:
    red, black = square(red=(0, 0, 20, 40)), square(red=(0, 0, 0, 0))
    post = Post("1", images=(red, b"broken", black), image_text="BUND ROAD")
    drop = Edit("drop image", Part("image", "image 1", image=0))
    assert edited(toy, post, drop).images == (black,)
    after = edited(toy, post, region("crop", (0.5, 0.0, 1.0, 1.0)))
    assert after.images[1] == black  # as it was
    assert decode(after.images[0]).size == (20, 40)
    assert np.asarray(decode(after.images[0])).max() == 0
    both = edited(
        toy, post, region("blur region", (0.0, 0.0, 0.5, 1.0)), region("blur region", (0.5, 0.0, 1.0, 1.0), 1)
    )
    assert both.images[0] != red
    assert both.image_text == "BUND ROAD"


def test_what_was_read_from_images_goes_with_the_last_of_them(toy: Toy, square: Square) -> None:
    post = Post("1", text="hi", images=(square(red=(0, 0, 9, 9)),), image_text="BUND ROAD")
    assert edited(toy, post, Edit("drop image", Part("image", "image 1", image=0))).image_text == ""


def test_large_images_come_out_in_full_size_and_say_nothing_of_themselves() -> None:
    file, exif = BytesIO(), Image.Exif()
    exif[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}
    Image.new("RGB", (1200, 900), (10, 20, 30)).save(file, "JPEG", exif=exif)
    edits = [Edit("drop image", Part("image", "image 1", image=0)), region("crop", (0.5, 0.0, 1.0, 1.0), 1)]
    ((number, image),) = images_after([file.getvalue(), file.getvalue()], edits)
    assert (number, image.size) == (1, (600, 900))
    assert not image.getexif()
    assert image.info == {}


def test_occurrences_are_whole_words() -> None:
    assert occurrences("a.b a.b axb", "a.b") == [(0, 3), (4, 7)]
    assert occurrences("anything", "") == []
    assert occurrences("@bridge bridge", "bridge") == [(8, 14)]


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (tag("bund"), tag("Bund", "x"), False),
        (tag("bund"), tag("food"), True),
        (tag("bund"), word("bund"), True),
        (word("bridge"), word("old Bridge"), False),
        (word("bridge"), word("river"), True),
        (region("blur region", (0, 0, 0.5, 0.5)), region("blur region", (0.5, 0, 1, 1)), True),
        (region("blur region", (0, 0, 0.6, 0.5)), region("blur region", (0.5, 0, 1, 1)), False),
        (region("crop", (0, 0, 0.5, 0.5)), region("blur region", (0.5, 0, 1, 1)), False),
        (region("crop", (0, 0, 0.5, 0.5)), region("crop", (0, 0, 0.5, 0.5), 1), True),
    ],
)
def test_edits_of_the_same_thing_clash(one: Edit, other: Edit, together: bool) -> None:
    assert clash(one, other) == clash(other, one) == (not together)


def test_what_is_said_of_edits() -> None:
    image = Part("image", "image 2", image=1)
    crop = Part("region", "image 1 to its middle", image=0, box=(0.2, 0.2, 0.8, 0.8))
    block = Part("region", "image 1, row 2, column 3", image=0, box=(0.5, 0.25, 0.75, 0.5))
    edits = (Edit("drop image", image), Edit("crop", crop), Edit("blur region", block), word("old", "place"))
    assert [edit.describe() for edit in edits] == [
        "leave out image 2",
        "crop image 1 to its middle",
        "blur image 1, row 2, column 3",
        'write "place" in the place of "old"',
    ]
    assert tag("bund", "river").to_dict() == {
        "kind": "replace hashtag",
        "description": "write #river in the place of the hashtag #bund",
        "part": {"kind": "hashtag", "name": "bund"},
        "replacement": "river",
    }
