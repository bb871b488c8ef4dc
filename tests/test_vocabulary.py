"""Words that were once used here for what the field has a word for, and must not come back.

`docs/glossary.md` holds the field's words. A name that is still accepted for one version (an old option, an old key of
an answer) is in `ACCEPTED`, with the file that accepts it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "postplace").rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

NAMES: Mapping[str, str] = {  # of classes, functions, parameters, variables and attributes
    "System": "Predictor",
    "Examined": "EvaluationResult",
    "examine": "evaluate_detailed",
    "Answers": "GroundTruth",
    "answers_of": "ground_truth",
    "Judged": "LabelledPredictions",
    "Promise": "PredictionRegion",
    "promised": "region",
    "temper": "temperature_scale",
    "raised": "mix_with_uniform",
    "sets_below": "prediction_sets",
    "slack_km": "offset_km",
    "Prepared": "SplitDataset",
    "Lesson": "FitData",
    "Settled": "FitsOnValidation",
    "OwnLoss": "CustomLoss",
    "Unfinished": "TrainingCheckpoint",
    "begun": "open",
    "Examples": "PooledFeatures",
    "examples_of": "pool_features",
    "tensors_of": "build_tensors",
    "sizes_of": "input_sizes",
    "plan_of": "resolve_settings",
    "without_idle": "drop_inactive",
    "Built": "LazyClass",
    "or_stand_in": "fill_absent",
    "one_string": "concatenated_text",
    "five_layers": "mlp_head",
    "class_shares": "class_priors",
    "Tally": "ImportReport",
    "Unusable": "InvalidRecord",
    "new_file": "atomic_file",
    "new_folder": "atomic_folder",
    "Lot": "Job",
    "Against": "ComparedToBest",
    "AskedRun": "Explainable",
    "Judge": "TransferAttacker",
    "Outlook": "AttackerView",
    "Belief": "ClassProbability",
    "ToldRun": "RedactedLocator",
    "say": "log",
    "told": "calibrated_proba, or reported",
    "judge": "evaluate, or transfer_model",
    "judged": "evaluated",
    "knob": "parameter",
}
PHRASES: Mapping[str, str] = {  # in docs, docstrings, help and messages
    "for else": "otherwise",
    "holds the truth": "covers the true place",
    "hold the truth": "cover the true place",
    "kept aside": "held out",
    "knob": "parameter",
    "the judge": "the transfer model",
}
ACCEPTED: Mapping[str, frozenset[str]] = {
    "judge": frozenset({"adviser.py"}),  # the keyword of version 0.1.0, with a warning
    "judged": frozenset({"advice.py"}),  # the attribute of version 0.1.0, with a warning
    "promised": frozenset({"schema.py"}),  # the attribute of version 0.1.0, with a warning
}


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def names(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that a module gives to something, with its line."""
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield (node.id if isinstance(node, ast.Name) else node.attr), node.lineno


def prose(path: Path) -> Iterator[tuple[str, int]]:
    """Each piece of text for people, on one line, with the line where it begins."""
    if path.suffix == ".md":
        for match in re.finditer(r"(?:.+\n?)+", path.read_text(encoding="utf-8")):
            yield " ".join(match[0].split()), match.string.count("\n", 0, match.start()) + 1
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split()), node.lineno


def place(path: Path, line: int) -> str:
    """Where something is, as a compiler says it."""
    return f"{path.relative_to(ROOT)}:{line}"


@pytest.mark.parametrize("word", NAMES)
def test_a_name_does_not_come_back(word: str) -> None:
    there = [
        place(path, line)
        for path in SOURCES
        if path.name not in ACCEPTED.get(word, ())
        for name, line in names(tree(path))
        if name == word
    ]
    assert not there, f"{word!r} -> {NAMES[word]!r}: {', '.join(there)}"


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_does_not_come_back(phrase: str) -> None:
    found = re.compile(rf"\b{re.escape(phrase)}\b", re.IGNORECASE)
    there = [
        place(path, line)
        for path in (*SOURCES, *PAGES)
        if path.name not in ACCEPTED.get(phrase, ())
        for text, line in prose(path)
        if found.search(text)
    ]
    assert not there, f"{phrase!r} -> {PHRASES[phrase]!r}: {', '.join(there)}"
