"""The steps after training: calibrate, keep evidence, evaluate, answer; each a function of what it is given.

Letters: N posts, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from postplace.errors import NotEnoughData
from postplace.features.broken_images import warn_of_broken, warn_of_cut_short
from postplace.features.encoder_pair import EncoderPair
from postplace.features.extraction import EncodedPosts
from postplace.features.image_keys import BrokenImage
from postplace.features.pooled import drop_modalities, has_image
from postplace.inference.calibrator import Calibration, calibrate
from postplace.inference.evaluation_metrics import EvaluationMetrics
from postplace.inference.evidence import Evidence, select_evidence
from postplace.inference.labelled_predictions import LabelledPredictions
from postplace.inference.options import PredictOptions
from postplace.inference.predictor import EvaluationResult, Predictor
from postplace.models.read_limits import ReadLimits, unread_of_posts
from postplace.schema import Post, Prediction
from postplace.splitting.grouping import OWNERS, build_groups
from postplace.splitting.known_posts import Known, KnownPosts, counted
from postplace.training.dataset import SplitDataset
from postplace.training.train_model import ModelSettings, TrainedModel

if TYPE_CHECKING:
    import pandas as pd


class Reader(NamedTuple):
    """How posts are looked at before a model sees them: with which encoders, as far as which modalities."""

    encoders: EncoderPair
    modalities: tuple[str, ...]

    def read(self, posts: Sequence[Post], *, cache: Path | None = None) -> tuple[list[Post], EncodedPosts]:
        """N posts as far as they are looked at, and their vectors, kept in the folder `cache` if it is given."""
        selected = drop_modalities(posts, self.modalities)
        return selected, self.encoders.encode(selected, cache=cache)


class AnsweredPosts(NamedTuple):
    """N predictions, the images that could not be read, and those that lack their end."""

    predictions: list[Prediction]
    broken: tuple[BrokenImage, ...]
    cut_short: tuple[BrokenImage, ...] = ()

    def warned(self) -> list[Prediction]:
        """The predictions, after a warning to the caller's caller of the images that could not be read, if any."""
        warn_of_broken(self.broken, stacklevel=4)
        warn_of_cut_short(self.cut_short, stacklevel=4)
        return self.predictions


def known_posts(dataset: SplitDataset) -> KnownPosts:
    """The posts of a dataset as a run recognises them later, each with its subset."""
    return KnownPosts.of((name, dataset.posts[row]) for name, rows in dataset.split.subsets() for row in rows)


def uncalibrated_predictor(
    trained: TrainedModel,
    dataset: SplitDataset,
    known: Known,
    settings: ModelSettings,
    *,
    log: Callable[[str], None],
) -> Predictor:
    """A trained model with its classes and the baselines, which are fitted now unless the dataset has them."""
    if dataset.given_baselines is None:
        log("fitting the baselines on the same vectors")
    return Predictor(
        name=settings.entry.name,
        plan=settings.plan,
        model=trained.model,
        places=dataset.places,
        vocabularies=trained.vocabularies,
        baselines=dataset.baselines,
        known_posts=known,
        device=settings.device,
    )


def calibrate_predictor(predictor: Predictor, dataset: SplitDataset) -> Calibration:
    """Fit the calibration on the validation and the calibration subset: what the model was not trained on."""

    def predicted(rows: NDArray[np.int64]) -> LabelledPredictions:
        posts, encoded, groups = dataset.subset(rows)
        return predictor.predict_with_truth(posts, encoded, groups=groups)

    split = dataset.split
    return calibrate(predicted(split.validation), predicted(split.calibration), dataset.places)


def keep_evidence(predictor: Predictor, dataset: SplitDataset) -> Evidence:
    """Vectors, ids and classes of the training subset, to show the nearest beside an answer."""
    train = dataset.labelled(dataset.split.train)
    posts, encoded, _ = dataset.subset(train)
    labels = dataset.labels[train]
    return select_evidence(
        predictor.model, posts, encoded, labels, answer=lambda: predictor.uncalibrated_proba(posts, encoded)
    )


def evaluate_test_subset(predictor: Predictor, dataset: SplitDataset) -> EvaluationMetrics:
    """The metrics of the held-out test subset."""
    posts, encoded, groups = dataset.subset(dataset.split.test)
    return replace(predictor.evaluate(posts, encoded, groups=groups), subset="test")


def evaluate_new_posts(
    predictor: Predictor, posts: Sequence[Post], reader: Reader, *, grouped_by: Any = None, cache: Path | None = None
) -> EvaluationResult:
    """Evaluate posts, without those that were learned from; these are counted, and by what they were recognised.

    Posts are grouped as the run was split. Raises NotEnoughData where no post is new, or none has a label.
    """
    new, counts = _leave_out_learned(posts, predictor.known_posts)
    groups = build_groups(new, by=OWNERS if grouped_by is None else grouped_by)  # before modalities are dropped
    result = predictor.evaluate_detailed(*reader.read(new, cache=cache), groups=groups)
    if not result.metrics.labelled:
        problem = f"none of {len(new)} posts says its {predictor.places.target}"
        raise NotEnoughData("posts", problem, "give posts with the truth beside them, or use predict")
    return replace(result, metrics=replace(result.metrics, subset="given posts", **counts))


def _leave_out_learned(posts: Sequence[Post], known: Known) -> tuple[list[Post], dict[str, Any]]:
    """The posts that are in no subset but the test subset, and how many were left out, and why."""
    matches = [known.match(post) for post in posts]
    learned = [match for match in matches if match is not None and match.subset != "test"]
    new = [post for post, match in zip(posts, matches, strict=True) if match is None or match.subset == "test"]
    if not new:
        raise NotEnoughData("posts", f"all {len(posts)} posts were learned from", "give posts that were not")
    return new, {"left_out_as_seen": len(learned), "left_out_by": counted(learned)}


def answer_posts(
    predictor: Predictor, posts: Sequence[Post], reader: Reader, options: PredictOptions, *, cache: Path | None = None
) -> AnsweredPosts:
    """The ranked places of N posts, and with each what of the post was not read."""
    selected, encoded = reader.read(posts, cache=cache)
    predictions = predictor.rank(selected, encoded, options)
    text = reader.encoders.load()[0]
    limits = ReadLimits(predictor.plan, predictor.vocabularies, text, reader.modalities)
    unread = unread_of_posts(limits, posts, encoded.broken)
    return AnsweredPosts(
        [replace(own, not_read=lost) for own, lost in zip(predictions, unread, strict=True)],
        encoded.broken,
        encoded.cut_short,
    )


def probability_table(predictor: Predictor, posts: Sequence[Post], reader: Reader) -> pd.DataFrame:
    """Calibrated probabilities (N, C), indexed by id; a post with nothing in it is all NaN."""
    import pandas as pd

    selected, encoded = reader.read(posts)
    warn_of_broken(encoded.broken, stacklevel=4)
    warn_of_cut_short(encoded.cut_short, stacklevel=4)
    probabilities = predictor.calibrated_proba(selected, encoded)
    probabilities[~(encoded.text_mask | encoded.hashtag_mask | has_image(encoded))] = np.nan
    names = [place.name for place in predictor.places.places]
    return pd.DataFrame(probabilities, index=pd.Index([post.id for post in posts], name="id"), columns=names)
