"""The networks behind the encoders as PyTorch modules of arrays in, vectors out; imported only when one is loaded.

Each is what an encoder runs and what is exported to ONNX. Letters: B items, H, W pixels, P patches, n states,
L tokens, D width of a vector, S width of a state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from postplace.encoders.hub.loading import CLIPS
from postplace.encoders.hub.preprocessing import Normalisation

GRID = 7  # patch states are pooled to 7 x 7
Pooling = Literal["mean", "cls", "projected"]


class Pixels(nn.Module):
    """Prepared images (B, H, W, 3) uint8 -> normalised (B, 3, H, W) in `dtype`."""

    mean: Tensor
    std: Tensor

    def __init__(self, normalisation: Normalisation, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.scale, self.dtype = normalisation.scale, dtype
        for name, values in (("mean", normalisation.mean), ("std", normalisation.std)):
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        scaled = pixels.permute(0, 3, 1, 2).float() * self.scale
        return ((scaled - self.mean) / self.std).to(self.dtype)


class ImageNetwork(nn.Module):
    """Any network from normalised images to vectors: prepared images (B, H, W, 3) uint8 -> (B, D) float32."""

    def __init__(self, network: nn.Module, normalisation: Normalisation, read: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network = network
        self.pixels = Pixels(normalisation)
        self._read = read

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self._read(self.pixels(pixels)).float()


class ImageModule(nn.Module):
    """Prepared images -> vectors (B, D) and, where `states`, the patches' states (B, 49, S), both float32.

    The vector is what the model's authors compare: the projected one of CLIP, the attention-pooled one of SigLIP, the
    class token of DINO; not normalised. A state is the mean, over a cell of a 7 x 7 grid, of the patches' states after
    the last layer norm. `states` is of how many of the last layers they are given, side by side (B, 49, k S).
    """

    cells: Tensor

    def __init__(
        self, model: Any, normalisation: Normalisation, *, grid: tuple[int, int], states: int, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.model = model
        self.pixels = Pixels(normalisation, dtype=dtype)
        self.prefix = count_prefix_tokens(model.config)
        self.norm = last_norm(getattr(model, "vision_model", model))
        # SigLIP and DINO apply their last norm to every token, CLIP to the class token alone
        self.normed = model.config.model_type not in CLIPS
        self.states = states
        self.register_buffer("cells", grid_cells(*grid), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """See the class."""
        ready = self.pixels(pixels)
        joint = hasattr(self.model, "get_image_features")
        read = self.model.get_image_features if joint else self.model
        out = read(pixel_values=ready, output_hidden_states=True) if self.states > 1 else read(pixel_values=ready)
        vectors: Tensor = out.pooler_output.float()
        if not self.states:
            return vectors
        layers = [patches[:, self.prefix :] for patches in last_layers(out, self.states, norm=self.norm)]
        if self.norm is not None and not self.normed:
            layers[-1] = self.norm(layers[-1])
        return vectors, torch.matmul(self.cells, torch.cat(layers, dim=2).float())


class TextModule(nn.Module):
    """Token ids and mask (B, L), 1 = real -> vectors (B, D) and, where `states`, states (B, L, S), 0 where padded.

    `projected`: the model's own text features, not normalised; `mean`: of the last layer over the real tokens
    (Reimers & Gurevych, EMNLP 2019, section 3); `cls`: of the first token. `states` is of how many of the last layers
    states are given, side by side (B, L, k S).
    """

    def __init__(self, model: Any, *, pooling: Pooling, states: int) -> None:
        super().__init__()
        self.norm = last_norm(getattr(model, "text_model", model))
        self.model, self.pooling, self.states = model, pooling, states
        self.masked = model.config.model_type != "siglip"  # which was trained to read its padding

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """See the class."""
        inputs: dict[str, Any] = {"input_ids": input_ids}
        if self.states > 1:
            inputs["output_hidden_states"] = True
        if self.masked:
            inputs["attention_mask"] = attention_mask
        read = self.model.get_text_features if self.pooling == "projected" else self.model
        out = read(**inputs)
        hidden: Tensor = out.last_hidden_state.float()
        real = attention_mask[..., None].to(hidden.dtype)
        if self.pooling == "projected":
            vectors: Tensor = out.pooler_output.float()
        elif self.pooling == "cls":
            vectors = hidden[:, 0]
        else:
            vectors = (hidden * real).sum(dim=1) / real.sum(dim=1).clamp(min=1)
        if not self.states:
            return vectors
        return vectors, torch.cat(last_layers(out, self.states, norm=self.norm), dim=2).float() * real


def last_norm(network: Any) -> Any:
    """The norm after the last layer of a network that normalises before its layers; None for one that has none."""
    names = "post_layernorm", "final_layer_norm", "final_norm", "layernorm", "norm"
    return next((found for name in names if (found := getattr(network, name, None)) is not None), None)


def last_layers(out: Any, count: int, *, norm: Any) -> list[Tensor]:
    """The states (B, L, S) after each of the last layers, the last as the network gives it, others after its norm.

    What a layer adds to has no scale of its own where norms come before the layers: BridgeTower too takes the last
    layer's norm for all.
    """
    before = out.hidden_states[-count:-1] if count > 1 else ()
    return [*(states if norm is None else norm(states) for states in before), out.last_hidden_state]


def count_prefix_tokens(config: Any) -> int:
    """How many tokens stand before the patches: the class token and registers."""
    if config.model_type == "siglip":
        return 0
    return 1 + int(getattr(config, "num_register_tokens", 0))


def grid_cells(high: int, wide: int) -> Tensor:
    """(49, P) weights that average the patches of a grid into 7 x 7 cells, as adaptive average pooling cuts them."""
    rows, columns = (torch.nn.functional.adaptive_avg_pool1d(torch.eye(side)[None], GRID)[0].T for side in (high, wide))
    return torch.einsum("ay,bx->abyx", rows, columns).reshape(GRID * GRID, high * wide)


def patch_grid(vision: Any, *, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of patches of an image; `vision` is the configuration of the image network."""
    patch = vision.patch_size
    down, across = (patch, patch) if isinstance(patch, int) else patch
    return height // down, width // across
