"""An image network cut before its last stage: what that stage is given is stored, the stage itself can be trained on.

What is stored is a grid of states, as wide as the stage's input, in float16: 19 kB an image of the bundled
EfficientNet-lite0 (7 x 7 of width 192), 50 kB of DenseNet121, 200 kB of VGG19, 400 kB of a ResNet.
The last stage is the last block and the 1 x 1 convolution behind it of EfficientNet-lite0, the fifth group of
convolutions of VGG, the fourth of blocks of ResNet, the fourth dense block of DenseNet, each with its pooling.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, cat, nn

from postplace.encoders.encoder import ImageEncoder, ImagePreparation, States, Vectors
from postplace.errors import BadOption

Halves = tuple[Callable[[Tensor], Tensor], nn.Module]  # pixels -> grid (B, D', h, w); grid -> vectors (B, D)


@runtime_checkable
class Runnable(Protocol):
    """An image encoder on whose images a part of its network can be run."""

    network: Any

    def run(self, batch: NDArray[Any], part: Callable[[Any], Any], *, width: int) -> Vectors:
        """Prepared images -> rows (B, width) of what `part` makes of their scaled pixels."""
        ...


class Stage(nn.Module):
    """A grid of states, row by row, (B, n, D') -> vectors (B, D). Nothing in it depends on the other images."""

    def __init__(self, layers: nn.Module, *, rows: int) -> None:
        super().__init__()
        self.layers, self.rows = layers, rows

    def forward(self, states: Tensor) -> Tensor:
        """See the class."""
        posts, places, width = states.shape
        grid = states.transpose(1, 2).reshape(posts, width, self.rows, places // self.rows)
        vectors: Tensor = self.layers(grid)
        return vectors


class StageEncoder:
    """The same encoder, with the states before its last stage: `states` of width `states_width` an image."""

    def __init__(self, encoder: ImageEncoder) -> None:
        if not isinstance(encoder, Runnable):
            raise _not_cut(encoder.name)
        self.name, self.width, self.fingerprint = encoder.name, encoder.width, encoder.fingerprint
        self.prepare: ImagePreparation = encoder.prepare
        self._encoder, self._run = encoder, encoder.run
        self._trunk, self._stage = split_network(encoder.network, encoder.name)
        self.states_width, self._rows, columns = self._shape()
        self.states = self._rows * columns

    @property
    def batch_size(self) -> int:
        """How many images are encoded at once."""
        size: int = getattr(self._encoder, "batch_size", 1)
        return size

    def encode(self, batch: NDArray[Any]) -> Vectors:
        """Prepared images -> vectors (B, D)."""
        return self._encoder.encode(batch)

    def encode_states(self, batch: NDArray[Any]) -> States:
        """Prepared images -> (B, n, D')."""
        return self.encode_both(batch)[1]

    def encode_both(self, batch: NDArray[Any]) -> tuple[Vectors, States]:
        """Both in one run of the network."""

        def both(pixels: Tensor) -> Tensor:
            grid = self._trunk(pixels)
            states = grid.flatten(2).transpose(1, 2).flatten(1).clone()  # the stage may work in place
            return cat([self._stage(grid), states], dim=1)

        rows = self._run(batch, both, width=self.width + self.states * self.states_width)
        states = rows[:, self.width :].reshape(len(batch), self.states, self.states_width)
        return np.ascontiguousarray(rows[:, : self.width]), states

    def last_stage(self) -> Stage:
        """A copy of the last stage, on the CPU, with its weights free; normalisations keep to their stored moments."""
        layers = copy.deepcopy(self._stage).cpu()
        if any(isinstance(part, nn.BatchNorm2d) for part in layers.modules()):
            of_timm: Any = import_module("timm.layers")
            layers = of_timm.freeze_batch_norm_2d(layers)
        for value in layers.state_dict(keep_vars=True).values():
            value.data = value.data.contiguous()
            if isinstance(value, nn.Parameter):
                value.requires_grad_(True)
        return Stage(layers, rows=self._rows)

    def _shape(self) -> tuple[int, int, int]:
        """Width, rows and columns of the grid: those of a black image's."""
        from PIL import Image

        found: list[tuple[int, ...]] = []

        def measure(pixels: Tensor) -> Tensor:
            grid = self._trunk(pixels)
            found.append(tuple(grid.shape[1:]))
            return grid.flatten(1)[:, :1]

        self._run(self.prepare(Image.new("RGB", (224, 224)))[None], measure, width=1)
        width, rows, columns = found[0]
        return width, rows, columns


def split_network(network: Any, name: str) -> Halves:
    """A network of the bundled encoder or of timm, cut before its last stage; BadOption where it is not known how."""
    if hasattr(network, "extract_features"):  # EfficientNet-lite
        head = network._conv_head, network._bn1, network._swish
        first = nn.Sequential(network._conv_stem, network._bn0, network._swish, *network._blocks[:-1])
        return first, nn.Sequential(network._blocks[-1], *head, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if all(hasattr(network, part) for part in ("conv1", "bn1", "act1", "maxpool", "layer4", "global_pool")):  # ResNet
        names = ("conv1", "bn1", "act1", "maxpool", "layer1", "layer2", "layer3")
        return nn.Sequential(*(getattr(network, part) for part in names)), nn.Sequential(
            network.layer4, network.global_pool
        )
    features = getattr(network, "features", None)
    if isinstance(features, nn.Sequential):
        if hasattr(features, "denseblock4"):  # DenseNet
            parts = list(features.children())
            cut = [name for name, _ in features.named_children()].index("denseblock4")
            return nn.Sequential(*parts[:cut]), nn.Sequential(*parts[cut:], network.global_pool)
        pools = [place for place, part in enumerate(features) if isinstance(part, nn.MaxPool2d)]
        if len(pools) == 5 and isinstance(network.pre_logits, nn.Identity):  # VGG
            cut = pools[-2] + 1
            return features[:cut], nn.Sequential(features[cut:], network.head)
    raise _not_cut(name)


def _not_cut(name: str) -> BadOption:
    remedy = "take bundled, vgg19, resnet50, resnet101 or densenet121, or finetune=none"
    return BadOption("image_encoder", f"it is not known where the last stage of {name} begins", remedy)
