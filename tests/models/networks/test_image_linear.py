"""The linear probe: one linear layer on the mean vector of a post's pictures."""

from __future__ import annotations

import torch

from postplace.features.batch import Batch, InputSizes
from postplace.models.networks.image_network import ImageLinear


def test_one_layer_on_the_mean_picture(sizes: InputSizes, batch: Batch) -> None:
    model = ImageLinear(sizes, classes=5).eval()
    w, b = model.classifier.weight, model.classifier.bias
    means = [batch.image_vectors[0].mean(dim=0), model.absent_image, batch.image_vectors[2, 0], model.absent_image]
    torch.testing.assert_close(model(batch), torch.stack(means) @ w.T + b)
    assert sum(parameter.numel() for parameter in model.parameters()) == 16 + 16 * 5 + 5


def test_text_has_no_say(sizes: InputSizes, batch: Batch) -> None:
    model = ImageLinear(sizes, classes=5).eval()
    before = model(batch)
    batch.text_vector = batch.text_vector + 1
    assert torch.equal(model(batch), before)
