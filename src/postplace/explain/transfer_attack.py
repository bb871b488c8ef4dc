"""A transfer attack: by another run, which does not choose the edits. The drop that it sees is the one to report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from postplace.errors import BadOption
from postplace.explain.advice import AttackerView, Goal, Suggestion
from postplace.explain.explainable import Explainable
from postplace.explain.search import Attacker, rank
from postplace.models.read_limits import read_limits
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Post
from postplace.truncation import Unread

SAME_KM = {"cell": 0.1, "place": 1.0}  # a cell is its centre; a place's centre is that of the posts a run learned from


@dataclass(frozen=True)
class TransferAttacker:
    """An attacker that did not guide the search, and what it has of the post as it is."""

    attacker: Attacker
    before: AttackerView
    unread: Unread

    @classmethod
    def of(cls, run: Explainable, *, place: str, post: Post) -> TransferAttacker:
        """Raises BadOption for a run that does not know the place."""
        names = [known.name for known in run.predictor.places.places]
        if place not in names:
            remedy = "give a model that was trained on the same posts, for the same target (and cells)"
            raise BadOption("transfer_model", f"does not know {place!r}: it has {len(names)} other classes", remedy)
        attacker = Attacker.of(run, names.index(place))
        return cls(attacker, attacker.look([post])[0][0], read_limits(run).unread(post))

    def attack(self, suggestions: Sequence[Suggestion], posts: Sequence[Post], goal: Goal) -> tuple[Suggestion, ...]:
        """Suggestions with what is left after each, its post beside it: in the order of the worse of both attackers.

        Reached is what hides the place from both.
        """
        if not suggestions:
            return ()
        views, _ = self.attacker.look(posts)
        ranked = [
            replace(suggestion, transfer_view=view, reached=suggestion.reached and goal.reached(view))
            for suggestion, view in zip(suggestions, views, strict=True)
        ]
        return tuple(
            sorted(ranked, key=lambda suggestion: rank(suggestion.edits, suggestion.loss, suggestion.worse(goal), goal))
        )

    def notes(self, suggestions: Sequence[Suggestion], goal: Goal) -> list[str]:
        """Notes on it: what it does not read, and how many suggestions hide nothing from it.

        Where the place is hidden from it as it is, edits are made against the other run alone.
        """
        notes = list(self.unread.model_lines("the transfer model"))
        left = [
            suggestion.transfer_view.probability for suggestion in suggestions if suggestion.transfer_view is not None
        ]
        useless = sum(probability >= self.before.probability for probability in left)
        if useless and not goal.reached(self.before):
            notes.append(
                "suggestions that hide nothing from the transfer model and are not worth making: "
                f"{useless} of {len(left)}"
            )
        return notes


def check_transfer_model(other: PlaceVocabulary, guide: PlaceVocabulary) -> None:
    """Raise BadOption where classes of the same names lie elsewhere: the attack would be on another area.

    Cells are numbered anew for every split: each must be the same. Of places that both know, half must be within 1 km,
    for the posts of one alone may lie far apart.
    """
    remedy = "give a run trained on the same posts, for the same target (of cells: with the same `cells` and `seed`)"
    if other.target != guide.target:
        raise BadOption("transfer_model", f"is for the {other.target}, the edits are for the {guide.target}", remedy)
    there = {place.name: centre for place, centre in zip(other.places, other.coordinates(), strict=True)}
    both = [
        (place.name, (*centre, *there[place.name]))
        for place, centre in zip(guide.places, guide.coordinates(), strict=True)
        if place.name in there
    ]
    if guide.target == "cell" and not len(both) == len(guide) == len(other):
        raise BadOption(
            "transfer_model", f"has {len(other)} cells, the model that it attacks beside {len(guide)}", remedy
        )
    km = great_circle_km(*np.array([centres for _, centres in both], dtype=np.float64).reshape(-1, 4).T)
    if np.isnan(km).all():  # none has coordinates
        return
    apart = np.nanmax(km) if guide.target == "cell" else np.nanmedian(km)
    if apart > SAME_KM[guide.target]:
        farthest = int(np.nanargmax(km))
        raise BadOption(
            "transfer_model", f"has {both[farthest][0]!r} {km[farthest]:.1f} km away: its classes lie elsewhere", remedy
        )
