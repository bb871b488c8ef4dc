"""A run as the service tells it: whatever asks this view can give away no more than an answer of `/predict`.

The probabilities of withheld classes are taken out and the rest sums to one, those of places are added up by district;
who asks for an explanation never meets the places themselves. Letters: N posts, C classes of the run, D classes told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event

import numpy as np
from numpy.typing import NDArray

from postplace.encode import EncodedPosts
from postplace.encoders.encoder import ImageEncoder, TextEncoder
from postplace.errors import BadOption
from postplace.locator import PostLocator
from postplace.models.plan import Plan
from postplace.places.vocabulary import PlaceVocabulary
from postplace.post import Place, Post
from postplace.runs.content import Fitted
from postplace.server.discretion import Discretion
from postplace.server.refusals import refuse


@dataclass(frozen=True)
class ToldClasses:
    """The D classes that are told, and which of them each of the C is: `columns` (C,), -1 for a withheld one."""

    places: PlaceVocabulary
    columns: NDArray[np.int64]

    @property
    def everything(self) -> bool:
        """Whether they are the run's own classes."""
        return len(self.places) == len(self.columns) and bool((self.columns == np.arange(len(self.columns))).all())

    def merge(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities (N, C) -> (N, D).

        >>> places = PlaceVocabulary("place", (Place("north"), Place("south")))
        >>> ToldClasses(places, np.array([0, -1, 1, 0])).merge(np.array([[0.2, 0.5, 0.1, 0.2]])).round(3).tolist()
        [[0.8, 0.2]]
        """
        kept = self.columns >= 0
        own = probabilities[:, kept]
        mass = own.sum(axis=1, keepdims=True)
        shares = np.divide(own, mass, out=np.full_like(own, 1 / max(1, own.shape[1])), where=mass > 0)
        found = np.zeros((len(probabilities), len(self.places)))
        np.add.at(found.T, self.columns[kept], shares.T)
        return np.minimum(found, 1.0)


def told_classes(discretion: Discretion) -> ToldClasses:
    """What is told of a run's classes. Raises BadOption where all of them are withheld."""
    told: dict[str, Place] = {}
    columns = []
    for place in discretion.places.places:
        if place.name in discretion.withheld:
            columns.append(-1)
            continue
        own = discretion.districts[place.name].place if discretion.granularity == "district" else place
        told.setdefault(own.name, own)
        columns.append(list(told).index(own.name))
    if not told:
        raise BadOption("home", "all classes of this run say where somebody lives", "start the service with --home")
    return ToldClasses(PlaceVocabulary(discretion.places.target, tuple(told.values())), np.array(columns))


@dataclass(frozen=True)
class ToldRun:
    """A view of a locator. Where less than the run is told, there are no training posts as evidence either.

    Whether a post was learned from is told with `fine` alone. Once `gone` is set it answers no more.
    """

    locator: PostLocator
    classes: ToldClasses
    fine: bool
    gone: Event

    @property
    def modalities(self) -> tuple[str, ...]:
        """What the run looks at."""
        return self.locator.modalities

    @property
    def plan(self) -> Plan:
        """The run's own."""
        return self.locator.plan

    @property
    def fitted(self) -> Fitted:
        """What was learned, with the classes that are told."""
        fitted = self.locator.fitted
        evidence = fitted.evidence if self.fine and self.classes.everything else None
        return replace(fitted, places=self.classes.places, evidence=evidence)

    def encoders(self) -> tuple[TextEncoder, ImageEncoder]:
        """The run's own."""
        return self.locator.encoders()

    def probabilities(self, posts: Sequence[Post], encoded: EncodedPosts) -> NDArray[np.float64]:
        """Probabilities (N, D). Raises a Refusal where nobody waits for them any more."""
        if self.gone.is_set():
            raise refuse(499, "client", "has gone", "ask again")
        return self.classes.merge(self.locator.probabilities(posts, encoded))

    def part_of(self, post: Post) -> str | None:
        """See `PostLocator.part_of`; with `fine` alone."""
        return self.locator.part_of(post) if self.fine else None
