"""What keeps everyone honest: simple systems on the same inputs."""

from __future__ import annotations

from postplace.models.entry import ModelEntry

ENTRIES: tuple[ModelEntry, ...] = ()
