"""Nothing half added: a model has a test, a citation, a reason to take it, a row in the docs and in an experiment.

And no table half made: `tests/experiments/test_tables.py` holds what each one is to show.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from tests.models.contracts import contracts

from postplace.cli.models import _collect, _json, _markdown
from postplace.experiments.definition import packaged, read_experiment
from postplace.models.registry import MODELS, built_in_files
from postplace.models.settings import resolve_settings

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


def subset_sizes(source: str, test: str) -> list[ast.FunctionDef]:
    """The test and all of its file that it uses, fixtures too; nothing where there is no such test."""
    every = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    found: dict[str, ast.FunctionDef] = {}
    waiting = [test]
    while waiting:
        name = waiting.pop()
        if name in every and name not in found:
            node = found[name] = every[name]
            waiting += [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
            waiting += [part.arg for part in ast.walk(node) if isinstance(part, ast.arg)]
    return list(found.values())


def is_tested(name: str, source: str, test: str) -> bool:
    """Whether that test makes the model: builds its class with what sets it apart, or asks for it by name."""
    parts = subset_sizes(source, test)
    nodes = [node for part in parts for node in ast.walk(part)]
    if name in constants_in(nodes):
        return True
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    made = {call.func.id: call for call in calls if isinstance(call.func, ast.Name)}
    entry = MODELS[name]
    made_by = CLASSES.get(name, entry.factory.__name__)
    if made_by not in made:
        return False
    given = [
        *ast.walk(made[made_by]),
        *(node for part in parts for mark in part.decorator_list for node in ast.walk(mark)),
    ]
    variant = {value for value in entry.fixed.values() if value != "nothing"}
    return all(value in constants_in(given) for value in variant)


def constants_in(nodes: Iterable[ast.AST]) -> list[Any]:
    """What is written out in the code."""
    return [node.value for node in nodes if isinstance(node, ast.Constant)]


# Of the models that a function builds, the class of the default settings
CLASSES = {
    "sg-mft": "SGMFT",
    "sg-mft-tokens": "SequenceSGMFT",
    "image-linear": "ImageLinear",
    "image-finetune": "ImageFinetune",
}


@lru_cache(maxsize=1)
def compared() -> frozenset[str]:
    """The systems that some experiment has a row of."""
    return frozenset(row.model for experiment in map(read_experiment, packaged()) for row in experiment.rows)


def lacking(name: str) -> list[str]:
    """What a model still lacks."""
    contract = contracts().get(name)
    checks = {
        "a subclass of ModelContract in its test file": contract is not None,
        "a test of its equations, named by the contract": contract is not None
        and is_tested(name, Path(inspect.getfile(contract)).read_text(encoding="utf-8"), contract.equations),
        "a row in docs/models.md (postplace models --format markdown)": f"| `{name}` |" in DOCS,
        "a row in an experiment": name in compared(),
    }
    return [what for what, there in checks.items() if not there]


@pytest.mark.parametrize("name", built_in_files())
def test_a_model_lacks_nothing(name: str) -> None:
    assert lacking(name) == []


def test_the_docs_show_the_models_as_they_are() -> None:
    """`postplace models --format markdown` is what docs/models.md holds."""
    assert _markdown(_collect({name: MODELS[name] for name in built_in_files()})[0]) in DOCS


def test_json_names_every_setting_that_a_system_takes() -> None:
    for told in json.loads(_json(list(MODELS.values()))):
        every = {**told["settings"], **told["training"], **told["vocabulary"]}
        resolve_settings(MODELS[told["name"]], every)  # refuses what it does not take
        lacking = told["name"] in ("mrlf", "deepgeo") and not {"min_count", "learning_rate"} <= set(every)
        assert not lacking, told["name"]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "gated",
            "from postplace.models.networks.gated_fusion import GatedFusion\ndef test_x(): pass",
        ),  # no more than an import
        ("gated", "def test_x(): assert GatedFusion"),
        ("gated", "def test_y(): GatedFusion()"),  # another test does
        ("tfidf-image", "def test_x(): Tfidf()"),  # that is tfidf
        ("tfidf-image", 'def test_x(): Tfidf().fit(vectors["image"])'),
        ("sg-mft-paper", "def test_x(): SGMFT()"),
    ],
)
def test_what_does_not_make_a_system_is_no_test_of_it(name: str, source: str) -> None:
    assert not is_tested(name, source, "test_x")


def test_what_makes_a_system_is_a_test_of_it() -> None:
    assert is_tested("gated", "def _model(): return GatedFusion()\ndef test_x(): _model()", "test_x")
    assert is_tested("gated", "def model(): return GatedFusion()\ndef test_x(model): pass", "test_x")
    assert is_tested("tfidf-image", 'def test_x(): Tfidf(beside="image")', "test_x")
    assert is_tested("tfidf-image", '@parametrize("b", ["image"])\ndef test_x(b): Tfidf(beside=b)', "test_x")
    assert is_tested("sg-mft-paper", 'def test_x(): find_model("sg-mft-paper")', "test_x")


def test_the_docs_name_every_experiment() -> None:
    docs = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    assert [name for name in packaged() if f"`{name}`" not in docs] == []
