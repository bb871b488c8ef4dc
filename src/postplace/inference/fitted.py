"""What `fit` learns: all that a run keeps and all that an answer needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import nn

from postplace.errors import BadRun
from postplace.evaluation.baselines import Baselines
from postplace.features.batch import InputSizes, Vocabularies
from postplace.inference.calibrator import Calibration
from postplace.inference.evaluation_metrics import EvaluationMetrics
from postplace.inference.evidence import Evidence
from postplace.models.estimator import Estimator
from postplace.places.vocabulary import PlaceVocabulary
from postplace.splitting.known_posts import Known


@dataclass(frozen=True)
class Fitted:
    """What `fit` learns, and all that `save` needs."""

    model: nn.Module | Estimator
    sizes: InputSizes
    places: PlaceVocabulary
    vocabularies: Vocabularies | None
    baselines: Baselines
    known_posts: Known  # the posts it was made from, and the subset of the split that each was in
    metrics: EvaluationMetrics  # empty where the test subset was not evaluated
    report: Mapping[str, Any]
    calibration: Calibration | None = None  # a run of an earlier version has none
    evidence: Evidence | None = None  # training posts to show beside an answer, if requested


class FittedView(Protocol):
    """What an explanation and the service see of a fitted model: its C classes, its words, its evidence, itself."""

    @property
    def places(self) -> PlaceVocabulary:
        """The classes of the probabilities."""
        ...

    @property
    def vocabularies(self) -> Vocabularies | None:
        """The vocabularies of characters and words, if the model reads any."""
        ...

    @property
    def evidence(self) -> Evidence | None:
        """Training posts to show beside an answer, if they were kept."""
        ...

    @property
    def model(self) -> nn.Module | Estimator:
        """The network or estimator."""
        ...


def check_fitted(fitted: Fitted | None) -> Fitted:
    """What was learned. Raises BadRun where nothing was."""
    if fitted is None:
        raise BadRun("PostLocator", "has learned nothing yet", "call fit(posts), or PostLocator.load(run)")
    return fitted
