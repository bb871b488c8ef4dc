"""A fitted model asked about encoded posts: its probabilities, its ranking of places, and how right it is.

Letters: N posts, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from postplace.errors import Diverged
from postplace.evaluation.baselines import Baselines
from postplace.features.batch import InputSizes, Vocabularies
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import has_image, pool_features
from postplace.inference.calibrator import Calibration, calibration_report, prediction_regions, randomization_u
from postplace.inference.evaluation_metrics import EvaluationMetrics
from postplace.inference.evidence import Evidence
from postplace.inference.fitted import Fitted
from postplace.inference.labelled_predictions import LabelledPredictions
from postplace.inference.options import PredictOptions
from postplace.inference.scoring import GroundTruth, ground_truth, score
from postplace.models.estimator import Estimator
from postplace.models.inputs import build_tensors
from postplace.models.outside import is_outside, naming_failures
from postplace.models.settings import ResolvedSettings
from postplace.places.decode import rank
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Post, Prediction, PredictionRegion
from postplace.splitting.known_posts import Known
from postplace.system.devices import torch_device

Probabilities = NDArray[np.float64]  # (N, C)
BATCH = 256  # posts that a network is given at once
_KEPT = ("model", "places", "vocabularies", "baselines", "known_posts", "calibration", "evidence")  # of what was fitted


@dataclass(frozen=True)
class EvaluationResult:
    """N posts as a model predicted them: calibrated probabilities (N, C), the truth, the metrics, ready for JSON."""

    posts: tuple[Post, ...]
    calibrated_proba: NDArray[np.float64]
    truth: GroundTruth
    metrics: EvaluationMetrics


@dataclass(frozen=True)
class Predictor:
    """A fitted model with all that an answer needs: encoded posts -> probabilities, ranked places, metrics.

    `calibration` is None before it is fitted, and in a run of an earlier version: then probabilities stay as they are.
    """

    name: str
    plan: ResolvedSettings
    model: nn.Module | Estimator
    places: PlaceVocabulary
    vocabularies: Vocabularies | None
    baselines: Baselines
    known_posts: Known
    calibration: Calibration | None = None
    evidence: Evidence | None = None  # training posts to show beside an answer, if requested
    device: str = "auto"

    @classmethod
    def of(cls, fitted: Fitted, *, name: str, plan: ResolvedSettings, device: str) -> Predictor:
        """The predictor of what was fitted, under the name of its model."""
        return cls(name=name, plan=plan, device=device, **{kept: getattr(fitted, kept) for kept in _KEPT})

    def uncalibrated_proba(self, posts: Sequence[Post], encoded: EncodedPosts) -> NDArray[np.float64]:
        """The model's own probabilities (N, C): of a network, the softmax of its logits.

        Raises Diverged for a post to which it gives no numbers.
        """
        with naming_failures(self.name, _name_posts(posts), outside=is_outside(self.model)):
            if isinstance(self.model, Estimator):
                probabilities = self.model.predict_proba(pool_features(posts, encoded))
            else:
                probabilities = self._network_proba(self.model, posts, encoded)
        strange = np.flatnonzero(~np.isfinite(probabilities).all(axis=1))
        if len(strange):
            what = f"gives no numbers for {len(strange)} of {len(posts)} posts, the first post {posts[strange[0]].id}"
            raise Diverged(
                self.name, what, "train again, of a network with a lower learning rate, or name another model"
            )
        return probabilities

    def _network_proba(self, model: nn.Module, posts: Sequence[Post], encoded: EncodedPosts) -> NDArray[np.float64]:
        """A network's probabilities (N, C)."""
        tensors = build_tensors(self.plan, posts, encoded, self.vocabularies)
        device = torch_device(self.device)
        model = model.to(device).eval()
        probabilities = np.empty((len(posts), len(self.places)), dtype=np.float64)
        with torch.inference_mode():
            for start in range(0, len(posts), BATCH):
                rows = range(start, min(start + BATCH, len(posts)))
                logits = model(tensors[list(rows)].to(device)).double()
                probabilities[rows.start : rows.stop] = torch.softmax(logits, dim=1).cpu().numpy()
        return probabilities

    def calibrate_proba(self, uncalibrated: NDArray[np.float64]) -> NDArray[np.float64]:
        """The model's own probabilities (N, C) -> calibrated ones."""
        return uncalibrated if self.calibration is None else self.calibration.calibrated_proba(uncalibrated)

    def calibrated_proba(self, posts: Sequence[Post], encoded: EncodedPosts) -> NDArray[np.float64]:
        """Calibrated probabilities (N, C)."""
        return self.calibrate_proba(self.uncalibrated_proba(posts, encoded))

    def rank(
        self, posts: Sequence[Post], encoded: EncodedPosts, options: PredictOptions | None = None
    ) -> list[Prediction]:
        """The most probable places of each post, with the set and the circle of its level."""
        options = options or PredictOptions()
        present = {"text": encoded.text_mask, "hashtags": encoded.hashtag_mask, "image": has_image(encoded)}
        looked_at = self.plan.modalities or present.keys()  # the majority class reads nothing, and answers all the same
        modalities = [
            tuple(name for name in present if name in looked_at and present[name][row]) for row in range(len(posts))
        ]
        uncalibrated = self.uncalibrated_proba(posts, encoded)
        return rank(
            self.calibrate_proba(uncalibrated),
            self.places,
            post_ids=[post.id for post in posts],
            modalities=modalities,
            top_k=options.top_k,
            regions=self._regions(posts, uncalibrated, options),
            min_confidence=options.min_confidence,
        )

    def _regions(
        self, posts: Sequence[Post], uncalibrated: NDArray[np.float64], options: PredictOptions
    ) -> list[PredictionRegion] | None:
        """The prediction region of each post, each at its own level."""
        if self.calibration is None:
            return None
        levels = np.broadcast_to(np.asarray(options.level, dtype=np.float64), len(posts))
        u = self._randomization_u(posts)
        regions: dict[int, PredictionRegion] = {}
        for level in np.unique(levels):
            rows = np.flatnonzero(levels == level)
            given = self.calibration, uncalibrated[rows], u[rows], self.places
            of_level = prediction_regions(*given, level=float(level), over=options.coverage_over)
            regions |= dict(zip(rows.tolist(), of_level, strict=True))
        return [regions[row] for row in range(len(posts))]

    def predict_with_truth(
        self, posts: Sequence[Post], encoded: EncodedPosts, *, groups: NDArray[np.int64]
    ) -> LabelledPredictions:
        """The model's own probabilities of posts, with the truth; posts of equal `groups` (N,) are of one owner."""
        answers = ground_truth(posts, encoded, places=self.places, groups=groups)
        return LabelledPredictions(self.uncalibrated_proba(posts, encoded), answers, self._randomization_u(posts))

    def evaluate(self, posts: Sequence[Post], encoded: EncodedPosts, *, groups: NDArray[np.int64]) -> EvaluationMetrics:
        """The metrics of the model and of every baseline."""
        return self.evaluate_detailed(posts, encoded, groups=groups).metrics

    def evaluate_detailed(
        self, posts: Sequence[Post], encoded: EncodedPosts, *, groups: NDArray[np.int64]
    ) -> EvaluationResult:
        """As `evaluate`, with the probabilities of each post and the truth beside them."""
        labelled = self.predict_with_truth(posts, encoded, groups=groups)
        probabilities = self.calibrate_proba(labelled.probabilities)
        metrics = score(
            self.name,
            probabilities,
            truth=labelled.truth,
            baselines=self.baselines,
            encoded=encoded,
            places=self.places,
        )
        if self.calibration is not None:
            report = calibration_report(self.calibration, labelled, self.places)
            metrics = replace(metrics, calibration=report)
        return EvaluationResult(tuple(posts), probabilities, labelled.truth, metrics)

    def subset_of(self, post: Post) -> str | None:
        """The subset of the split that a post was in; None for a post that is not known."""
        match = self.known_posts.match(post)
        return None if match is None else match.subset

    def with_calibration(self, calibration: Calibration) -> Predictor:
        """The same predictor, calibrated."""
        return replace(self, calibration=calibration)

    def fitted(self, sizes: InputSizes, *, metrics: EvaluationMetrics, report: Mapping[str, Any]) -> Fitted:
        """The inverse of `of`, with what else a run keeps."""
        kept = {name: getattr(self, name) for name in _KEPT}
        return Fitted(sizes=sizes, metrics=metrics, report=report, **kept)

    def with_evidence(self, evidence: Evidence | None) -> Predictor:
        """The same predictor, with training posts to show beside its answers, or without."""
        return replace(self, evidence=evidence)

    def _randomization_u(self, posts: Sequence[Post]) -> NDArray[np.float64]:
        """The number u (N,) that each post's prediction set is randomised by: by its content, so always the same."""
        return randomization_u([self.known_posts.draw_digits(post) for post in posts])


def _name_posts(posts: Sequence[Post]) -> str:
    """Which posts a model is asked about, in a few words."""
    more = f" and {len(posts) - 1} more" if len(posts) > 1 else ""
    return f"post {posts[0].id!r}{more}" if posts else "no posts"
