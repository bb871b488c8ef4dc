"""The page of surprises names tests and scripts that are there."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "surprises.md").read_text(encoding="utf-8")
SCRIPTS = sorted((ROOT / "findings").glob("*.sh"))


def test_each_file_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:docs|findings|tests)/[\w./-]+\.\w+)`", PAGE)
    assert len(named) > 30
    assert not [name for name in named if not (ROOT / name).is_file()]


def test_each_row_says_everything() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert all(len(row) == 5 and all(row) for row in cells)
    versions = [row[2] for row in cells if row[2] != "package, version"]
    assert all(re.search(r"(, |^)(seen|read)\b", version) for version in versions)


def test_each_script_is_named_and_installs_exact_versions_for_itself() -> None:
    for script in SCRIPTS:
        assert f"`findings/{script.name}`" in PAGE
        assert os.access(script, os.X_OK)
        content = script.read_text(encoding="utf-8")
        installed = re.search(r'--target "\$folder\S*"((?:\s|\\|[\w-]+==[\d.]+)+)\n', content)
        assert installed is not None, script.name
        assert "postplace" not in content
