"""The page on outputs says what the code does."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
from tests.cli.answers import LONG_ID, MIXED

from postplace.cli.output import csv_lines
from postplace.cli.output_formats import OF_ENDINGS, Format
from postplace.places.rows import COLUMNS
from postplace.report.map_content import CIRCLES, LISTED, PLACES

PAGE = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text(encoding="utf-8")


def test_the_table_of_columns_is_that_of_the_code() -> None:
    for column in COLUMNS:
        property_ = "(geometry)" if column.property is None else f"`{column.property}`"
        assert f"| `{column.name}` | {property_} | {column.kind} | {column.meaning} |" in PAGE
    assert (
        len(re.findall(r"^\| `\w+` \| (?:`\w+`|\(geometry\)) \| (?:text|integer|number|boolean) \|", PAGE, re.M)) == 15
    )


def test_the_table_of_formats_is_that_of_the_code() -> None:
    for name in Format:
        (row,) = re.findall(rf"^\| `{name}` \| (.*?) \|", PAGE, re.M)
        allowed = {ending for ending, formats in OF_ENDINGS.items() if name in formats}
        assert set(re.findall(r"`(\.\w+)`", row)) == allowed


def test_the_bounds_of_the_map_are_those_of_the_code() -> None:
    assert f"at most {PLACES:,} places, {CIRCLES} circles and a table of the first {LISTED} posts" in PAGE


def test_the_options_for_pandas_work() -> None:
    found: dict[str, dict[str, object]] = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.S)[1], found)  # type: ignore[index]
    frame = pd.read_csv(io.StringIO("".join(csv_lines(MIXED))), **found["options"])  # type: ignore[call-overload]
    assert frame["id"].tolist() == ["none", *[LONG_ID] * 3, *["p2"] * 3]
    assert frame["not_read"].tolist() == [""] * 7
    assert frame["level"].dtype == "float64"
