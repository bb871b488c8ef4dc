"""PostLocator: fit, predict, evaluate, save, load: the one path that the command line, Python and the service use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from postplace.features.encoder_pair import EncoderPair, Loaded
from postplace.features.extraction import EncodedPosts
from postplace.inference import evaluation_metrics, steps
from postplace.inference.fitted import Fitted, check_fitted
from postplace.inference.options import FitOptions, PredictOptions, check_folds_free, renamed_keyword
from postplace.inference.predictor import EvaluationResult, Predictor, Probabilities
from postplace.preparation.prepared_folder import read_with_subsets
from postplace.runs.checkpoint import TrainingCheckpoint
from postplace.runs.serialization import SavedRun, save_run
from postplace.schema import Post, Predictions
from postplace.system.json_types import JsonObject
from postplace.training.dataset import SplitDataset, TargetSpec, build_dataset
from postplace.training.train_model import ModelSettings, train_model

if TYPE_CHECKING:
    import pandas as pd

Source = object  # whatever `read_posts` takes: a path, a DataFrame, dicts, posts
Folder = str | Path | None
Checkpoint = TrainingCheckpoint | None


class PostLocator:
    """Infers the `target` ("place" or "category") of a post; with `cells`, places are so many cells of the map.

    `model` is a name of `postplace models`, a network's class (or instance), or a scikit-learn estimator; `settings`
    override its defaults by name, as in ``{"max_epochs": 5}``. Classes of fewer than `min_posts` are left out;
    `class_weight="balanced"` makes the others count the same. `modalities` are those looked at ("text", "hashtags",
    "image"). `text_encoder` and `image_encoder` are names of `postplace encoders`, folders, models of the hub, or
    encoders; `cache` is the folder of stored vectors. `device` is Lightning's accelerator. With `evidence` the training
    posts' vectors are kept, to show the nearest. With `folds` K the seeds 0 to K-1 are the folds of one partition.
    """

    def __init__(
        self,
        target: Literal["place", "category"] = "place",
        model: object = "mrlf",
        *,
        cells: int | None = None,
        min_posts: int | None = None,
        settings: Mapping[str, Any] | None = None,
        class_weight: Literal["balanced"] | None = None,
        modalities: Sequence[str] | None = None,
        seed: int = 0,
        device: str = "auto",
        devices: int = 1,
        text_encoder: object = "bundled",
        image_encoder: object = "bundled",
        cache: Folder = None,
        workers: int | None = None,
        progress: Callable[[str], None] | None = None,
        evidence: bool = False,
        folds: int | None = None,
    ) -> None:
        numbers = {"cells": cells, "min_posts": min_posts, "seed": seed, "folds": folds}
        numbers |= {"devices": devices, "workers": workers}
        given = FitOptions.checked(target, class_weight, settings=settings, modalities=modalities, **numbers)
        self.class_weight, self.keeps_evidence, self.modalities = class_weight, evidence, given.modalities
        self.classes = TargetSpec(target, given.cells, given.min_posts)
        self.target, self.folds, self.settings, self.seed = target, given.folds, given.settings, given.seed
        self.given, self.model_settings = given, ModelSettings.resolve(model, *given.training, device, given.devices)
        self.entry, self.plan = self.model_settings.entry, self.model_settings.plan
        pair = text_encoder, image_encoder, device, given.workers, progress is not None
        self.encoder_pair = EncoderPair(*pair, self.plan.states, self.plan.state_layers)
        self._reader = steps.Reader(self.encoder_pair, self.modalities)
        self.cache, self._log = None if cache is None else Path(cache), progress or (lambda _: None)
        self._fitted: Fitted | None = None

    def fit(
        self, posts: Source, *, checkpoint_dir: Folder = None, overwrite: bool = False, state: Folder = None
    ) -> Self:
        """Learn from posts; a leak-free subset (that of a prepared folder) is held out and evaluated: see `metrics`.

        A training of the same posts and options in `checkpoint_dir` is continued; `overwrite` drops another."""
        folder: Folder = renamed_keyword(state, checkpoint_dir, old="state", new="checkpoint_dir")
        given, subsets = read_with_subsets(posts)
        check_folds_free(self.folds, subsets)
        self.model_settings.try_out(self.encoder_pair)
        with TrainingCheckpoint.start(folder, self.options, given, subsets, overwrite=overwrite, log=self._log) as key:
            return self.fit_dataset(self.build_dataset(given, subsets=subsets), checkpoint=key)

    def build_dataset(self, posts: Sequence[Post], *, subsets: Mapping[str, str] | None = None) -> SplitDataset:
        """Encode and split posts (as `subsets` says, by id, if given), and fit the classes on the training subset."""
        build = partial(build_dataset, classes=self.classes, seed=self.seed, folds=self.folds, log=self._log)
        return build(posts, partial(self.encoder_pair.encode, cache=self.cache, image_hashes=True), subsets=subsets)

    def fit_dataset(self, dataset: SplitDataset, *, checkpoint: Checkpoint = None, evaluate: bool = True) -> Self:
        """Train, calibrate and, with `evaluate`, test on what `build_dataset` made, beside the baselines."""
        known = steps.known_posts(dataset)
        dataset = dataset.select_modalities(self.modalities, partial(self.encoder_pair.encode, cache=self.cache))
        opened = None if checkpoint is None else checkpoint.open(log=self._log)
        trained = train_model(dataset, self.model_settings, self.encoder_pair, checkpoint=opened, log=self._log)
        predictor = steps.uncalibrated_predictor(trained, dataset, known, self.model_settings, log=self._log)
        predictor = predictor.with_calibration(steps.calibrate_predictor(predictor, dataset))
        predictor = predictor.with_evidence(steps.keep_evidence(predictor, dataset) if self.keeps_evidence else None)
        metrics = steps.evaluate_test_subset(predictor, dataset) if evaluate else evaluation_metrics.EvaluationMetrics()
        self._fitted = predictor.fitted(trained.sizes, metrics=metrics, report={**dataset.report, **trained.report})
        return self

    def predict(
        self,
        posts: Source,
        *,
        top_k: int = 5,
        level: float = 0.9,
        min_confidence: float = 0.0,
        coverage_over: Literal["users", "posts"] = "users",
        cache: Path | None = None,
    ) -> Predictions:
        """The `top_k` most probable places of each post, best first: none for one with nothing in it.

        Its prediction region covers the true place as often as `level`, on average over users (or venues) or posts; the
        model abstains where the best place is less probable than `min_confidence`."""
        options = PredictOptions(top_k, level, min_confidence, coverage_over)
        return Predictions(self.answer(read_with_subsets(posts)[0], options, cache=cache).warned())

    def answer(self, posts: Sequence[Post], options: PredictOptions, cache: Path | None = None) -> steps.AnsweredPosts:
        """As `predict`, of posts that were parsed before; beside the answers the images that could not be read."""
        return steps.answer_posts(self.predictor, posts, self._reader, options, cache=cache)

    def predict_proba(self, posts: Source) -> pd.DataFrame:
        """One row a post (index: its id), one column a class (named by it); a post with nothing in it is all NaN."""
        return steps.probability_table(self.predictor, read_with_subsets(posts)[0], self._reader)

    def evaluate(self, posts: Source) -> evaluation_metrics.EvaluationMetrics:
        """Metrics of the model and every baseline; posts that were learned from are left out and counted."""
        return self.evaluate_detailed(posts).metrics

    def evaluate_detailed(self, posts: Source) -> EvaluationResult:
        """As `evaluate`, with the answer to each post and the truth beside it."""
        given, by = read_with_subsets(posts)[0], self.report.get("grouped_by")
        return steps.evaluate_new_posts(self.predictor, given, self._reader, grouped_by=by, cache=self.cache)

    def probabilities(self, posts: Sequence[Post], encoded: EncodedPosts) -> Probabilities:
        """Calibrated probabilities (N, C)."""
        return self.predictor.calibrated_proba(posts, encoded)

    def subset_of(self, post: Post) -> str | None:
        """The subset of the split that a post was in; None for a post that is not known."""
        return self.predictor.subset_of(post)

    def encoders(self) -> Loaded:
        """The text and the image encoder, loaded at the first call."""
        return self.encoder_pair.load()

    @property
    def predictor(self) -> Predictor:
        """What was learned, to be asked about encoded posts; raises BadRun before `fit` or `load`."""
        return Predictor.of(self.fitted, name=self.entry.name, plan=self.plan, device=self.encoder_pair.device)

    @property
    def fitted(self) -> Fitted:
        """All that `save` writes; raises BadRun before `fit` or `load`."""
        return check_fitted(self._fitted)

    @property
    def metrics(self) -> evaluation_metrics.EvaluationMetrics:
        """The metrics of the held-out test subset, as `evaluate` returns them."""
        return self.fitted.metrics

    @property
    def report(self) -> Mapping[str, Any]:
        """What `fit` met: counts, classes left out, broken images, the split, one entry an epoch."""
        return self.fitted.report

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the run as a folder; it appears whole or not at all."""
        save_run(self.fitted, self.options(), Path(folder), overwrite=overwrite)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        device: str = "auto",
        cache: Folder = None,
        model: object = None,
        text_encoder: object = None,
        image_encoder: object = None,
    ) -> Self:
        """Read a run, with its model and encoders if these are not registered; raises BadRun naming what is wrong."""
        run = SavedRun.read(Path(folder))
        with run.understood():
            locator = cls(**run.locator_options(model, text_encoder, image_encoder), device=device, cache=cache)
            locator._fitted = run.restore(locator.model_settings, locator.encoder_pair, locator.modalities)
        return locator

    def options(self) -> JsonObject:
        """Everything that decides what is learned, for JSON."""
        words = {name: rules for name, rules in self.plan.vocabulary.items() if name == "word_rules"}
        return {**self.given.to_json(model=self.entry.name), **words, "encoders": self.encoder_pair.to_json()}
