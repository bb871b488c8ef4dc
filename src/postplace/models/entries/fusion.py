"""Systems that read text and pictures, beside those of the two papers."""

from __future__ import annotations

from postplace.models.entry import ModelEntry

ENTRIES: tuple[ModelEntry, ...] = ()
