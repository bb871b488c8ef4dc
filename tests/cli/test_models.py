"""postplace models: every model, in three formats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from postplace.cli.models import Format, models


def shown(format_: Format, capsys: pytest.CaptureFixture[str]) -> str:
    models(format_)
    return capsys.readouterr().out


def by_name(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    return {facts["name"]: facts for facts in json.loads(shown(Format.json, capsys))}


def test_the_three_formats_name_the_same_models(capsys: pytest.CaptureFixture[str]) -> None:
    names = set(by_name(capsys))
    rows = shown(Format.markdown, capsys).splitlines()[2:]
    assert {row.split("|")[1].strip().strip("`") for row in rows} == names
    text = shown(Format.text, capsys)
    assert all(f"\n  {name}  (" in text for name in names)


def test_every_row_of_the_markdown_table_has_as_many_cells_as_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    rows = shown(Format.markdown, capsys).replace("\\|", "").splitlines()
    assert {row.count("|") for row in rows} == {7}


def test_settings_are_those_of_the_model_of_its_training_and_of_its_vocabularies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = by_name(capsys)
    assert found["mrlf"]["training"]["max_epochs"] > 0
    assert found["majority"]["training"] == {}  # it is fitted in one go
    assert found["mrlf"]["vocabulary"]["max_characters"] > 0
    assert not [name for name, facts in found.items() if "betas" in facts["training"] and _by_rmsprop(facts)]


def _by_rmsprop(facts: dict[str, Any]) -> bool:
    return bool(facts["training"].get("optimiser") == "rmsprop")
