"""A comparison as text: Markdown, LaTeX, CSV, HTML."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable, Mapping, Sequence
from math import isfinite

from postplace.evaluation.significance import Interval
from postplace.experiments.comparison import COSTS, Comparison, SummaryRow
from postplace.experiments.definition import THEIRS
from postplace.system.html import drop_empty_columns, html_table

DIGITS: Mapping[str, int] = {"accuracy": 3, "accuracy@5": 3, "macro_f1": 3, "mean_km": 2, "median_km": 2}
NAMES: Mapping[str, str] = {"macro_f1": "macro-F1", "mean_km": "mean km", "median_km": "median km"}
NO_INTERVAL = "no interval"
COST_NAMES = ("parameters", "fit s", "fit CPU s", "ms/post", "MB")
COST_FORMATS = (",.0f", ".1f", ".1f", ".2f", ".1f")
STYLE = (
    "table{border-collapse:collapse}td,th{padding:.2em .6em;text-align:right}tbody th{text-align:left;font-weight:400}"
)


def build_table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """The head and the cells; a column that is empty in every row is left out."""
    papers = [f"paper: {column}" for column in comparison.paper_columns]
    metrics = [NAMES.get(metric, metric) for metric in comparison.metrics]
    head = ["model", *metrics, "answered", f"95 % of {metrics[0]}", "minus the best", "verdict", *COST_NAMES, *papers]
    rows = [_cells(line, comparison) for line in comparison.lines]
    return drop_empty_columns(head, rows)


def _cells(line: SummaryRow, comparison: Comparison) -> list[str]:
    digits = DIGITS[comparison.metrics[0]]
    values = []
    for metric in comparison.metrics:
        found = [f"{number:.{DIGITS[metric]}f}" for number in line.values.get(metric, ()) if number is not None]
        values.append(" ± ".join(found))
    interval, difference = "", ""
    if line.interval is not None:
        interval = _bounds(line.interval, f".{digits}f", " to ", NO_INTERVAL)
    if (to_best := line.against.difference) is not None:
        bounds = _bounds(to_best, f"+.{digits}f", ", ", "")
        difference = f"{to_best.mean:+.{digits}f}" + (f" [{bounds}]" if bounds else "")
    costs = [
        format(line.cost[key], form) if key in line.cost else "" for key, form in zip(COSTS, COST_FORMATS, strict=True)
    ]
    paper = [f"{line.paper[column]:g}" if column in line.paper else "" for column in comparison.paper_columns]
    answered = "" if line.answered is None or _all_answered(comparison) else f"{100 * line.answered:.1f} %"
    return [line.name, *values, answered, interval, difference, line.against.verdict, *costs, *paper]


def _bounds(interval: Interval, form: str, between: str, none: str) -> str:
    """Both bounds; an end that is open is said, and where both are there is none."""
    low, high = (format(bound, form) if isfinite(bound) else "?" for bound in (interval.low, interval.high))
    return none if low == high == "?" else f"{low}{between}{high}"


def _all_answered(comparison: Comparison) -> bool:
    return all(line.answered in (None, 1.0) for line in comparison.lines)


def as_markdown(comparison: Comparison) -> str:
    """A table as GitHub reads it; notes below."""
    head, rows = build_table(comparison)
    lines = [f"### {comparison.title}", "", comparison.facts, "", _piped(head), "|" + "---|" * len(head)]
    lines += [_piped(row) for row in rows]
    return "\n".join([*lines, "", "\n\n".join(comparison.notes)]) + "\n"


def _piped(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def as_latex(comparison: Comparison) -> str:
    """A `table` with the rules of booktabs."""
    head, rows = build_table(comparison)
    caption = _tex(" ".join([f"{comparison.title}.", comparison.facts, *comparison.notes]))
    lines = [
        r"\begin{table}",
        rf"\caption{{{caption}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
        r"\toprule",
    ]
    lines += [_row_of_tex(head), r"\midrule", *map(_row_of_tex, rows)]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"]) + "\n"


_TEX = str.maketrans(
    {character: "\\" + character for character in "&%$#_{}"}
    | {
        "<": "$<$",
        ">": "$>$",
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
    }
)


def _tex(text: str) -> str:
    return text.translate(_TEX)


def _row_of_tex(cells: Sequence[str]) -> str:
    return " & ".join(map(_tex, cells)) + r" \\"


def as_csv(comparison: Comparison) -> str:
    """One line a model, numbers in full."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    metrics = [f"{metric}_{kind}" for metric in comparison.metrics for kind in ("mean", "sd")]
    compared = ["low", "high", "difference", "difference_low", "difference_high", "p_holm", "verdict"]
    papers = [f"paper {column} ({THEIRS})" for column in comparison.paper_columns]
    rows.writerow(["table", "model", "seeds", *metrics, "answered", *compared, *COSTS, *papers, "error"])
    for line in comparison.lines:
        against, difference = line.against, line.against.difference
        interval = ("", "") if line.interval is None else _finite(line.interval.low, line.interval.high)
        values = [number for metric in comparison.metrics for number in line.values.get(metric, ("", ""))]
        to_best = ("", "", "") if difference is None else _finite(difference.mean, difference.low, difference.high)
        rows.writerow(
            [comparison.title, line.name, line.seeds, *values, line.answered, *interval, *to_best]
            + ["" if against.p_value is None else against.p_value, against.verdict]
            + [line.cost.get(key, "") for key in COSTS]
            + [line.paper.get(column, "") for column in comparison.paper_columns]
            + ["; ".join(dict.fromkeys(line.errors))]
        )
    return out.getvalue()


