"""The types of plain data admit what the package writes."""

from __future__ import annotations

import json

from postplace.system.json_types import Json, JsonObject


def test_tables_and_lists_are_plain_data_without_a_copy() -> None:
    shares: dict[str, float] = {"1": 0.5}
    interval: list[float | None] = [0.25, None]
    content: Json = {"within_km": shares, "interval": interval, "name": "x", "fitted": True}
    named: JsonObject = {"overall": content}
    assert json.loads(json.dumps(named)) == named
