"""Options that several commands share, and what they become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from postplace.cli.options import (
    CACHE_VARIABLE,
    cache_folder,
    check_other_run,
    check_used,
    log,
    parse_names,
    parse_settings,
    show_or_write,
)
from postplace.errors import BadOption


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("x=1", 1),
        ("x=1e-3", 0.001),
        ("x=None", None),
        ("x=(1, 2)", (1, 2)),
        ("x=text", "text"),
        ("x=", ""),
        ("x=a=b", "a=b"),
        ("x={[]: 1}", "{[]: 1}"),
        ("x=__import__('os')", "__import__('os')"),
        ("x=" + "(" * 1000, "(" * 1000),
    ],
)
def test_a_setting_is_a_python_literal_or_else_a_text(pair: str, value: Any) -> None:
    assert parse_settings([pair]) == {"x": value}


@pytest.mark.parametrize("pair", ["x", "=1", ""])
def test_a_setting_needs_a_name_and_an_equals_sign(pair: str) -> None:
    with pytest.raises(BadOption, match="NAME=VALUE"):
        parse_settings(["ok=1", pair])


def test_of_a_setting_given_twice_the_last_counts_and_names_are_stripped() -> None:
    assert parse_settings(["x=1", "x=2"]) == {"x": 2}
    assert [parse_names(text) for text in (" a ,, b", "", ",")] == [["a", "b"], [], []]


def test_the_cache_is_the_option_else_the_variable_else_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "named"))
    assert cache_folder(tmp_path / "given") == tmp_path / "given"
    assert cache_folder(None) == tmp_path / "named"
    monkeypatch.delenv(CACHE_VARIABLE)
    assert cache_folder(None).parts[-2:] == ("postplace", "vectors")


def test_an_option_that_would_do_nothing_is_an_error_that_names_it() -> None:
    check_used({"--a": None}, "here", "leave it out")
    with pytest.raises(BadOption, match="does nothing here") as caught:
        check_used({"--a": None, "--b": 0, "--c": 1}, "here", "leave it out")
    assert caught.value.where == "--b"


def test_a_run_cannot_evaluate_itself_by_whatever_path(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "run")
    check_other_run(None, tmp_path / "run")
    check_other_run(tmp_path / "other", tmp_path / "run")
    for path in (tmp_path / "run", tmp_path / "link", tmp_path / "x" / ".." / "run"):
        with pytest.raises(BadOption):
            check_other_run(path, tmp_path / "run")


def test_content_goes_to_a_file_or_to_stdout_and_progress_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_or_write("外滩\n", tmp_path / "out.txt")
    show_or_write("shown\n", None)
    log("working")
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "外滩\n"
    assert capsys.readouterr() == ("shown\n", "working\n")
