"""Which word or hashtag each token of a post stands in."""

from __future__ import annotations

from postplace.explain.token_parts import BETWEEN_TAGS, BETWEEN_WORDS, parts_of_tokens
from postplace.schema import Post
from postplace.text.tokens import tokenize

POST = Post("1", text="By the Harbour! @anna", hashtags=("NightLife", "Fun"))


def names(post: Post, counts: tuple[int, int, int, int]) -> list[str]:
    return [part.name for part in parts_of_tokens(post, counts)]


def test_characters_stand_in_their_word_and_punctuation_between() -> None:
    characters = tokenize(POST).text_characters
    parts = parts_of_tokens(POST, (len(characters), 0, 0, 0))
    assert characters.startswith("by the harbour!")
    by_character = list(zip(characters, (part.name for part in parts), strict=True))[:15]
    assert [name for character, name in by_character if character == "h"] == ["the", "Harbour"]
    assert [name for character, name in by_character if character in " !"] == [BETWEEN_WORDS.name] * 3


def test_words_that_are_read_come_in_order_without_stop_words() -> None:
    words = tokenize(POST).text_words
    assert "harbour" in words
    parts = parts_of_tokens(POST, (0, len(words), 0, 0))
    assert [part.name.lower() for part in parts] == list(words)


def test_characters_and_words_of_hashtags_stand_in_their_tag() -> None:
    tokens = tokenize(POST)
    assert tokens.hashtag_characters == "nightlife fun"
    characters = parts_of_tokens(POST, (0, 0, 13, 0))
    assert [part.name for part in characters[8:11]] == ["NightLife", BETWEEN_TAGS.name, "Fun"]
    by_word = dict(zip(tokens.hashtag_words, names(POST, (0, 0, 0, len(tokens.hashtag_words))), strict=True))
    assert by_word == {"nightlife": "NightLife", "fun": "Fun", "night": "NightLife", "life": "NightLife"}


def test_no_more_parts_are_given_than_tokens_were_read() -> None:
    assert names(POST, (2, 0, 0, 1)) == ["By", "By", "NightLife"]
    assert names(POST, (0, 0, 0, 0)) == []


def test_the_words_read_from_an_image_follow_those_of_the_text() -> None:
    post = Post("1", text="pier", image_text="Harbour")
    words = tokenize(post).text_words
    parts = parts_of_tokens(post, (0, len(words), 0, 0))
    assert [(part.name, part.field) for part in parts] == [("pier", "text"), ("Harbour", "image_text")]
