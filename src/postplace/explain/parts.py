"""The parts of a post that can be taken away: modalities, words, hashtags, spans of characters, pictures, regions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from postplace.images.regions import Box, grid
from postplace.schema import Post
from postplace.text.segmentation import CHINESE, word_spans

Kind = Literal["text", "hashtags", "image", "word", "characters", "hashtag", "picture", "region"]
Field = Literal["text", "image_text"]

MODALITY: dict[Kind, str] = {
    "text": "text",
    "hashtags": "hashtags",
    "image": "image",
    "word": "text",
    "characters": "text",
    "hashtag": "hashtags",
    "picture": "image",
    "region": "image",
}
SPAN = 3  # characters of a span within a word; of Chinese, 1


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a post. `name` is what a person reads: a word, a tag, a region's place in its picture.

    A word and a span of characters stand in the post's own `field` from `start` to `end`; a picture is the `image`-th
    of the readable ones, from 0; a region has its `box` too, in shares of the sides.
    """

    kind: Kind
    name: str
    field: Field | None = None
    start: int | None = None
    end: int | None = None
    image: int | None = None
    box: Box | None = None

    @property
    def modality(self) -> str:
        """text, hashtags or image."""
        return MODALITY[self.kind]

    def to_dict(self) -> dict[str, Any]:
        """What is known of it, without what does not apply."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def modality_part(name: str) -> Part:
    """A whole modality as a part."""
    kinds: dict[str, Kind] = {"text": "text", "hashtags": "hashtags", "image": "image"}
    return Part(kinds[name], name)


def word_parts(post: Post) -> list[Part]:
    """The words of the text, then those read from the pictures; links, mentions and hashtags are none."""
    fields: tuple[tuple[Field, str], ...] = ("text", post.text), ("image_text", post.image_words)
    return [Part("word", text[a:b], name, a, b) for name, text in fields for a, b in word_spans(text)]


def character_parts(word: Part) -> list[Part]:
    """The spans of a word that can be taken out of it: Chinese characters, else three letters; [] of a short word.

    >>> [part.name for part in character_parts(Part("word", "harbour", "text", 10, 17))]
    ['har', 'bour']
    """
    if word.start is None:
        return []
    step = 1 if CHINESE.fullmatch(word.name) else SPAN
    starts = list(range(0, len(word.name), step))
    if step == SPAN and len(word.name) - starts[-1] < SPAN:
        starts.pop()  # the last span takes what is left
    ends = [*starts[1:], len(word.name)]
    if len(starts) < 2:
        return []
    return [
        Part("characters", word.name[a:b], word.field, word.start + a, word.start + b)
        for a, b in zip(starts, ends, strict=True)
    ]


def hashtag_parts(post: Post) -> list[Part]:
    """The hashtags, each once."""
    return [Part("hashtag", tag) for tag in dict.fromkeys(post.hashtags) if tag.strip()]


def image_parts(pictures: int) -> list[Part]:
    """Whole pictures, where there are several: a single one is the modality."""
    return [image_part(number) for number in range(pictures)] if pictures > 1 else []


def image_part(number: int) -> Part:
    """The picture of that number, from 0, as a part."""
    return Part("picture", f"picture {number + 1}", image=number)


def region_parts(pictures: int, size: int) -> list[Part]:
    """The `size` x `size` regions of each picture."""
    return [
        Part("region", f"picture {number + 1}, row {cell // size + 1}, column {cell % size + 1}", image=number, box=box)
        for number in range(pictures)
        for cell, box in enumerate(grid(size))
    ]


def separate(parts: Iterable[Part]) -> list[Part]:
    """Those that do not lie in each other, in their order: without spans of words, and pictures that have regions."""
    every = list(parts)
    in_regions = {part.image for part in every if part.kind == "region"}
    return [
        part
        for part in every
        if part.kind != "characters" and not (part.kind == "picture" and part.image in in_regions)
    ]


def spans(parts: Sequence[Part], field: Field) -> list[tuple[int, int]]:
    """Where, in order, the words and spans among the parts stand in that field."""
    return sorted(
        (part.start, part.end)
        for part in parts
        if part.field == field and part.start is not None and part.end is not None
    )
