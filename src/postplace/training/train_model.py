"""`train_model`: a split dataset and a model's settings -> the trained model. What it is given stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from postplace.errors import BadOption, NotEnoughData
from postplace.features.batch import InputSizes, PostTensors, Vocabularies
from postplace.features.encoder_pair import EncoderPair
from postplace.models.entry import ModelEntry
from postplace.models.estimator import Estimator, FitData, count_parameters
from postplace.models.inputs import attach_backbone, input_notes, input_sizes
from postplace.models.outside import naming_failures
from postplace.models.registry import find_model
from postplace.models.settings import ResolvedSettings, resolve_settings
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place
from postplace.training.dataset import SplitDataset

TWO_PLACES = PlaceVocabulary("place", (Place("a", 0.0, 0.0), Place("b", 0.0, 1.0)))  # to try settings on


@dataclass(frozen=True)
class ModelSettings:
    """Which model is trained, with what settings, on what; `device` and `devices` are Lightning's."""

    entry: ModelEntry
    plan: ResolvedSettings
    seed: int = 0
    class_weight: Literal["balanced"] | None = None
    device: str = "auto"
    devices: int = 1

    @classmethod
    def resolve(cls, model: object, overrides: Mapping[str, Any], *training: Any) -> ModelSettings:
        """A model (see `find_model`), its overrides, and the fields from `seed` on; BadOption for what it has not."""
        entry = find_model(model)
        return cls(entry, resolve_settings(entry, overrides), *training)

    def build(self, sizes: InputSizes, classes: int, encoders: EncoderPair) -> nn.Module | Estimator:
        """A new network or estimator with these settings."""
        with naming_failures(self.entry.name, "when it is built", outside=self.entry.source is not None):
            return attach_backbone(self.entry.build(sizes, classes, self.plan.model), encoders.load()[1])

    def try_out(self, encoders: EncoderPair) -> None:
        """Build the model on two classes, so that a setting it cannot have is an error now, not in hours."""
        sizes = input_sizes(self.plan, *encoders.load(), None, TWO_PLACES)
        with naming_failures(self.entry.name, "when it is built", outside=self.entry.source is not None):
            self.entry.build(sizes, len(TWO_PLACES), self.plan.model)


@dataclass(frozen=True)
class TrainedModel:
    """A model that has learned, what it is built for, and what `fit` reports of it, ready for JSON."""

    model: nn.Module | Estimator
    sizes: InputSizes
    vocabularies: Vocabularies | None
    report: Mapping[str, Any]


def train_model(
    dataset: SplitDataset,
    settings: ModelSettings,
    encoders: EncoderPair,
    *,
    checkpoint: AbstractContextManager[Path] | None = None,
    log: Callable[[str], None] = lambda _: None,
) -> TrainedModel:
    """Train on the training subset, with the validation subset to stop at the best epoch.

    `dataset` holds the modalities that the model looks at, no others. `checkpoint` gives the folder in which an
    interrupted training is continued. Raises NotEnoughData where the posts lack what the model is there to read.
    """
    plan, classes = settings.plan, len(dataset.places)
    if (lacking := dataset.lacking(plan)) is not None:
        remedy = "add users and times to the posts, or give `settings={'past': False}`"
        raise NotEnoughData(f"model {settings.entry.name}", ": ".join(lacking), remedy)
    subsets = dataset.labelled(dataset.split.train), dataset.labelled(dataset.split.validation)
    vocabularies = dataset.fit_vocabularies(plan)
    sizes = input_sizes(plan, *encoders.load(), vocabularies, dataset.places)
    torch.manual_seed(settings.seed)
    model = settings.build(sizes, classes, encoders)
    epochs: list[dict[str, Any]] = []
    if isinstance(model, Estimator):
        balanced = settings.class_weight is not None
        with naming_failures(settings.entry.name, "when it is fitted", outside=settings.entry.source is not None):
            model.fit(FitData(dataset.examples, dataset.labels, classes, *subsets, settings.seed, balanced))
    else:
        tensors = dataset.tensors(plan, vocabularies)  # before the folder is made: they may be what cannot be
        with (
            naming_failures(settings.entry.name, "in training", outside=settings.entry.source is not None),
            nullcontext() if checkpoint is None else checkpoint as folder,
        ):
            epochs = _train_network(model, tensors, dataset.labels, subsets, settings, folder=folder, log=log)
    report = {
        "parameters": count_parameters(model),
        "notes": input_notes(plan, sizes),
        "not_read": dataset.losses(plan, vocabularies, encoders.load()[0]).to_json(),
        "epochs": epochs,
    }
    return TrainedModel(model, sizes, vocabularies, report)


def _train_network(
    model: nn.Module,
    tensors: PostTensors,
    labels: NDArray[np.int64],
    subsets: tuple[NDArray[np.int64], NDArray[np.int64]],
    settings: ModelSettings,
    *,
    folder: Path | None,
    log: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Train a new network on those rows, in place; what each epoch gave."""
    from postplace.training.loop import Hardware, fit
    from postplace.training.losses import balanced_class_weights

    train, validation = subsets
    if settings.plan.training is None:
        raise BadOption("model", f"{settings.entry.name} has no plan of training", "name another model")
    classes = int(labels.max()) + 1
    weights = balanced_class_weights(labels[train], classes=classes) if settings.class_weight else None
    history = fit(
        model,
        (tensors.subset(train), tensors.subset(validation)),
        training=settings.plan.training,
        seed=settings.seed,
        class_weights=weights,
        hardware=Hardware(settings.device, settings.devices),
        checkpoints=folder,
        write=log,
    )
    return [asdict(epoch) for epoch in history]
