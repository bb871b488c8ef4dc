"""What a post is without some of its parts."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from postplace import Post, PostLocator
from postplace.explain.parts import (
    Part,
    character_parts,
    hashtag_parts,
    modality_part,
    region_parts,
    separate,
    word_parts,
)
from postplace.explain.variants import MOST_PIXELS, ask, hide, keep, open_post
from postplace.features.pooled import drop_modalities

Toy = Callable[..., PostLocator]
Square = Callable[..., bytes]


def flat(*_: object) -> float:
    return 0.0


def test_words_are_cut_from_the_posts_own_text(toy: Toy) -> None:
    opened = open_post(toy(flat), Post("1", text="C# at the #old bridge &amp; @ann", image_text="BRIDGE Cafe"))
    words = word_parts(opened.post)
    assert [word.name for word in words] == ["C", "at", "the", "bridge", "BRIDGE", "Cafe"]
    bridge, sign = words[3], words[4]
    assert hide(opened, [bridge]).post.text == "C# at the #old  &amp; @ann"
    both = hide(opened, [sign, bridge]).post
    assert (both.text, both.image_text) == ("C# at the #old  &amp; @ann", " Cafe")


def test_hidden_tags_and_words_do_not_shift_each_other(toy: Toy) -> None:
    opened = open_post(toy(flat), Post("1", text="#old bridge by night", hashtags=("old",)))
    (tag,), (bridge, *_) = hashtag_parts(opened.post), word_parts(opened.post)
    found = hide(opened, [tag, bridge])
    assert (found.post.text.split(), found.post.hashtags) == (["by", "night"], ())
    assert found.hidden == (tag, bridge)
    chinese = open_post(toy(flat), Post("1", text="#外滩#夜景", hashtags=("外滩",)))
    assert hide(chinese, hashtag_parts(chinese.post)).post.text.strip() == "夜景"
    decomposed = open_post(toy(flat), Post("1", text="in #Zu\u0308rich now", hashtags=("Z\u00fcrich",)))
    assert hide(decomposed, hashtag_parts(decomposed.post)).post.text.split() == ["in", "now"]
    whole = modality_part("hashtags")
    assert hide(opened, [whole, bridge]).post.text.split() == ["by", "night"]


def test_a_text_without_words_is_no_text(toy: Toy) -> None:
    opened = open_post(toy(flat), Post("1", text="Bund!!", hashtags=("x",)))
    assert hide(opened, word_parts(opened.post)).post.text == ""
    assert open_post(toy(flat), Post("1", text="!!")).present == ("text",)  # as it is for an encoder


def test_modalities_are_left_out_as_everywhere(toy: Toy, square: Square) -> None:
    post = Post("1", text="dinner #bund", hashtags=("bund",), images=(square(red=(0, 0, 9, 9)),))
    opened = open_post(toy(flat), post)
    assert opened.present == ("text", "hashtags", "image")
    for kept in (["text"], ["hashtags", "image"], []):
        assert keep(opened, kept).post == drop_modalities([post], kept)[0]


def test_regions_cover_the_image_without_gaps(toy: Toy, square: Square) -> None:
    opened = open_post(toy(flat), Post("1", images=(square(red=(0, 0, 7, 7), size=41),)))
    regions = region_parts(1, 3)
    (covered,) = hide(opened, regions).post.images
    pixels = np.asarray(Image.open(io.BytesIO(covered)))  # type: ignore[arg-type]
    mean = np.asarray(opened.images[0]).reshape(-1, 3).mean(axis=0).round()
    assert (pixels == mean).all()


def test_one_region_leaves_every_other_pixel(toy: Toy, square: Square) -> None:
    opened = open_post(toy(flat), Post("1", images=(square(red=(0, 0, 40, 10)), square(red=(9, 9, 20, 20)))))
    region = region_parts(2, 4)[16 + 5]  # of the second image, row 2, column 2
    first, second = hide(opened, [region]).post.images
    assert first == opened.post.images[0]
    changed = (np.asarray(Image.open(io.BytesIO(second))) != np.asarray(opened.images[1])).any(axis=2)  # type: ignore[arg-type]
    assert changed[10:20, 10:20].all()
    assert not changed[:10].any()
    assert not changed[:, 20:].any()


def test_large_images_are_bounded_and_only_regions_see_it(toy: Toy) -> None:
    file = io.BytesIO()
    Image.new("RGB", (3000, 2000), "navy").save(file, format="PNG")
    opened = open_post(toy(flat), Post("1", text="x", images=(file.getvalue(),)))
    width, height = opened.images[0].size
    assert 0.9 * MOST_PIXELS < width * height <= MOST_PIXELS
    assert width / height == pytest.approx(1.5, abs=0.01)
    assert opened.post.images == (file.getvalue(),)
    assert opened.drawn.images != opened.post.images
    assert keep(opened, ["image"]).post.images == (file.getvalue(),)


def test_posts_asked_together_know_nothing_of_each_other(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: float(len(text)))
    posts = [Post("1", text="abc", user="u"), Post("1", text="a", user="u")]
    together = ask(locator, posts)
    np.testing.assert_array_equal(together, np.concatenate([ask(locator, [post]) for post in posts]))


def test_spans_of_words() -> None:
    assert [part.name for part in character_parts(Part("word", "外滩", "text", 3, 5))] == ["外", "滩"]
    spans = character_parts(Part("word", "lighthouse", "text", 10, 20))
    assert [(part.name, part.start, part.end) for part in spans] == [
        ("lig", 10, 13), ("hth", 13, 16), ("ouse", 16, 20),
    ]  # fmt: skip
    assert character_parts(Part("word", "bund", "text", 0, 4)) == []
    assert character_parts(Part("word", "海", "text", 0, 1)) == []


def test_parts_that_lie_in_others_are_told_apart() -> None:
    word, span = Part("word", "bridge", "text", 0, 6), Part("characters", "bri", "text", 0, 3)
    image, region = Part("image", "image 1", image=0), region_parts(1, 2)[0]
    assert separate([word, span, image, region]) == [word, region]
    assert separate([word, image]) == [word, image]
