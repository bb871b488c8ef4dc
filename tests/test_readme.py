"""What the README shows is run: its Python and its commands, on a small city (fewer posts and epochs, nothing else)."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FEWER = {"train": ["--set", "max_epochs=1", "--device", "cpu"]}


def blocks(language: str, containing: str) -> list[str]:
    """The fenced blocks of a language that contain a word."""
    return [body for kind, body in FENCE.findall(README.read_text()) if kind == language and containing in body]


@pytest.fixture
def workplace(city: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with posts.jsonl, its pictures, and the two pictures the README asks about."""
    shutil.copytree(city.parent, tmp_path, dirs_exist_ok=True)
    for source, name in zip(sorted((tmp_path / "images").glob("*.jpg")), ("one.jpg", "two.jpg"), strict=False):
        shutil.copy(source, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSTPLACE_CACHE", str(cache))
    return tmp_path


def test_the_commands_run(workplace: Path) -> None:
    (body,) = blocks("", "postplace synth")
    commands = [shlex.split(line, comments=True) for line in body.splitlines() if line.startswith("postplace ")]
    assert [command[1] for command in commands] == [
        "synth", "inspect", "train", "train", "evaluate", "predict", "predict",
    ]  # fmt: skip
    for command in commands:
        arguments = ["60" if argument == "2000" else argument for argument in command[1:]]
        full = [sys.executable, "-m", "postplace", *arguments, *FEWER.get(command[1], [])]
        done = subprocess.run(full, capture_output=True, text=True, check=False, env=os.environ.copy())
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert (workplace / "places.geojson").exists()


def test_the_python_runs(workplace: Path) -> None:
    (body,) = blocks("python", "PostLocator")
    fewer = body.replace('model="mrlf")', 'model="mrlf", settings={"max_epochs": 1})')
    assert fewer != body
    done = subprocess.run([sys.executable, "-c", fewer], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Prediction(post_id='1'" in done.stdout


def test_the_make_targets_exist() -> None:
    makefile = (README.parent / "Makefile").read_text()
    for target in re.findall(r"\bmake (\w+)", README.read_text()):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
