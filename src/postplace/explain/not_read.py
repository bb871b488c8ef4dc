"""The words and hashtags of a post that a run did not get to: taking them away says nothing about what they give away.

A part is not read where what stands before it fills every length that its side is read by.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from postplace.explain.parts import Part, hashtag_parts, word_parts
from postplace.models.read_limits import BOTH, ReadLimits
from postplace.schema import Post
from postplace.text.segmentation import words
from postplace.text.tokens import CHARACTERS, HASHTAGS, TEXT, WORDS

MOST_PIECES = 16


def parts_not_read(reader: ReadLimits, post: Post) -> tuple[Part, ...]:
    """The words, then the hashtags, in their order; of a model that reads words alone the stop words, too."""
    text, tags = word_parts(post), hashtag_parts(post)
    first, first_tag = _first_beyond(reader, post, TEXT, text), _first_beyond(reader, post, HASHTAGS, tags)
    words_alone = {extent.unit for extent in reader.extents(post) if extent.of == TEXT} == {WORDS}
    far = [
        part
        for row, part in enumerate(text)
        if row >= first or (words_alone and not words(part.name, reader.word_rules))
    ]
    return (*far, *tags[first_tag:])


def rest_not_read(reader: ReadLimits, post: Post) -> Post | None:
    """A post of the ends of text and hashtags that were not read, None where nothing is cut off."""
    text, tags = word_parts(post), hashtag_parts(post)
    looked_at = [reader.looks_at(side) for side in (TEXT, HASHTAGS)]
    far = text[_first_beyond(reader, post, TEXT, text) :] if looked_at[0] else []
    far_tags = tags[_first_beyond(reader, post, HASHTAGS, tags) :] if looked_at[1] else []
    if not far and not far_tags:
        return None
    starts = {str(part.field): part.start for part in reversed(far)}
    rest = {name: getattr(post, name)[start:] for name, start in starts.items()}
    empty = {"text": "", "image_text": "", "images": ()}
    return replace(post, **{**empty, **rest}, hashtags=tuple(part.name for part in far_tags))


def pieces_not_read(reader: ReadLimits, post: Post, *, most: int = MOST_PIECES) -> list[Post]:
    """What was not read, as posts that each are, as far as so many reach; none where nothing is cut off."""
    pieces: list[Post] = []
    rest = rest_not_read(reader, post)
    while rest is not None and len(pieces) < most:
        pieces.append(rest)
        rest = rest_not_read(reader, rest)
    return pieces


def _first_beyond(reader: ReadLimits, post: Post, side: str, parts: Sequence[Part]) -> int:
    """The number of the first part that is not read, of all where each is, if only in one way."""
    if not reader.looks_at(side):
        return 0
    ways = [extent for extent in reader.extents(post) if extent.of in (side, BOTH)]
    if not ways or not all(extent.cut for extent in ways):
        return len(parts)
    before = _before_word if side == TEXT else _before_tag
    return bisect_left(
        parts, True, key=lambda part: all(before(reader, post, part, way.unit) >= way.read for way in ways)
    )


def _before_word(reader: ReadLimits, post: Post, word: Part, unit: str) -> int:
    """How many units of the text, and of what was read from the images after it, stand before a word."""
    first_letter = unit == CHARACTERS  # with it, for a space before the word would not be counted at the end of a text
    end = (word.start or 0) + first_letter
    if word.field == "image_text":
        start = replace(post, image_text=post.image_text[:end], hashtags=())
    else:
        start = replace(post, text=post.text[:end], image_text="", hashtags=())
    return _total(reader, start, TEXT, unit) - first_letter


def _before_tag(reader: ReadLimits, post: Post, tag: Part, unit: str) -> int:
    """How many units stand before a hashtag: of those before it, and of the text where both are one sequence."""
    start = replace(post, hashtags=post.hashtags[: post.hashtags.index(tag.name)])
    count = _total(reader, start, HASHTAGS, unit)
    return count + 1 if count and unit == CHARACTERS else count  # a space


def _total(reader: ReadLimits, post: Post, side: str, unit: str) -> int:
    return sum(extent.total for extent in reader.extents(post) if extent.of in (side, BOTH) and extent.unit == unit)
