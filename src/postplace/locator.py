"""PostLocator: fit, predict, evaluate, save, load: the one path that the command line, Python and the service use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from postplace.encoders.encoder import ImageEncoder, TextEncoder
from postplace.errors import BadOption, BadRun, NotEnoughData
from postplace.evaluation.baselines import Baselines
from postplace.evaluation.conformal import Over
from postplace.features.batch import InputSizes, PostTensors
from postplace.features.broken_images import warn_of_broken
from postplace.features.extraction import BrokenImage, EncodedPosts, encode_posts
from postplace.features.pooled import check_modalities, drop_modalities, has_image
from postplace.inference.calibrator import ALPHA, calibrate
from postplace.inference.evidence import select_evidence
from postplace.inference.fitted import Fitted
from postplace.inference.predictor import EvaluationResult, Predictor
from postplace.models.estimator import Estimator, FitData, count_parameters
from postplace.models.inputs import attach_backbone, input_notes, input_sizes, load_encoders
from postplace.models.read_limits import read_limits, unread_of_posts
from postplace.models.registry import find_model
from postplace.models.settings import drop_inactive, resolve_settings
from postplace.places.decode import check_asked
from postplace.places.vocabulary import PlaceVocabulary
from postplace.posts.identity import posts_digest
from postplace.preparation.prepared_folder import read_with_subsets
from postplace.runs.checkpoint import TrainingCheckpoint
from postplace.runs.made_with import warn_of_others
from postplace.runs.paths import lasting_name
from postplace.runs.serialization import asked_encoders, check_encoders, load_run, rebuild, save_run
from postplace.schema import Place, Post, Prediction, Predictions
from postplace.splitting.known_posts import KnownPosts, counted
from postplace.splitting.owners import OWNERS, groups_of
from postplace.system.devices import torch_device
from postplace.training.dataset import SplitDataset, TargetSpec, build_dataset

if TYPE_CHECKING:
    import pandas as pd

Target = Literal["place", "category"]
Source = object  # whatever `read_posts` takes: a path, a DataFrame, dicts, posts
TWO_PLACES = PlaceVocabulary("place", (Place("a", 0.0, 0.0), Place("b", 0.0, 1.0)))  # to try settings on


class PostLocator:
    """Infers the place or the category of a post.

    `target` is "place" or "category"; with `cells` the map is cut into that many cells and these are the places.
    `min_posts` leaves classes with fewer posts out; without it a class with a single post is an error.
    `settings` override the model's, the training's and the vocabularies' defaults by name, for example
    ``{"fusion": "joint", "max_epochs": 5}``. `class_weight="balanced"` makes every class count the same in training.
    `modalities` are those that are looked at ("text", "hashtags", "image"); the others are as if they were not there.
    `text_encoder` and `image_encoder` are names of `postplace encoders`, a local folder or a model of the hub.
    `cache` is the folder of stored vectors (None: nothing is stored); `device` is Lightning's accelerator.
    With `folds` K the seeds 0 to K-1 are the folds of one partition, in which every post is judged once, and the next K
    those of another; without, every seed draws a split of its own.
    With `evidence` vectors, ids and classes of the training posts are kept, to show the nearest beside an answer.
    """

    def __init__(
        self,
        target: Target = "place",
        model: str = "mrlf",
        *,
        cells: int | None = None,
        min_posts: int | None = None,
        settings: Mapping[str, Any] | None = None,
        class_weight: Literal["balanced"] | None = None,
        modalities: Sequence[str] | None = None,
        seed: int = 0,
        device: str = "auto",
        devices: int = 1,
        text_encoder: str = "bundled",
        image_encoder: str = "bundled",
        cache: str | Path | None = None,
        workers: int | None = None,
        progress: Callable[[str], None] | None = None,
        evidence: bool = False,
        folds: int | None = None,
    ) -> None:
        if target not in ("place", "category"):
            raise BadOption("--target", f"{target!r} is unknown", "give place or category")
        if cells is not None and target != "place":
            raise BadOption("--cells", f"given with the target {target}", "cells are places: give --target place")
        if class_weight not in (None, "balanced"):
            raise BadOption("--class-weight", f"{class_weight!r} is unknown", "give balanced, or leave it out")
        if folds is not None and folds < 2:
            raise BadOption("--folds", f"{folds} is too few", "give a number from 2 on, usually 5 or 10")
        self.target, self.cells, self.min_posts = target, cells, min_posts
        self.entry = find_model(model)
        self.modalities = check_modalities(modalities)
        self.settings = dict(settings or {})
        self.plan = resolve_settings(self.entry, self.settings)
        self.class_weight, self.seed, self.folds = class_weight, seed, folds
        self.device, self.devices, self.workers = device, devices, workers
        self.text_encoder, self.image_encoder = lasting_name(text_encoder), lasting_name(image_encoder)
        self.cache = None if cache is None else Path(cache)
        self.progress, self.evidence = progress, evidence
        self._encoders: tuple[TextEncoder, ImageEncoder] | None = None
        self._fitted: Fitted | None = None

    # ------------------------------------------------------------------ learning

    def fit(self, posts: Source, *, state: str | Path | None = None, overwrite: bool = False) -> PostLocator:
        """Learn from posts; a leak-free part of them is kept aside and judged: see `metrics`.

        Of a folder that `postplace prepare` wrote, the split it was prepared with is kept. With a `state` folder an
        interrupted training of the same posts and options found there is continued; one of others is an error, or with
        `overwrite` thrown away once the new one begins.
        """
        every, parts = read_with_subsets(posts)
        if parts is not None and self.folds is not None:
            raise BadOption("--folds", "the posts are split already", "leave it out, or give posts not yet prepared")
        sizes = input_sizes(self.plan, *self.encoders(), None, TWO_PLACES)
        self.entry.build(sizes, len(TWO_PLACES), self.plan.model)  # a setting it cannot have is told now, not in hours
        unfinished = None
        if state is not None:
            key = {**self.options(), "posts": posts_digest(every)} | ({"parts": parts} if parts else {})
            unfinished = TrainingCheckpoint(Path(state), key)
            unfinished.check(overwrite=overwrite)
        return self.fit_dataset(self.build_dataset(every, parts=parts), unfinished=unfinished)

    def fit_dataset(
        self,
        prepared: SplitDataset,
        *,
        unfinished: TrainingCheckpoint | None = None,
        baselines: Baselines | None = None,
        judge: bool = True,
    ) -> PostLocator:
        """Train on what `build_dataset` made, fit the baselines on the same vectors, and judge both on the test part.

        `baselines`: those of the same `prepared` and modalities, if they were fitted before. With `judge=False` the
        test part is not touched, and there are no metrics.
        """
        parts = ((name, prepared.posts[row]) for name, rows in prepared.split.subsets() for row in rows)
        seen = KnownPosts.of(parts)
        prepared = prepared.select_modalities(self.modalities, self.encode)
        if (lacking := prepared.lacking(self.plan)) is not None:
            remedy = "add users and times to the posts, or give --set past=false"
            raise NotEnoughData(f"--model {self.entry.name}", ": ".join(lacking), remedy)
        train, validation = (prepared.labelled(rows) for rows in (prepared.split.train, prepared.split.validation))
        vocabularies = prepared.fit_vocabularies(self.plan)
        sizes = input_sizes(self.plan, *self.encoders(), vocabularies, prepared.places)
        torch.manual_seed(self.seed)
        model = self.build(sizes, len(prepared.places))
        if isinstance(model, Estimator):
            balanced, labels, classes = self.class_weight is not None, prepared.labels, len(prepared.places)
            model.fit(FitData(prepared.examples, labels, classes, train, validation, self.seed, balanced))
            epochs = []
        else:
            tensors = prepared.tensors(self.plan, vocabularies)
            with nullcontext() if unfinished is None else unfinished.begun(log=self._log) as checkpoints:
                epochs = self._train(model, tensors, prepared.labels, (train, validation), checkpoints=checkpoints)
        if baselines is None:
            self._log("fitting the baselines on the same vectors")
            baselines = prepared.baselines
        notes = input_notes(self.plan, sizes)
        not_read = prepared.losses(self.plan, vocabularies, self.encoders()[0]).to_json()
        counts = {"parameters": count_parameters(model), "notes": notes, "not_read": not_read}
        report = {**prepared.report, **counts, "epochs": epochs}
        fitted = Fitted(model, sizes, prepared.places, vocabularies, baselines, seen, metrics={}, report=report)
        self._fitted = fitted
        split = prepared.split
        posts, encoded, groups = prepared.part(split.validation)
        shaping = self._system.judged(posts, encoded, groups=groups)
        posts, encoded, groups = prepared.part(split.calibration)
        kept = self._system.judged(posts, encoded, groups=groups)
        fitted = self._fitted = replace(fitted, calibration=calibrate(shaping, kept, prepared.places))
        if self.evidence:
            own, vectors, _ = prepared.part(train)
            shown = select_evidence(
                model, own, vectors, prepared.labels[train], answer=lambda: self.probabilities(own, vectors)
            )
            fitted = self._fitted = replace(fitted, evidence=shown)
        if not judge:
            return self
        posts, encoded, groups = prepared.part(prepared.split.test)
        self._fitted = replace(fitted, metrics={"part": "test", **self._system.scored(posts, encoded, groups=groups)})
        return self

    def _train(
        self,
        model: nn.Module,
        tensors: PostTensors,
        labels: NDArray[np.int64],
        parts: tuple[NDArray[np.int64], NDArray[np.int64]],
        *,
        checkpoints: Path | None,
    ) -> list[dict[str, Any]]:
        """Train a new model on those rows; what each epoch gave."""
        from postplace.training.loop import Hardware, fit
        from postplace.training.losses import balanced_class_weights

        train, validation = parts
        if self.plan.training is None:
            raise BadOption("--model", f"{self.entry.name} has no plan of training", "name another model")
        classes = int(labels.max()) + 1
        weights = balanced_class_weights(labels[train], classes=classes) if self.class_weight else None
        history = fit(
            model,
            (tensors.subset(train), tensors.subset(validation)),
            training=self.plan.training,
            seed=self.seed,
            class_weights=weights,
            hardware=Hardware(self.device, self.devices),
            checkpoints=checkpoints,
            write=self._log,
        )
        return [asdict(epoch) for epoch in history]

    def build_dataset(self, every: Sequence[Post], *, parts: Mapping[str, str] | None = None) -> SplitDataset:
        """Encode and split posts, and fit the classes on the training part: all of `fit` that systems share.

        `parts`: the part of each post by its id, where they are split already.
        """
        return build_dataset(
            every,
            lambda posts: self._encode(posts, cache=self.cache, image_hashes=True),
            classes=TargetSpec(self.target, self.cells, self.min_posts),
            seed=self.seed,
            log=self._log,
            parts=parts,
            folds=self.folds,
        )

    # ------------------------------------------------------------------ answering

    def predict(
        self,
        posts: Source,
        *,
        top_k: int = 5,
        level: float = 1.0 - ALPHA,
        min_confidence: float = 0.0,
        coverage_over: Over = "users",
        cache: Path | None = None,
    ) -> Predictions:
        """The `top_k` most probable places of each post, best first; an empty ranking for a post with nothing in it.

        With each comes a set of places and, where classes have coordinates, a circle that hold the truth as often
        as `level` says: on average over users or venues, where each counts the same, or with `coverage_over="posts"` on
        average over their posts. Where the best place is less probable than `min_confidence` there is not enough to
        tell.
        """
        check_asked(top_k, level, min_confidence, coverage_over)
        asked, _ = read_with_subsets(posts)
        answer = partial(self.answer, asked, top_k=top_k, cache=cache, coverage_over=coverage_over)
        found, broken = answer(level=level, min_confidence=min_confidence)
        warn_of_broken(broken)
        return Predictions(found)

    def answer(
        self,
        posts: Sequence[Post],
        *,
        top_k: int,
        level: float | Sequence[float],
        min_confidence: float = 0.0,
        coverage_over: Over = "users",
        cache: Path | None = None,
    ) -> tuple[list[Prediction], tuple[BrokenImage, ...]]:
        """As `predict`, of posts that were parsed before; beside the answers the pictures that could not be read.

        `level` is one for all posts, or one for each.
        """
        asked = drop_modalities(posts, self.modalities)
        encoded = self._encode(asked, cache=cache)
        rank = partial(self._system.rank, asked, encoded, top_k=top_k, over=coverage_over)
        found = rank(level=level, min_confidence=min_confidence)
        unread = unread_of_posts(read_limits(self), posts, encoded.broken)
        return [replace(own, not_read=lost) for own, lost in zip(found, unread, strict=True)], encoded.broken

    def predict_proba(self, posts: Source) -> pd.DataFrame:
        """One row a post (index: its id), one column a class (named by it); a post with nothing in it is all NaN."""
        import pandas as pd

        asked = self._read(posts)
        encoded = self._encode(asked, cache=None)
        warn_of_broken(encoded.broken)
        probabilities = self.probabilities(asked, encoded)
        probabilities[~(encoded.text_mask | encoded.hashtag_mask | has_image(encoded))] = np.nan
        names = [place.name for place in self.fitted.places.places]
        return pd.DataFrame(probabilities, index=pd.Index([post.id for post in asked], name="id"), columns=names)

    def evaluate(self, posts: Source) -> dict[str, Any]:
        """Metrics of the model and of every baseline on posts it has not learned from, ready for JSON.

        Posts of the training, validation and calibration parts are recognised by what they hold (see `runs/known.py`),
        left out and counted, and by what they were recognised.
        """
        return self.evaluate_detailed(posts).metrics

    def evaluate_detailed(self, posts: Source) -> EvaluationResult:
        """As `evaluate`, with the answer to each post and the truth beside it."""
        asked, _ = read_with_subsets(posts)
        matches = [self.fitted.seen.match(post) for post in asked]
        learned = [match for match in matches if match is not None and match.subset != "test"]
        fresh = [post for post, match in zip(asked, matches, strict=True) if match is None or match.subset == "test"]
        if not fresh:
            raise NotEnoughData("posts", f"all {len(asked)} posts were learned from", "give posts that were not")
        groups = groups_of(fresh, by=self.report.get("grouped_by", OWNERS))  # as the run was split
        fresh = drop_modalities(fresh, self.modalities)
        encoded = self.encode(fresh)
        examined = self._system.examined(fresh, encoded, groups=groups)
        if not examined.metrics["labelled"]:
            problem = f"none of {len(fresh)} posts says its {self.fitted.places.target}"
            raise NotEnoughData("posts", problem, "give posts with the truth beside them, or use predict")
        counts = {"part": "given posts", "left_out_as_seen": len(learned), "left_out_by": counted(learned)}
        return replace(examined, metrics={**counts, **examined.metrics})

    def part_of(self, post: Post) -> str | None:
        """The part of the split that a post was in; None for a post that is not known."""
        known = self.fitted.seen.match(post)
        return None if known is None else known.subset

    def probabilities(self, posts: Sequence[Post], encoded: EncodedPosts) -> NDArray[np.float64]:
        """Calibrated probabilities (N, C); of a run of an earlier version, as the system gives them."""
        return self._system.told(self._system.raw(posts, encoded))

    @property
    def _system(self) -> Predictor:
        return Predictor(self.entry.name, self.plan, self.fitted, self.device)

    def encode(self, posts: Sequence[Post]) -> EncodedPosts:
        """The vectors of posts, from the store where they are there."""
        return self._encode(posts, cache=self.cache)

    def _encode(self, posts: Sequence[Post], *, cache: Path | None, image_hashes: bool = False) -> EncodedPosts:
        text, image = self.encoders()
        return encode_posts(
            posts,
            text_encoder=text,
            image_encoder=image,
            store_folder=cache,
            workers=self.workers,
            progress=self.progress is not None,
            image_hashes=image_hashes,
            states=self.plan.states,
        )

    def _read(self, source: Source) -> list[Post]:
        """The posts, as far as this locator looks at them."""
        return drop_modalities(read_with_subsets(source)[0], self.modalities)

    def build(self, sizes: InputSizes, classes: int) -> nn.Module | Estimator:
        """A new network or estimator with this locator's settings."""
        return attach_backbone(self.entry.build(sizes, classes, self.plan.model), self.encoders()[1])

    def share_encoders(self, other: PostLocator) -> None:
        """Use what another locator has loaded, if it asks for the same encoders, instead of loading them again."""
        if self._asked == other._asked:
            self._encoders = other.encoders()

    @property
    def _asked(self) -> tuple[Any, ...]:
        """What decides which encoders are loaded, and how."""
        return self.text_encoder, self.image_encoder, self.device, self.plan.states, self.plan.state_layers

    def encoders(self) -> tuple[TextEncoder, ImageEncoder]:
        """The text and the image encoder, loaded at the first call."""
        if self._encoders is None:
            device = str(torch_device(self.device))
            self._encoders = load_encoders(self.plan, self.text_encoder, self.image_encoder, device=device)
        return self._encoders

    # ------------------------------------------------------------------ state

    @property
    def fitted(self) -> Fitted:
        """What was learned; raises BadRun before `fit` or `load`."""
        if self._fitted is None:
            raise BadRun("PostLocator", "has learned nothing yet", "call fit(posts), or PostLocator.load(run)")
        return self._fitted

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The metrics of the held-out test part, as `evaluate` returns them."""
        return self.fitted.metrics

    @property
    def report(self) -> Mapping[str, Any]:
        """What `fit` met: counts, classes left out, broken pictures, the split, one entry an epoch."""
        return self.fitted.report

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the run as a folder; it appears whole or not at all."""
        save_run(self.fitted, self.options(), Path(folder), overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "auto", cache: str | Path | None = None) -> PostLocator:
        """Read a run; raises BadRun naming what is missing, damaged or different from when it was saved."""
        where = Path(folder)
        config, files = load_run(where)
        try:
            options = {name: config[name] for name in ("cells", "min_posts", "settings", "class_weight", "seed")}
            asked: dict[str, Any] = {f"{kind}_encoder": name for kind, name in asked_encoders(config, where).items()}
            options["settings"] = drop_inactive(find_model(config["model"]), options["settings"])
            options |= {name: config.get(name) for name in ("modalities", "folds")}  # earlier runs have none
            locator = cls(config["target"], config["model"], device=device, cache=cache, **asked, **options)
            check_encoders(config, locator.options()["encoders"], where=where)
            locator._fitted = rebuild(locator.build, config, files, where=where)
            warn_of_others(config, pictures="image" in locator.modalities, words=bool(locator.fitted.vocabularies))
        except (KeyError, TypeError, ValueError) as error:
            problem = f"is not understood ({type(error).__name__}: {error})"
            raise BadRun(str(where / "config.json"), problem, "use the version of postplace that wrote it") from error
        return locator

    def options(self) -> dict[str, Any]:
        """Everything that decides what is learned, for JSON."""
        text, image = self.encoders()
        return {
            "target": self.target,
            "cells": self.cells,
            "min_posts": self.min_posts,
            "model": self.entry.name,
            "settings": self.settings,
            "class_weight": self.class_weight,
            "modalities": list(self.modalities),
            "seed": self.seed,
            **({} if self.folds is None else {"folds": self.folds}),
            "encoders": {
                kind: {"asked": asked, "name": encoder.name, "width": encoder.width, "fingerprint": encoder.fingerprint}
                for kind, asked, encoder in (("text", self.text_encoder, text), ("image", self.image_encoder, image))
            },
        }

    def _log(self, line: str) -> None:
        if self.progress is not None:
            self.progress(line)
