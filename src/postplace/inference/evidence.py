"""Training posts that a run keeps to show as evidence: their vectors, ids and classes; no text, no image, no user.

Of a user only a number from 0 to 255 is kept, a salted hash cut to eight bits: enough to leave a user's own posts out
(with, now and then, somebody else's), too little to tell whether a user is there: in a run of many users every number
is taken. Letters: N posts, D width, C classes.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import nn

from postplace.errors import BadRun
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import pooled_features
from postplace.models.estimator import Estimator
from postplace.schema import Post

FILE = "evidence.safetensors"
ROWS = 65_536  # compared at a time
NO_USER = -1
Kind = Literal["fused", "pooled"]


@dataclass(frozen=True)
class Evidence:
    """N training posts: `vectors` (N, D) of unit length after `mean` (D,) was taken away, `classes` (N,), `ids`.

    `groups` (N,) are the users' numbers, -1 for a post without one. `kind` says which vectors: those that the system's
    last classifier is given ("fused") or, of one that has none, the pooled vectors of the modalities side by side.
    """

    vectors: NDArray[np.float16]
    mean: NDArray[np.float32]
    classes: NDArray[np.int32]
    groups: NDArray[np.int16]
    ids: tuple[str, ...]
    salt: bytes
    kind: Kind

    def nearest(
        self, vector: NDArray[np.float32], *, user: str | None = None, without: str | None = None, most: int = 5
    ) -> list[tuple[int, float]]:
        """Rows and cosines of the posts most like a vector (D,); not of this user, not the post of the id `without`."""
        asked = unit_rows((vector - self.mean)[None])[0]
        parts = [self.vectors[start : start + ROWS].astype(np.float32) for start in range(0, len(self.ids), ROWS)]
        cosines = np.concatenate([part @ asked for part in parts]) if parts else np.zeros(0, dtype=np.float32)
        if user is not None:
            cosines[self.groups == user_group(user, self.salt)] = -np.inf
        if without in self.ids:
            cosines[self.ids.index(without)] = -np.inf
        order = np.argsort(-cosines, kind="stable")[:most]
        return [(int(row), float(cosines[row])) for row in order if np.isfinite(cosines[row])]

    def to_bytes(self) -> bytes:
        """One safetensors file."""
        about = json.dumps({"ids": self.ids, "kind": self.kind}, ensure_ascii=False).encode()
        arrays: dict[str, NDArray[Any]] = {
            "vectors": np.ascontiguousarray(self.vectors),
            "mean": self.mean,
            "classes": self.classes,
            "groups": self.groups,
            "salt": np.frombuffer(self.salt, dtype=np.uint8),
            "about": np.frombuffer(about, dtype=np.uint8),
        }
        return safetensors.numpy.save(arrays)

    @classmethod
    def from_bytes(cls, content: bytes, *, classes: int, where: str) -> Evidence:
        """The inverse of `to_bytes`. Raises BadRun for a file that is damaged or of another run."""
        try:
            arrays = safetensors.numpy.load(content)
            about = json.loads(arrays["about"].tobytes())
            vectors, labels, ids = arrays["vectors"], arrays["classes"], tuple(map(str, about["ids"]))
            if not len(vectors) == len(labels) == len(arrays["groups"]) == len(ids) or about["kind"] not in _KINDS:
                raise ValueError("its parts do not fit each other")
            if vectors.shape[1:] != arrays["mean"].shape or (len(labels) and labels.max() >= classes):
                raise ValueError("it is of another run")
            salt = arrays["salt"].tobytes()
            return cls(vectors, arrays["mean"], labels, arrays["groups"], ids, salt, about["kind"])
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            remedy = "copy the run folder again or train again"
            raise BadRun(where, f"is damaged ({type(error).__name__}: {error})", remedy) from error


_KINDS = ("fused", "pooled")


def select_evidence(
    model: nn.Module | Estimator,
    posts: Sequence[Post],
    encoded: EncodedPosts,
    labels: NDArray[np.int64],
    *,
    answer: Callable[[], object],
) -> Evidence:
    """What is kept of training posts; `answer` runs the model on them."""
    fused = fused_vectors(model, answer)
    kind: Kind = "pooled" if fused is None else "fused"
    vectors = pooled_vectors(encoded) if fused is None else fused
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    salt = secrets.token_bytes(16)
    groups = [NO_USER if post.user is None else user_group(post.user, salt) for post in posts]
    return Evidence(
        unit_rows(vectors - mean).astype(np.float16),
        mean,
        labels.astype(np.int32),
        np.array(groups, dtype=np.int16),
        tuple(post.id for post in posts),
        salt,
        kind,
    )


def fused_vectors(model: nn.Module | Estimator, answer: Callable[[], object]) -> NDArray[np.float32] | None:
    """The input (N, D) of the system's last classifier while `answer` runs it; None for a system that has none.

    What other threads ask the same model meanwhile is not looked at.
    """
    if isinstance(model, Estimator) or not isinstance(getattr(model, "classifier", None), nn.Module):
        return None
    seen: list[torch.Tensor] = []
    own = threading.get_ident()

    def look(_: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        if threading.get_ident() == own:
            seen.append(given[0].detach().flatten(1).cpu())

    hook = model.classifier.register_forward_pre_hook(look)  # type: ignore[union-attr]
    try:
        answer()
    finally:
        hook.remove()
    return np.asarray(torch.cat(seen).float().numpy()) if seen else None


def pooled_vectors(encoded: EncodedPosts) -> NDArray[np.float32]:
    """The modalities' vectors side by side (N, D), each of unit length; 0 where one is absent."""
    features, _ = pooled_features(encoded)
    return np.concatenate([unit_rows(own) for own in features.values()], axis=1)


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1; a row of zeros stays one.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def user_group(user: str, salt: bytes) -> int:
    """A number from 0 to 255 for a user, another one with another salt."""
    return hashlib.blake2b(user.encode("utf-8", "surrogatepass"), digest_size=1, key=salt).digest()[0]
