"""Nothing half added: a system has a test, a citation, a reason to take it, a row in the docs and in an experiment.

And no table half made: `tests/experiments/test_tables.py` holds what each one is to show.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from postplace.cli.models import _json, _markdown
from postplace.experiments.definition import packaged, read_experiment
from postplace.models.entry import LazyClass
from postplace.models.registry import MODELS
from postplace.models.settings import resolve_settings

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
# Where each system is held to what its paper, or the library beneath it, says: file and test
TESTED: Mapping[str, tuple[str, str]] = {
    "mrlf": ("test_mrlf", "test_the_whole_in_plain_arithmetic"),
    "sg-mft": ("test_sg_mft_whole", "test_the_whole_in_plain_arithmetic"),
    "sg-mft-paper": ("test_sg_mft", "test_the_literal_system_is_as_printed"),
    "sg-mft-tokens": ("test_sg_mft_sequences", "test_the_whole_in_plain_arithmetic"),
    "tagvisor": ("test_tagvisor", "test_the_posterior_is_the_mean_of_the_leaves_shares"),
    "deepgeo": ("test_deepgeo", "test_the_forward_pass_is_that_of_the_equations"),
    "loctwi": ("test_loctwi", "test_the_forward_pass_is_that_of_the_equations"),
    "image-linear": ("test_image_linear", "test_one_layer_on_the_mean_picture"),
    "image-finetune": ("test_image_finetune", "test_the_mean_of_what_the_stage_makes_of_each_picture"),
    "mplug": ("test_mplug", "test_the_whole_step_by_step"),
    "merge-attention": ("test_merge_attention", "test_the_whole_step_by_step"),
    "co-attention": ("test_co_attention", "test_the_whole_step_by_step"),
    "bridge-tower": ("test_bridge_tower", "test_the_whole_step_by_step"),
    "bridge-tower-lite": ("test_bridge_tower", "test_the_lite_one_adds_the_same_at_every_bridge"),
    "transtagger": ("test_transtagger", "test_the_forward_pass_is_that_of_the_equations"),
    "feature-cnns": ("test_feature_cnns", "test_feature_level_fusion"),
    "user-cnns": ("test_feature_cnns", "test_user_attributes_and_gates"),
    "unis-mmc": ("test_unis_mmc", "test_the_forward_pass_is_that_of_the_equations"),
    "balance-mla": ("test_balance_mla", "test_the_forward_pass_is_that_of_the_equations"),
    "pair-mlp": ("test_pair_mlp", "test_the_forward_pass_is_that_of_the_equations"),
    "gated": ("test_gated_fusion", "test_the_forward_pass_is_that_of_the_equations"),
    "ogm-ge": ("test_ogm_ge", "test_the_forward_pass_is_that_of_the_equations"),
    "majority": ("test_majority", "test_every_post_gets_the_class_frequencies"),
    "nearest-neighbours": ("test_nearest_neighbours", "test_votes_and_the_one_of_the_whole_training_part"),
    "tfidf": ("test_tfidf", "test_it_is_the_baseline_of_the_evaluation"),
    "tfidf-image": ("test_tfidf", "test_it_is_the_baseline_of_the_evaluation"),
    "logistic": ("test_linear", "test_it_is_the_baseline_of_the_evaluation"),
    "lightgbm": ("test_gradient_boosting", "test_it_answers_as_the_library_does"),
}


def parts_of(source: str, test: str) -> list[ast.FunctionDef]:
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
    """Whether that test makes the system: builds its class with what sets it apart, or asks for it by name."""
    parts = parts_of(source, test)
    nodes = [node for part in parts for node in ast.walk(part)]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    made = {call.func.id: call for call in calls if isinstance(call.func, ast.Name)}
    make: Any = MODELS[name].make
    if not isinstance(make, LazyClass):  # of several classes, or the same as another with other settings
        return name in constants_in(nodes) or any(known in made for known in CLASSES.get(name, ()))
    if make.name not in made:
        return False
    given = [
        *ast.walk(made[make.name]),
        *(node for part in parts for mark in part.decorator_list for node in ast.walk(mark)),
    ]
    return all(value in constants_in(given) for value in make.fixed.values())


def constants_in(nodes: Iterable[ast.AST]) -> list[Any]:
    """What is written out in the code."""
    return [node.value for node in nodes if isinstance(node, ast.Constant)]


CLASSES = {
    "sg-mft": {"SGMFT"},
    "sg-mft-tokens": {"SequenceSGMFT"},
    "image-linear": {"ImageLinear"},
    "image-finetune": {"ImageFinetune"},
}


@lru_cache(maxsize=1)
def compared() -> frozenset[str]:
    """The systems that some experiment has a row of."""
    return frozenset(row.model for experiment in map(read_experiment, packaged()) for row in experiment.rows)


def lacking(name: str) -> list[str]:
    """What a system still lacks."""
    entry = MODELS[name]
    file, test = TESTED.get(name, ("", ""))
    path = next((ROOT / "tests" / "models").rglob(f"{file}.py"))
    checks = {
        "a test of its own": path.is_file() and is_tested(name, path.read_text(encoding="utf-8"), test),
        "a citation": re.search(r"\b(19|20)\d\d\b|arXiv", entry.citation) is not None,
        "a line on when to prefer it": len(entry.prefer_when.split()) > 3,
        "a row in docs/models.md": f"| `{name}` |" in DOCS,
        "a row in an experiment": name in compared(),
    }
    return [what for what, there in checks.items() if not there]


@pytest.mark.parametrize("name", MODELS)
def test_a_system_lacks_nothing(name: str) -> None:
    assert lacking(name) == []


def test_the_docs_show_the_systems_as_they_are() -> None:
    """`postplace models --format markdown` is what docs/models.md holds."""
    assert _markdown(list(MODELS.values())) in DOCS


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
