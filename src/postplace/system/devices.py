"""Which device to compute on."""

from __future__ import annotations

import torch

from postplace.errors import BadOption


def torch_device(device: str) -> torch.device:
    """auto, cpu, gpu or cuda -> what PyTorch calls it; BadOption when there is none."""
    if device in ("auto", "gpu", "cuda"):
        if torch.cuda.is_available():
            return torch.device("cuda")
        if device != "auto":
            raise BadOption("device", f"{device!r} requested, but PyTorch sees none", "give `device='cpu'` or auto")
        return torch.device("cpu")
    if device != "cpu":
        raise BadOption("device", f"{device!r} is unknown", "give auto, cpu or gpu")
    return torch.device("cpu")
