"""Which single edits of a post are worth trying: what can go, and what could stand in its place."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from postplace.explain.edits import Edit, EditKind
from postplace.explain.explaining import chosen
from postplace.explain.parts import Kind, Part, picture_part
from postplace.explain.variants import OpenedPost
from postplace.images.regions import Box
from postplace.locator import PostLocator
from postplace.runs.evidence import unit_rows
from postplace.text.hashtags import normalise_hashtag, split_hashtag
from postplace.text.segmentation import CHINESE, word_spans

MOST_KNOWN = 1000  # tags or words of the run that are compared: the most frequent ones
NEIGHBOURS = 3  # that stand in for a tag
GENERAL = 2  # more general tags
LEAST_SHARED = 3  # letters of a more general tag within a tag; of Chinese, 2
LONGEST_PHRASE = 3  # words
GENERAL_WORDS = {"chinese": ("地方", "东西"), "latin": ("place", "thing")}  # say next to nothing, fit nearly anywhere
CROPS: dict[str, Box] = {
    "its left two thirds": (0.0, 0.0, 2 / 3, 1.0),
    "its right two thirds": (1 / 3, 0.0, 1.0, 1.0),
    "its upper two thirds": (0.0, 0.0, 1.0, 2 / 3),
    "its lower two thirds": (0.0, 1 / 3, 1.0, 1.0),
    "its middle": (1 / 6, 1 / 6, 5 / 6, 5 / 6),
}
Encode = Callable[[Sequence[str]], NDArray[np.float32]]


def removals(
    opened: OpenedPost, modalities: Sequence[str], *, limit: int, grid: int, seed: int
) -> tuple[list[Edit], list[str]]:
    """Each hashtag, word, picture and region gone by itself, and each crop; and what is said of those left out."""
    post, seen = opened.post, opened.present
    view = replace(
        post,
        text=post.text if "text" in modalities else "",
        image_text="",  # what stands in a picture cannot be typed away
        hashtags=post.hashtags if "hashtags" in modalities else (),
        images=post.images if opened.pictures else (),
    )
    parts, said = chosen(OpenedPost(view, view, opened.pictures, ()), limit=limit, grid=grid, seed=seed)
    edits = [Edit(_REMOVE[part.kind], part) for part in parts]
    if "image" in seen and len(opened.pictures) == 1:
        edits.append(Edit("drop picture", picture_part(0)))
    for number in range(len(opened.pictures)):
        edits += [
            Edit("crop", Part("region", f"picture {number + 1} to {name}", image=number, box=box))
            for name, box in CROPS.items()
        ]
    return _once(edits), said


_REMOVE: dict[Kind, EditKind] = {
    "hashtag": "hide hashtag", "word": "hide words", "picture": "drop picture", "region": "blur region",
}  # fmt: skip


def other_hashtags(tag: Part, *, known: Sequence[str], encode: Encode, without: Iterable[str] = ()) -> list[Edit]:
    """What could stand in the place of a hashtag: more general known ones, and the known ones nearest in meaning.

    `known` in their normal form, most frequent first; none of those `without`, the post's own.
    """
    own = normalise_hashtag(tag.name)
    taken = {own, *map(normalise_hashtag, without)}
    general = [name for name in more_general(tag.name, known) if name not in taken]
    near = [name for name in _alike(own, known) if name not in taken and name not in general]
    edits = [Edit("generalise hashtag", tag, name) for name in general[:GENERAL]]
    return edits + [Edit("replace hashtag", tag, name) for name in nearest(own, near, encode, most=NEIGHBOURS)]


def more_general(tag: str, known: Sequence[str]) -> list[str]:
    """Known tags that a tag begins or ends with, or has among its words, and that are more frequent; longest first.

    >>> more_general("DresdenFrauenkirche", ["germany", "dresden", "kirche", "dresdenfrauenkirche", "frau"])
    ['dresden', 'kirche']
    """
    own, words = normalise_hashtag(tag), set(split_hashtag(tag))
    more_frequent = known[: known.index(own)] if own in known else known
    found = []
    for name in more_frequent:
        least = 2 if CHINESE.search(name) else LEAST_SHARED
        if name != own and len(name) >= least and (name in words or own.startswith(name) or own.endswith(name)):
            found.append(name)
    return sorted(found, key=lambda name: -len(name))


def other_words(word: Part, *, known: Sequence[str], encode: Encode) -> list[Edit]:
    """What could stand in the place of a word: the known word nearest in meaning, and a word that says next to nothing.

    For a script without such a word, and a run that keeps no words, there is nothing: then a word can only go.
    """
    own = word.name.casefold()
    near = [name for name in _alike(own, known) if name != own]
    names = [*nearest(own, near, encode, most=1), *GENERAL_WORDS.get(script_of(own), ())]
    return [Edit("reword", word, name) for name in dict.fromkeys(names) if name != own]


def phrases(text: str, word: Part) -> list[Edit]:
    """Up to three neighbouring words with this one among them, gone together.

    >>> [edit.part.name for edit in phrases("at the old bridge, now", Part("word", "old", "text", 7, 10))]
    ['the old', 'at the old', 'old bridge', 'the old bridge']
    """
    spans = word_spans(text)
    at = next((row for row, span in enumerate(spans) if span == (word.start, word.end)), None)
    if at is None:
        return []
    found = []
    for first in range(max(0, at - LONGEST_PHRASE + 1), at + 1):
        for last in range(max(at, first + 1), min(len(spans), first + LONGEST_PHRASE)):
            start, end = spans[first][0], spans[last][1]
            if all(gap.isspace() or not gap for gap in _gaps(text, spans[first : last + 1])):
                found.append(Part("word", text[start:end], "text", start, end))
    found.sort(key=lambda part: (part.end or 0, -(part.start or 0)))
    return [Edit("hide words", part) for part in found]


def blocks(region: Part, *, grid: int) -> list[Edit]:
    """The squares of 2 x 2 regions that a region lies in, blurred together."""
    if region.box is None or region.image is None or grid < 3:
        return []
    column, row = round(region.box[0] * grid), round(region.box[1] * grid)
    found = []
    for top in (row - 1, row):
        for left in (column - 1, column):
            if 0 <= top < grid - 1 and 0 <= left < grid - 1:
                name = f"picture {region.image + 1}, rows {top + 1} to {top + 2}, columns {left + 1} to {left + 2}"
                box = (left / grid, top / grid, (left + 2) / grid, (top + 2) / grid)
                found.append(Edit("blur region", Part("region", name, image=region.image, box=box)))
    return found


def nearest(own: str, known: Sequence[str], encode: Encode, *, most: int) -> list[str]:
    """The `most` known strings whose text vectors have the largest cosine with that of `own`."""
    if not known:
        return []
    vectors = unit_rows(encode([own, *known]))
    order = np.argsort(-(vectors[1:] @ vectors[0]), kind="stable")
    return [known[row] for row in order[:most]]


def known_hashtags(locator: PostLocator) -> tuple[str, ...]:
    """The hashtags that a run knows, the most frequent first; none of a run that keeps no list."""
    vocabularies = getattr(locator.fitted, "vocabularies", None)
    return () if vocabularies is None else tuple(vocabularies.hashtags.items)


def known_words(locator: PostLocator) -> tuple[str, ...]:
    """The words that a run knows, the most frequent first; none of a run that keeps no list."""
    vocabularies = getattr(locator.fitted, "vocabularies", None)
    return () if vocabularies is None else tuple(vocabularies.words.items)


def script_of(word: str) -> str:
    """The script of a word's first letter: "chinese", "latin", "cyrillic" ...; "" without a letter.

    >>> script_of("外滩"), script_of("Über"), script_of("мост"), script_of("42")
    ('chinese', 'latin', 'cyrillic', '')
    """
    if CHINESE.search(word):
        return "chinese"
    letter = next((character for character in word if character.isalpha()), "")
    return unicodedata.name(letter, "").split(" ")[0].lower() if letter else ""


def _alike(own: str, known: Sequence[str]) -> list[str]:
    """Of the most frequent known strings, those in the same script, and with a letter."""
    script = script_of(own)
    return [name for name in known[:MOST_KNOWN] if script and script_of(name) == script]


def _gaps(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    return [text[a[1] : b[0]] for a, b in pairwise(spans)]


def _once(edits: Iterable[Edit]) -> list[Edit]:
    """Those that do the same, a tag or a word written in several ways, once: the first of them in the post."""
    ordered = sorted(edits, key=lambda edit: edit.part.start or 0)
    found: dict[object, Edit] = {}
    for edit in ordered:
        part = edit.part
        name = normalise_hashtag(part.name) if part.kind == "hashtag" else part.name.casefold()
        found.setdefault((edit.kind, name, part.image, part.box), edit)
    return list(found.values())
