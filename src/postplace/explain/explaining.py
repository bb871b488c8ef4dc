"""explain: one post and a trained run -> what moved the answer, and by how much."""

from __future__ import annotations

import difflib
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption, unknown_name
from postplace.explain.evidence import evidence_for
from postplace.explain.explainable import Explainable
from postplace.explain.explanation import ClassProbability, Effect, Explanation, Method, log_odds, strongest_first
from postplace.explain.gradients import gradient_effects
from postplace.explain.not_read import parts_not_read
from postplace.explain.parts import (
    Part,
    character_parts,
    hashtag_parts,
    image_parts,
    modality_part,
    region_parts,
    word_parts,
)
from postplace.explain.shapley import shapley_values, subsets
from postplace.explain.variants import OpenedPost, ask, hide, keep, open_post
from postplace.locator import PostLocator
from postplace.models.read_limits import read_limits
from postplace.schema import Post

LIMIT = 160  # parts taken away one at a time
MOST_CHARACTERS = 300_000  # of all variants' texts, and of their hashtags: a long one is asked about less often
GRID = 4
LARGEST_GRID = 16
WORDS_LOOKED_INTO = 3


def explain(
    locator: Explainable,
    post: Post | Mapping[str, object] | OpenedPost,
    *,
    place: str | None = None,
    seed: int = 0,
    method: Method = "occlusion",
    limit: int = LIMIT,
    grid: int = GRID,
) -> Explanation:
    """What made this run believe in `place` (None: its answer), in nats of log-odds and in probability.

    Each modality's exact Shapley value over the subsets of those present and looked at; then, by occlusion, what taking
    away one word, hashtag, image or one of the `grid` x `grid` regions of an image does, for at most `limit` of them
    (which, if there are more, `seed` decides), and one of the spans of the strongest words of a model that reads
    characters. What lies beyond what the model reads is not taken away: it is reported as not read.
    With `gradients` a network's parts share the difference by integrated gradients instead (see `gradients.py`).
    Variants are encoded many at a time, those of spans at the end. The post may be a record, which `parse` reads, or
    one that `open_post` opened; its `user` only keeps the user's own posts out of the evidence. Raises BadPost for a
    post with nothing in it or for something else than one post, BadOption for an unknown place or option.
    """
    _check(locator, method, limit, grid)
    opened = post if isinstance(post, OpenedPost) else open_post(locator, post)
    one_by_one = method == "occlusion"
    reader = read_limits(locator)
    not_read = parts_not_read(reader, opened.drawn)
    looked_at = opened if reader.looks_at("image") else replace(opened, images=())
    parts, left_out = chosen(looked_at, but=not_read, limit=limit, grid=grid, seed=seed) if one_by_one else ([], [])
    names = [known.name for known in locator.predictor.places.places]
    column = None if place is None else class_index(place, names)
    answers = _ask_all(locator, opened, parts)
    column = int(answers.whole.argmax()) if column is None else column
    values = dict(zip(answers.subsets, answers.of_subsets, strict=True))
    unread = reader.unread(opened.given, broken=len(opened.broken))
    notes = [*replace(unread, images=0).lines(), *opened.broken, *left_out]
    if one_by_one:
        effects = _effects(parts, answers.drawn, answers.hidden, column)
        effects += _inside_words(locator, opened, effects, answers.drawn, column)
    else:
        effects, more_notes = gradient_effects(_require_network(locator), opened, column)
        notes += more_notes
    subset = locator.subset_of(opened.given)
    near, more_notes = evidence_for(locator, opened.post, learned=subset == "train")
    if subset is not None:
        more_notes = [f"this post was in the {subset} subset of the posts that the run was made from", *more_notes]
    return Explanation(
        post_id=opened.given.id,
        place=names[column],
        answer=names[int(answers.whole.argmax())],
        method=method,
        whole=_class_probability(answers.whole, column),
        nothing=_class_probability(values[frozenset()], column),
        modalities=tuple(effect for effect in _modalities(opened, values, column) if reader.looks_at(effect.part.name)),
        parts=strongest_first(effects),
        evidence=near,
        notes=(*notes, *more_notes),
        unread=unread,
        not_read=not_read,
    )


@dataclass(frozen=True)
class _Answers:
    """Probabilities (C,) of the whole post and of it drawn again, (S, C) of the subsets, (P, C) without each part."""

    whole: NDArray[np.float64]
    drawn: NDArray[np.float64]
    subsets: list[frozenset[str]]
    of_subsets: NDArray[np.float64]
    hidden: NDArray[np.float64]


def _ask_all(locator: Explainable, opened: OpenedPost, parts: Sequence[Part]) -> _Answers:
    all_subsets = subsets(opened.present)
    posts = [keep(opened, sorted(subset)).post for subset in all_subsets]
    redrawn = [] if opened.drawn is opened.post else [opened.drawn]
    answers = ask(locator, [*posts, *redrawn, *(hide(opened, [part]).post for part in parts)])
    whole = answers[len(all_subsets) - 1]
    drawn = answers[len(all_subsets)] if redrawn else whole
    return _Answers(whole, drawn, all_subsets, answers[: len(all_subsets)], answers[len(all_subsets) + len(redrawn) :])


