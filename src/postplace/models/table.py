"""Every model by name: how it is built, its defaults, what it reads, who proposed it. Importable without torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from postplace.errors import BadOption, unknown_name

if TYPE_CHECKING:
    from torch import nn

    from postplace.batch import InputSizes

Modality = Literal["text", "hashtags", "image"]
Input = Literal["characters", "words", "text_vector", "image_vector", "text_states", "image_states"]


@dataclass(frozen=True, slots=True)
class Training:
    """How a model is trained: the optimiser of its paper, decay on plateau and early stopping on validation loss."""

    optimiser: Literal["rmsprop", "adam", "adamw"]
    learning_rate: float
    batch_size: int
    max_epochs: int
    patience: int  # epochs without a better validation loss before training stops
    decay_factor: float
    decay_patience: int  # epochs without a better validation loss before the rate is multiplied by the factor
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model; `settings` are its hyper-parameters, all of which a user may override.

    `needs` is what it reads with them; with a user's, see `needs_of`.
    """

    name: str
    build: Callable[[InputSizes, int, Mapping[str, Any]], nn.Module]
    settings: Mapping[str, Any]
    training: Training
    reads: frozenset[Modality]
    needs: frozenset[Input]
    citation: str
    prefer_when: str


def find_model(name: str) -> ModelEntry:
    """The model of that name; a misspelt one is refused with the nearest."""
    if name not in MODELS:
        raise unknown_name("--model", name, MODELS)
    return MODELS[name]


def needs_of(entry: ModelEntry, settings: Mapping[str, Any]) -> frozenset[Input]:
    """What the model reads with these settings; BadOption for some that do not go with token states.

    >>> sorted(needs_of(find_model("sg-mft-tokens"), {"tokens": 32}))
    ['image_vector', 'text_vector']
    """
    if "tokens" not in entry.settings:
        return entry.needs
    if {**entry.settings, **settings}["tokens"] != "states":
        return _VECTORS
    _check_sequences({**entry.settings, **settings})
    return _STATES


def _mrlf(sizes: InputSizes, classes: int, settings: Mapping[str, Any]) -> nn.Module:
    from postplace.models.mrlf import MRLF

    check_settings(settings, _MRLF_SETTINGS)
    return MRLF(sizes, classes=classes, **settings)


def _sg_mft(sizes: InputSizes, classes: int, settings: Mapping[str, Any]) -> nn.Module:
    from postplace.models.sg_mft import SGMFT, SequenceSGMFT

    check_settings(settings, _SG_MFT_SETTINGS)
    if settings.get("tokens") != "states":
        return SGMFT(sizes, classes=classes, **settings)
    _check_sequences(settings)
    of_sequences = {name: value for name, value in settings.items() if name not in ("tokens", *_OF_SEQUENCES)}
    return SequenceSGMFT(sizes, classes=classes, **of_sequences)


def _check_sequences(settings: Mapping[str, Any]) -> None:
    """With token states a text and its picture differ in length: of two settings only one value is possible."""
    for name, (value, why) in _OF_SEQUENCES.items():
        if settings.get(name, value) != value:
            found = f"{settings[name]!r} does not go with tokens=states, {why}"
            raise BadOption(name, found, f"give {name}={value}, or take sg-mft-tokens")


