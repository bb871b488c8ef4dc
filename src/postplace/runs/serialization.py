"""What a run consists of: a fitted locator <-> the files of its folder."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import safetensors.numpy
import safetensors.torch
from safetensors import SafetensorError
from torch import nn

from postplace.encoders.absolute_names import missing_path
from postplace.encoders.bundled import cased_before
from postplace.encoders.hub.loading import without_precision
from postplace.encoders.outside import OBJECT, is_outside_name, unknown_object
from postplace.errors import BadRun
from postplace.evaluation.baselines import Baselines
from postplace.features.batch import InputSizes, Vocabularies
from postplace.features.encoder_pair import EncoderPair
from postplace.features.pooled import past_width
from postplace.inference import evidence
from postplace.inference.calibrator import Calibration
from postplace.inference.evaluation_metrics import EvaluationMetrics
from postplace.inference.evidence import Evidence
from postplace.inference.fitted import Fitted
from postplace.models.estimator import Estimator
from postplace.models.registry import find_saved_model
from postplace.models.settings import drop_inactive
from postplace.places.vocabulary import PlaceVocabulary
from postplace.runs import card
from postplace.runs.folder import read_run, write_run
from postplace.runs.made_with import made_with, warn_of_others
from postplace.splitting import known_posts as known
from postplace.system.atomic_files import as_json
from postplace.text.stop_words import PLACES
from postplace.training.train_model import ModelSettings

MODEL = "model"
WEIGHTS = f"{MODEL}.safetensors"
LIBRARIES = ("torch", "numpy", "scikit-learn", "lightning", "pillow", "jieba", "opencc", "stopwordsiso")


def save_run(fitted: Fitted, options: Mapping[str, Any], folder: Path, *, overwrite: bool) -> None:
    """Write everything `load_run` needs, and a model card for people."""
    vocabularies = fitted.vocabularies
    config = {
        "postplace": version("postplace"),
        "python": ".".join(map(str, sys.version_info[:3])),
        "libraries": {name: version(name) for name in LIBRARIES},
        "made_with": made_with(vocabularies.word_rules) if vocabularies else made_with(),
        **options,
        "sizes": {name: getattr(fitted.sizes, name) for name in InputSizes.__slots__},
        "classes": len(fitted.places),
    }
    files = {
        **model_files(fitted.model),
        "baselines.safetensors": safetensors.numpy.save(fitted.baselines.arrays()),
        "baselines.json": fitted.baselines.to_json().encode(),
        "vocabulary.json": as_json(vocabularies.to_json() if vocabularies else None),
        "places.json": fitted.places.to_json().encode(),
        **fitted.known_posts.files(),
        "metrics.json": as_json(fitted.metrics.to_dict()),
        "training.json": as_json(dict(fitted.report)),
        card.FILE: card.model_card(config, fitted.metrics, fitted.report).encode(),
    }
    if fitted.calibration is not None:
        files["calibration.safetensors"] = safetensors.numpy.save(fitted.calibration.arrays())
        files["calibration.json"] = as_json(fitted.calibration.to_json())
    if fitted.evidence is not None:
        files[evidence.FILE] = fitted.evidence.to_bytes()
    write_run(folder, config, files, overwrite=overwrite)


def model_files(model: nn.Module | Estimator) -> dict[str, bytes]:
    """What a system has learned, as the files of its run."""
    if isinstance(model, Estimator):
        return {f"{MODEL}.{name}": content for name, content in model.files().items()}
    weights = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    return {WEIGHTS: safetensors.torch.save(weights)}


def _restore(model: nn.Module | Estimator, files: Mapping[str, bytes], *, where: Path) -> None:
    if isinstance(model, Estimator):
        own = {name: content for name, content in files.items() if name.startswith(f"{MODEL}.")}
        model.restore({name.removeprefix(f"{MODEL}."): content for name, content in own.items()})
        return
    if WEIGHTS not in files:
        raise BadRun(str(where / "config.json"), f"does not list {WEIGHTS}", "copy the run folder again")
    model.load_state_dict(safetensors.torch.load(files[WEIGHTS]))
    model.eval()


@dataclass(frozen=True)
class SavedRun:
    """A run as it was read from its folder, checked, before anything is made of it."""

    folder: Path
    config: dict[str, Any]
    files: dict[str, bytes]

    @classmethod
    def read(cls, folder: Path) -> SavedRun:
        """Raises BadRun naming what is missing or damaged."""
        return cls(folder, *load_run(folder))

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Raise BadRun for whatever in the config is not understood."""
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            problem = f"is not understood ({type(error).__name__}: {error})"
            remedy = "use the version of postplace that wrote it"
            raise BadRun(str(self.folder / "config.json"), problem, remedy) from error

    def locator_options(self, model: object = None, text: object = None, image: object = None) -> dict[str, Any]:
        """What the locator was made with, as its constructor takes it; `model` for a class that is not registered.

        `text` and `image` are encoders (None: those that the run names).

        Raises BadRun for an encoder that is gone, or a model that is not known.
        """
        names = ("target", "model", "cells", "min_posts", "settings", "class_weight", "seed")
        options = {name: self.config[name] for name in names}
        encoders = {kind: encoder for kind, encoder in (("text", text), ("image", image)) if encoder is not None}
        requested = asked_encoders(self.config, self.folder, given=encoders)
        options |= {f"{kind}_encoder": name for kind, name in requested.items()}
        where = str(self.folder / "config.json")
        options["model"] = find_saved_model(options["model"], model, where=where)
        options["settings"] = drop_inactive(options["model"], {**self._word_rules(), **options["settings"]})
        return options | {name: self.config.get(name) for name in ("modalities", "folds")}  # earlier runs have none

    def _word_rules(self) -> dict[str, str]:
        """The rules by which words were cut, where they are not those of today's models."""
        vocabulary = json.loads(self.files["vocabulary.json"])
        rules = PLACES if vocabulary is None else Vocabularies.from_json(vocabulary).word_rules
        return {} if rules == PLACES else {"word_rules": rules}

    def restore(self, settings: ModelSettings, encoders: EncoderPair, modalities: Sequence[str]) -> Fitted:
        """What was fitted, of a model with these settings. Raises BadRun where the encoders are not those of the run.

        Warns, where images are looked at or words are read, of libraries that read them otherwise here.
        """
        check_encoders(self.config, encoders.to_json(), where=self.folder)
        fitted = rebuild(partial(settings.build, encoders=encoders), self.config, self.files, where=self.folder)
        rules = fitted.vocabularies.word_rules if fitted.vocabularies else None
        warn_of_others(self.config, images="image" in modalities, words=rules)
        return fitted


