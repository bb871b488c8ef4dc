"""Which single edits of a post are worth trying: what can go, and what could stand in its place."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from postplace.explain.edits import Edit, EditKind
from postplace.explain.explainable import Explainable
from postplace.explain.explaining import chosen
from postplace.explain.parts import Kind, Part, image_part
from postplace.explain.variants import OpenedPost
from postplace.images.regions import Box
from postplace.inference.evidence import unit_rows
from postplace.text.hashtags import normalise_hashtag, split_hashtag
from postplace.text.segmentation import CHINESE, word_spans, words

MOST_KNOWN = 1000  # tags or words of the run that are compared: the most frequent ones
NEIGHBOURS = 3  # that stand in for a tag
GENERAL = 2  # more general tags
LEAST_SHARED = 3  # letters of a more general tag within a tag; of Chinese, 2
LONGEST_PHRASE = 3  # words
FEWEST_KNOWN = 20  # tags or words: among fewer, what is nearest in meaning need not be near
LEAST_ALIKE = 0.25  # cosine of two vectors less the mean of all known ones: below, they have little in common
GENERAL_WORD = {"chinese": "地方", "latin": "place"}  # says next to nothing
ARTICLES = frozenset({"a", "an", "the", "this", "that", "these", "those", "my", "your", "his", "her", "our", "their"})
CROPS: dict[str, Box] = {
    "its left two thirds": (0.0, 0.0, 2 / 3, 1.0),
    "its right two thirds": (1 / 3, 0.0, 1.0, 1.0),
    "its upper two thirds": (0.0, 0.0, 1.0, 2 / 3),
    "its lower two thirds": (0.0, 1 / 3, 1.0, 1.0),
    "its middle": (1 / 6, 1 / 6, 5 / 6, 5 / 6),
}
CROPPED_SHARE = 4  # of as many edits as there may be parts, one in so many may be a crop
Encode = Callable[[Sequence[str]], NDArray[np.float32]]


def removals(
    opened: OpenedPost, modalities: Sequence[str], *, limit: int, grid: int, seed: int, but: Collection[Part] = ()
) -> tuple[list[Edit], list[str]]:
    """Each hashtag, word, image and region gone by itself, and each crop; and notes on those left out.

    Those in `but` stay, which a run does not read. Stop words stay: without them a text loses its grammar and no place
    its name.
    """
    post, present = opened.post, opened.present
    view = replace(
        post,
        text=post.text if "text" in modalities else "",
        image_text="",  # what stands in an image cannot be typed away
        hashtags=post.hashtags if "hashtags" in modalities else (),
        images=post.images if opened.images else (),
    )
    parts, left_out = chosen(replace(opened, post=view, drawn=view), limit=limit, grid=grid, seed=seed, but=but)
    edits = [Edit(_REMOVE[part.kind], part) for part in parts]
    if "image" in present and len(opened.images) == 1:
        edits.append(Edit("drop image", image_part(0)))
    cropped = min(len(opened.images), max(1, limit // CROPPED_SHARE // len(CROPS)))
    if cropped < len(opened.images):
        left_out.append(
            f"{len(opened.images) - cropped} of {len(opened.images)} images were not cropped (limit {limit})"
        )
    for number in range(cropped):
        edits += [
            Edit("crop", Part("region", f"image {number + 1} to {name}", image=number, box=box))
            for name, box in CROPS.items()
        ]
    return [edit for edit in _once(edits) if edit.modality != "text" or words(edit.part.name)], left_out


_REMOVE: dict[Kind, EditKind] = {
    "hashtag": "hide hashtag", "word": "hide words", "image": "drop image", "region": "blur region",
}  # fmt: skip


def other_hashtags(tag: Part, *, known: Sequence[str], encode: Encode, without: Iterable[str] = ()) -> list[Edit]:
    """What could stand in the place of a hashtag: more general known ones, and the known ones nearest in meaning.

    `known` in their normal form, most frequent first; none of those `without`, the post's own.
    """
    normal_form = normalise_hashtag(tag.name)
    taken = {normal_form, *map(normalise_hashtag, without)}
    general = [name for name in more_general(tag.name, known) if name not in taken]
    near = [name for name in _alike(normal_form, known) if name not in taken and name not in general]
    edits = [Edit("generalise hashtag", tag, name) for name in general[:GENERAL]]
    return edits + [Edit("replace hashtag", tag, name) for name in nearest(normal_form, near, encode, most=NEIGHBOURS)]


def more_general(tag: str, known: Sequence[str]) -> list[str]:
    """Known tags that a tag begins or ends with, or has among its words, and that are more frequent; longest first.

    >>> more_general("DresdenFrauenkirche", ["germany", "dresden", "kirche", "dresdenfrauenkirche", "frau"])
    ['dresden', 'kirche']
    """
    normal_form, words = normalise_hashtag(tag), set(split_hashtag(tag))
    more_frequent = known[: known.index(normal_form)] if normal_form in known else known
    general = []
    for name in more_frequent:
        least = 2 if CHINESE.search(name) else LEAST_SHARED
        if (
            name != normal_form
            and len(name) >= least
            and (name in words or normal_form.startswith(name) or normal_form.endswith(name))
        ):
            general.append(name)
    return sorted(general, key=lambda name: -len(name))


def other_words(text: str, word: Part, *, known: Sequence[str], encode: Encode) -> list[Edit]:
    """What could stand in the place of a word: the known word nearest in meaning, and one that says next to nothing.

    That one takes the place of all that follows an article, or of a Chinese word. In other scripts, elsewhere, and of a
    run that keeps no words, there may be nothing: then a word can only go.
    """
    plain = word.name.casefold()
    near = [name for name in _alike(plain, known) if name != plain]
    edits = [Edit("reword", word, name) for name in nearest(plain, near, encode, most=1)]
    whole, general = after_article(text, word), GENERAL_WORD.get(writing_system(plain))
    if whole is not None and general not in (None, plain):
        edits.append(Edit("reword", whole, general))
    return edits


def after_article(text: str, word: Part) -> Part | None:
    """The words from an article to the next stop word or mark, if this one is among them; a Chinese word by itself.

    >>> after_article("at the old bridge of dreams", Part("word", "bridge", "text", 11, 17)).name
    'old bridge'
    >>> after_article("we woke early", Part("word", "woke", "text", 3, 7)) is None
    True
    """
    if writing_system(word.name) == "chinese":
        return word if len(word.name) > 1 else None
    spans = word_spans(text)
    at = next((row for row, span in enumerate(spans) if span == (word.start, word.end)), None)
    if at is None:
        return None
    names, last = [text[start:end].lower() for start, end in spans], at
    article = next((row for row in range(at - 1, max(-1, at - 1 - LONGEST_PHRASE), -1) if names[row] in ARTICLES), None)
    if article is None or not _joined(text, spans[article : at + 1]):
        return None
    first = article + 1
    while last + 1 < len(spans) and _joined(text, spans[last : last + 2]) and words(names[last + 1]):
        last += 1
    start, end = spans[first][0], spans[last][1]
    return Part("word", text[start:end], "text", start, end)


def phrases(text: str, word: Part) -> list[Edit]:
    """Up to three neighbouring words with this one among them, gone together; none with a stop word at an end.

    But an article goes with what it stands before.

    >>> [edit.part.name for edit in phrases("at the stone bridge, now", Part("word", "stone", "text", 7, 12))]
    ['the stone', 'stone bridge', 'the stone bridge']
    """
    spans = word_spans(text)
    at = next((row for row, span in enumerate(spans) if span == (word.start, word.end)), None)
    if at is None:
        return []
    phrase_parts = []
    for first in range(max(0, at - LONGEST_PHRASE + 1), at + 1):
        for last in range(max(at, first + 1), min(len(spans), first + LONGEST_PHRASE)):
            start, end = spans[first][0], spans[last][1]
            opens, closes = (text[a:b] for a, b in (spans[first], spans[last]))
            whole = words(closes) and (words(opens) or opens.lower() in ARTICLES)
            if whole and _joined(text, spans[first : last + 1]):
                phrase_parts.append(Part("word", text[start:end], "text", start, end))
    phrase_parts.sort(key=lambda part: (part.end or 0, -(part.start or 0)))
    return [Edit("hide words", part) for part in phrase_parts]


def blocks(region: Part, *, grid: int) -> list[Edit]:
    """The squares of 2 x 2 regions that a region lies in, blurred together."""
    if region.box is None or region.image is None or grid < 3:
        return []
    column, row = round(region.box[0] * grid), round(region.box[1] * grid)
    edits = []
    for top in (row - 1, row):
        for left in (column - 1, column):
            if 0 <= top < grid - 1 and 0 <= left < grid - 1:
                name = f"image {region.image + 1}, rows {top + 1} to {top + 2}, columns {left + 1} to {left + 2}"
                box = (left / grid, top / grid, (left + 2) / grid, (top + 2) / grid)
                edits.append(Edit("blur region", Part("region", name, image=region.image, box=box)))
    return edits


def nearest(wanted: str, known: Sequence[str], encode: Encode, *, most: int) -> list[str]:
    """The `most` known strings nearest in meaning: by the cosine of text vectors (D,) less the mean of the known ones.

    None that has little in common with `own`; none where few are known.
    """
    if len(known) < FEWEST_KNOWN:
        return []
    vectors = unit_rows(encode([wanted, *known]))
    vectors = unit_rows(vectors - vectors[1:].mean(axis=0))
    cosines = vectors[1:] @ vectors[0]
    order = np.argsort(-cosines, kind="stable")[:most]
    return [known[row] for row in order if cosines[row] >= LEAST_ALIKE]


def known_hashtags(locator: Explainable) -> tuple[str, ...]:
    """The hashtags that a run knows, the most frequent first; none of a run that keeps no list."""
    vocabularies = getattr(locator.predictor, "vocabularies", None)
    return () if vocabularies is None else tuple(vocabularies.hashtags.items)


def known_words(locator: Explainable) -> tuple[str, ...]:
    """The words that a run knows, the most frequent first; none of a run that keeps no list."""
    vocabularies = getattr(locator.predictor, "vocabularies", None)
    return () if vocabularies is None else tuple(vocabularies.words.items)


def writing_system(word: str) -> str:
    """The script of a word's first letter: "chinese", "latin", "cyrillic" ...; "" without a letter.

    >>> writing_system("外滩"), writing_system("Über"), writing_system("мост"), writing_system("42")
    ('chinese', 'latin', 'cyrillic', '')
    """
    if CHINESE.search(word):
        return "chinese"
    letter = next((character for character in word if character.isalpha()), "")
    return unicodedata.name(letter, "").split(" ")[0].lower() if letter else ""


def _alike(wanted: str, known: Sequence[str]) -> list[str]:
    """Of the most frequent known strings, those in the same script, and with a letter."""
    script = writing_system(wanted)
    return [name for name in known[:MOST_KNOWN] if script and writing_system(name) == script]


def _joined(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether there is nothing but spaces between words that follow each other."""
    return not any(text[a[1] : b[0]].strip() for a, b in pairwise(spans))


def _once(edits: Iterable[Edit]) -> list[Edit]:
    """Those that do the same, a tag or a word written in several ways, once: the first of them in the post."""
    ordered = sorted(edits, key=lambda edit: edit.part.start or 0)
    unique: dict[object, Edit] = {}
    for edit in ordered:
        part = edit.part
        name = normalise_hashtag(part.name) if part.kind == "hashtag" else part.name.casefold()
        unique.setdefault((edit.kind, name, part.image, part.box), edit)
    return list(unique.values())
