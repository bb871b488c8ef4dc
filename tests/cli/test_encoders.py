"""postplace encoders: the table, and an export's way to the functions that do it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from postplace.cli.encoders import app
from postplace.encoders import registry as table
from postplace.errors import BadOption


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_the_table_names_every_encoder_once() -> None:
    lines = shown().splitlines()
    assert lines[0].split() == ["name", "reads", "width", "here?", "prefer", "it", "when"]
    (clip,) = [line for line in lines if line.startswith("clip ")]
    assert "image, text    512" in clip
    assert any(line.startswith("  clip ") and line.endswith("--openai--clip-vit-base-patch32") for line in lines)
    for entry in table.ENTRIES:
        assert any(line.startswith(f"{entry.name} ") for line in lines)


def test_the_table_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(table, "find_spec", lambda module: None if module == "timm" else object())
    output = shown()
    assert "bundled" in output.split("\n")[1]
    assert " yes " in output.split("\n")[1]
    (vgg,) = [line for line in output.splitlines() if line.startswith("vgg19 ")]
    assert "extra missing  " in vgg
    (remedy,) = [line for line in output.splitlines() if line.startswith("  vgg19 ")]
    assert "pip install 'postplace[timm]'" in remedy
    (dino,) = [line for line in output.splitlines() if line.startswith("dinov2 ")]
    assert "weights not found  " in dino
    (where,) = [line for line in output.splitlines() if line.startswith("  dinov2 ")]
    assert where.endswith(f"  {tmp_path}/models--facebook--dinov2-base")  # whole, however long
    assert "HF_HUB_OFFLINE" in output


def test_the_table_is_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    grid, _, _ = shown().partition("Where their weights")
    assert max(map(len, grid.splitlines())) <= 80
    assert "MRLF is to be run as" in grid


@pytest.mark.parametrize("kind", ["image", "text"])
def test_an_export_of_an_unknown_encoder_names_no_option_that_is_not_there(kind: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", "nope", "--kind", kind, "--out", str(tmp_path / "x")])
    assert isinstance(result.exception, BadOption)
    assert str(result.exception).startswith("NAME: 'nope' is unknown; take one of the known names")


@pytest.mark.parametrize("kind", ["image", "text"])
def test_an_export_goes_to_the_half_that_was_requested(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[tuple[Any, ...]] = []

    def exporter(half: str) -> Any:
        def write(encoder: str, folder: Path, *, int8: bool) -> str:
            calls.append((half, encoder, folder, int8))
            return "cosine 0.9991"

        return write

    stand_in: Any = ModuleType("postplace.encoders.onnx.export")
    stand_in.export_image, stand_in.export_text = exporter("image"), exporter("text")
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    monkeypatch.setattr("postplace.encoders.onnx.export", stand_in, raising=False)
    monkeypatch.setattr(table, "find_image_encoder", lambda name: f"pictures of {name}")
    monkeypatch.setattr(table, "find_text_encoder", lambda name: f"text of {name}")
    output = shown("export", "clip", "--kind", kind, "--int8", "--out", str(tmp_path / "x"))
    assert calls == [(kind, f"{'pictures' if kind == 'image' else 'text'} of clip", tmp_path / "x", True)]
    assert "cosine 0.9991" in output
    assert f"--{kind}-encoder {tmp_path / 'x'}" in output


def test_help_has_an_example() -> None:
    assert "Example: postplace encoders" in " ".join(shown("--help").split())
    assert "Example: postplace encoders export" in " ".join(shown("export", "--help").split())
