"""The model card of a run: what it was trained on, how good it is, what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postplace.runs.coverage_wording import promise_sentences, shown

FILE = "MODEL_CARD.md"

CARD = """\
# Model card: {model} for the {target} of a post

Trained by postplace {postplace} on {used} posts ({train} to learn from, {validation} to choose by, {calibration} kept
for calibration, {test} to judge by). No user (else venue) and no near-duplicate is on two sides: {groups} groups, the
largest of {largest_group} posts. {classes} classes. Seed {seed}. Encoders: {encoders}.
{of_the_split}

## How good it is

On the {test} posts kept aside, beside what costs nothing:

{table}

The interval is one of 95 % over groups; with too few there is none. One split and one seed: a claim that one system
beats another needs five.

{sure}

## What it is for

Reproducing and comparing research systems; studying posts that their authors agreed to share for that; showing people
what their own posts reveal.

## What it must not be used for

- finding, following or profiling a person, or guessing a home, a workplace or a school of somebody who did not ask;
- any decision about a person: its answers are guesses over the classes it was trained on, and it always names one of
  them, also for a post made somewhere else;
- a place or a language that its training posts do not cover.

It judges one post at a time and adds up nothing by author. Keep it that way.
"""


def model_card(config: Mapping[str, Any], metrics: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    return CARD.format(
        **{name: config[name] for name in ("model", "target", "postplace", "seed")},
        **{name: report[name] for name in ("used", "groups", "largest_group", "classes")},
        **report["split"],
        encoders=", ".join(encoder["name"] for encoder in config["encoders"].values()),
        of_the_split=of_the_split(report),
        table=metrics_table(metrics),
        sure=how_sure(metrics.get("calibration")),
    )


def of_the_split(report: Mapping[str, Any]) -> str:
    """The groups of each part, and what the split could not keep; runs of earlier versions do not say."""
    lines = []
    if found := report.get("groups_by_part"):
        largest = report["largest_group_by_part"]
        told = ", ".join(f"{name} {number} (the largest of {largest[name]} posts)" for name, number in found.items())
        lines.append(f"Groups by part: {told}.")
    lines += [f"- {note}" for note in report.get("split_notes", ())]
    return "".join(f"\n{line}" for line in lines)


def floor_of(found: Mapping[str, Any]) -> str:
    """What follows on the temperature, where there is a floor beside it; runs of earlier versions have none."""
    return f" and a floor of {found['floor']:.1%}" if found.get("floor") else ""


def how_sure(found: Mapping[str, Any] | None) -> str:
    """Whether its probabilities, sets and circles keep their word, in a few sentences."""
    if found is None or not found["posts"]:
        return "How sure its answers are was not measured."
    gap = found["ece"]
    lines = [
        f"Probabilities are told after a temperature of {found['temperature']:.2f}{floor_of(found)}; on those posts "
        f"the mean gap between confidence and accuracy (ECE) is {shown(gap['after'], '.3f')}, and was "
        f"{shown(gap['before'], '.3f')} as they came.",
        *promise_sentences(found),
        "This is promised of new users (or venues) like those kept aside and for classes it knows, of nobody else.",
    ]
    return " ".join(lines)


def metrics_table(metrics: Mapping[str, Any]) -> str:
    """The systems of `metrics` as a Markdown table, the model first."""
    rows = ["| system | accuracy | 95 % interval | macro-F1 | mean km | median km |", "|---|---|---|---|---|---|"]
    for name, result in metrics["systems"].items():
        overall = result["overall"]
        low, high = result.get("accuracy_interval") or (None, None)
        interval = "" if low is None else f"{low:.3f} to {high:.3f}"
        numbers = [overall.get(key) for key in ("accuracy", "macro_f1", "mean_km", "median_km")]
        accuracy, macro, mean, median = ("" if number is None else f"{number:.3f}" for number in numbers)
        rows.append(f"| {name} | {accuracy} | {interval} | {macro} | {mean} | {median} |")
    return "\n".join(rows)


def saved_card(folder: Path) -> str:
    """The card of a saved run; empty where it has none."""
    path = folder / FILE
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
