"""SG-MFT's multimodal classifier, MC (18) (Zhang et al., arXiv 2405.05760)."""

from __future__ import annotations

from torch import nn

HIDDEN = (512, 256, 128, 64)


def mlp_head(width: int, classes: int, *, dropout: float) -> nn.Sequential:
    """MC (18): five fully-connected layers, D -> 512 -> 256 -> 128 -> 64 -> C."""
    layers: list[nn.Module] = []
    for inner in HIDDEN:
        layers += [nn.Linear(width, inner), nn.LayerNorm(inner), nn.GELU(), nn.Dropout(dropout)]
        width = inner
    return nn.Sequential(*layers, nn.Linear(width, classes))
