"""A post's characters and words, as vocabularies count them."""

from __future__ import annotations

from postplace.schema import Post
from postplace.text.tokens import read_extents, tokenize


def test_tokenize_lowers_the_text_and_leaves_links_and_mentions_out() -> None:
    found = tokenize(Post("1", text="By the RIVER http://t.cn/x @anna"))
    assert found.text_characters.split() == ["by", "the", "river"]
    assert "river" in found.text_words


def test_a_hashtag_counts_whole_and_in_its_parts_each_once() -> None:
    found = tokenize(Post("1", hashtags=("NewYorkCity", "City")))
    assert found.hashtag_characters == "newyorkcity city"
    assert found.hashtag_words == ("newyorkcity", "city", "new", "york")


def test_characters_are_as_written_and_words_by_the_rules() -> None:
    post = Post("1", text="上海外灘 Line 10", hashtags=("上海外灘",))
    found, paper = tokenize(post), tokenize(post, "sg-mft")
    assert found.text_characters == paper.text_characters == "上海外灘 line 10"
    assert found.hashtag_characters == paper.hashtag_characters == "上海外灘"
    assert (found.text_words, found.hashtag_words) == (("上海", "外滩", "line", "10"), ("上海外灘", "上海", "外滩"))
    assert (paper.text_words, paper.hashtag_words) == (("海外", "灘"), ("上海外灘", "上", "海外", "灘"))


def test_a_post_with_nothing_has_no_tokens() -> None:
    found = tokenize(Post("1"))
    assert (found.text_characters, found.text_words, found.hashtag_characters, found.hashtag_words) == ("", (), "", ())


def test_extents_are_cut_to_the_lengths_that_are_given() -> None:
    tokens = tokenize(Post("1", text="abcdef", hashtags=("xyz",)))
    found = read_extents(tokens, {"max_characters": 4, "max_hashtags": 1})
    assert [tuple(getattr(one, name) for name in one.__dataclass_fields__) for one in found] == [
        ("text", "characters", 4, 6),
        ("hashtags", "characters", 3, 3),
        ("hashtags", "words", 1, 1),
    ]
    assert read_extents(tokens, {}) == []
