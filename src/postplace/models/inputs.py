"""What a model is given of posts: tensors for a network, and the sizes it is built with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import nn

from postplace.encoders.encoder import ImageEncoder, TextEncoder
from postplace.encoders.token_states import get_state_layers, image_state_rows, text_state_rows
from postplace.features.batch import InputSizes, PostTensors, Vocabularies
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import past_vectors, past_width, pool_features
from postplace.models.estimator import Estimator
from postplace.models.settings import ResolvedSettings
from postplace.places.vocabulary import PlaceVocabulary, coarse_groups
from postplace.schema import Post
from postplace.text.tokens import TextTokens, tokenize

NO_DISTRICTS = "no district head: the classes have no coordinates"


@runtime_checkable
class StartsFromStage(Protocol):
    """A model that goes on training the last stage of a pretrained image network."""

    def start_from(self, stage: nn.Module) -> None:
        """Make the stage a part of the model; it takes states (B, n, D') to vectors (B, D)."""
        ...


@runtime_checkable
class HasLastStage(Protocol):
    """An image encoder that hands out the last stage of its network, and what that is given as states."""

    def last_stage(self) -> nn.Module:
        """A copy of it, to be trained."""
        ...


def build_tensors(
    plan: ResolvedSettings,
    posts: Sequence[Post],
    encoded: EncodedPosts,
    vocabularies: Vocabularies | None,
    *,
    tokens: Sequence[TextTokens] | None = None,
    past: tuple[NDArray[np.float32], NDArray[np.bool_]] | None = None,
    labels: NDArray[np.int64] | None = None,
) -> PostTensors:
    """N posts as tensors; `tokens` and `past` (see `past_vectors`) are theirs, if they were made before."""
    if vocabularies is None:
        tokens = None
    elif tokens is None:
        tokens = [tokenize(post, vocabularies.word_rules) for post in posts]
    if "past_vectors" not in plan.inputs:
        past = None
    elif past is None:
        past = past_vectors(posts, pool_features(posts, encoded))
    grids = "image_stage" in plan.inputs
    return PostTensors(tokens, encoded, vocabularies=vocabularies, labels=labels, past=past, grids=grids)


def attach_backbone(model: nn.Module | Estimator, image: ImageEncoder) -> nn.Module | Estimator:
    """A new model; one that trains the last stage of the image encoder's network is given a copy of it.

    Its weights are then the model's own: a saved run holds them, and of the encoder takes the architecture alone.
    """
    if isinstance(model, StartsFromStage) and isinstance(image, HasLastStage):
        model.start_from(image.last_stage())
    return model


def input_sizes(
    plan: ResolvedSettings,
    text: TextEncoder,
    image: ImageEncoder,
    vocabularies: Vocabularies | None,
    places: PlaceVocabulary,
) -> InputSizes:
    """What a model must know of its inputs to be built; BadOption for token states that an encoder does not have."""
    v = vocabularies
    counts = (2, 2, 2) if v is None else (len(v.characters), len(v.words), len(v.hashtags))
    more: dict[str, Any] = {}
    if "coarse" in plan.inputs:
        more["coarse"] = coarse_groups(places)
    if "past_vectors" in plan.inputs:
        more["past_width"] = past_width(text.width, image.width)
    if plan.reads_states:
        for kind, rows in (("text", text_state_rows(text)), ("image", image_state_rows(image))):
            more |= {f"{kind}_states": rows.states, f"{kind}_states_width": rows.width}
        more["state_layers"] = min(get_state_layers(text), get_state_layers(image))
    return InputSizes(*counts, text.width, image.width, **more)


def input_notes(plan: ResolvedSettings, sizes: InputSizes) -> list[str]:
    """What of a model is left out with such inputs, a line each."""
    return [NO_DISTRICTS] if "coarse" in plan.inputs and not sizes.coarse else []
