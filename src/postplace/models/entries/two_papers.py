"""The models of the two papers: MRLF and SG-MFT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from postplace.errors import BadOption
from postplace.models.entry import READS_ALL, READS_TEXT, STATES, VECTORS, Input, LazyClass, ModelEntry, Training

if TYPE_CHECKING:
    from torch import nn

    from postplace.features.batch import InputSizes


def _sg_mft(sizes: InputSizes, classes: int, settings: Mapping[str, Any]) -> nn.Module:
    if settings.get("tokens") != "states":
        from postplace.models.networks.sg_mft import SGMFT

        return SGMFT(sizes, classes=classes, **settings)
    from postplace.models.networks.sg_mft_sequences import SequenceSGMFT

    _check_sequences(settings)
    of_sequences = {name: value for name, value in settings.items() if name not in ("tokens", *_OF_SEQUENCES)}
    return SequenceSGMFT(sizes, classes=classes, **of_sequences)


def _needs(settings: Mapping[str, Any]) -> frozenset[Input]:
    if settings["tokens"] != "states":
        return frozenset({"words", "image_vector"}) if settings["text_input"] == "words" else VECTORS
    _check_sequences(settings)
    return STATES


def _check_sequences(settings: Mapping[str, Any]) -> None:
    """With token states a text and its picture differ in length: of some settings only one value is possible."""
    for name, (value, why) in _OF_SEQUENCES.items():
        if settings.get(name, value) != value:
            problem = f"{settings[name]!r} does not go with tokens=states, {why}"
            raise BadOption(name, problem, f"give {name}={value}, or take sg-mft-tokens")


def _idle_sg_mft(settings: Mapping[str, Any], there: frozenset[str]) -> set[str]:
    """Without SIM and SFM nothing is cut into tokens, and no head is there."""
    return {"tokens", "head_width"} if settings["layers"] == 0 and settings["fusion"] == "none" else set()


def _idle_mrlf(settings: Mapping[str, Any], there: frozenset[str]) -> set[str]:
    """A branch that is never given anything is a learned vector, however wide."""
    of_text = set() if there & READS_TEXT else {"filters"}
    return of_text if "image" in there else {*of_text, "image_features"}


_OF_SEQUENCES = {
    "cross_query": ("own", "where the other side has another number of queries"),
    "normalise_over": ("width", "whose number differs from post to post"),
    "text_input": ("vectors", "which are what the text encoder gives"),
}

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
    "text_input": "vectors",
    "feature_norm": "layer",
    "gate": "sigmoid",
    "normalise_over": "width",
    "cross_query": "other",
    "feed_forward": "text",
    "fusion": "cross",
    "layers": 1,
    "heads": 8,
    "head_width": 8,
    "dropout": 0.5,
}
_ALSO: Mapping[str, type] = {"features": type(None), "tokens": str}
_BOUNDS = {"layers": (0.0, 24.0)}  # 0: without SIM
_SG_MFT_TRAINING = Training("adam", 2e-4, 64, 30, patience=4, decay_factor=0.8, decay_patience=2, betas=(0.9, 0.99))
_ZHANG = (
    "Zhang et al., Similarity Guided Multimodal Fusion Transformer for Semantic Location Prediction, arXiv 2405.05760"
)

ENTRIES = (
    ModelEntry(
        name="mrlf",
        title="MRLF",
        family="text and image",
        make=LazyClass("networks.mrlf", "MRLF"),
        settings=_MRLF_SETTINGS,
        training=Training("rmsprop", 3e-4, 128, 50, patience=5, decay_factor=0.8, decay_patience=3),
        reads=READS_ALL,
        needs=frozenset({"characters", "words", "image_vector"}),
        citation="Dai et al., Multi-modal Representation Learning for Social Post Location Inference, ICC 2023, "
        "arXiv 2306.07935",
        prefer_when="posts are many and noisy, slang and misspelt names matter, hashtags repeat words of the text",
        changes="Any image encoder stands where VGG19 did. Most sizes are lost in every public copy; the learning "
        "rate (3e-4), the patience (5) and the least count of a character or word (2) were chosen on validation "
        "parts.",
        search={"dropout": (0.3, 0.5), "filters": (64, 128), "image_features": (128, 256)},
        idle=_idle_mrlf,
    ),
    ModelEntry(
        name="sg-mft",
        title="SG-MFT",
        family="text and image",
        make=_sg_mft,
        settings=_SG_MFT_SETTINGS,
        training=_SG_MFT_TRAINING,
        reads=READS_ALL,
        needs=_needs,
        citation=_ZHANG,
        prefer_when="posts are few, so that what the frozen encoders know already must do most of the work",
        changes="Vectors are cut into 32 tokens, each with a learned embedding of its position, not into tokens of "
        "width 1, and the gate is a sigmoid: as printed, its weights are 1/n on average and switch the "
        "cross-attention off. Both sides of (2) are normalised and divided by sqrt(d), for else the rows of P^e are "
        "all but uniform; a layer norm stands before everything. Any encoders stand where Chinese-CLIP did; hashtags "
        "are read with the text, and of several pictures the mean. Learning rate 2e-4, not 1e-5, and falling, "
        "batches of 64, not 20, and early stopping: chosen on validation parts.",
        also=_ALSO,
        bounds=_BOUNDS,
        search={"dropout": (0.3, 0.5), "tokens": (16, 32, 64), "head_width": (8, 16)},
        idle=_idle_sg_mft,
    ),
    ModelEntry(
        name="sg-mft-paper",
        title="SG-MFT (literal)",
        family="text and image",
        make=_sg_mft,
        settings={
            **_SG_MFT_SETTINGS,
            "tokens": "scalar",
            "feature_norm": "none",
            "dropout": 0.1,
            "gate": "softmax",
            "normalise_over": "tokens",
        },
        training=Training("adam", 1e-5, 20, 30, patience=30, decay_factor=0.8, decay_patience=30, betas=(0.9, 0.99)),
        reads=READS_ALL,
        needs=_needs,
        citation=_ZHANG,
        prefer_when="the literal reading of the paper is wanted, at many times the cost",
        changes="Any encoders stand where Chinese-CLIP did; hashtags are read with the text, of several pictures the "
        "mean, and the weights of the best epoch are kept. Otherwise nothing where the paper says it; dropout and "
        "the widths of the classifier are not given there.",
        also=_ALSO,
        bounds=_BOUNDS,
    ),
    ModelEntry(
        name="sg-mft-tokens",
        title="SG-MFT (token states)",
        family="text and image",
        make=_sg_mft,
        settings={
            **_SG_MFT_SETTINGS,
            "tokens": "states",
            "cross_query": "own",
            "features": 256,
            "head_width": 32,
            "dropout": 0.1,
        },
        training=_SG_MFT_TRAINING,
        reads=READS_ALL,
        needs=_needs,
        citation=_ZHANG,
        prefer_when="the encoders hand out token states, and single words or parts of a picture tell the place",
        changes="Reads token sequences as MKGformer does, where the paper fuses global vectors, mapped to a width of "
        "256: so each side of (9) has its own queries, and means over the tokens go into (17). Gate, training and "
        "encoders as in sg-mft.",
        also=_ALSO,
        bounds=_BOUNDS,
        search={"dropout": (0.1, 0.3), "head_width": (16, 32)},
        idle=_idle_sg_mft,
    ),
)
