"""A torchvision that does not fit: the operators it misses are declared, and nothing else is hidden."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.util import find_spec
from types import ModuleType

import pytest

from postplace.system import torchvision_compat as operators
from postplace.system.torchvision_compat import declare_missing_operators

needs_torchvision = pytest.mark.skipif(find_spec("torchvision") is None, reason="torchvision is not installed")


@needs_torchvision
def test_torchvision_and_timm_can_be_imported_then() -> None:
    code = (
        "from postplace.system.torchvision_compat import declare_missing_operators as declare; declare(); declare(); "
        "import torchvision; print(torchvision.__version__)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.strip()


@needs_torchvision
def test_an_import_that_failed_before_does_not_matter() -> None:
    code = (
        "from contextlib import suppress\n"
        "with suppress(RuntimeError): import torchvision\n"
        "from postplace.system.torchvision_compat import declare_missing_operators as declare\n"
        "declare()\n"
        "import torchvision, torchvision.transforms"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr


def test_nothing_is_imported_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr(operators, "find_spec", lambda name: None)
    monkeypatch.setattr(importlib, "import_module", lambda name: pytest.fail("imported"))
    declare_missing_operators()


def test_nothing_is_done_where_it_is_imported_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setattr(importlib, "import_module", lambda name: pytest.fail("imported again"))
    declare_missing_operators()


def test_another_error_of_torchvision_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise RuntimeError("compiled for another CUDA")

    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr(operators, "find_spec", lambda name: object())
    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(RuntimeError, match="another CUDA"):
        declare_missing_operators()
