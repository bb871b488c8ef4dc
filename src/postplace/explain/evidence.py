"""Evidence: the training posts most like a given one, by the vectors that the run kept of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postplace.explain.explainable import Explainable
from postplace.explain.explanation import Neighbour
from postplace.explain.variants import encode
from postplace.inference.evidence import fused_vectors, pooled_vectors
from postplace.schema import Post

MOST = 5
SAME = 0.9995  # a cosine above says that both have the same content: vectors are kept in 16 bits


def evidence_for(
    locator: Explainable, post: Post, *, learned: bool = False, most: int = MOST
) -> tuple[tuple[Neighbour, ...], list[str]]:
    """The nearest training posts by cosine, best first, and notes on them; nothing of a run that kept none.

    Where the post's user is known, all of this user's posts are left out. Where not, any training post of the same
    content may be the post itself: those are left out. So is the post of the same id if the run has `learned` from
    this one; of any other post an id says nothing.
    """
    evidence = locator.predictor.evidence
    if evidence is None:
        return (), []
    anybodys = post.user is None
    vector, count = _vector(locator, post, evidence.kind), len(evidence.ids) if anybodys else most
    nearest = evidence.nearest(vector, user=post.user, without=post.id if learned else None, most=count)
    same = sum(cosine > SAME for _, cosine in nearest) if anybodys else 0
    nearest = nearest[same : same + most]
    names = [place.name for place in locator.predictor.places.places]
    neighbours = tuple(Neighbour(evidence.ids[row], names[evidence.classes[row]], cosine) for row, cosine in nearest)
    unknown = "whose post it is was not said: the training posts may be by the same user"
    alike = f"{same} of the training posts are the same as this one, and not shown: one may be this very post"
    return neighbours, [*([alike] if same else []), *([unknown] if post.user is None and neighbours else [])]


def _vector(locator: Explainable, post: Post, kind: str) -> NDArray[np.float32]:
    posts, encoded = encode(locator, [post])
    if kind == "pooled":
        return np.asarray(pooled_vectors(encoded)[0])
    vectors = fused_vectors(locator.predictor.model, lambda: locator.probabilities(posts, encoded))
    if vectors is None:
        raise ValueError("evidence of fused vectors, but a model that has none")
    return np.asarray(vectors[0])
