"""Which device to compute on."""

from __future__ import annotations

import pytest
import torch

from postplace.errors import BadOption
from postplace.system.devices import torch_device


@pytest.mark.parametrize("device", ["auto", "gpu", "cuda"])
def test_a_gpu_is_taken_where_there_is_one(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert torch_device(device) == torch.device("cuda")


def test_cpu_is_the_cpu_even_beside_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert torch_device("cpu") == torch.device("cpu")


def test_without_a_gpu_auto_is_the_cpu_and_a_requested_one_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert torch_device("auto") == torch.device("cpu")
    for device in ("gpu", "cuda"):
        with pytest.raises(BadOption, match=device):
            torch_device(device)


@pytest.mark.parametrize("device", ["", "CPU", "cuda:0", "tpu"])
def test_an_unknown_device_is_an_error(device: str) -> None:
    with pytest.raises(BadOption):
        torch_device(device)
