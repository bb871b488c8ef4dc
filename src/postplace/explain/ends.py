"""The ends of a post that a run cuts off: not harmless, only unread; so they are asked about by themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from postplace.explain.advice import Goal, Outlook
from postplace.explain.asked_run import AskedRun
from postplace.explain.not_read import rest_not_read
from postplace.explain.search import Attacker
from postplace.explain.variants import OpenedPost
from postplace.unread import Unread
from postplace.what_is_read import reader_of


@dataclass(frozen=True, slots=True)
class Ends:
    """What of a post this run does not read, and what it has of the ends that it cuts off, asked about alone."""

    unread: Unread
    rest: Outlook | None

    @classmethod
    def of(cls, locator: AskedRun, opened: OpenedPost, attacker: Attacker) -> Ends:
        """A run that cuts nothing off is not asked."""
        reader = reader_of(locator)
        rest = rest_not_read(reader, opened.post)
        unread = reader.unread(opened.given, broken=len(opened.broken))
        return cls(unread, None if rest is None else attacker.look([rest])[0][0])

    def harmless(self, goal: Goal) -> bool:
        """Whether the ends, as far as they are read in their turn, do not give the place away by themselves."""
        return self.rest is None or goal.reached(self.rest)

    def notes(self, goal: Goal) -> list[str]:
        """How far text and hashtags were read, and what their ends give away; of the rest the adviser tells itself."""
        said = list(replace(self.unread, pictures=0, modalities=()).lines())
        if self.rest is None:
            return said
        warning = "" if self.harmless(goal) else ": take the place out of it, or leave it out"
        alone = f"asked about what was cut off alone, this run gives {goal.place} {self.rest.probability:.0%}"
        return [*said, f"{alone}{warning}"]
