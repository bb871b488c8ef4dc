"""The model card of a run: what it was trained on, how good it is, what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postplace.evaluation.calibration_report import CalibrationReport
from postplace.inference.evaluation_metrics import EvaluationMetrics
from postplace.runs.coverage_wording import coverage_sentences, shown

FILE = "MODEL_CARD.md"

CARD = """\
# Model card: {model} for the {target} of a post

Trained by postplace {postplace} on {used} posts ({train} for training, {validation} for validation, {calibration} for
calibration, {test} for the test). No user (else venue) and no near-duplicate is on two sides: {groups} groups, the
largest of {largest_group} posts. {classes} classes. Seed {seed}. Encoders: {encoders}.
{of_the_split}

## How good it is

On the {test} held-out test posts, beside the baselines:

{table}

The interval is one of 95 % over groups; with too few there is none. One split and one seed: a claim that one model
beats another needs five.

{sure}

## What it is for

Reproducing and comparing research models; studying posts that their authors agreed to share for that; showing people
what their own posts reveal.

## What it must not be used for

- finding, following or profiling a person, or guessing a home, a workplace or a school of somebody who did not ask;
- any decision about a person: its answers are guesses over the classes it was trained on, and it always names one of
  them, also for a post made somewhere else;
- a place or a language that its training posts do not cover.

It looks at one post at a time and adds up nothing by author. Keep it that way.
"""


def model_card(config: Mapping[str, Any], metrics: EvaluationMetrics, report: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    return CARD.format(
        **{name: config[name] for name in ("model", "target", "postplace", "seed")},
        **{name: report[name] for name in ("used", "groups", "largest_group", "classes")},
        **report["split"],
        encoders=", ".join(encoder["name"] for encoder in config["encoders"].values()),
        of_the_split=describe_split(report),
        table=metrics_table(metrics),
        sure=describe_calibration(metrics.calibration),
    )


def describe_split(report: Mapping[str, Any]) -> str:
    """The groups of each part, and what the split could not keep; runs of earlier versions do not say."""
    lines = []
    if groups := report.get("groups_by_part"):
        largest = report["largest_group_by_part"]
        counts = ", ".join(f"{name} {number} (the largest of {largest[name]} posts)" for name, number in groups.items())
        lines.append(f"Groups by part: {counts}.")
    lines += [f"- {note}" for note in report.get("split_notes", ())]
    return "".join(f"\n{line}" for line in lines)


def and_uniform_weight(calibration: CalibrationReport) -> str:
    """What follows on the temperature, where there is a uniform weight too; runs of earlier versions have none."""
    return f" and a uniform weight of {calibration.uniform_weight:.1%}" if calibration.uniform_weight else ""


def describe_calibration(calibration: CalibrationReport | None) -> str:
    """How well calibrated its probabilities and prediction regions are, in a few sentences."""
    if calibration is None or not calibration.posts:
        return "How well calibrated it is was not measured."
    ece = calibration.ece
    lines = [
        f"Probabilities are calibrated with a temperature of {calibration.temperature:.2f}"
        f"{and_uniform_weight(calibration)}; on those posts the mean gap between confidence and accuracy (ECE) is "
        f"{shown(ece.after, '.3f')}, and was {shown(ece.before, '.3f')} before.",
        *coverage_sentences(calibration),
        "This holds for new users (or venues) like those held out and for classes it knows, for nobody else.",
    ]
    return " ".join(lines)


def metrics_table(metrics: EvaluationMetrics) -> str:
    """The models of `metrics` as a Markdown table, the model itself first."""
    rows = ["| model | accuracy | 95 % interval | macro-F1 | mean km | median km |", "|---|---|---|---|---|---|"]
    for name, scores in metrics.models.items():
        overall = scores.overall
        low, high = scores.intervals.accuracy or (None, None)
        interval = "" if low is None else f"{low:.3f} to {high:.3f}"
        numbers = (overall.accuracy, overall.macro_f1, overall.mean_km, overall.median_km)
        accuracy, macro, mean, median = ("" if number is None else f"{number:.3f}" for number in numbers)
        rows.append(f"| {name} | {accuracy} | {interval} | {macro} | {mean} | {median} |")
    return "\n".join(rows)


def saved_card(folder: Path) -> str:
    """The card of a saved run; empty where it has none."""
    path = folder / FILE
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
