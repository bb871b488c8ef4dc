"""What the README shows is run: its Python and its commands, on a small city (fewer posts and epochs, nothing else)."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from postplace import read_posts
from postplace.cli import app
from postplace.models.entry import Training
from postplace.models.settings import VOCABULARY
from postplace.posts.table import write_posts
from postplace.synthetic import CityParameters

README = Path(__file__).parents[1] / "README.md"
TRAINING = README.parent / "docs" / "training.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FEWER = {
    "train": ["--set", "max_epochs=1", "--device", "cpu"],
    "experiment": ["--max-epochs", "1"],
    "prepare": ["--min-hashtag-posts", "2", "--min-place-posts", "2", "--languages", "none", "--segmenter", "none"],
}


def blocks(language: str, containing: str, page: Path = README) -> list[str]:
    """The fenced blocks of a language that contain a word."""
    return [body for kind, body in FENCE.findall(page.read_text()) if kind == language and containing in body]


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
        "synth", "inspect", "inspect", "train", "train", "evaluate", "report", "predict", "predict", "predict",
        "explain", "advise",
    ]  # fmt: skip
    for command in commands:
        done = run(["60" if argument == "2000" else argument for argument in command[1:]])
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert (workplace / "places.geojson").exists()
    assert (workplace / "map.html").exists()
    assert (workplace / "why.html").exists()
    assert (workplace / "report.html").exists()


def test_the_commands_on_dumps_run(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights from a hub are not there: then one line says which, where they were looked for, and what to do."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(workplace / "no models"))
    for name, folder in (("instaloader", "DUMP"), ("weibo", "EXPORT")):
        make = README.parent / "tests" / "data" / name / "make.py"
        subprocess.run([sys.executable, str(make), str(workplace / "dumps" / name)], check=True, capture_output=True)
        (workplace / "dumps" / name / "whole").rename(workplace / folder)
    (body,) = blocks("", "postplace import")
    for line in body.splitlines():
        command = shlex.split(line, comments=True)[1:]
        done = run(command)
        if any(name in command for name in ("vgg19", "chinese-clip")):
            assert done.returncode == 2, done.stderr
            assert done.stderr.count("error: ") == 1
            assert "bundled" in done.stderr
            continue
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        if command[0] == "import":
            write_posts(read_posts("posts.jsonl"), workplace / "posts.parquet")  # a dump of one post teaches nothing


def test_the_commands_of_experiments_run(workplace: Path) -> None:
    """The table with fewer seeds and epochs."""
    (body,) = blocks("", "postplace experiment")
    printed = {}
    for line in body.splitlines():
        command = shlex.split(line, comments=True)[1:]
        done = run(["1" if argument == "5" else argument for argument in command])
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        printed[command[0]] = done.stdout
    assert "tagvisor" in printed["models"]
    assert "transTagger" in printed["experiment"]
    assert "failed" not in printed["experiment"]
    assert "MRLF &" in printed["compare"]


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """A command of the README, with less work."""
    fewer = [] if "tagvisor" in arguments else FEWER.get(arguments[0], [])  # a forest has no epochs
    full = [sys.executable, "-m", "postplace", *arguments, *fewer]
    return subprocess.run(full, capture_output=True, text=True, check=False, env=os.environ.copy())


def test_the_python_runs(workplace: Path) -> None:
    (body,) = blocks("python", "PostLocator")
    fewer = body.replace('model="mrlf")', 'model="mrlf", settings={"max_epochs": 1})')
    assert fewer != body
    done = subprocess.run([sys.executable, "-c", fewer], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Prediction(post_id='1'" in done.stdout


def test_the_python_of_the_manual_runs(workplace: Path) -> None:
    (body,) = blocks("python", "PostLocator", TRAINING)
    fewer = body.replace("posts=300", "posts=120")
    assert fewer != body
    done = subprocess.run([sys.executable, "-c", fewer], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "100 is not a latitude" in done.stdout


def test_the_manual_has_every_option_setting_and_parameter() -> None:
    said = TRAINING.read_text()
    options = (
        {option.name for option in fields(CityParameters)}
        | {field.name for field in fields(Training)}
        | set(VOCABULARY)
    )
    assert [name for name in sorted(options) if f"`{name}`" not in said] == []
    command = typer.main.get_command(app).commands["train"]  # type: ignore[attr-defined]
    known = {name for option in command.params for name in option.opts if name.startswith("--")}
    assert [name for name in sorted(known - {"--out", "--quiet"}) if f"`{name}" not in said] == []


def test_the_make_targets_exist() -> None:
    makefile = (README.parent / "Makefile").read_text()
    for target in re.findall(r"\bmake (\w+)", README.read_text()):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