def check_settings(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Refuse, by name, a setting that is unknown, of another kind than its default, or a number out of range.

    What a name (a fusion, a gate) may be and how numbers must fit together is checked by the model itself.
    """
    for name, value in settings.items():
        if name not in defaults:
            raise unknown_name("setting", name, defaults)
        if isinstance(value, _ALSO.get(name, ())):
            continue
        kind, number = type(defaults[name]), isinstance(value, (int, float)) and not isinstance(value, bool)
        if kind is str and name not in _ALSO:
            if not isinstance(value, str):
                raise BadOption(name, f"{value!r} is not a name", f"give a name, such as {defaults[name]!r}")
        elif kind is float:
            if not (number and 0 <= value < 1):
                raise BadOption(name, f"{value!r} is no such share", "give a number from 0 to below 1")
        elif not (number and isinstance(value, int) and value >= 1):
            raise BadOption(name, f"{value!r} is no such count", "give a whole number from 1 on")


_MRLF_SETTINGS = {
    "fusion": "cross",
    "embedding": 128,
    "filters": 128,
    "kernel": 5,
    "word_kernel": 3,
    "heads": 8,
    "dropout": 0.3,
    "image_features": 256,
}

_SG_MFT_SETTINGS = {
    "features": None,
    "tokens": 32,
    "feature_norm": "layer",
    "gate": "sigmoid",
    "normalise_over": "width",
    "cross_query": "other",
    "feed_forward": "text",
    "layers": 1,
    "heads": 8,
    "head_width": 8,
    "dropout": 0.5,
}

_OF_SEQUENCES = {
    "cross_query": ("own", "where the other side has another number of queries"),
    "normalise_over": ("width", "whose number differs from post to post"),
}
_VECTORS: frozenset[Input] = frozenset({"text_vector", "image_vector"})
_STATES: frozenset[Input] = frozenset({"text_states", "image_states"})

_ALSO: Mapping[str, type] = {"features": type(None), "tokens": str}  # what may stand there beside a number

_ZHANG = (
    "Zhang et al., Similarity Guided Multimodal Fusion Transformer for Semantic Location Prediction, arXiv 2405.05760"
)

_ENTRIES = (
    ModelEntry(
        name="mrlf",
        build=_mrlf,
        settings=_MRLF_SETTINGS,
        training=Training("rmsprop", 3e-4, 128, 50, patience=5, decay_factor=0.8, decay_patience=3),
        reads=frozenset({"text", "hashtags", "image"}),
        needs=frozenset({"characters", "words", "image_vector"}),
        citation="Dai et al., Multi-modal Representation Learning for Social Post Location Inference, ICC 2023, "
        "arXiv 2306.07935",
        prefer_when="posts are many and noisy, slang and misspelt names matter, hashtags repeat words of the text",
    ),
    ModelEntry(
        name="sg-mft",
        build=_sg_mft,
        settings=_SG_MFT_SETTINGS,
        training=Training("adam", 2e-4, 64, 30, patience=4, decay_factor=0.8, decay_patience=2, betas=(0.9, 0.99)),
        reads=frozenset({"text", "hashtags", "image"}),
        needs=_VECTORS,
        citation=_ZHANG,
        prefer_when="posts are few, so that what the frozen encoders know already must do most of the work",
    ),
    ModelEntry(
        name="sg-mft-paper",
        build=_sg_mft,
        settings={
            **_SG_MFT_SETTINGS,
            "tokens": "scalar",
            "feature_norm": "none",
            "dropout": 0.1,
            "gate": "softmax",
            "normalise_over": "tokens",
        },
        training=Training("adam", 1e-5, 20, 30, patience=30, decay_factor=0.8, decay_patience=30, betas=(0.9, 0.99)),
        reads=frozenset({"text", "hashtags", "image"}),
        needs=_VECTORS,
        citation=_ZHANG,
        prefer_when="the literal reading of the paper is wanted, at many times the cost",
    ),
    ModelEntry(
        name="sg-mft-tokens",
        build=_sg_mft,
        settings={
            **_SG_MFT_SETTINGS,
            "tokens": "states",
            "cross_query": "own",
            "features": 256,
            "head_width": 32,
            "dropout": 0.1,
        },
        training=Training("adam", 2e-4, 64, 30, patience=4, decay_factor=0.8, decay_patience=2, betas=(0.9, 0.99)),
        reads=frozenset({"text", "hashtags", "image"}),
        needs=_STATES,
        citation=_ZHANG,
        prefer_when="the encoders hand out token states, and single words or parts of a picture tell the place",
    ),
)

MODELS: Mapping[str, ModelEntry] = {entry.name: entry for entry in _ENTRIES}
