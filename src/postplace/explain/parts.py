"""The parts of a post that can be taken away: modalities, words, hashtags, spans of characters, images, regions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from postplace.explain.documents import PartDocument
from postplace.images.regions import Box, grid
from postplace.schema import Post
from postplace.text.segmentation import CHINESE, word_spans

Kind = Literal["modality", "word", "characters", "hashtag", "image", "region", "input"]
Modality = Literal["text", "hashtags", "image"]
Field = Literal["text", "image_text"]

MODALITY: dict[Kind, Modality] = {
    "word": "text",
    "characters": "text",
    "hashtag": "hashtags",
    "image": "image",
    "region": "image",
}
MODALITIES: tuple[Modality, ...] = get_args(Modality)
SPAN = 3  # characters of a span within a word; of Chinese, 1


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a post. `name` is what a person reads: a word, a tag, a region's place in its image.

    A word and a span of characters stand in the post's own `field` from `start` to `end`; an image is the `image`-th
    of the readable ones, from 0; a region has its `box` too, in shares of the sides. A whole modality is of the kind
    "modality", and its name is "text", "hashtags" or "image". What a network is given that stands for no word, hashtag
    or image alone, such as the vector of the whole text, is an "input", and `of` says of which modality.
    """

    kind: Kind
    name: str
    field: Field | None = None
    start: int | None = None
    end: int | None = None
    image: int | None = None
    box: Box | None = None
    of: Modality | None = None

    @property
    def modality(self) -> Modality:
        """text, hashtags or image."""
        if self.kind == "modality":
            return modality_name(self.name)
        return MODALITY[self.kind] if self.of is None else self.of

    def to_dict(self) -> PartDocument:
        """What is known of it, without what does not apply."""
        document: PartDocument = {"kind": self.kind, "name": self.name}
        if self.field is not None:
            document["field"] = self.field
        if self.start is not None:
            document["start"] = self.start
        if self.end is not None:
            document["end"] = self.end
        if self.image is not None:
            document["image"] = self.image
        if self.box is not None:
            document["box"] = self.box
        if self.of is not None:
            document["of"] = self.of
        return document


def modality_part(name: str) -> Part:
    """A whole modality as a part."""
    return Part("modality", modality_name(name))


def modality_name(name: str) -> Modality:
    """The name as one of the three modalities. Raises ValueError for any other."""
    for known in MODALITIES:
        if name == known:
            return known
    raise ValueError(f"{name!r} is none of the modalities {', '.join(MODALITIES)}")


def word_parts(post: Post) -> list[Part]:
    """The words of the text, then those read from the images; links, mentions and hashtags are none."""
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


def image_parts(images: int) -> list[Part]:
    """Whole images, where there are several: a single one is the modality."""
    return [image_part(number) for number in range(images)] if images > 1 else []


def image_part(number: int) -> Part:
    """The image of that number, from 0, as a part."""
    return Part("image", f"image {number + 1}", image=number)


def region_parts(images: int, size: int) -> list[Part]:
    """The `size` x `size` regions of each image."""
    return [
        Part("region", f"image {number + 1}, row {cell // size + 1}, column {cell % size + 1}", image=number, box=box)
        for number in range(images)
        for cell, box in enumerate(grid(size))
    ]


def separate(parts: Iterable[Part]) -> list[Part]:
    """Those that do not lie in each other, in their order: without spans of words, and images that have regions."""
    all_parts = list(parts)
    in_regions = {part.image for part in all_parts if part.kind == "region"}
    return [
        part
        for part in all_parts
        if part.kind != "characters" and not (part.kind == "image" and part.image in in_regions)
    ]


def spans(parts: Sequence[Part], field: Field) -> list[tuple[int, int]]:
    """Where, in order, the words and spans among the parts stand in that field."""
    return sorted(
        (part.start, part.end)
        for part in parts
        if part.field == field and part.start is not None and part.end is not None
    )
