"""The contract of every model, found in the files of its tests."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from postplace.models.contract import ModelContract

ROOT = Path(__file__).parents[2]


@lru_cache(maxsize=1)
def contracts() -> Mapping[str, type[ModelContract]]:
    """By model name, the subclass of `ModelContract` in tests/models that holds it to the contract."""
    found: dict[str, type[ModelContract]] = {}
    for path in sorted((ROOT / "tests" / "models").rglob("test_*.py")):
        if "(ModelContract)" not in path.read_text(encoding="utf-8"):
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for contract in vars(module).values():
            if inspect.isclass(contract) and issubclass(contract, ModelContract) and contract is not ModelContract:
                found[str(contract.model)] = contract
    return found


def small_settings(name: str) -> dict[str, Any]:
    """Settings of the model that a test can afford."""
    return dict(contracts()[name].small)


def quick_settings(name: str) -> dict[str, Any]:
    """Settings with which the model learns quickly."""
    return dict(contracts()[name].learns)
