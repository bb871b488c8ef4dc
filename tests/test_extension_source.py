"""A source of an installed package: `import` lists it, runs it, and says what is wrong with a broken one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from postplace import read_posts

EXTENSION = Path(__file__).parent / "extension"


def _import(*arguments: object, folder: Path = EXTENSION) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    command = [sys.executable, "-m", "postplace", "import", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_help_lists_it_without_importing_it() -> None:
    shown = _import("--help").stdout
    assert "toy-lines Import with the source toy-lines of postplace-toy." in " ".join(shown.split())
    assert "instaloader" in shown
    assert "--places FILE" in _import("toy-lines", "--help").stdout


def test_it_imports(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("1\tpier\tthe river\n2\tcafe\tcoffee\n2\tcafe\tagain\n", encoding="utf-8")
    done = _import("toy-lines", tmp_path / "lines.txt", "--out", tmp_path / "posts.jsonl")
    assert done.returncode == 0, done.stderr
    assert [(post.id, post.place) for post in read_posts(tmp_path / "posts.jsonl")] == [("1", "pier"), ("2", "cafe")]
    assert "the same post again" in done.stdout


def test_a_broken_package_spoils_no_other_source(tmp_path: Path) -> None:
    (tmp_path / "broken-1.dist-info").mkdir()
    (tmp_path / "broken-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    points = "[postplace.sources]\nbroken = no_such_module:read\n"
    (tmp_path / "broken-1.dist-info" / "entry_points.txt").write_text(points)
    assert "weibo" in _import("--help", folder=tmp_path).stdout
    done = _import("broken", tmp_path, "--out", tmp_path / "posts.jsonl", folder=tmp_path)
    assert done.returncode == 2
    assert "source broken: no_such_module:read cannot be imported" in done.stderr
