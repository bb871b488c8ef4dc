"""The parts of a post that can be taken away."""

from __future__ import annotations

import pytest

from postplace.explain.parts import (
    Part,
    character_parts,
    hashtag_parts,
    image_parts,
    modality_part,
    region_parts,
    separate,
    spans,
    word_parts,
)
from postplace.schema import Post


def test_words_stand_where_they_say_and_links_mentions_and_hashtags_are_none() -> None:
    post = Post("1", text="By the river @anna #night http://t.cn/x", image_text="EXIT here")
    words = word_parts(post)
    assert [(word.name, word.field) for word in words if word.field == "image_text"] == [
        ("EXIT", "image_text"),
        ("here", "image_text"),
    ]
    texts = [word for word in words if word.field == "text"]
    assert [word.name for word in texts] == ["By", "the", "river"]
    assert [post.text[word.start : word.end] for word in texts] == ["By", "the", "river"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("harbours", ["har", "bours"]),
        ("riversides", ["riv", "ers", "ides"]),
        ("riversi", ["riv", "ersi"]),
        ("river", []),  # one span would be the word
        ("外滩", ["外", "滩"]),
        ("江", []),
    ],
)
def test_a_word_falls_into_spans_that_cover_it(name: str, expected: list[str]) -> None:
    found = character_parts(Part("word", name, "text", 5, 5 + len(name)))
    assert [part.name for part in found] == expected
    for part in found:
        assert part.start is not None
        assert name[part.start - 5 :].startswith(part.name)
    assert character_parts(Part("word", name)) == []


def test_hashtags_come_once_and_empty_ones_not_at_all() -> None:
    assert [part.name for part in hashtag_parts(Post("1", hashtags=("a", " ", "b", "a")))] == ["a", "b"]


def test_a_single_image_is_the_modality_and_its_regions_are_numbered_by_row_and_column() -> None:
    assert [len(image_parts(count)) for count in (0, 1, 2, 3)] == [0, 0, 2, 3]
    regions = region_parts(2, 3)
    assert len(regions) == 18
    assert (regions[5].image, regions[-1].image) == (0, 1)
    assert "row 2, column 3" in regions[5].name
    assert regions[5].box == pytest.approx((2 / 3, 1 / 3, 1, 2 / 3))


def test_separate_leaves_out_spans_of_words_and_images_that_have_regions() -> None:
    word = Part("word", "harbour", "text", 0, 7)
    images, regions = image_parts(2), [region for region in region_parts(2, 1) if region.image == 1]
    found = separate([word, *character_parts(word), *images, *regions])
    assert found == [word, images[0], *regions]


def test_spans_of_one_field_come_in_order() -> None:
    parts = [Part("word", "b", "text", 4, 5), Part("word", "c", "image_text", 0, 1), Part("word", "a", "text", 0, 1)]
    assert spans([*parts, modality_part("image")], "text") == [(0, 1), (4, 5)]
    assert modality_part("hashtags").modality == "hashtags"
