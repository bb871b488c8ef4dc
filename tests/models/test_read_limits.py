"""How far a post is read, by hand: characters 5, words 3, hashtags 2; an encoder of four letters; all; nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from postplace import Post
from postplace.features.batch import Vocabularies
from postplace.features.image_keys import BrokenImage
from postplace.features.pooled import MODALITIES
from postplace.models.read_limits import ReadLimits, unread_of_posts
from postplace.models.registry import find_model
from postplace.models.settings import resolve_settings
from postplace.text.tokens import read_extents, tokenize

LENGTHS: Any = {"max_characters": 5, "max_words": 3, "max_hashtags": 2}


class FourLetters:
    """Reads four letters of a text, three for its states."""

    name, width, fingerprint, unit = "four", 1, "four", "tokens"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[float(len(text[:4]))] for text in texts], dtype=np.float32)

    def lengths(self, texts: Sequence[str], *, states: bool = False) -> NDArray[np.int64]:
        return np.array([(min(len(text), 3 if states else 4), len(text)) for text in texts])


def reader(
    model: str,
    *,
    settings: Mapping[str, Any] | None = None,
    encoder: Any = None,
    modalities: tuple[str, ...] = MODALITIES,
) -> ReadLimits:
    """A reader of that model with the lengths above."""
    plan = resolve_settings(find_model(model), settings or {})
    vocabularies = Vocabularies.fit([], **LENGTHS) if plan.vocabulary else None
    return ReadLimits(plan, vocabularies, encoder or FourLetters(), modalities)


def extents(of: ReadLimits, post: Post) -> list[tuple[str, str, int, int]]:
    return [(own.of, own.unit, own.read, own.total) for own in of.unread(post).extents]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("ab", []),
        ("abcde", []),
        ("abcdef", [("text", "characters", 5, 6), ("text", "words", 1, 1)]),
        ("red 外滩", [("text", "characters", 5, 6), ("text", "words", 2, 2)]),
        ("外滩夜景美食", [("text", "characters", 5, 6), ("text", "words", 3, 3)]),
        ("外滩夜景美食豫园", [("text", "characters", 5, 8), ("text", "words", 3, 4)]),
    ],
)
def test_characters_and_words_at_below_and_above_the_limit(text: str, read: list[tuple[str, str, int, int]]) -> None:
    assert extents(reader("mrlf"), Post("1", text=text)) == read


def test_a_system_is_held_to_what_it_reads_by_alone() -> None:
    post = Post("1", text="外滩夜景美食豫园", hashtags=("bund", "food", "tea"))
    characters = [("text", "characters", 5, 8), ("hashtags", "characters", 5, 13)]
    words = [("text", "words", 3, 4), ("hashtags", "words", 2, 3)]
    assert extents(reader("deepgeo"), post) == characters
    assert extents(reader("feature-cnns"), post) == words
    assert sorted(extents(reader("mrlf"), post)) == sorted([*characters, *words])
    assert extents(reader("tfidf"), post) == extents(reader("tagvisor"), post) == []


def test_systems_of_vectors_read_what_the_encoder_says() -> None:
    post = Post("1", text="abcdefg", hashtags=("x",))
    for model in ("logistic", "lightgbm", "nearest-neighbours", "sg-mft"):
        assert extents(reader(model), post) == [("text", "tokens", 4, 7)]
    assert extents(reader("sg-mft-tokens"), post) == [("text and hashtags", "tokens", 3, 9)]
    silent = SimpleNamespace(encode=len)
    assert extents(reader("logistic", encoder=silent), post) == []  # it does not say
    assert extents(reader("image-linear"), post) == []


def test_what_it_does_not_look_at_is_named_where_it_is_there() -> None:
    post = Post("1", text="ab", hashtags=("x",), images=(b"1",))
    assert reader("mrlf").unread(post).modalities == ()
    assert reader("tagvisor").unread(post).modalities == ("text", "image")
    assert reader("mrlf", modalities=("text",)).unread(post).modalities == ("hashtags", "image")
    assert reader("majority").unread(Post("1", text="ab")).modalities == ("text",)
    assert extents(reader("mrlf", modalities=("hashtags",)), Post("1", text="a b c d e f g")) == []


def test_links_and_mentions_are_read_by_no_system_of_texts() -> None:
    post = Post(
        "1", text="with @ann at [Louvre] http://a.org/bund and www.louvre.fr #x http://a.org/#y", hashtags=("x",)
    )
    for model in ("mrlf", "tfidf", "logistic"):
        found = reader(model).unread(post)
        assert (found.links, found.mentions) == (3, 1), model
        assert found
    found = reader("tagvisor").unread(post)  # which looks at no text: that says it all
    assert (found.modalities, found.links, found.mentions) == (("text",), 0, 0)


def test_images_that_could_not_be_read_are_counted_by_post() -> None:
    posts = [Post("1", images=(b"a", b"b")), Post("2", images=(b"c",))]
    found = unread_of_posts(reader("mrlf"), posts, [BrokenImage("1", "a", "broken")])
    assert [(own.images, own.all_images) for own in found] == [(1, 2), (0, 1)]
    assert [bool(own) for own in found] == [True, False]
    (blind,) = unread_of_posts(reader("deepgeo"), posts[:1], [BrokenImage("1", "a", "broken")])
    assert (blind.images, blind.modalities) == (0, ("image",))


def test_what_was_read_is_what_the_vocabularies_are_given() -> None:
    """The count of ids that are no padding is what is told as read."""
    post = Post("1", text="外滩夜景美食豫园", hashtags=("bund", "food", "tea"))
    vocabularies = Vocabularies.fit([tokenize(post)], min_count=1, **LENGTHS)
    tokens = tokenize(post)
    given = {
        ("text", "characters"): vocabularies.characters.encode(tokens.text_characters, length=5),
        ("text", "words"): vocabularies.words.encode(tokens.text_words, length=3),
        ("hashtags", "characters"): vocabularies.characters.encode(tokens.hashtag_characters, length=5),
        ("hashtags", "words"): vocabularies.hashtags.encode(tokens.hashtag_words, length=2),
    }
    told = {(own.of, own.unit): own.read for own in read_extents(tokens, LENGTHS)}
    assert told == {way: int((ids != 0).sum()) for way, ids in given.items()}
