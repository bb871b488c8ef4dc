"""What the adviser says: a few sets of edits, what each leaves to see, and what each costs. Letters: C classes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from postplace.explain.documents import AdviceDocument, AttackerViewDocument, GoalDocument, SuggestionDocument
from postplace.explain.edits import Edit
from postplace.truncation import WHOLE, Unread

DECIMALS = 6


@dataclass(frozen=True, slots=True)
class AttackerView:
    """What an attacker has of a post: the `probability` of the protected place, and the place it would `answer`.

    `expected_km`: how far off the protected place the attacker is expected to be, sum over c of p_c d(c, place), in km
    (the expected estimation error of Tagvisor, Zhang et al., WWW 2018); None for classes without coordinates.
    """

    probability: float
    answer: str
    expected_km: float | None = None

    def to_dict(self) -> AttackerViewDocument:
        """The three, rounded."""
        km = None if self.expected_km is None else round(self.expected_km, 3)
        return {"probability": round(self.probability, DECIMALS), "answer": self.answer, "expected_km": km}


@dataclass(frozen=True, slots=True)
class Goal:
    """When a place counts as hidden: less probable than `below`, expected to be missed by `beyond_km` or more, or both.

    With `unanswered` the attacker must not answer with it either.
    """

    place: str
    below: float | None
    beyond_km: float | None = None
    unanswered: bool = False

    def shortfall(self, view: AttackerView) -> float:
        """How much is missing, in shares; 0 where the goal is reached.

        >>> goal = Goal("here", below=0.2, unanswered=True)
        >>> views = AttackerView(0.5, "here"), AttackerView(0.1, "here"), AttackerView(0.1, "there")
        >>> [round(goal.shortfall(view), 2) for view in views]
        [0.31, 0.01, 0.0]
        """
        missing = 0.0
        if self.below is not None:
            missing += max(0.0, view.probability - self.below)
        if self.beyond_km is not None:
            missing += max(0.0, 1.0 - (view.expected_km or 0.0) / self.beyond_km)
        if self.unanswered and view.answer == self.place:
            missing += 0.01
        return missing

    def reached(self, view: AttackerView) -> bool:
        """Whether nothing is missing."""
        return self.shortfall(view) <= 0.0

    def left(self, view: AttackerView) -> float:
        """What is left to see: the probability; where the goal is in km alone, the km that the attacker is near."""
        if self.below is None and view.expected_km is not None:
            return -view.expected_km
        return view.probability

    def describe(self) -> str:
        """In words, without the place.

        >>> Goal("here", below=0.2, unanswered=True).describe()
        'not the answer, and less probable than 0.2'
        """
        wanted = ["not the answer"] if self.unanswered else []
        wanted += [] if self.below is None else [f"less probable than {self.below:g}"]
        wanted += [] if self.beyond_km is None else [f"expected to be missed by {self.beyond_km:g} km or more"]
        return ", and ".join(wanted)

    def to_dict(self) -> GoalDocument:
        """The numbers and the words."""
        return {
            "below": self.below,
            "beyond_km": self.beyond_km,
            "unanswered": self.unanswered,
            "description": self.describe(),
        }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A set of edits, the one that hides most by itself first, and the post's text and hashtags after them.

    `loss` is the meaning that is lost, 0 to 1. `transfer_view` is what an attacker that did not guide the search has
    then, None without one. `reached`: whether the goal is; with a transfer model, for both.
    """

    edits: tuple[Edit, ...]
    view: AttackerView
    loss: float
    reached: bool
    text: str
    hashtags: tuple[str, ...]
    transfer_view: AttackerView | None = None

    def worse(self, goal: Goal) -> AttackerView:
        """Of what this run and the transfer model have left, what is farther from the goal."""
        return max([self.view, *([] if self.transfer_view is None else [self.transfer_view])], key=goal.shortfall)

    @property
    def outlook(self) -> AttackerView:
        """The name that `view` had in version 0.1."""
        _warn_renamed("Suggestion.outlook", "Suggestion.view")
        return self.view

    @property
    def judged(self) -> AttackerView | None:
        """The name that `transfer_view` had in version 0.1."""
        _warn_renamed("Suggestion.judged", "Suggestion.transfer_view")
        return self.transfer_view

    def to_dict(self) -> SuggestionDocument:
        """Plain data: the view's keys, the edits, the text and the hashtags after them."""
        view = self.view.to_dict()
        return {
            "edits": [edit.to_dict() for edit in self.edits],
            "text": self.text,
            "hashtags": list(self.hashtags),
            "probability": view["probability"],
            "answer": view["answer"],
            "expected_km": view["expected_km"],
            "loss": round(self.loss, DECIMALS),
            "reached": self.reached,
            "transfer_view": None if self.transfer_view is None else self.transfer_view.to_dict(),
        }


@dataclass(frozen=True)
class Advice:
    """How to hide `place`: `suggestions`, best first, none beaten in what is left, loss and number of edits at once.

    `before` is what the run has of the post as it is, `transfer_before` what the transfer model has (or None),
    `without_hashtags` what the run has without any hashtag (None where there is none, or none is looked at). `reached`:
    whether a suggestion, or the post as it is, reaches the goal, and what was not read does not miss it by itself.
    `queries` edited posts were given to the model; `notes` are to be read. `unread` is how far this run reads the post,
    `rest` what it has of the ends that were cut off, by themselves (None where there are none).
    """

    post_id: str
    protect: str
    place: str
    goal: Goal
    before: AttackerView
    without_hashtags: AttackerView | None
    suggestions: tuple[Suggestion, ...]
    reached: bool
    queries: int
    notes: tuple[str, ...] = ()
    transfer_before: AttackerView | None = None
    unread: Unread = WHOLE
    rest: AttackerView | None = None

    @property
    def judged_before(self) -> AttackerView | None:
        """The name that `transfer_before` had in version 0.1."""
        _warn_renamed("Advice.judged_before", "Advice.transfer_before")
        return self.transfer_before

    @property
    def every_tag(self) -> AttackerView | None:
        """The name that `without_hashtags` had in version 0.1."""
        _warn_renamed("Advice.every_tag", "Advice.without_hashtags")
        return self.without_hashtags

    @property
    def asked(self) -> int:
        """The name that `queries` had in version 0.1."""
        _warn_renamed("Advice.asked", "Advice.queries")
        return self.queries

    def to_dict(self) -> AdviceDocument:
        """Plain data; boxes are in shares of an image's sides."""
        document: AdviceDocument = {
            "id": self.post_id,
            "protect": self.protect,
            "place": self.place,
            "goal": self.goal.to_dict(),
            "before": self.before.to_dict(),
            "transfer_before": None if self.transfer_before is None else self.transfer_before.to_dict(),
            "without_hashtags": None if self.without_hashtags is None else self.without_hashtags.to_dict(),
            "reached": self.reached,
            "suggestions": [suggestion.to_dict() for suggestion in self.suggestions],
            "queries": self.queries,
            "notes": list(self.notes),
        }
        if self.unread:
            document["not_read"] = self.unread.to_json()
        if self.rest is not None:
            document["rest"] = {**self.rest.to_dict(), "reached": self.goal.reached(self.rest)}
        return document


def _warn_renamed(old: str, new: str) -> None:
    warnings.warn(f"{old} is called {new}; the old name goes with version 0.3", DeprecationWarning, stacklevel=3)
