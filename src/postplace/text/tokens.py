"""A post -> its characters and words, as vocabularies and the limits on lengths count them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from postplace.schema import Post
from postplace.text.cleaning import for_encoder
from postplace.text.hashtags import normalise_hashtag, split_hashtag
from postplace.text.segmentation import words
from postplace.text.stop_words import PLACES, WordRules
from postplace.truncation import Extent

TEXT, HASHTAGS = "text", "hashtags"
CHARACTERS, WORDS = "characters", "words"
# What a post is cut to where nothing else is said; see docs/training.md for what longer ones bring
LENGTHS: Mapping[str, int] = {"max_characters": 280, "max_words": 60, "max_hashtags": 30}


@dataclass(frozen=True, slots=True)
class TextTokens:
    """The characters and words of one post, as the vocabularies see them."""

    text_characters: str
    text_words: tuple[str, ...]
    hashtag_characters: str
    hashtag_words: tuple[str, ...]


def tokenize(post: Post, rules: WordRules = PLACES) -> TextTokens:
    """A post -> its characters (lower case, without links and mentions) and its words (SG-MFT's cleaning).

    The characters are as they were written, in traditional Chinese too; the words are by these rules.

    A hashtag counts twice among the words: whole, and in its parts ("#NewYorkCity" -> newyorkcity, new, york, city).
    """
    tags = [normalise_hashtag(tag) for tag in post.hashtags]
    parts = [part for tag in post.hashtags for part in split_hashtag(tag, rules)]
    return TextTokens(
        text_characters=for_encoder(post.full_text).lower(),
        text_words=tuple(words(post.full_text, rules)),
        hashtag_characters=" ".join(tags),
        hashtag_words=tuple(dict.fromkeys([*tags, *parts])),
    )


def read_extents(tokens: TextTokens, lengths: Mapping[str, int]) -> list[Extent]:
    """How far a post's characters and words are read with these lengths; a length that is not there is not read by."""
    ways = (
        (TEXT, CHARACTERS, tokens.text_characters, "max_characters"),
        (TEXT, WORDS, tokens.text_words, "max_words"),
        (HASHTAGS, CHARACTERS, tokens.hashtag_characters, "max_characters"),
        (HASHTAGS, WORDS, tokens.hashtag_words, "max_hashtags"),
    )
    return [Extent(of, unit, min(len(own), lengths[name]), len(own)) for of, unit, own, name in ways if name in lengths]
