"""A run as the service shows it: whatever asks this view can give away no more than an answer of `/predict`.

The probabilities of withheld classes are taken out and the rest sums to one, those of places are added up by district;
who asks for an explanation never meets the places themselves. Letters: N posts, C classes of the run, D classes shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event

import numpy as np
from numpy.typing import NDArray
from torch import nn

from postplace.encoders.encoder import ImageEncoder, TextEncoder
from postplace.errors import BadOption
from postplace.explain.transfer_attack import check_transfer_model
from postplace.features.batch import Vocabularies
from postplace.features.extraction import EncodedPosts
from postplace.inference.evidence import Evidence
from postplace.inference.fitted import FittedView
from postplace.locator import PostLocator
from postplace.models.estimator import Estimator
from postplace.models.settings import ResolvedSettings
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place, Post
from postplace.server.http_errors import refuse
from postplace.server.spatial_generalisation import SpatialGeneralisation
from postplace.text.vocabulary import Vocabulary

SHORTEST_NAME = 2  # letters of a class name that is looked for in tags


@dataclass(frozen=True)
class RedactedClasses:
    """The D classes that are shown, and which of them each of the C is: `columns` (C,), -1 for a withheld one."""

    places: PlaceVocabulary
    columns: NDArray[np.int64]

    @property
    def everything(self) -> bool:
        """Whether they are the run's own classes."""
        return len(self.places) == len(self.columns) and bool((self.columns == np.arange(len(self.columns))).all())

    def merge(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities (N, C) -> (N, D).

        >>> places = PlaceVocabulary("place", (Place("north"), Place("south")))
        >>> RedactedClasses(places, np.array([0, -1, 1, 0])).merge(np.array([[0.2, 0.5, 0.1, 0.2]])).round(3).tolist()
        [[0.8, 0.2]]
        """
        is_shown = self.columns >= 0
        shown = probabilities[:, is_shown]
        mass = shown.sum(axis=1, keepdims=True)
        shares = np.divide(shown, mass, out=np.full_like(shown, 1 / max(1, shown.shape[1])), where=mass > 0)
        merged = np.zeros((len(probabilities), len(self.places)))
        np.add.at(merged.T, self.columns[is_shown], shares.T)
        return np.minimum(merged, 1.0)


def redact_classes(generalisation: SpatialGeneralisation, *, of: PlaceVocabulary | None = None) -> RedactedClasses:
    """What is shown of a run's classes; `of` another run, in the words of the first.

    Raises BadOption where all classes are withheld, or the other run has other classes, or has them elsewhere.
    """
    shown: dict[str, Place] = {}
    columns = []
    if of is not None:
        _check_transfer_model(generalisation.places, of)
    for place in (generalisation.places if of is None else of).places:
        if place.name in generalisation.withheld:
            columns.append(-1)
            continue
        shown_place = generalisation.districts[place.name].place if generalisation.granularity == "district" else place
        shown.setdefault(shown_place.name, shown_place)
        columns.append(list(shown).index(shown_place.name))
    if not shown:
        problem = "is not given, and all classes of this run say where somebody lives: nothing would be shown"
        raise BadOption("home", problem, "start the service with `home=True`, or serve another run")
    return RedactedClasses(PlaceVocabulary(generalisation.places.target, tuple(shown.values())), np.array(columns))


def _check_transfer_model(served: PlaceVocabulary, transfer_model: PlaceVocabulary) -> None:
    served_names, transfer_names = ({place.name for place in places.places} for places in (served, transfer_model))
    remedy = "give a run trained on the same posts, for the same target"
    if more := sorted(transfer_names - served_names):
        raise BadOption("transfer_model", f"has the class {more[0]!r}, which the served run has not", remedy)
    if fewer := sorted(served_names - transfer_names):
        missing = f"{len(fewer)} of the {len(served_names)} classes of the served run are not there"
        problem = f"has no class {fewer[0]!r} ({missing})"
        raise BadOption("transfer_model", problem, remedy)
    check_transfer_model(transfer_model, served)


@dataclass(frozen=True)
class RedactedView:
    """What is visible of a fitted model through a `RedactedLocator`."""

    places: PlaceVocabulary
    vocabularies: Vocabularies | None
    evidence: Evidence | None
    model: nn.Module | Estimator


@dataclass(frozen=True)
class Redaction:
    """A loaded run and what is shown of it, made once a service."""

    locator: PostLocator
    classes: RedactedClasses
    view: RedactedView
    fine: bool

    @classmethod
    def of(cls, locator: PostLocator, generalisation: SpatialGeneralisation, *, transfer: bool = False) -> Redaction:
        """Where less than the run is shown, there are no training posts as evidence, and no tag that names a class."""
        whole = locator.predictor
        classes = redact_classes(generalisation, of=whole.places if transfer else None)
        everything = classes.everything and generalisation.fine
        vocabularies = whole.vocabularies
        if vocabularies is not None and not classes.everything:
            vocabularies = without_names(vocabularies, [place.name for place in whole.places.places])
        evidence = whole.evidence if everything else None
        view = RedactedView(classes.places, vocabularies, evidence, whole.model)
        return cls(locator, classes, view, generalisation.fine)


@dataclass(frozen=True)
class RedactedLocator:
    """A view of a locator for one request. Whether a post was learned from is shown with `fine` alone.

    Once `gone` is set it encodes and answers no more, but raises a Refusal.
    """

    redaction: Redaction
    gone: Event

    @property
    def modalities(self) -> tuple[str, ...]:
        """What the run looks at."""
        return self.redaction.locator.modalities

    @property
    def plan(self) -> ResolvedSettings:
        """The run's own."""
        return self.redaction.locator.plan

    @property
    def predictor(self) -> FittedView:
        """What was learned, with the classes that are shown."""
        return self.redaction.view

    def encoders(self) -> tuple[TextEncoder, ImageEncoder]:
        """The run's own."""
        self._check_wanted()
        return self.redaction.locator.encoders()

    def probabilities(self, posts: Sequence[Post], encoded: EncodedPosts) -> NDArray[np.float64]:
        """Probabilities (N, D)."""
        self._check_wanted()
        return self.redaction.classes.merge(self.redaction.locator.probabilities(posts, encoded))

    def subset_of(self, post: Post) -> str | None:
        """See `PostLocator.subset_of`; with `fine` alone."""
        return self.redaction.locator.subset_of(post) if self.redaction.fine else None

    def _check_wanted(self) -> None:
        if self.gone.is_set():
            raise refuse(499, "client", "has gone", "ask again")


def without_names(vocabularies: Vocabularies, names: Sequence[str]) -> Vocabularies:
    """The hashtags and words that neither name one of these classes nor hold such a name: what may be suggested."""
    classes = [plain for name in names if len(plain := _plain(name)) >= SHORTEST_NAME]

    def kept(items: Sequence[str]) -> Vocabulary:
        return Vocabulary(tuple(item for item in items if not any(name in _plain(item) for name in classes)))

    return replace(vocabularies, hashtags=kept(vocabularies.hashtags.items), words=kept(vocabularies.words.items))


def _plain(name: str) -> str:
    """A name without case, spaces and marks, as it stands in a hashtag."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())
