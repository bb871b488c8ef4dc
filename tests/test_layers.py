"""The contracts of `pyproject.toml` bite: what they forbid turns `lint-imports` red."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "postplace"
AT_THE_ROOT = 6  # what a newcomer meets first
COMMAND = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint_imports(root: Path) -> str:
    """What the linter says of the package under `root`; it fails where a contract is broken."""
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "NO_COLOR": "1"}
    command = [sys.executable, "-c", COMMAND, "--no-cache"]
    said = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return f"{said.stdout}{said.stderr}"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its contracts, to add a module to."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copytree(PACKAGE, root / "src" / "postplace", ignore=shutil.ignore_patterns("__pycache__", "*.js", "*.css"))
    return root


def test_contracts_hold_in_the_copy(copied: Path) -> None:
    assert ", 0 broken." in lint_imports(copied)


@pytest.mark.parametrize(
    ("module", "imported", "contract"),
    [
        ("posts/probe.py", "postplace.cli", "Imports go down only"),
        ("probe.py", "postplace.cli", "Imports go down only"),  # a module at the root is in no layer
        ("models/networks/probe.py", "postplace.models.networks.mrlf", "Model files do not know each other"),
        ("models/baselines/probe.py", "postplace.models.networks.mrlf", "Model files do not know each other"),
        ("places/probe.py", "postplace.text.cleaning", "Encoders, places and evaluation know neither text nor images"),
        ("report/probe.py", "postplace.server", "Nobody imports the service"),
        ("posts/probe.py", "torch", "No deep-learning library where none is needed"),
    ],
)
def test_a_forbidden_import_is_refused(copied: Path, module: str, imported: str, contract: str) -> None:
    probe = copied / "src" / "postplace" / module
    probe.write_text(f'"""Imports what it must not."""\n\nimport {imported}\n')
    try:
        said = lint_imports(copied)
    finally:
        probe.unlink()
    assert any(contract in line and "BROKEN" in line for line in said.splitlines()), said


def test_few_modules_at_the_root() -> None:
    names = sorted(path.name for path in PACKAGE.glob("*.py"))
    assert len(names) <= AT_THE_ROOT, f"a module belongs to the folder of its stage: {names}"
