"""Systems that read text and hashtags alone."""

from __future__ import annotations

from postplace.models.entry import ModelEntry

ENTRIES: tuple[ModelEntry, ...] = ()
