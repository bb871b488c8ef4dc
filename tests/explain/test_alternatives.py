"""What single edits are tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from postplace import Post, PostLocator
from postplace.explain import Part, open_whole
from postplace.explain.alternatives import (
    after_article,
    blocks,
    more_general,
    nearest,
    other_hashtags,
    other_words,
    phrases,
    removals,
)
from postplace.images.regions import grid

Toy = Callable[..., PostLocator]
Square = Callable[..., bytes]
MANY = tuple(f"tag{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")


def by_angle(angles: dict[str, float]) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """An encoder of the plane: a string's direction in degrees; the unknown ones all around."""

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        turns = np.radians([angles.get(text, 360.0 * row / len(texts)) for row, text in enumerate(texts)])
        return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)

    return encode


def names(toy: Toy, post: Post, modalities: Sequence[str] = ("text", "hashtags", "image")) -> list[str]:
    """What each removal of a post is."""
    edits, said = removals(open_whole(toy(lambda *_: 0.0), post), modalities, limit=160, grid=2, seed=0)
    assert said == []
    return sorted(edit.describe() for edit in edits)


def test_each_thing_is_taken_away_once_and_stop_words_stay(toy: Toy) -> None:
    post = Post("1", text="The bridge at the Bridge", hashtags=("Bund", "bund", "food"), image_text="EXIT")
    assert names(toy, post) == ['leave out "bridge"', "leave out the hashtag #Bund", "leave out the hashtag #food"]


def test_a_run_that_does_not_look_at_something_gets_no_edit_of_it(toy: Toy) -> None:
    post = Post("1", text="bridge", hashtags=("food",))
    assert names(toy, post, ("text",)) == ['leave out "bridge"']
    assert names(toy, post, ("hashtags",)) == ["leave out the hashtag #food"]


def test_a_image_is_dropped_blurred_or_cropped(toy: Toy, square: Square) -> None:
    found = names(toy, Post("1", images=(square(red=(0, 0, 9, 9)),)))
    assert found[:4] == [f"blur image 1, row {row}, column {column}" for row in (1, 2) for column in (1, 2)]
    assert found[4:9] == [f"crop image 1 to its {rest}" for rest in (
        "left two thirds", "lower two thirds", "middle", "right two thirds", "upper two thirds",
    )]  # fmt: skip
    assert found[9:] == ["leave out image 1"]


def test_a_more_general_tag_is_a_known_and_frequent_part() -> None:
    known = ["germany", "dresden", "外滩", "kirche", "dres", "frauenkirche", "fr"]
    assert more_general("dresdenfrauenkirche", known) == ["frauenkirche", "dresden", "kirche", "dres"]
    assert more_general("frauenkirche", known) == ["kirche"]
    assert more_general("dresden", known) == []  # what is rarer is not more general
    assert more_general("上海外滩", known) == ["外滩"]


def test_tags_near_in_meaning_stand_in_and_none_of_the_posts_own() -> None:
    encode = by_angle({"bund": 10.0, "taga": 12.0, "tagb": 15.0, "tagc": 18.0, "tagd": 20.0, "tagz": 190.0})
    edits = other_hashtags(Part("hashtag", "Bund"), known=("bun", *MANY), encode=encode, without=("TagB",))
    assert [(edit.kind, edit.replacement) for edit in edits] == [
        ("generalise hashtag", "bun"),
        ("replace hashtag", "taga"),
        ("replace hashtag", "tagc"),
        ("replace hashtag", "tagd"),
    ]


def test_of_few_known_or_none_alike_nothing_stands_in() -> None:
    assert nearest("bund", MANY[:5], by_angle({}), most=3) == []
    far = by_angle({"bund": 0.0, **{name: 150.0 + 60.0 * row / len(MANY) for row, name in enumerate(MANY)}})
    assert nearest("bund", MANY, far, most=3) == []


@pytest.mark.parametrize(
    ("text", "word", "whole"),
    [
        ("at the old stone bridge of dreams", "stone", "old stone bridge"),
        ("at the bridge, now", "bridge", "bridge"),
        ("we woke early", "woke", None),
        ("the sea. bridge", "bridge", None),
        ("我在外滩看夜景", "外滩", "外滩"),
    ],
)
def test_what_follows_an_article_becomes_a_place(text: str, word: str, whole: str | None) -> None:
    at = text.index(word)
    found = after_article(text, Part("word", word, "text", at, at + len(word)))
    assert (found.name if found else None) == whole
    if found is not None:
        assert text[found.start : found.end] == found.name


def test_a_word_is_replaced_by_one_alike_and_by_one_that_says_nothing() -> None:
    encode = by_angle({"bridge": 10.0, "taga": 12.0, "tagz": 190.0})
    edits = other_words("the bridge", Part("word", "bridge", "text", 4, 10), known=MANY, encode=encode)
    assert [edit.replacement for edit in edits] == ["taga", "place"]
    assert other_words("мост", Part("word", "мост", "text", 0, 4), known=MANY, encode=encode) == []


def test_phrases_of_chinese_words() -> None:
    text = "我在外滩夜景"
    found = phrases(text, Part("word", "外滩", "text", 2, 4))
    assert [edit.part.name for edit in found] == ["外滩夜景"]


def test_blocks_hold_the_region_and_stay_in_the_image() -> None:
    corner = Part("region", "image 1, row 1, column 1", image=0, box=grid(4)[0])
    assert [edit.part.box for edit in blocks(corner, grid=4)] == [(0.0, 0.0, 0.5, 0.5)]
    inner = Part("region", "image 1, row 2, column 3", image=0, box=grid(4)[6])
    found = [edit.part.box for edit in blocks(inner, grid=4)]
    assert found == [(0.25, 0.0, 0.75, 0.5), (0.5, 0.0, 1.0, 0.5), (0.25, 0.25, 0.75, 0.75), (0.5, 0.25, 1.0, 0.75)]
    assert blocks(corner, grid=2) == []
