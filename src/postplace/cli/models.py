"""postplace models: every model, what it takes, who proposed it, when to prefer it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from postplace.errors import PostplaceError
from postplace.system.json_types import JsonObject

if TYPE_CHECKING:
    from postplace.models.entry import ModelEntry


class Format(StrEnum):
    """How the models are shown."""

    text = "text"
    markdown = "markdown"
    json = "json"


def models(
    format_: Annotated[Format, typer.Option("--format", help="text, markdown or json.")] = Format.text,
) -> None:
    """List every model: what it takes, who proposed it, when to prefer it, what was changed of it.

    Example: postplace models
    """
    from postplace.models.registry import MODELS

    show = {Format.text: _text, Format.markdown: _markdown, Format.json: _json}[format_]
    entries, missing = _collect(MODELS)
    typer.echo(show(entries), nl=False)
    for name, problem in missing.items():
        typer.echo(f"{name}: {problem}", err=True)


def _collect(models: Mapping[str, ModelEntry]) -> tuple[list[ModelEntry], dict[str, str]]:
    """The models by family and name, and why others cannot be shown: a library, or another package, that fails."""
    entries, missing = [], {}
    for name in models:
        try:
            entries.append(models[name])
        except ModuleNotFoundError as error:
            missing[name] = f"needs {error.name}, which is not installed"
        except PostplaceError as error:
            missing[name] = str(error)
    families = ("text and image", "text", "image", "baseline")
    return sorted(entries, key=lambda entry: (families.index(entry.family), entry.name)), missing


class _Facts(TypedDict):
    """What is told of a model, as `--json` writes it."""

    name: str
    title: str
    family: str
    modalities: list[str]
    inputs: list[str]
    citation: str
    prefer_when: str
    deviations: str


def _facts(entry: ModelEntry) -> _Facts:
    from postplace.models.registry import required_inputs

    return {
        "name": entry.name,
        "title": entry.title,
        "family": entry.family,
        "modalities": [name for name in ("text", "hashtags", "image") if name in entry.modalities],
        "inputs": sorted(required_inputs(entry, {})),
        "citation": entry.citation,
        "prefer_when": entry.prefer_when,
        "deviations": entry.deviations,
    }


def _settings(entry: ModelEntry) -> JsonObject:
    """Everything that `train --set` changes: the model's own, those of its training, those of its vocabularies."""
    from postplace.models.settings import resolve_settings

    plan = resolve_settings(entry, {})
    training = {} if plan.training is None else asdict(plan.training)
    if training.get("optimiser") == "rmsprop":
        del training["betas"]  # it has none
    return {"settings": dict(plan.model), "training": training, "vocabulary": dict(plan.vocabulary)}


def _text(entries: Sequence[ModelEntry]) -> str:
    lines: list[str] = []
    for family in dict.fromkeys(entry.family for entry in entries):
        lines += [f"{family}:", ""]
        for facts in (_facts(entry) for entry in entries if entry.family == family):
            lines += [f"  {facts['name']}  ({facts['title']}; reads {', '.join(facts['modalities']) or 'nothing'})"]
            lines += [f"      takes {', '.join(facts['inputs']).replace('_', ' ')}"] if facts["inputs"] else []
            lines += [f"      prefer it when {facts['prefer_when']}", f"      {facts['citation']}"]
            lines += [f"      changed: {facts['deviations']}"] if facts["deviations"] else []
            lines += [""]
    return "\n".join(lines)


def _markdown(entries: Sequence[ModelEntry]) -> str:
    lines = ["| name | model | reads | prefer it when | proposed by | what was changed |", "|---|---|---|---|---|---|"]
    for facts in map(_facts, entries):
        reads = ", ".join(facts["modalities"]) or "nothing"
        cells = [
            f"`{facts['name']}`",
            facts["title"],
            reads,
            facts["prefer_when"],
            facts["citation"],
            facts["deviations"],
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _json(entries: Sequence[ModelEntry]) -> str:
    return json.dumps([_facts(entry) | _settings(entry) for entry in entries], indent=2, ensure_ascii=False) + "\n"
