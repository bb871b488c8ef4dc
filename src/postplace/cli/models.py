"""postplace models: every system, what it takes, who proposed it, when to prefer it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from postplace.models.entry import ModelEntry


class Format(StrEnum):
    """How the systems are shown."""

    text = "text"
    markdown = "markdown"
    json = "json"


def models(
    format_: Annotated[Format, typer.Option("--format", help="text, markdown or json.")] = Format.text,
) -> None:
    """List every system: what it takes, who proposed it, when to prefer it, what was changed of it.

    Example: postplace models
    """
    from postplace.models.registry import MODELS

    show = {Format.text: _text, Format.markdown: _markdown, Format.json: _json}[format_]
    typer.echo(show(list(MODELS.values())), nl=False)


def _facts(entry: ModelEntry) -> dict[str, Any]:
    from postplace.models.registry import required_inputs

    return {
        "name": entry.name,
        "title": entry.title,
        "family": entry.family,
        "reads": [name for name in ("text", "hashtags", "image") if name in entry.reads],
        "takes": sorted(required_inputs(entry, {})),
        "citation": entry.citation,
        "prefer_when": entry.prefer_when,
        "changes": entry.changes,
    }


def _settings(entry: ModelEntry) -> dict[str, Any]:
    """Everything that `train --set` changes: the system's own, those of its training, those of its vocabularies."""
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
            lines += [f"  {facts['name']}  ({facts['title']}; reads {', '.join(facts['reads']) or 'nothing'})"]
            lines += [f"      takes {', '.join(facts['takes']).replace('_', ' ')}"] if facts["takes"] else []
            lines += [f"      prefer it when {facts['prefer_when']}", f"      {facts['citation']}"]
            lines += [f"      changed: {facts['changes']}"] if facts["changes"] else []
            lines += [""]
    return "\n".join(lines)


def _markdown(entries: Sequence[ModelEntry]) -> str:
    lines = ["| name | system | reads | prefer it when | proposed by | what was changed |", "|---|---|---|---|---|---|"]
    for facts in map(_facts, entries):
        reads = ", ".join(facts["reads"]) or "nothing"
        cells = [f"`{facts['name']}`", facts["title"], reads, facts["prefer_when"], facts["citation"], facts["changes"]]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _json(entries: Sequence[ModelEntry]) -> str:
    return json.dumps([_facts(entry) | _settings(entry) for entry in entries], indent=2, ensure_ascii=False) + "\n"
