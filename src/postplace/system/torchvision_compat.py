"""A torchvision that does not fit the installed PyTorch must not take everything else down with it.

A CPU build of PyTorch beside the torchvision of a package index that has only CUDA builds of it fails at `import
torchvision` ("operator torchvision::nms does not exist"), and so do lightning, transformers and timm, which import it
when they find it. None of what we use needs these operators; declared without an implementation, all four work.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from typing import Any

_MISSING = "operator torchvision::"
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared: list[Any] = []  # an operator lives as long as its library


def declare_missing_operators() -> None:
    """Make `import torchvision` work, where it is installed; call it before importing what may import torchvision."""
    if "torchvision" in sys.modules or find_spec("torchvision") is None:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if _MISSING not in str(error):
            raise
        from torch.library import Library

        library: Any = Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for operator in _OPERATORS:
            library.define(operator)
        _declared.append(library)
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]  # what the failed import left behind
        importlib.import_module("torchvision")
