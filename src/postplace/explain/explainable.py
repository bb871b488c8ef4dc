"""What an explanation asks of a run: a locator, or a view of one that shows less. Letters: N posts, C classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.encoder import ImageEncoder, TextEncoder
from postplace.features.extraction import EncodedPosts
from postplace.inference.fitted import FittedView
from postplace.models.settings import ResolvedSettings
from postplace.schema import Post


class Explainable(Protocol):
    """`PostLocator` is one. `predictor.places` are the C classes of its probabilities."""

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that the run looks at."""
        ...

    @property
    def plan(self) -> ResolvedSettings:
        """The model's settings, resolved."""
        ...

    @property
    def predictor(self) -> FittedView:
        """What was learned."""
        ...

    def encoders(self) -> tuple[TextEncoder, ImageEncoder]:
        """The text and the image encoder."""
        ...

    def probabilities(self, posts: Sequence[Post], encoded: EncodedPosts) -> NDArray[np.float64]:
        """Probabilities (N, C) of posts whose vectors these are."""
        ...

    def subset_of(self, post: Post) -> str | None:
        """The subset of the split that a post was in; None for one that is not known."""
        ...