def _finite(*numbers: float) -> tuple[float | str, ...]:
    """Numbers; empty where nothing is known."""
    return tuple(number if isfinite(number) else "" for number in numbers)


def as_html(comparison: Comparison) -> str:
    """A section with the table and its notes."""
    head, rows = build_table(comparison)
    notes = "\n".join(f"<p>{html.escape(note)}</p>" for note in comparison.notes)
    return (
        f"<section>\n<h3>{html.escape(comparison.title)}</h3>\n<p>{html.escape(comparison.facts)}</p>\n"
        f"{html_table(head, rows)}\n{notes}\n</section>\n"
    )


def _changes_as_markdown(changes: Mapping[str, str]) -> str:
    return "\n".join([f"{CHANGED}:", "", *(f"- {name}: {change}" for name, change in changes.items())]) + "\n"


def _changes_as_latex(changes: Mapping[str, str]) -> str:
    items = [rf"\item {_tex(f'{name}: {change}'.replace('`', ''))}" for name, change in changes.items()]
    return "\n".join([f"{CHANGED}:", r"\begin{itemize}", *items, r"\end{itemize}"]) + "\n"


def _changes_as_html(changes: Mapping[str, str]) -> str:
    items = [f"<li>{html.escape(f'{name}: {change}'.replace('`', ''))}</li>" for name, change in changes.items()]
    return "\n".join([f"<section>\n<p>{CHANGED}:</p>\n<ul>", *items, "</ul>\n</section>"]) + "\n"


CHANGED = "What was changed of the models as they were published"
CHANGES: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "markdown": _changes_as_markdown,
    "latex": _changes_as_latex,
    "html": _changes_as_html,
}
FORMATS: Mapping[str, Callable[[Comparison], str]] = {
    "markdown": as_markdown,
    "latex": as_latex,
    "csv": as_csv,
    "html": as_html,
}


def joined(comparisons: Sequence[Comparison], format_: str) -> str:
    """Several tables as one text, and once, after all, what was changed of their models (but in CSV)."""
    texts = [FORMATS[format_](comparison) for comparison in comparisons]
    changes = {name: change for comparison in comparisons for name, change in comparison.changes.items()}
    if changes and format_ in CHANGES:
        texts.append(CHANGES[format_](changes))
    if format_ == "html":
        texts.insert(0, f'<!doctype html>\n<meta charset="utf-8">\n<title>postplace</title>\n<style>{STYLE}</style>\n')
    return "\n".join(texts)
