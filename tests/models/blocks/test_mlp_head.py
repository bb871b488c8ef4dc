"""SG-MFT's multimodal classifier."""

from __future__ import annotations

import torch
from torch import nn

from postplace.models.blocks.mlp_head import mlp_head


def test_five_layers_narrow_from_the_input_to_the_classes() -> None:
    layers = [layer for layer in mlp_head(10, 7, dropout=0.1) if isinstance(layer, nn.Linear)]
    widths = [(layer.in_features, layer.out_features) for layer in layers]
    assert widths == [(10, 512), (512, 256), (256, 128), (128, 64), (64, 7)]


def test_the_last_layer_is_free_of_activation_norm_and_dropout() -> None:
    head = mlp_head(4, 3, dropout=0.5)
    assert isinstance(head[-1], nn.Linear)
    assert [layer.p for layer in head if isinstance(layer, nn.Dropout)] == [0.5] * 4


def test_posts_of_a_batch_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    head, posts = mlp_head(6, 3, dropout=0.0).eval(), torch.randn(4, 6)
    torch.testing.assert_close(head(posts)[1:2], head(posts[1:2]))