def _modalities(
    opened: OpenedPost, values: dict[frozenset[str], NDArray[np.float64]], column: int
) -> tuple[Effect, ...]:
    odds = {subset: float(log_odds(row[None], column)[0]) for subset, row in values.items()}
    in_odds = shapley_values(opened.present, odds)
    in_share = shapley_values(opened.present, {subset: float(row[column]) for subset, row in values.items()})
    parts = map(modality_part, opened.present)
    return strongest_first([Effect(part, in_odds[part.name], in_share[part.name]) for part in parts])


def chosen(
    opened: OpenedPost, *, limit: int, grid: int, seed: int = 0, but: Collection[Part] = ()
) -> tuple[list[Part], list[str]]:
    """At most `limit` parts of a post, each kind having its turn, and notes on those left out.

    None of those in `but` is taken. Of a long text, or of very many hashtags, fewer, so that all variants together have
    at most `MOST_CHARACTERS`.
    """
    kinds = {
        "hashtags": hashtag_parts(opened.drawn) if "hashtags" in opened.present else [],
        "images": image_parts(len(opened.images)),
        "words": word_parts(opened.drawn),
        "regions": region_parts(len(opened.images), grid),
    }
    never = frozenset(but)
    kinds = {name: [part for part in parts if part not in never] for name, parts in kinds.items()}
    order = random.Random(seed)
    waiting = {name: list(enumerate(parts)) for name, parts in kinds.items() if parts}
    for queue in waiting.values():
        order.shuffle(queue)
    taken: dict[str, list[tuple[int, Part]]] = {name: [] for name in waiting}
    lengths = {"words": len(opened.drawn.full_text), "hashtags": len(" ".join(opened.drawn.hashtags))}
    most = {name: max(1, MOST_CHARACTERS // max(1, lengths.get(name, 0))) for name in waiting}
    while sum(map(len, taken.values())) < limit:
        free = [name for name in waiting if waiting[name] and len(taken[name]) < most[name]]
        if not free:
            break
        name = min(free, key=lambda name: len(taken[name]))
        taken[name].append(waiting[name].pop())
    left_out = [
        f"{len(queue)} of {len(kinds[name])} {name} were not looked at "
        f"(limit {limit if len(taken[name]) < most[name] else f'{most[name]} for so long a post'})"
        for name, queue in waiting.items()
        if queue
    ]
    return [part for numbered in taken.values() for _, part in sorted(numbered, key=lambda pair: pair[0])], left_out


def _effects(
    parts: Sequence[Part], base: NDArray[np.float64], hidden: NDArray[np.float64], column: int
) -> list[Effect]:
    odds = log_odds(base[None], column)[0] - log_odds(hidden, column) if len(parts) else []
    return [
        Effect(part, float(change), float(base[column] - row[column]))
        for part, change, row in zip(parts, odds, hidden, strict=True)
    ]


def _inside_words(
    locator: Explainable, opened: OpenedPost, effects: Sequence[Effect], base: NDArray[np.float64], column: int
) -> list[Effect]:
    """The spans of the strongest words, for a model that reads characters."""
    if "characters" not in locator.plan.inputs:
        return []
    words = [effect for effect in effects if effect.part.kind == "word"]
    words = sorted(words, key=lambda effect: -abs(effect.log_odds))[:WORDS_LOOKED_INTO]
    parts = [span for word in words for span in character_parts(word.part)]
    if not parts:
        return []
    return _effects(parts, base, ask(locator, [hide(opened, [part]).post for part in parts]), column)


def class_index(place: str, names: Sequence[str]) -> int:
    """The class of that name. Raises BadOption, with the nearest names, for one that the run does not know."""
    if place in names:
        return names.index(place)
    near = difflib.get_close_matches(place, names, n=3, cutoff=0.5) or names[:3]
    known = ", ".join(repr(name) for name in near)
    raise BadOption(
        "place", f"{place!r} is none of the {len(names)} this run knows", f"give one of them, such as {known}"
    )


def _require_network(locator: Explainable) -> PostLocator:
    """The run itself. Raises BadOption for a view of one: gradients know the network's own classes alone."""
    if isinstance(locator, PostLocator):
        return locator
    raise BadOption("method", "gradients of a redacted run, which shows less than it knows", "leave it out")


def _class_probability(probabilities: NDArray[np.float64], column: int) -> ClassProbability:
    return ClassProbability(float(probabilities[column]), float(log_odds(probabilities[None], column)[0]))


def _check(locator: Explainable, method: str, limit: int, grid: int) -> None:
    if method not in get_args(Method):
        raise unknown_name("method", method, get_args(Method))
    check_breadth(limit, grid)


def check_breadth(limit: int, grid: int) -> None:
    """Raise BadOption where no part would be looked at, or an image cut into none or too many regions."""
    if limit < 1:
        raise BadOption("limit", f"{limit} parts to look at", "give 1 or more")
    if not 1 <= grid <= LARGEST_GRID:
        raise BadOption("grid", f"{grid} regions a side", f"give 1 to {LARGEST_GRID}")
