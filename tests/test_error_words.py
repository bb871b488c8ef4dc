"""The library speaks of parameters, the command line of options: no module outside `cli/` names an option."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import postplace

ROOT = Path(postplace.__file__).parent
MODULES = sorted(
    str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] not in ("cli",)
)
# Folders and modules that still name options; to be empty.
LEFT: tuple[str, ...] = ()

OPTION = re.compile(r"(?<![\w-])(?<!var\()--[a-z][a-z-]+(?![\w-]*:)")  # not var(--ink) and --width: of style sheets
WHOLE_COMMAND = re.compile(r"(postplace|instaloader|pip)( [\w./`]+)* --")  # it can be typed as it stands, from anywhere


def options_in(source: str) -> Iterator[str]:
    """The texts of a module, other than docstrings, that name an option: each with its line."""
    tree = ast.parse(source)
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)))
    documentation = {id(first.value) for first, *_ in filter(None, bodies) if isinstance(first, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    for node in texts:
        if (
            id(node) not in documentation
            and OPTION.search(str(node.value))
            and not WHOLE_COMMAND.search(str(node.value))
        ):
            yield f"line {node.lineno}: {node.value!r}"


@pytest.mark.parametrize("module", MODULES)
def test_a_library_error_names_no_option(module: str) -> None:
    options = list(options_in((ROOT / module).read_text()))
    if options and module.startswith(LEFT):
        pytest.xfail(f"not done yet: {options[0]}")
    assert options == []


def test_a_folder_that_is_done_is_taken_off_the_list() -> None:
    left = {m for m in MODULES if m.startswith(LEFT) and list(options_in((ROOT / m).read_text()))} if LEFT else set()
    assert [start for start in LEFT if not any(module.startswith(start) for module in left)] == []


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ('raise BadOption("--top-k", "0", "give 1")', 1),
        ('remedy = f"give --cells {n} or fewer"', 1),
        ('"""Help says --cells."""\nx = "cells"', 0),
        ('def f():\n    """Help says --cells."""', 0),
        ('x = "var(--ink)", f"--w:{3}", "train one: postplace train POSTS --out RUN"', 0),
        ('x = "a -- dash", "----", "non--option"', 0),
    ],
)
def test_an_option_in_a_text_is_found(source: str, number: int) -> None:
    assert len(list(options_in(source))) == number