def load_run(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The checked config and files of a run."""
    config, files = read_run(folder)
    needed = {"baselines.safetensors", "baselines.json", "vocabulary.json", "places.json"}
    split = known.FILE_OF_IDS if known.FILE_OF_IDS in files else known.FILE
    for name in sorted(needed | {split, "metrics.json", "training.json"}):
        if name not in files:
            raise BadRun(str(folder / "config.json"), f"does not list {name}", "copy the run folder again")
    return config, files


def asked_encoders(config: Mapping[str, Any], where: Path, *, given: Mapping[str, object]) -> dict[str, object]:
    """By kind, the encoder that is given, or the name of the one that a run was trained with.

    Raises BadRun for a local one that is not there, and for a Python object that is neither given nor registered.
    """
    names = {
        kind: cased_before(str(saved["asked"]), str(saved.get("fingerprint", "")))
        for kind, saved in config["encoders"].items()
        if kind in ("text", "image") and kind not in given
    }
    for kind, name in names.items():
        names[kind] = name = name.removeprefix(OBJECT) if is_outside_name(name.removeprefix(OBJECT)) else name
        if name.startswith(OBJECT):
            raise BadRun(str(where / "config.json"), *unknown_object(name, kind).args[1:])
        if (gone := missing_path(name)) is not None:
            problem = f"the {kind} encoder {gone} that this run was trained with is not there"
            remedy = f"put it back, or write where it lies now into encoders, {kind}, asked"
            raise BadRun(str(where / "config.json"), problem, remedy)
    return {**names, **given}


def check_encoders(config: dict[str, Any], present: dict[str, Any], *, where: Path) -> None:
    """Refuse to answer with other encoders than the run was trained on: their vectors mean something else.

    The same weights and preparation in another precision (bfloat16 on a GPU, float32 on a CPU) are let pass with a
    warning: they give the same vectors to about a hundredth of their length.
    """
    for kind, saved in config["encoders"].items():
        here = present[kind]
        saved = {**saved, "asked": here["asked"]}  # by what name it was found does not change its vectors
        if saved == here:
            continue
        (before, then), (after, now) = (without_precision(each["fingerprint"]) for each in (saved, here))
        if then and now and {**saved, "fingerprint": before} == {**here, "fingerprint": after}:
            said = f"the {kind} encoder ran in {then} when the run was trained and runs in {now} here"
            warnings.warn(f"{where}: {said}: its vectors differ by about 1 in 100", stacklevel=4)
            continue
        differing = ", ".join(f"{key} {saved[key]} then, {here[key]} now" for key in saved if saved[key] != here[key])
        remedy = "install the versions of the run (see its config.json) or train again"
        raise BadRun(str(where / "config.json"), f"the {kind} encoder differs: {differing}", remedy)


def rebuild(
    build: Callable[[InputSizes, int], nn.Module | Estimator],
    config: dict[str, Any],
    files: dict[str, bytes],
    *,
    where: Path,
) -> Fitted:
    """A run's files -> what was fitted; `build` makes the model from its input sizes and number of classes."""
    sizes = InputSizes.from_json(config["sizes"])
    if sizes.past_width not in (0, past_width(sizes.text_width, sizes.image_width)):
        problem = f"tells {sizes.past_width} numbers of what users had posted before, this version also their hashtags"
        raise BadRun(
            str(where / "config.json"), problem, "use the version of postplace that wrote the run, or train again"
        )
    places = PlaceVocabulary.from_json(files["places.json"].decode(), where=str(where / "places.json"))
    if len(places) != config["classes"]:
        problem = f"has {len(places)} classes, config.json {config['classes']}"
        raise BadRun(str(where / "places.json"), problem, "copy the run folder again")
    model = build(sizes, len(places))
    try:
        _restore(model, files, where=where)
        arrays = safetensors.numpy.load(files["baselines.safetensors"])
    except (SafetensorError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        remedy = "use the version of postplace that wrote the run, or train again"
        raise BadRun(str(where / "model.safetensors"), f"does not fit the model ({first})", remedy) from None
    vocabulary = json.loads(files["vocabulary.json"])
    return Fitted(
        model=model,
        sizes=sizes,
        places=places,
        vocabularies=None if vocabulary is None else Vocabularies.from_json(vocabulary),
        baselines=Baselines.from_parts(arrays, files["baselines.json"].decode()),
        known_posts=known.known_from(files, where=str(where)),
        metrics=_metrics(files, where=where),
        report=json.loads(files["training.json"]),
        calibration=_calibration(files, where=where),
        evidence=_evidence(files, len(places), where=where),
    )


def _metrics(files: Mapping[str, bytes], *, where: Path) -> EvaluationMetrics:
    try:
        return EvaluationMetrics.from_dict(json.loads(files["metrics.json"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"is not understood ({type(error).__name__}: {error})"
        raise BadRun(str(where / "metrics.json"), problem, "copy the run folder again") from None


def _calibration(files: Mapping[str, bytes], *, where: Path) -> Calibration | None:
    """None for a run that was saved before there was one."""
    if "calibration.json" not in files:
        return None
    try:
        arrays = safetensors.numpy.load(files["calibration.safetensors"])
        return Calibration.from_json(json.loads(files["calibration.json"]), arrays)
    except (KeyError, TypeError, ValueError, SafetensorError) as error:
        problem = f"is not understood ({type(error).__name__}: {error})"
        raise BadRun(str(where / "calibration.json"), problem, "copy the run folder again") from None


def _evidence(files: Mapping[str, bytes], classes: int, *, where: Path) -> Evidence | None:
    """The kept training posts of a run that has them."""
    if (content := files.get(evidence.FILE)) is None:
        return None
    return Evidence.from_bytes(content, classes=classes, where=str(where / evidence.FILE))
