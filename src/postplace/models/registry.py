"""Every system by name. Importable without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postplace.errors import unknown_name
from postplace.models.entries import baselines, fusion, image, text, two_papers
from postplace.models.entry import Input, ModelEntry

ENTRIES = (*two_papers.ENTRIES, *text.ENTRIES, *image.ENTRIES, *fusion.ENTRIES, *baselines.ENTRIES)
MODELS: Mapping[str, ModelEntry] = {entry.name: entry for entry in ENTRIES}


def find_model(name: str) -> ModelEntry:
    """The model of that name; a misspelt one is refused with the nearest."""
    if name not in MODELS:
        raise unknown_name("--model", name, MODELS)
    return MODELS[name]


def required_inputs(entry: ModelEntry, settings: Mapping[str, Any]) -> frozenset[Input]:
    """What the model is given with these settings; BadOption for some that do not go together.

    >>> sorted(required_inputs(find_model("sg-mft-tokens"), {"tokens": 32}))
    ['image_vector', 'text_vector']
    """
    return entry.needs({**entry.settings, **settings}) if callable(entry.needs) else entry.needs
