"""Types of plain data, as `json.dumps` takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

# `Sequence` and `Mapping`, so that a list of numbers or a table of texts is one without being copied.
Json: TypeAlias = Union[bool, int, float, str, "Sequence[Json]", "Mapping[str, Json]", None]
JsonObject: TypeAlias = dict[str, Json]
