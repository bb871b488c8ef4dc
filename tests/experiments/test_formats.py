"""A comparison as Markdown, LaTeX, CSV and HTML."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from math import inf

from postplace.evaluation.significance import Interval
from postplace.experiments.comparison import ComparedToBest, Comparison, SummaryRow
from postplace.experiments.formats import as_csv, as_html, as_latex, as_markdown, joined

BEST = SummaryRow(
    "mrlf", 2, False, {"accuracy": (0.75, 0.05), "mean_km": (1.5, None)}, 1.0, Interval(0.75, 0.6, 0.9),
    ComparedToBest("best"), {"parameters": 1234567.0, "fit_seconds": 2.0}, {"New York": 0.66}, (),
)  # fmt: skip
OTHER = SummaryRow(
    "a & b", 2, False, {"accuracy": (0.5, 0.1), "mean_km": (2.25, None)}, 1.0, Interval(0.5, 0.4, inf),
    ComparedToBest("worse", Interval(-0.25, -0.4, -0.1), 0.01), {}, {}, ("line | one", "line | one"),
)  # fmt: skip
COMPARISON = Comparison("Table 2", "80 posts", ("accuracy", "mean_km"), ("New York",), (BEST, OTHER), ("<note>",), {})


def test_markdown_has_a_row_for_each_model_with_its_numbers() -> None:
    lines = as_markdown(COMPARISON).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    first, second = (dict(zip(cells[0], row, strict=True)) for row in cells[2:])
    assert (first["accuracy"], first["mean km"]) == ("0.750 ± 0.050", "1.50")
    assert first["95 % of accuracy"] == "0.600 to 0.900"
    assert (first["parameters"], first["paper: New York"]) == ("1,234,567", "0.66")
    assert second["minus the best"] == "-0.250 [-0.400, -0.100]"
    assert second["95 % of accuracy"] == "0.400 to ?"  # an open end


def test_columns_without_a_value_are_left_out_and_a_bar_in_a_name_is_escaped() -> None:
    text = as_markdown(replace(COMPARISON, lines=(replace(BEST, name="a|b"),)))
    assert "minus the best" not in text
    assert "MB" not in text
    assert "| a\\|b |" in text


def test_the_share_answered_is_shown_once_a_model_does_not_answer_all() -> None:
    assert "answered" not in as_markdown(COMPARISON)
    some = replace(COMPARISON, lines=(BEST, replace(OTHER, answered=0.5)))
    text = as_markdown(some)
    assert "| 100.0 % |" in text
    assert "| 50.0 % |" in text


def test_latex_escapes_its_own_signs() -> None:
    text = as_latex(COMPARISON)
    assert r"a \& b" in text
    assert r"0.750 $\pm$ 0.050" in text
    assert r"$<$note$>$" in text
    assert text.count(r"\\") == 3  # the head and two rows


def test_csv_has_numbers_in_full_and_nothing_where_nothing_is_known() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(COMPARISON))))
    assert (rows[0]["accuracy_mean"], rows[0]["accuracy_sd"], rows[0]["mean_km_sd"]) == ("0.75", "0.05", "")
    assert (rows[1]["low"], rows[1]["high"], rows[1]["difference"], rows[1]["p_holm"]) == ("0.4", "", "-0.25", "0.01")
    assert [row["error"] for row in rows] == ["", "line | one"]


def test_html_is_text_and_several_tables_are_one_page() -> None:
    assert "&lt;note&gt;" in as_html(COMPARISON)
    changed = replace(COMPARISON, changes={"mrlf": "its `head`"})
    page = joined([changed, changed], "html")
    assert (page.count("<!doctype html>"), page.count("<section>")) == (1, 3)
    assert page.count("mrlf: its head") == 1  # what was changed is said once, after all tables
    assert "mrlf: its" not in joined([changed], "csv")
