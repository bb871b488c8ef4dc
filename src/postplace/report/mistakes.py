"""The most confident mistakes: few, of different people, without names, with small images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from postplace.errors import BadImage
from postplace.images.decode import decode
from postplace.inference.predictor import EvaluationResult
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Post
from postplace.system.html import data_address
from postplace.text.segmentation import CHINESE

MOST = 12  # mistakes, unless requested otherwise
IMAGES = 2  # of a post
SIDE = 320  # pixels of a thumbnail's longer side
CHARACTERS = 400  # of a text
TAGS = 15
LONG_NAME = 6  # letters
_MENTION = re.compile(r"[@＠][\w.·-]+")
_LETTER = rf"(?:(?!{CHINESE.pattern})[^\W\d_])"  # of words that spaces stand between


@dataclass(frozen=True)
class Mistake:
    """A wrong answer and the post it was given to; `images` are JPEGs as data addresses."""

    truth: str
    guess: str
    confidence: float
    truth_probability: float | None
    km: float | None
    text: str = ""
    hashtags: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    unread: int = 0


def confident_mistakes(evaluated: EvaluationResult, places: PlaceVocabulary, *, most: int = MOST) -> list[Mistake]:
    """The `most` confident wrong answers, the surest first; at most one of a group, so that nobody's posts pile up."""
    truth, probabilities = evaluated.truth, evaluated.calibrated_proba
    guesses = probabilities.argmax(axis=1)
    wrong = truth.labelled & truth.answered & (guesses != truth.labels)
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    shown_groups: set[int] = set()
    mistakes: list[Mistake] = []
    for row in order[wrong[order]].tolist():
        if len(mistakes) >= most:
            break
        if int(truth.groups[row]) not in shown_groups:
            shown_groups.add(int(truth.groups[row]))
            mistakes.append(_mistake(evaluated, row, places))
    return mistakes


def _mistake(evaluated: EvaluationResult, row: int, places: PlaceVocabulary) -> Mistake:
    post, label = evaluated.posts[row], int(evaluated.truth.labels[row])
    probabilities = evaluated.calibrated_proba[row]
    guess = int(probabilities.argmax())
    km = float(great_circle_km(*places.coordinates()[guess], *evaluated.truth.coordinates[row]))
    truth = places.places[label].name if label >= 0 else "a class that the run does not know"
    images, unread = thumbnails(post.images[:IMAGES])
    return Mistake(
        truth=truth,
        guess=places.places[guess].name,
        confidence=float(probabilities[guess]),
        truth_probability=float(probabilities[label]) if label >= 0 else None,
        km=km if np.isfinite(km) else None,
        text=shortened(nameless(post.full_text, post), CHARACTERS),
        hashtags=tuple(shortened(nameless(tag, post), 60) for tag in post.hashtags[:TAGS]),
        images=images,
        unread=unread,
    )


def nameless(text: str, post: Post) -> str:
    """The text without @mentions and without the name of the post's author.

    A short name goes where it stands by itself, between Chinese letters too; a long one (it hides in no other word by
    chance, but in hashtags that are written together) and a Chinese one (no space tells where it begins) everywhere.

    >>> nameless("Anna and @ben.k at the pier, where Savannah believes", Post("1", user="anna"))
    '… and @… at the pier, where Savannah believes'
    """
    text = _MENTION.sub("@…", text)
    if not post.user:
        return text
    name = re.escape(post.user)
    if len(post.user) < LONG_NAME and not CHINESE.search(post.user):
        name = rf"(?<!{_LETTER}){name}(?!{_LETTER})"
    return re.sub(name, "…", text, flags=re.IGNORECASE)


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis.

    >>> shortened("a long name", 6)
    'a lon…'
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def thumbnails(images: Sequence[Path | bytes]) -> tuple[tuple[str, ...], int]:
    """Images -> small JPEGs without metadata, as data addresses, and how many could not be read."""
    made, unread = [], 0
    for image in images:
        try:
            decoded = decode(image, target=SIDE)
        except BadImage:
            unread += 1
            continue
        decoded.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        made.append(data_address(decoded, quality=80))
    return tuple(made), unread
