"""The ends of a post that a run cuts off: not harmless, only unread; so they are asked about by themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from postplace.explain.advice import AttackerView, Goal
from postplace.explain.explainable import Explainable
from postplace.explain.not_read import pieces_not_read, rest_not_read
from postplace.explain.search import Attacker
from postplace.explain.variants import OpenedPost
from postplace.models.read_limits import read_limits
from postplace.truncation import Unread


@dataclass(frozen=True, slots=True)
class Ends:
    """What of a post this run does not read, and what it has of the ends that it cuts off, in `pieces` it can read.

    `rest` is the view of the piece that is farthest from the goal; None without one. `more`: whether there is
    something behind the last piece, which nobody was asked about.
    """

    unread: Unread
    rest: AttackerView | None
    pieces: int
    more: bool = False

    @classmethod
    def of(cls, locator: Explainable, opened: OpenedPost, attacker: Attacker, goal: Goal) -> Ends:
        """A run that cuts nothing off is not asked."""
        reader = read_limits(locator)
        pieces = pieces_not_read(reader, opened.post)
        views = attacker.look(pieces)[0] if pieces else []
        unread = reader.unread(opened.given, broken=len(opened.broken))
        more = bool(pieces) and rest_not_read(reader, pieces[-1]) is not None
        return cls(unread, max(views, key=goal.shortfall, default=None), len(pieces), more)

    def harmless(self, goal: Goal) -> bool:
        """Whether the ends were asked about to the last, and do not give the place away by themselves."""
        return self.rest is None or (not self.more and goal.reached(self.rest))

    def notes(self, goal: Goal) -> list[str]:
        """How far text and hashtags were read, and what their ends give away."""
        lines = list(replace(self.unread, images=0, modalities=()).lines())
        if self.rest is None:
            return lines
        warning = "" if goal.reached(self.rest) else ": take the place out of it, or leave it out"
        alone = f"asked about what was cut off alone, this run gives {goal.place} {self.rest.probability:.0%}"
        beyond = [f"what stands behind the first {self.pieces} pieces of it was not asked about: shorten the post"]
        return [*lines, f"{alone}{warning}", *(beyond if self.more else [])]
