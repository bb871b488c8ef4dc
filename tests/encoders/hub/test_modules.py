"""The networks behind the encoders as modules of arrays in, vectors out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from postplace.encoders.hub.modules import (
    ImageNetwork,
    Pixels,
    TextModule,
    count_prefix_tokens,
    grid_cells,
    last_layers,
    last_norm,
    patch_grid,
)
from postplace.encoders.hub.preprocessing import Normalisation

HALVES = Normalisation(scale=1 / 255, mean=(0.5, 0.5, 0.5), std=(0.5, 0.25, 1.0))


class Letters(nn.Module):
    """A text network whose hidden states are its ids, once and doubled."""

    def __init__(self, kind: str = "bert") -> None:
        super().__init__()
        self.config = SimpleNamespace(model_type=kind)

    def forward(self, input_ids: Tensor, **_: Any) -> Any:
        hidden = input_ids[..., None].float()
        return SimpleNamespace(last_hidden_state=2 * hidden, hidden_states=(hidden, 2 * hidden))


def test_pixels_are_scaled_normalised_and_moved_to_channels_first() -> None:
    pixels = torch.tensor([[[[0, 255, 255]]]], dtype=torch.uint8)
    assert Pixels(HALVES)(pixels).flatten().tolist() == pytest.approx([-1.0, 2.0, 0.5])
    assert Pixels(HALVES, dtype=torch.bfloat16)(pixels).dtype == torch.bfloat16


def test_an_image_network_reads_normalised_pixels_and_answers_in_float32() -> None:
    network = ImageNetwork(nn.Identity(), HALVES, lambda pixels: pixels.mean(dim=(2, 3)).to(torch.bfloat16))
    found = network(torch.full((2, 4, 4, 3), 255, dtype=torch.uint8))
    assert found.dtype == torch.float32
    assert found.tolist() == [[1.0, 2.0, 0.5]] * 2


def test_a_text_is_the_mean_of_its_real_tokens_or_the_first_and_padded_states_are_zero() -> None:
    ids, mask = torch.tensor([[1, 3, 50], [2, 50, 50]]), torch.tensor([[1, 1, 0], [1, 0, 0]])
    vectors, states = TextModule(Letters(), pooling="mean", states=1)(ids, mask)
    assert vectors.tolist() == [[4.0], [4.0]]
    assert states[..., 0].tolist() == [[2.0, 6.0, 0.0], [4.0, 0.0, 0.0]]
    assert TextModule(Letters(), pooling="cls", states=0)(ids, mask).tolist() == [[2.0], [4.0]]


def test_states_of_two_layers_stand_side_by_side_the_last_one_last() -> None:
    _, states = TextModule(Letters(), pooling="cls", states=2)(torch.tensor([[1, 3]]), torch.ones(1, 2))
    assert states.tolist() == [[[1.0, 2.0], [3.0, 6.0]]]


def test_layers_before_the_last_go_through_the_norm_that_the_last_has_behind_it() -> None:
    out = SimpleNamespace(hidden_states=tuple(map(torch.tensor, (1.0, 2.0, 3.0))), last_hidden_state=torch.tensor(9.0))
    assert [float(one) for one in last_layers(out, 2, norm=lambda states: states * 10)] == [20.0, 9.0]
    assert [float(one) for one in last_layers(out, 1, norm=None)] == [9.0]
    norm = nn.LayerNorm(2)
    assert last_norm(SimpleNamespace(layernorm=norm)) is norm
    assert last_norm(SimpleNamespace()) is None


def test_cells_average_a_grid_of_patches_into_49() -> None:
    cells = grid_cells(14, 7)
    assert cells.shape == (49, 98)
    assert cells.sum(dim=1).tolist() == pytest.approx([1.0] * 49)
    patches = torch.arange(14.0).repeat_interleave(7)[:, None]  # each row of patches by its number
    assert (cells @ patches).reshape(7, 7)[:, 3].tolist() == pytest.approx([0.5, 2.5, 4.5, 6.5, 8.5, 10.5, 12.5])


def test_patch_grid_and_the_tokens_that_stand_before_the_patches() -> None:
    assert patch_grid(SimpleNamespace(patch_size=16), height=224, width=112) == (14, 7)
    assert patch_grid(SimpleNamespace(patch_size=(32, 16)), height=64, width=64) == (2, 4)
    kinds = [("siglip", {}), ("clip", {}), ("dinov2_with_registers", {"num_register_tokens": 4})]
    assert [count_prefix_tokens(SimpleNamespace(model_type=kind, **more)) for kind, more in kinds] == [0, 1, 5]
