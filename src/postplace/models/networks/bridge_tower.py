"""BridgeTower (Xu et al., AAAI 2023; the released bt_module): layers of both encoders feed a co-attention stack.

The states u_l of the last k layers of each encoder are brought to one width, with the learned vector of their
modality; cross-modal layer l sees LayerNorm(u_l + z_(l-1)), the first LayerNorm(u_0), and z_l is what it gives. That
sum is the whole bridge. `BridgeTowerLite` is not BridgeTower: it has one pooled vector a side and adds the same tokens
of it at every bridge, for encoders that hand out nothing else.
Letters: B posts, n tokens, k layers, D width of a state, d width of a token, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.fusion import BridgeLayer, CoAttentionLayer
from postplace.models.blocks.modality_tokens import (
    ChunkTokens,
    PooledPair,
    Sides,
    check_states,
    states_or_stand_in,
    to_width,
)
from postplace.models.entry import READS_ALL, STACK, STATES, VECTORS
from postplace.models.registry import register_model


class BridgedLayers(nn.Module):
    """k pairs of sides, of one width -> both streams after k cross-modal layers, each with its bridges."""

    def __init__(self, width: int, *, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.modalities = nn.Parameter(torch.randn(2, width) * 0.02)
        self.text_bridges = nn.ModuleList(BridgeLayer(width) for _ in range(layers))
        self.image_bridges = nn.ModuleList(BridgeLayer(width) for _ in range(layers))
        self.layers = nn.ModuleList(CoAttentionLayer(width, heads=heads, dropout=dropout) for _ in range(layers))

    def forward(self, sides: Sequence[Sides]) -> Sides:
        """The sides of each layer of the encoders, the last one last."""
        text: Tensor | None = None
        image: Tensor | None = None
        for of_text, of_image, layer, u in zip(self.text_bridges, self.image_bridges, self.layers, sides, strict=True):
            text, image = layer(
                of_text(u.text + self.modalities[0], text),
                of_image(u.image + self.modalities[1], image),
                text_mask=u.text_mask,
                image_mask=u.image_mask,
            )
        if text is None or image is None:
            raise ValueError("no layers to bridge")
        return Sides(text, image, sides[-1].text_mask, sides[-1].image_mask)


class BridgeHead(nn.Module):
    """Both streams -> logits (B, C): pooled, [text; image] -> linear, LayerNorm, GELU -> the classifier."""

    def __init__(self, width: int, *, dropout: float) -> None:
        super().__init__()
        self.pooled = PooledPair(width)
        self.inner = nn.Sequential(
            nn.Linear(2 * width, 2 * width), nn.LayerNorm(2 * width), nn.GELU(), nn.Dropout(dropout)
        )

    def forward(self, sides: Sides) -> Tensor:
        """The fused representation (B, 2 d)."""
        fused: Tensor = self.inner(self.pooled(*sides))
        return fused


@register_model(
    "bridge-tower",
    title="BridgeTower",
    family="text and image",
    modalities=READS_ALL,
    inputs=STATES,
    training=STACK,
    citation="Xu et al., BridgeTower: Building Bridges Between Encoders in Vision-Language Representation "
    "Learning, AAAI 2023, arXiv 2206.08657",
    prefer_when="the encoders hand out layers, and what their earlier ones see (letters, textures) tells the place",
    deviations="Frozen encoders; 3 layers of width 32 and 4 heads, not 6 of width 768 and 12; no pre-training; the "
    "poolers take the mean of the tokens, not the first; the learning rate (1e-3) is that of "
    "BridgeTower-lite.",
    ranges={"layers": (1, 24)},
    search={"dropout": (0.1, 0.3), "width": (32, 64)},
    state_layers="layers",
)
class BridgeTower(nn.Module):
    """Batch -> logits (B, C), from token states of the last `layers` layers of both encoders.

    Of each position the layers follow each other in the batch's states; a position is real where all of them are.
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        width: int = 32,
        layers: int = 3,
        heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        check_states(sizes)
        if sizes.state_layers != layers:
            problem = f"{layers}, but the states given are of {sizes.state_layers} layer(s) of each encoder"
            raise BadOption("layers", problem, "take encoders of the hub: they hand out as many as are asked for")
        self.k = layers
        self.text_map = to_width(sizes.text_states_width, width, norm=True, dropout=dropout)
        self.image_map = to_width(sizes.image_states_width, width, norm=True, dropout=dropout)
        self.absent_text = nn.Parameter(torch.randn(width) * 0.02)
        self.absent_image = nn.Parameter(torch.randn(width) * 0.02)
        self.bridged = BridgedLayers(width, layers=layers, heads=heads, dropout=dropout)
        self.head = BridgeHead(width, dropout=dropout)
        self.classifier = nn.Linear(2 * width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        texts = self._layers(batch.text_states, batch.text_states_mask, self.text_map, self.absent_text)
        images = self._layers(batch.image_states, batch.image_states_mask, self.image_map, self.absent_image)
        sides = [Sides(text, image, texts[1], images[1]) for text, image in zip(texts[0], images[0], strict=True)]
        logits: Tensor = self.classifier(self.head(self.bridged(sides)))
        return logits

    def _layers(
        self, states: Tensor | None, mask: Tensor | None, to_tokens: nn.Module, absent: Tensor
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        """States (B, n k, D) and mask -> tokens (B, n, d) of each of k layers, and the mask (B, n) of all."""
        if states is not None and mask is not None:
            states, mask = by_layer(states, mask, layers=self.k)
            tokens, real = zip(
                *(states_or_stand_in(states[:, :, layer], mask, to_tokens, absent) for layer in range(self.k)),
                strict=True,
            )
            return tokens, real[0]
        raise ValueError("the batch has no token states: encode the posts with states=True")


def by_layer(states: Tensor, mask: Tensor, *, layers: int) -> tuple[Tensor, Tensor]:
    """States (B, n k, D), where a position's k layers follow each other, and mask -> (B, n, k, D) and (B, n).

    A batch is cut where its padding begins, which may be within a position that is none.
    """
    short = -states.shape[1] % layers
    states, mask = functional.pad(states, (0, 0, 0, short)), functional.pad(mask, (0, short))
    shape = len(states), states.shape[1] // layers, layers
    return states.reshape(*shape, states.shape[2]), mask.reshape(shape).all(dim=2)


@register_model(
    "bridge-tower-lite",
    title="BridgeTower-lite",
    family="text and image",
    modalities=READS_ALL,
    inputs=VECTORS,
    training=STACK,
    citation="after Xu et al., BridgeTower, AAAI 2023, arXiv 2206.08657",
    prefer_when="a comparison with BridgeTower is wanted where the encoders hand out pooled vectors alone",
    deviations="Not BridgeTower: the same chunk tokens of one pooled vector are added at every bridge, where it adds "
    "the states of another layer; 2 layers of width 64. The learning rate (1e-3) and the number of chunks "
    "(16) were chosen on a validation part.",
    ranges={"layers": (1, 24)},
    search={"dropout": (0.1, 0.3), "width": (32, 64), "layers": (1, 2)},
)
class BridgeTowerLite(nn.Module):
    """Batch -> logits (B, C), from chunk tokens of the pooled vectors: every bridge adds the same ones."""

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        tokens: int = 16,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.sides = ChunkTokens(sizes, width, tokens=tokens)
        self.bridged = BridgedLayers(width, layers=layers, heads=heads, dropout=dropout)
        self.head = BridgeHead(width, dropout=dropout)
        self.classifier = nn.Linear(2 * width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        sides = self.sides(batch)
        logits: Tensor = self.classifier(self.head(self.bridged([sides] * len(self.bridged.layers))))
        return logits
