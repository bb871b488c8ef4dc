"""The attentions of MRLF and SG-MFT as they are: who asks whom, and how much. They show what is read, not what counts.

The weights are computed again from a module's own inputs while it runs; its output is not touched.
Letters: h heads, N queries, M keys, d_k width of a head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from postplace.explain.explanation import AttentionMap, Explanation
from postplace.explain.variants import encode, open_post
from postplace.locator import PostLocator
from postplace.models.blocks.attention import MultiHeadAttention
from postplace.models.blocks.interaction import InterpolationAttention
from postplace.models.estimator import Estimator
from postplace.models.networks.mrlf import MRLF
from postplace.models.networks.sg_mft import SGMFT
from postplace.models.networks.sg_mft_sequences import SequenceSGMFT
from postplace.schema import Post
from postplace.text.tokens import TextTokens, tokenize

MOST_WEIGHTS = 128 * 128  # of a head; a larger map is left out
Keep = Callable[[str, Tensor], None]


def with_attention(locator: PostLocator, post: Post, explanation: Explanation) -> Explanation:
    """The explanation with the maps of this post, and a note on what is not there."""
    maps, notes = attention_maps(locator, post)
    return replace(explanation, attention=maps, notes=(*explanation.notes, *notes))


def attention_maps(locator: PostLocator, post: Post) -> tuple[tuple[AttentionMap, ...], list[str]]:
    """Every attention of an MRLF or SG-MFT network for one post, and notes on those left out.

    An attention to a modality that is not there has no weights and no map.
    """
    model = locator.predictor.model
    if isinstance(model, Estimator) or not isinstance(model, MRLF | SGMFT | SequenceSGMFT):
        return (), [f"{locator.entry.name} has no attention maps to show"]
    posts, encoded = encode(locator, [open_post(locator, post).post])
    maps: list[AttentionMap] = []
    notes: list[str] = []
    named = _names(model, tokenize(posts[0]))

    def keep(name: str, weights: Tensor) -> None:
        _, queries, keys = weights.shape
        if queries * keys > MOST_WEIGHTS:
            notes.append(f"the attention {name} of {queries} x {keys} is too large to show")
            return
        labels = named(name, queries, keys)
        maps.append(AttentionMap(name, weights.float().cpu().numpy().astype(np.float32), *labels))

    hooks = _hooked(model, keep)
    try:
        locator.probabilities(posts, encoded)
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(maps), notes


def attention_weights(query: Tensor, key: Tensor, *, heads: int, key_mask: Tensor | None = None) -> Tensor | None:
    """softmax(Q K^T / sqrt(d_k)): (1, N, h d_k), (1, M, h d_k) -> (h, N, M), real keys alone; None where none is."""
    q, k = (side.reshape(side.shape[1], heads, -1).transpose(0, 1) for side in (query, key))
    if key_mask is not None:
        k = k[:, key_mask[0]]
    if not k.shape[1]:
        return None
    return torch.softmax(q @ k.transpose(1, 2) / q.shape[2] ** 0.5, dim=2)


def _hooked(model: nn.Module, keep: Keep) -> list[Any]:
    hooks = []
    for name, module in model.named_modules():
        if isinstance(module, MultiHeadAttention):
            hooks.append(module.register_forward_hook(partial(_multi_head, name, keep), with_kwargs=True))
        elif isinstance(module, InterpolationAttention):
            hooks.append(module.register_forward_hook(partial(_interpolation, name, keep), with_kwargs=True))
    return hooks


def _multi_head(
    name: str, keep: Keep, module: MultiHeadAttention, given: tuple[Tensor, ...], named: dict[str, Any], _: Tensor
) -> None:
    queries, keys = given
    q, k = module.query(queries), module.key(keys)
    if (weights := attention_weights(q, k, heads=module.heads, key_mask=named.get("key_mask"))) is not None:
        keep(name, weights)


def _interpolation(
    name: str, keep: Keep, module: InterpolationAttention, given: tuple[Any, ...], named: dict[str, Any], _: Tensor
) -> None:
    """SG-MFT (8) and (9): of a side to itself, and across."""
    _, (q, k, _), (q_other, k_other, _), _ = given
    mask_here, mask_other = named.get("masks", (None, None))
    across = (q_other, k, mask_here) if module.cross_query == "other" else (q, k_other, mask_other)
    for kind, (query, key, mask) in {"to itself": (q, k, mask_here), "across": across}.items():
        if (weights := attention_weights(query, key, heads=module.heads, key_mask=mask)) is not None:
            keep(f"{name}, {kind}", weights)


def _names(model: nn.Module, tokens: TextTokens) -> Callable[[str, int, int], tuple[tuple[str, ...], tuple[str, ...]]]:
    """What the queries and keys of an attention are called: of MRLF the characters of their window, else numbers."""
    windows: dict[str, tuple[str, ...]] = {}
    if isinstance(model, MRLF):
        window, stride = model.text.character_cnn.window, model.text.character_cnn.stride
        read = {"text": tokens.text_characters, "hashtags": tokens.hashtag_characters}
        windows = {name: tuple(s[at : at + window] for at in range(0, len(s), stride)) for name, s in read.items()}

    by_name = {"fuse": ("text", "hashtags"), "fuse_back": ("hashtags", "text")}
    if getattr(model, "fusion", None) not in ("cross", "cross_both", "late"):
        by_name = {}  # there both sides, or images, are among the keys

    def labels(name: str, queries: int, keys: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        side = name.partition(".")[0]
        asking, answering = (side, side) if side in windows else by_name.get(name, ("", ""))
        return _labelled(windows.get(asking), queries), _labelled(windows.get(answering), keys)

    return labels


def _labelled(names: tuple[str, ...] | None, count: int) -> tuple[str, ...]:
    """The first `count` names; numbers where there are too few."""
    if names is None or len(names) < count:
        return tuple(f"token {number + 1}" for number in range(count))
    return names[:count]
