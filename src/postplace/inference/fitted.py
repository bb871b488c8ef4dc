"""What `fit` learns: all that a run keeps and all that an answer needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

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
    seen: Known  # the posts it was made from, and their parts
    metrics: EvaluationMetrics  # empty where the test part was not evaluated
    report: Mapping[str, Any]
    calibration: Calibration | None = None  # a run of an earlier version has none
    evidence: Evidence | None = None  # training posts to show beside an answer, if they were asked for
