"""`python -m postplace` is the command `postplace`."""

from __future__ import annotations

import runpy
import sys

import pytest


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["postplace", *arguments])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("postplace", run_name="__main__")
    return caught.value.code


def test_help_lists_the_commands_and_ends_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not run("--help", monkeypatch=monkeypatch)
    out = capsys.readouterr().out
    assert all(command in out for command in ("train", "predict", "explain", "serve"))


def test_an_error_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("models", "--format", "xml", monkeypatch=monkeypatch) == 2
    assert run("inspect", "/no/such/posts.jsonl", monkeypatch=monkeypatch) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len([line for line in err.splitlines() if "/no/such/posts.jsonl" in line]) == 1
    assert "Traceback" not in err
