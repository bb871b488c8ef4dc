"""advise: one post and a trained run -> which few edits hide where it was made.

Tagvisor's idea (Zhang et al., WWW 2018, arXiv 1802.04122: hide, replace or generalise hashtags so that the posterior of
the place falls at little loss of meaning), for whole posts: words and images too.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from postplace.errors import BadOption, unknown_name
from postplace.explain.advice import Advice, AttackerView, Goal, Suggestion
from postplace.explain.alternatives import (
    blocks,
    known_hashtags,
    known_words,
    other_hashtags,
    other_words,
    phrases,
    removals,
)
from postplace.explain.edits import Edit, apply
from postplace.explain.explainable import Explainable
from postplace.explain.explaining import GRID, LIMIT, MOST_CHARACTERS, check_breadth, class_index
from postplace.explain.not_read import parts_not_read
from postplace.explain.search import MOST_OF_A_SIZE, Attacker, Meaning, Tried, larger_sets, pareto, trying
from postplace.explain.transfer_attack import TransferAttacker, check_transfer_model
from postplace.explain.unread_parts import Ends
from postplace.explain.variants import OpenedPost, ask, open_whole
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import MODALITIES, drop_modalities
from postplace.models.read_limits import read_limits
from postplace.schema import Post
from postplace.truncation import CALLED

MOST_EDITS = 5
BELOW = 0.2  # where nothing else is asked for: one guess in five
TAGS_LOOKED_INTO = 5  # those that give most away: what could stand in their place
WORDS_LOOKED_INTO = 3
VARIANTS = 10  # of a part, about
FEWEST_SETS = 10  # of a size, of however long a post
LEAKING = 0.25  # of what the best removal of its modality hides: a part that hides less is not replaced
OWN_DROP = (
    "the drops are those of the very run that chose the edits: another attacker may see more; "
    "give `transfer_model`, another model trained on the same posts"
)
SEEN_BY_TRANSFER_MODEL = "this run does not see it as the post is, the transfer model does"
UNREAD = "but not all of the post was read, and others may read it"
ASSUMED = "protected is what this run answers: if the post was made elsewhere, name that place"


def advise(
    locator: Explainable,
    post: Post | Mapping[str, object] | OpenedPost,
    *,
    protect: str = "place",
    place: str | None = None,
    below: float | None = None,
    beyond_km: float | None = None,
    max_edits: int = 2,
    transfer_model: Explainable | None = None,
    judge: Explainable | None = None,
    seed: int = 0,
    limit: int = LIMIT,
    grid: int = GRID,
) -> Advice:
    """Which sets of at most `max_edits` edits hide `place` (None: the run's answer), and what each costs.

    The post may be a record, which `parse` reads, or one that `open_whole` opened. Hidden: less probable than `below`,
    expected to be missed by `beyond_km` or more, both where both are given; where neither is, not the answer and less
    probable than 0.2 (of C < 5 classes, than 1 / C). `protect` is the run's own target. At most `limit` parts are taken
    away one at a time (`seed` decides which, where there are more); the strongest are replaced, widened and combined.
    `transfer_model` is a run that does not guide the search: what it has left is reported, and hidden is what neither
    of the two has. `judge` is the old name of it. Raises BadPost for a post with nothing in it or for something else
    than one post, BadOption for options out of range.
    """
    if judge is not None:
        if transfer_model is not None:
            raise BadOption("judge", "is the old name of `transfer_model`, and both are given", "leave out `judge`")
        message = "advise(judge=) is called advise(transfer_model=); the old name goes with version 0.3"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        transfer_model = judge
    budget = Budget(max_edits, limit, grid, seed)
    _check(locator, protect, below, beyond_km, budget)
    _check_transfer(transfer_model, locator)
    opened = post if isinstance(post, OpenedPost) else open_whole(locator, post)
    attacker, goal = _protected(locator, opened, place, below, beyond_km)
    transfer = (
        None if transfer_model is None else TransferAttacker.of(transfer_model, place=goal.place, post=opened.post)
    )
    (before, *without_hashtags), encoded = attacker.look(bases := _bases(opened, locator.modalities))
    hidden = all(map(goal.reached, as_it_is := [before, *([] if transfer is None else [transfer.before])]))
    ends = Ends.of(locator, opened, attacker, goal)
    tried: list[Tried] = []
    notes = [*opened.broken, *([ASSUMED] if place is None else [])]
    if not hidden:
        tried, left_out = _search(attacker, opened, encoded, goal=goal, before=before, budget=budget)
        notes += left_out
    best = pareto(tried, goal=goal, before=before)
    posts = [apply(opened, one.edits) for one in best]
    suggestions = tuple(_suggestion(one, post, goal) for one, post in zip(best, posts, strict=True))
    if transfer is not None:
        suggestions = transfer.attack(suggestions, posts, goal)
        notes += transfer.notes(suggestions, goal)
    elif suggestions:
        notes.append(OWN_DROP)
    return Advice(
        post_id=opened.given.id,
        protect=protect,
        place=goal.place,
        goal=goal,
        before=before,
        transfer_before=None if transfer is None else transfer.before,
        without_hashtags=without_hashtags[0] if without_hashtags else None,
        suggestions=suggestions,
        reached=(hidden or any(one.reached for one in suggestions)) and ends.harmless(goal),
        queries=len(bases) + len(tried) + ends.pieces,
        notes=(*_verdict(goal, as_it_is, suggestions, ends), *notes, *_about(locator, opened.given, ends)),
        unread=ends.unread,
        rest=ends.rest,
    )


@dataclass(frozen=True, slots=True)
class Budget:
    """How far to search: edits of a set, parts taken away one at a time, regions a side; `seed` decides which parts."""

    max_edits: int
    limit: int
    grid: int
    seed: int


def build_goal(place: str, below: float | None, beyond_km: float | None, *, classes: int) -> Goal:
    """When that place is hidden: as asked for, or, where nothing is, neither answered nor probable.

    Of few classes an attacker who knows nothing still says 1 / C: no less than that is asked for.
    """
    if below is None and beyond_km is None:
        return Goal(place, max(BELOW, 1.0 / classes), unanswered=True)
    return Goal(place, below, beyond_km)


def _protected(
    locator: Explainable, opened: OpenedPost, place: str | None, below: float | None, beyond_km: float | None
) -> tuple[Attacker, Goal]:
    """The run as an attacker of that place (None: of its own answer), and when it has failed."""
    names = [known.name for known in locator.predictor.places.places]
    if place is None:
        place = names[int(ask(locator, [opened.post])[0].argmax())]
    attacker = Attacker.of(locator, class_index(place, names))
    if beyond_km is not None and np.isnan(attacker.km).all():
        raise BadOption("beyond_km", "what is protected has no coordinates", "give `below` instead")
    return attacker, build_goal(place, below, beyond_km, classes=len(names))


def _search(
    attacker: Attacker, opened: OpenedPost, encoded: EncodedPosts, *, goal: Goal, before: AttackerView, budget: Budget
) -> tuple[list[Tried], list[str]]:
    """All sets that were tried, and notes on parts that were not."""
    try_all = trying(attacker, opened, Meaning.of(encoded, images=len(opened.images)))
    run, limits = attacker.locator, {"limit": budget.limit, "grid": budget.grid, "seed": budget.seed}
    first, left_out = removals(opened, run.modalities, but=parts_not_read(read_limits(run), opened.post), **limits)
    singles = try_all([(edit,) for edit in first])
    post = opened.post
    room = MOST_CHARACTERS // max(1, len(post.full_text) + len(" ".join(post.hashtags)))  # posts that long
    leaking = _leaking(singles, goal, before)[: max(1, room // VARIANTS)]
    singles += try_all([(edit,) for edit in _refined(attacker.locator, opened, leaking, grid=budget.grid)])
    sets = larger_sets(
        singles,
        goal=goal,
        before=before,
        most=budget.max_edits,
        try_all=try_all,
        at_once=min(MOST_OF_A_SIZE, max(FEWEST_SETS, room)),
    )
    return [*singles, *sets], left_out


def _leaking(singles: Sequence[Tried], goal: Goal, before: AttackerView) -> list[Edit]:
    """Those removals of each modality that hide something, next to its best; what gives most away first.

    Whatever stands in the place of another part hides the place by pointing to a wrong one.
    """
    start, leaking = goal.left(before), []
    for modality in MODALITIES:
        removed = [(start - goal.left(one.view), one.edits[0]) for one in singles if one.edits[0].modality == modality]
        best = max((hidden for hidden, _ in removed), default=0.0)
        leaking += [(hidden, edit) for hidden, edit in removed if hidden > 0 and hidden >= LEAKING * best]
    return [edit for _, edit in sorted(leaking, key=lambda pair: -pair[0])]


def _refined(locator: Explainable, opened: OpenedPost, strongest: Sequence[Edit], *, grid: int) -> list[Edit]:
    """What else could be done with the parts that give most away."""

    def some(kind: str, most: int) -> list[Edit]:
        return [edit for edit in strongest if edit.kind == kind][:most]

    encode, post = locator.encoders()[0].encode, opened.post
    tags, words = known_hashtags(locator), known_words(locator)
    edits: list[Edit] = []
    for edit in some("hide hashtag", TAGS_LOOKED_INTO):
        edits += other_hashtags(edit.part, known=tags, encode=encode, without=post.hashtags)
    for edit in some("hide words", WORDS_LOOKED_INTO):
        edits += other_words(post.text, edit.part, known=words, encode=encode) + phrases(post.text, edit.part)
    for number in range(len(opened.images)):
        blur = next((edit for edit in some("blur region", len(strongest)) if edit.part.image == number), None)
        edits += blocks(blur.part, grid=grid) if blur is not None else []
    return list(dict.fromkeys(edits))


def _bases(opened: OpenedPost, modalities: Sequence[str]) -> list[Post]:
    """The post as it is and, where it has hashtags that are looked at, without any."""
    if "hashtags" not in modalities or "hashtags" not in opened.present:
        return [opened.post]
    return [opened.post, *drop_modalities([opened.post], ("text", "image"))]


def _suggestion(tried: Tried, post: Post, goal: Goal) -> Suggestion:
    return Suggestion(
        tried.edits, tried.view, tried.loss, goal.reached(tried.view), text=post.text, hashtags=post.hashtags
    )


def _verdict(goal: Goal, as_it_is: Sequence[AttackerView], suggestions: Sequence[Suggestion], ends: Ends) -> list[str]:
    """The verdict. `as_it_is`: what this run and, where there is one, the transfer model have without any edit."""
    if all(map(goal.reached, as_it_is)):
        if not ends.unread:
            return [f"nothing needs to change: it is {goal.describe()} already"]
        return [f"of what was read nothing gives the place away: it is {goal.describe()}; {UNREAD}", *ends.notes(goal)]
    notes = [*([SEEN_BY_TRANSFER_MODEL] if goal.reached(as_it_is[0]) else []), *ends.notes(goal)]
    if not suggestions:
        return [*notes, "no edit that was tried hides anything of the place"]
    if not any(suggestion.reached for suggestion in suggestions):
        whom = " for both runs" if len(as_it_is) > 1 else ""
        notes.append(
            f"no set of edits that was tried reaches the goal{whom}: allow more edits, or do not publish the post"
        )
    return notes


def _about(locator: Explainable, post: Post, ends: Ends) -> list[str]:
    looked_past = " and ".join(CALLED[name] for name in ends.unread.modalities)
    notes = [f"this run does not look at {looked_past}: others may"] if looked_past else []
    if (subset := locator.subset_of(post)) is not None:
        notes.append(f"this post was in the {subset} subset of the posts that the run was made from")
    return notes


def _check_transfer(transfer_model: Explainable | None, locator: Explainable) -> None:
    if transfer_model is locator:
        raise BadOption("transfer_model", "is the run that chooses the edits", "give another model of the same posts")
    if isinstance(transfer_model, str | Path):
        problem = f"{str(transfer_model)!r} is a path, where a loaded run is needed"
        raise BadOption("transfer_model", problem, "load it with PostLocator.load")
    if transfer_model is not None:
        check_transfer_model(transfer_model.predictor.places, locator.predictor.places)


def _check(locator: Explainable, protect: str, below: float | None, beyond_km: float | None, budget: Budget) -> None:
    target = "category" if locator.predictor.places.target == "category" else "place"  # cells are places
    if protect not in ("place", "category"):
        raise unknown_name("protect", protect, ("place", "category"))
    if protect != target:
        raise BadOption("protect", f"{protect} given, but this run is for the {target}", f"give `protect={target!r}`")
    if below is not None and not 0.0 < below < 1.0:
        raise BadOption("below", f"{below} is out of range", "give a probability between 0 and 1, such as 0.2")
    if beyond_km is not None and not 0.0 < beyond_km < float("inf"):
        raise BadOption("beyond_km", f"{beyond_km} is out of range", "give kilometres above 0")
    if not 1 <= budget.max_edits <= MOST_EDITS:
        raise BadOption("max_edits", f"{budget.max_edits} edits", f"give 1 to {MOST_EDITS}")
    check_breadth(budget.limit, budget.grid)
