"""Linear probe of an image network, and one whose last stage is trained along."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.image_network import ImageFinetune, ImageLinear
from postplace.models.registry import find_model, required_inputs
from postplace.models.settings import resolve_settings


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


@pytest.fixture
def model(sizes: InputSizes) -> ImageFinetune:
    torch.manual_seed(0)
    model = ImageFinetune(sizes, classes=5)
    model.start_from(nn.Sequential(nn.Flatten(), nn.Linear(12, 16), nn.Tanh()))
    return model.eval()


def test_the_mean_of_what_the_stage_makes_of_each_picture(model: ImageFinetune, batch: Batch) -> None:
    grids, stage = batch.image_grids, model.stage
    assert grids is not None
    assert stage is not None
    vectors = [stage(grids[0]).mean(dim=0), model.absent_image, stage(grids[2, :1])[0], model.absent_image]
    torch.testing.assert_close(model(batch), model.classifier(torch.stack(vectors)))


def test_before_training_it_is_the_linear_probe(sizes: InputSizes, model: ImageFinetune, batch: Batch) -> None:
    assert batch.image_grids is not None
    assert model.stage is not None
    of_stage = model.stage(batch.image_grids.flatten(0, 1)).unflatten(0, batch.image_mask.shape)
    probe = ImageLinear(sizes, classes=5).eval()
    probe.load_state_dict({name: value for name, value in model.state_dict().items() if not name.startswith("stage")})
    torch.testing.assert_close(model(batch), probe(dataclasses.replace(batch, image_vectors=of_stage)))


def test_the_stage_is_a_part_of_it(model: ImageFinetune, batch: Batch) -> None:
    torch.autograd.backward(model(batch).square().sum())
    assert model.stage is not None
    assert all(parameter.grad is not None for parameter in model.stage.parameters())
    assert "stage.1.weight" in model.state_dict()


def test_without_a_stage_or_states_it_says_so(sizes: InputSizes, model: ImageFinetune, batch: Batch) -> None:
    with pytest.raises(ValueError, match="no last stage"):
        ImageFinetune(sizes, classes=5)(batch)
    with pytest.raises(ValueError, match="no states"):
        model(dataclasses.replace(batch, image_grids=None))


def test_one_setting_makes_either(sizes: InputSizes) -> None:
    probe, tuned = find_model("image-linear"), find_model("image-finetune")
    assert required_inputs(probe, {}) == required_inputs(tuned, {"finetune": "none"}) == {"image_vector"}
    assert required_inputs(tuned, {}) == required_inputs(probe, {"finetune": "last-stage"}) == {"image_stage"}
    assert isinstance(probe.build(sizes, 5, {"finetune": "last-stage"}), ImageFinetune)
    assert [resolve_settings(entry, {}).states for entry in (probe, tuned, find_model("sg-mft-tokens"))] == [
        False,
        "image",
        True,
    ]
    with pytest.raises(BadOption, match="finetune"):
        resolve_settings(probe, {"finetune": "all"})


class TestImageLinearContract(ModelContract):
    """What every model must hold to."""

    model = "image-linear"
    equations = "test_one_layer_on_the_mean_picture"


class TestImageFinetuneContract(ModelContract):
    """What every model must hold to."""

    model = "image-finetune"
    equations = "test_the_mean_of_what_the_stage_makes_of_each_picture"
