"""Which word or hashtag each token of a post stands in: characters and words, as the vocabularies are given them."""

from __future__ import annotations

from collections.abc import Sequence

from postplace.explain.parts import Part, hashtag_parts, word_parts
from postplace.schema import Post
from postplace.text.cleaning import blanked, for_words, markup_spans
from postplace.text.hashtags import normalise_hashtag, split_hashtag
from postplace.text.simplified import simplified
from postplace.text.stop_words import PLACES, WordRules
from postplace.text.tokens import TextTokens, tokenize

BETWEEN_WORDS = Part("input", "between the words", of="text")
BETWEEN_TAGS = Part("input", "between the hashtags", of="hashtags")


def parts_of_tokens(post: Post, counts: Sequence[int], *, rules: WordRules = PLACES) -> list[Part]:
    """The part that each token stands in; `counts` are those read: characters and words of the text, of the hashtags.

    `rules` are those by which words are cut. Spaces and punctuation stand between words; a tag's parts in it, or in the
    first tag that has them.
    """
    tokens = tokenize(post, rules)
    parts_by_side = [
        _of_characters(post, tokens),
        _of_words(post, tokens),
        _of_tag_characters(post),
        _of_tag_words(post, tokens, rules),
    ]
    return [part for parts, count in zip(parts_by_side, counts, strict=True) for part in parts[:count]]


def _of_characters(post: Post, tokens: TextTokens) -> list[Part]:
    """By walking along the cleaned and the own text at once: cleaning only takes away, and changes case."""
    written = "\n".join(blanked(text, markup_spans(text)) for text in (post.text, post.image_words) if text)
    where = _word_at(post)
    parts, place = [], 0
    for character in tokens.text_characters:
        at = place
        while at < len(written) and not (
            written[at].lower() == character or (character == " " and written[at].isspace())
        ):
            at += 1
        if at < len(written):
            place = at + 1
            parts.append(where.get(at, BETWEEN_WORDS))
        else:
            parts.append(BETWEEN_WORDS)  # an entity's letter, say: nowhere in the text as it was written
    return parts


def _word_at(post: Post) -> dict[int, Part]:
    """The word at each character of the full text that is in one."""
    offsets = {"text": 0, "image_text": len(post.text) + 1 if post.text else 0}
    return {
        offsets[word.field or "text"] + place: word
        for word in word_parts(post)
        for place in range(word.start or 0, word.end or 0)
    }


def _of_words(post: Post, tokens: TextTokens) -> list[Part]:
    """Word by word: those that are not stop words come in the same order."""
    waiting = [(simplified(for_words(word.name)), word) for word in word_parts(post)]
    parts: list[Part] = []
    for token in map(simplified, tokens.text_words):
        at = next((row for row, (name, _) in enumerate(waiting) if name and (name == token or token in name)), None)
        parts.append(BETWEEN_WORDS if at is None else waiting[at][1])
        if at is not None:
            del waiting[: at if waiting[at][0] != token else at + 1]
    return parts


def _of_tag_characters(post: Post) -> list[Part]:
    parts: list[Part] = []
    tags = {tag.name: tag for tag in hashtag_parts(post)}
    for number, tag in enumerate(post.hashtags):
        parts += [BETWEEN_TAGS] * (number > 0)
        parts += [tags.get(tag, BETWEEN_TAGS)] * len(normalise_hashtag(tag))
    return parts


def _of_tag_words(post: Post, tokens: TextTokens, rules: WordRules) -> list[Part]:
    owner: dict[str, Part] = {}
    for tag in hashtag_parts(post):
        for word in (normalise_hashtag(tag.name), *split_hashtag(tag.name, rules)):
            owner.setdefault(word, tag)
    return [owner.get(word, BETWEEN_TAGS) for word in tokens.hashtag_words]
