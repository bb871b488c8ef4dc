"""Networks cut before their last stage: both halves together are the encoder, and the stage can be trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from postplace.encoders.backbones import timm_image_encoder
from postplace.encoders.bundled import bundled_image_encoder
from postplace.encoders.encoder import BothAtOnce, ImageEncoder, ImageStates, OwnBatchSize
from postplace.encoders.last_stage import StageEncoder, split_network
from postplace.encoders.token_states import image_state_rows
from postplace.errors import BadOption
from postplace.system.torchvision_compat import declare_missing_operators

declare_missing_operators()
timm = pytest.importorskip("timm", reason="the extra is not installed")


def _resnet(folder: Path) -> ImageEncoder:
    """timm's toy, with moments of its normalisations that are not those it starts from."""
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", pretrained=False)
    parts: list[Any] = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    for part in parts:
        torch.nn.init.uniform_(part.weight, 0.5, 1.5)  # of some timm's own is 0
        part.running_mean.normal_()
        part.running_var.uniform_(0.5, 2.0)
    path = folder / "small.safetensors"
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, path)
    return timm_image_encoder("timm/test_resnet", weights=path)


@pytest.fixture(scope="module", params=["bundled", "resnet"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ImageEncoder:
    if request.param == "bundled":
        return bundled_image_encoder(threads=1)
    return _resnet(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def cut(encoder: ImageEncoder) -> StageEncoder:
    return StageEncoder(encoder)


@pytest.fixture(scope="module")
def pictures(encoder: ImageEncoder) -> NDArray[np.uint8]:
    """Five of noise, so that the last batch is not full."""
    from PIL import Image

    shape = encoder.prepare(Image.new("RGB", (300, 200))).shape
    return np.random.default_rng(0).integers(0, 256, (5, *shape), dtype=np.uint8)


def test_the_contract(cut: StageEncoder, check_image_encoder: Callable[[ImageEncoder], None]) -> None:
    check_image_encoder(cut)
    assert isinstance(cut, ImageStates)
    assert isinstance(cut, BothAtOnce)
    assert isinstance(cut, OwnBatchSize)
    assert image_state_rows(cut).row == cut.states * cut.states_width


def test_vectors_are_those_of_the_encoder(
    encoder: ImageEncoder, cut: StageEncoder, pictures: NDArray[np.uint8]
) -> None:
    vectors, states = cut.encode_both(pictures)
    assert (cut.name, cut.width, cut.fingerprint) == (encoder.name, encoder.width, encoder.fingerprint)
    np.testing.assert_allclose(vectors, encoder.encode(pictures), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(states, cut.encode_states(pictures))
    assert states.shape == (5, cut.states, cut.states_width)


def test_the_stage_takes_the_states_to_the_vectors(cut: StageEncoder, pictures: NDArray[np.uint8]) -> None:
    """In training mode too: no picture decides of another one's normalisation."""
    vectors, states = cut.encode_both(pictures)
    stage = cut.last_stage().train()
    np.testing.assert_allclose(stage(torch.from_numpy(states)).detach(), vectors, rtol=1e-4, atol=1e-5)
    rounded = torch.from_numpy(states.astype(np.float16)).float()
    np.testing.assert_allclose(stage(rounded).detach(), vectors, atol=1e-4 * max(1, np.abs(vectors).max()))


def test_the_stage_is_a_copy_that_can_be_trained(cut: StageEncoder, pictures: NDArray[np.uint8]) -> None:
    vectors, states = cut.encode_both(pictures)
    stage = cut.last_stage().train()
    torch.autograd.backward(stage(torch.from_numpy(states)).square().sum())
    assert list(stage.parameters())
    assert all(parameter.grad is not None and bool(parameter.grad.any()) for parameter in stage.parameters())
    with torch.no_grad():
        for parameter in stage.parameters():
            parameter.add_(1.0)
    np.testing.assert_array_equal(cut.encode_both(pictures)[0], vectors)
    again = cut.last_stage()
    assert not torch.equal(next(stage.parameters()), next(again.parameters()))
    again.load_state_dict(stage.state_dict())
    assert torch.equal(again(torch.from_numpy(states)), stage(torch.from_numpy(states)))


def _small(family: str) -> Any:
    torch.manual_seed(0)
    if family == "densenet":
        from timm.models.densenet import DenseNet

        return DenseNet(growth_rate=4, block_config=(1, 2, 1, 2), num_classes=0).eval()
    from timm.models.vgg import VGG

    network: Any = VGG(cfg=[4, "M", 4, "M", 4, "M", 6, "M", 6, 8, "M"], num_classes=0)
    network.pre_logits = nn.Identity()
    return network.eval()


@pytest.mark.parametrize(("family", "width"), [("densenet", 5), ("vgg", 6)])
def test_other_networks_of_the_paper(family: str, width: int) -> None:
    network, pixels = _small(family), torch.randn(2, 3, 64, 64)
    trunk, stage = split_network(network, family)
    with torch.no_grad():
        grid = trunk(pixels)
        assert grid.shape[1] == width
        torch.testing.assert_close(stage(grid.clone()), network(pixels))
    assert any(isinstance(part, nn.Conv2d) for part in stage.modules())


def test_a_network_that_is_not_known_is_refused() -> None:
    with pytest.raises(BadOption, match="image_encoder: it is not known where the last stage of odd begins"):
        split_network(nn.Sequential(nn.Conv2d(3, 4, 3)), "odd")
    with pytest.raises(BadOption, match="take bundled, vgg19"):
        StageEncoder(_Bare())


class _Bare:
    name, width, fingerprint = "bare", 2, "bare"
    prepare: Any = None

    def encode(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        return np.zeros((len(batch), 2), dtype=np.float32)
