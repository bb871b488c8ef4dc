"""What a system is given of posts: tensors for a network, and the sizes it is built with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.batch import InputSizes, PostTensors, TextTokens, Vocabularies, tokenize
from postplace.encode import EncodedPosts
from postplace.encoders.encoder import ImageEncoder, TextEncoder
from postplace.models.plan import Plan
from postplace.places.vocabulary import PlaceVocabulary, coarse_groups
from postplace.pooled import Examples, examples_of, past_vectors
from postplace.post import Post


def tensors_of(
    plan: Plan,
    posts: Sequence[Post],
    encoded: EncodedPosts,
    vocabularies: Vocabularies | None,
    *,
    tokens: Sequence[TextTokens] | None = None,
    examples: Examples | None = None,
    labels: NDArray[np.int64] | None = None,
) -> PostTensors:
    """N posts as tensors; `tokens` and `examples` are theirs, if they were made before."""
    if vocabularies is None:
        tokens = None
    elif tokens is None:
        tokens = [tokenize(post) for post in posts]
    past = None
    if "past_vectors" in plan.needs:
        past = past_vectors(posts, examples or examples_of(posts, encoded))
    return PostTensors(tokens, encoded, vocabularies=vocabularies, labels=labels, past=past)


def sizes_of(
    plan: Plan, text: TextEncoder, image: ImageEncoder, vocabularies: Vocabularies | None, places: PlaceVocabulary
) -> InputSizes:
    """What a system must know of its inputs to be built."""
    v = vocabularies
    counts = (2, 2, 2) if v is None else (len(v.characters), len(v.words), len(v.hashtags))
    more: dict[str, Any] = {}
    if "coarse" in plan.needs:
        more["coarse"] = coarse_groups(places)
    if "past_vectors" in plan.needs:
        more["past_width"] = text.width + image.width
    if plan.reads_states:
        more |= {
            f"{kind}_{name}": getattr(encoder, name)
            for kind, encoder in (("text", text), ("image", image))
            for name in ("states", "states_width")
        }
    return InputSizes(*counts, text.width, image.width, **more)
