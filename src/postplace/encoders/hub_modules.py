"""The networks behind the encoders as PyTorch modules of arrays in, vectors out; imported only when one is loaded.

Each is what an encoder runs and what is exported to ONNX. Letters: B items, H, W pixels, P patches, n states,
L tokens, D width of a vector, S width of a state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from postplace.encoders.hub_preparation import Normalisation

GRID = 7  # patch states are pooled to 7 x 7
Pooling = Literal["mean", "cls", "projected"]


class Pixels(nn.Module):
    """Prepared pictures (B, H, W, 3) uint8 -> normalised (B, 3, H, W) in `dtype`."""

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


class PictureNetwork(nn.Module):
    """Any network from normalised pictures to vectors: prepared pictures (B, H, W, 3) uint8 -> (B, D) float32."""

    def __init__(self, network: nn.Module, normalisation: Normalisation, read: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network = network
        self.pixels = Pixels(normalisation)
        self._read = read

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self._read(self.pixels(pixels)).float()


class ImageModule(nn.Module):
    """Prepared pictures -> vectors (B, D) and, where `states`, the patches' states (B, 49, S), both float32.

    The vector is what the model's authors compare: the projected one of CLIP, the attention-pooled one of SigLIP, the
    class token of DINO; not normalised. A state is the mean, over a cell of a 7 x 7 grid, of the patches' states after
    the last layer norm.
    """

    cells: Tensor

    def __init__(
        self, model: Any, normalisation: Normalisation, *, grid: tuple[int, int], states: bool, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.model = model
        self.pixels = Pixels(normalisation, dtype=dtype)
        self.prefix = prefix_of(model.config)
        tower = getattr(model, "vision_model", None)
        # SigLIP and DINO apply their last norm to every token, CLIP to the class token alone
        self.norm = getattr(tower, "post_layernorm", None) if model.config.model_type in CLIPS else None
        self.states = states
        self.register_buffer("cells", grid_cells(*grid), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """See the class."""
        ready = self.pixels(pixels)
        joint = hasattr(self.model, "get_image_features")
        out = self.model.get_image_features(pixel_values=ready) if joint else self.model(pixel_values=ready)
        vectors: Tensor = out.pooler_output.float()
        if not self.states:
            return vectors
        patches = out.last_hidden_state[:, self.prefix :]
        if self.norm is not None:
            patches = self.norm(patches)
        return vectors, torch.matmul(self.cells, patches.float())


class TextModule(nn.Module):
    """Token ids and mask (B, L), 1 = real -> vectors (B, D) and, where `states`, states (B, L, S), 0 where padded.

    `projected`: the model's own text features, not normalised; `mean`: of the last layer over the real tokens
    (Reimers & Gurevych, EMNLP 2019, section 3); `cls`: of the first token.
    """

    def __init__(self, model: Any, *, pooling: Pooling, states: bool) -> None:
        super().__init__()
        self.model, self.pooling, self.states = model, pooling, states
        self.masked = model.config.model_type != "siglip"  # which was trained to read its padding

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """See the class."""
        inputs: dict[str, Tensor] = {"input_ids": input_ids}
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
        return (vectors, hidden * real) if self.states else vectors


CLIPS = ("clip", "chinese_clip")


def prefix_of(config: Any) -> int:
    """How many tokens stand before the patches: the class token and registers."""
    if config.model_type == "siglip":
        return 0
    return 1 + int(getattr(config, "num_register_tokens", 0))


def grid_cells(high: int, wide: int) -> Tensor:
    """(49, P) weights that average the patches of a grid into 7 x 7 cells, as adaptive average pooling cuts them."""
    rows, columns = (torch.nn.functional.adaptive_avg_pool1d(torch.eye(side)[None], GRID)[0].T for side in (high, wide))
    return torch.einsum("ay,bx->abyx", rows, columns).reshape(GRID * GRID, high * wide)


def patch_grid(vision: Any, *, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of patches of a picture; `vision` is the configuration of the image network."""
    patch = vision.patch_size
    down, across = (patch, patch) if isinstance(patch, int) else patch
    return height // down, width // across
