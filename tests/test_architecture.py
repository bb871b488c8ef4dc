"""The page on the house shows the house as it is."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MADE = ("README.md", "docs/architecture.md")  # pages that name modules


def test_the_tree_is_that_of_the_package() -> None:
    command = [sys.executable, str(ROOT / "docs" / "make_tree.py"), "--check"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr


def test_the_layers_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    shown = re.search(r"from the first to the last.*?```text\n(.*?)\n```", PAGE, re.DOTALL)
    assert shown is not None
    assert shown.group(1).splitlines() == layers


def test_every_path_that_the_page_names_is_there() -> None:
    text = re.sub(r"<!-- tree.*end of tree -->", "", PAGE, flags=re.DOTALL)
    named = set(re.findall(r"`((?:\w+/)+(?:\w+\.py)?|tests/\w+\.py)`", text))
    missing = [
        name for name in sorted(named) if not any((base / name).exists() for base in (ROOT, ROOT / "src/postplace"))
    ]
    assert named
    assert not missing
