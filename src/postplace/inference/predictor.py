"""A fitted system asked about encoded posts: what it says, what is told of it, and how right it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from postplace.errors import Diverged
from postplace.evaluation.conformal import Over
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import has_image, pool_features
from postplace.inference.calibrator import calibration_report, promises, randomization_u
from postplace.inference.fitted import Fitted
from postplace.inference.labelled_predictions import LabelledPredictions
from postplace.inference.scoring import GroundTruth, ground_truth, score
from postplace.models.estimator import Estimator
from postplace.models.inputs import build_tensors
from postplace.models.settings import ResolvedSettings
from postplace.places.decode import rank
from postplace.schema import Post, Prediction, PredictionRegion
from postplace.system.devices import torch_device

AT_ONCE = 256  # posts a batch


@dataclass(frozen=True)
class EvaluationResult:
    """N posts as a system answered them: `told` (N, C) calibrated, the truth, and the metrics, ready for JSON."""

    posts: tuple[Post, ...]
    told: NDArray[np.float64]
    answers: GroundTruth
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Predictor:
    """What was learned, under the name of its model."""

    name: str
    plan: ResolvedSettings
    fitted: Fitted
    device: str

    def raw(self, posts: Sequence[Post], encoded: EncodedPosts) -> NDArray[np.float64]:
        """The system's own probabilities (N, C): of a network, the softmax of its logits.

        Raises Diverged for a post to which it says no numbers.
        """
        model = self.fitted.model
        if isinstance(model, Estimator):
            found = model.predict_proba(pool_features(posts, encoded))
        else:
            found = self._answers_of(model, posts, encoded)
        strange = np.flatnonzero(~np.isfinite(found).all(axis=1))
        if len(strange):
            what = f"gives no numbers for {len(strange)} of {len(posts)} posts, the first post {posts[strange[0]].id}"
            raise Diverged(
                self.name, what, "train again, of a network with a lower learning rate, or name another model"
            )
        return found

    def _answers_of(self, model: nn.Module, posts: Sequence[Post], encoded: EncodedPosts) -> NDArray[np.float64]:
        """A network's answers (N, C)."""
        tensors = build_tensors(self.plan, posts, encoded, self.fitted.vocabularies)
        device = torch_device(self.device)
        model = model.to(device).eval()
        found = np.empty((len(posts), len(self.fitted.places)), dtype=np.float64)
        with torch.inference_mode():
            for start in range(0, len(posts), AT_ONCE):
                rows = range(start, min(start + AT_ONCE, len(posts)))
                logits = model(tensors[list(rows)].to(device)).double()
                found[rows.start : rows.stop] = torch.softmax(logits, dim=1).cpu().numpy()
        return found

    def told(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities (N, C); of a run of an earlier version, the raw ones."""
        return raw if self.fitted.calibration is None else self.fitted.calibration.tell(raw)

    def rank(
        self,
        posts: Sequence[Post],
        encoded: EncodedPosts,
        *,
        top_k: int,
        level: float | Sequence[float],
        min_confidence: float,
        over: Over = "users",
    ) -> list[Prediction]:
        """An answer a post: see `PostLocator.answer`."""
        present = {"text": encoded.text_mask, "hashtags": encoded.hashtag_mask, "image": has_image(encoded)}
        looked_at = self.plan.reads or present.keys()  # the majority class reads nothing, and answers all the same
        modalities = [
            tuple(name for name in present if name in looked_at and present[name][row]) for row in range(len(posts))
        ]
        raw, places = self.raw(posts, encoded), self.fitted.places
        levels = np.broadcast_to(np.asarray(level, dtype=np.float64), len(posts))
        regions = self._promised(posts, raw, levels, over)
        return rank(
            self.told(raw),
            places,
            post_ids=[post.id for post in posts],
            modalities=modalities,
            top_k=top_k,
            regions=regions,
            min_confidence=min_confidence,
        )

    def _promised(
        self, posts: Sequence[Post], raw: NDArray[np.float64], levels: NDArray[np.float64], over: Over
    ) -> list[PredictionRegion] | None:
        """What is promised of each post, each at its own level (N,)."""
        if self.fitted.calibration is None:
            return None
        draws = self._draws_of(posts)
        found: dict[int, PredictionRegion] = {}
        for level in np.unique(levels):
            rows = np.flatnonzero(levels == level)
            asked = self.fitted.calibration, raw[rows], draws[rows], self.fitted.places
            own = promises(*asked, level=float(level), over=over)
            found |= dict(zip(rows.tolist(), own, strict=True))
        return [found[row] for row in range(len(posts))]

    def judged(self, posts: Sequence[Post], encoded: EncodedPosts, *, groups: NDArray[np.int64]) -> LabelledPredictions:
        """What it says to posts, beside the truth."""
        answers = ground_truth(posts, encoded, places=self.fitted.places, groups=groups)
        return LabelledPredictions(self.raw(posts, encoded), answers, self._draws_of(posts))

    def scored(self, posts: Sequence[Post], encoded: EncodedPosts, *, groups: NDArray[np.int64]) -> dict[str, Any]:
        """Its metrics and those of every baseline, ready for JSON."""
        return self.examined(posts, encoded, groups=groups).metrics

    def examined(self, posts: Sequence[Post], encoded: EncodedPosts, *, groups: NDArray[np.int64]) -> EvaluationResult:
        """What it told of each post, beside the truth, and the metrics of that."""
        fitted, judged = self.fitted, self.judged(posts, encoded, groups=groups)
        told = self.told(judged.probabilities)
        scores = score(
            self.name,
            told,
            answers=judged.answers,
            baselines=fitted.baselines,
            encoded=encoded,
            places=fitted.places,
        )
        if fitted.calibration is not None:
            scores["calibration"] = calibration_report(fitted.calibration, judged, fitted.places)
        broken = [asdict(picture) for picture in encoded.broken]
        metrics = {"labelled": int(judged.answers.labelled.sum()), "broken_images": broken, **scores}
        return EvaluationResult(tuple(posts), told, judged.answers, metrics)

    def _draws_of(self, posts: Sequence[Post]) -> NDArray[np.float64]:
        """The draw of each post (N,) that its set of places depends on: by its content, so always the same."""
        return randomization_u([self.fitted.seen.draw_of(post) for post in posts])
