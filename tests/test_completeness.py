"""Nothing half added: a system has a test, a citation, a reason to take it, a row in the docs and in an experiment."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from postplace.cli.models import _json, _markdown
from postplace.experiments.definition import packaged, read_experiment
from postplace.models.entry import Built
from postplace.models.plan import plan_of
from postplace.models.table import MODELS

ROOT = Path(__file__).parents[1]
TESTS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "models").glob("test_*.py")}
DOCS = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


def lacking(name: str) -> list[str]:
    """What a system still lacks."""
    entry = MODELS[name]
    own = [text for file, text in TESTS.items() if file != "test_table.py"]
    # One that is built by a function of its own shares its classes with others: a test must name the system
    built = isinstance(entry.make, Built) and any(re.search(rf"\b{entry.make.name}\b", text) for text in own)
    tested = built or any(f'"{name}"' in text for text in own)
    rows = {row.model for experiment in map(read_experiment, packaged()) for row in experiment.rows}
    checks = {
        "a test of its own": tested,
        "a citation": re.search(r"\b(19|20)\d\d\b|arXiv", entry.citation) is not None,
        "a line on when to prefer it": len(entry.prefer_when.split()) > 3,
        "a row in docs/models.md": f"| `{name}` |" in DOCS,
        "a row in an experiment": name in rows,
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
        plan_of(MODELS[told["name"]], every)  # refuses what it does not take
        lacking = told["name"] in ("mrlf", "deepgeo") and not {"min_count", "learning_rate"} <= set(every)
        assert not lacking, told["name"]


def test_every_table_of_the_papers_is_an_experiment() -> None:
    wanted = {"mrlf-table2", "mrlf-table3", "mrlf-fig2", "mrlf-fig3", "mrlf-fig4"}
    wanted |= {f"sg-mft-table{number}" for number in (1, 2, 3, 4)}
    wanted |= {"all-systems", "missing-modalities", "masked-names", "random-split"}
    assert wanted <= set(packaged())
    assert {read_experiment(f"sg-mft-table{number}").figure for number in (2, 3, 4)} == {"Fig. 5", "Fig. 7", "Fig. 8"}


def test_the_docs_name_every_experiment() -> None:
    docs = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    assert [name for name in packaged() if f"`{name}`" not in docs] == []
