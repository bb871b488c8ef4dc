"""What a person sees of a fit and of metrics."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from postplace.cli.wording import text_in_options
from postplace.evaluation.calibration_report import CalibrationReport
from postplace.evaluation.scores import ConfidenceInterval, Difference
from postplace.features.image_keys import BrokenImage
from postplace.inference.evaluation_metrics import EvaluationMetrics
from postplace.runs.card import and_uniform_weight
from postplace.runs.coverage_wording import coverage_sentences, shown
from postplace.splitting.known_posts import in_words
from postplace.truncation import truncation_lines

NAMED = 5  # broken images named one by one before the rest is counted
CUT_SHORT = "are cut short; they were read as far as they go"


def open_console() -> Console:
    """Stdout for tables. A pipe has no width: it gets what a table needs, rather than a folded one."""
    return Console(highlight=False, markup=False, soft_wrap=True, width=None if os.isatty(1) else 160)


def show_fit(report: Mapping[str, Any]) -> None:
    """What was read, left out and split."""
    console = open_console()
    console.print(f"{report['used']} of {report['posts']} posts in {report['classes']} classes: {subset_sizes(report)}")
    duplicates = f"{report['near_duplicate_texts']} texts and {report['near_duplicate_images']} images"
    largest = f"the largest of {report['largest_group']} posts"
    console.print(f"{report['groups']} groups that stay together, {largest}; near-duplicates: {duplicates}")
    for note in report.get("split_notes", ()):  # what the split could not keep
        console.print(text_in_options(note))
    if report["without_the_target"]:
        console.print(f"{report['without_the_target']} posts do not carry the target")
    if report["left_out_classes"]:
        counts = report["left_out_classes"]
        console.print(f"{len(counts)} classes with {sum(counts.values())} posts left out as too rare")
    for note in report.get("notes", ()):  # what of the model these posts leave out
        console.print(text_in_options(note))
    for line in truncation_lines(report.get("not_read", ())):
        console.print(f"not read, of the posts it learned from: {line}")
    _show_broken(console, [BrokenImage(**image) for image in report["broken_images"]])
    _show_broken(console, [BrokenImage(**image) for image in report.get("cut_short_images", ())], CUT_SHORT)


def subset_sizes(report: Mapping[str, Any]) -> str:
    """The posts of each part, and of how many groups they are; runs of earlier versions do not say this."""
    groups = report.get("groups_by_part", {})
    of_groups = {name: f" of {groups[name]} groups" if name in groups else "" for name in report["split"]}
    return ", ".join(f"{size} {name}{of_groups[name]}" for name, size in report["split"].items())


def show_metrics(metrics: EvaluationMetrics, *, target: str = "place") -> None:
    """The model beside the baselines, then by modality pattern; `target`: place, category or cell."""
    console = open_console()
    console.print(_models(metrics, _title(metrics, target)))
    console.print(_patterns(metrics))
    if by := in_words(metrics.left_out_by):
        console.print(f"left out: {by}")
    _show_unknown(console, metrics, target)
    for name, difference in metrics.differences.items():
        console.print(f"accuracy minus {name}: {_difference(difference)}")
    if metrics.no_interval:
        console.print(metrics.no_interval)
    for note in metrics.baseline_notes:
        console.print(note)
    if metrics.calibration is not None:
        _show_calibration(console, metrics.calibration)
    if metrics.subset == "given posts":
        _show_broken(console, metrics.broken_images)
        _show_broken(console, metrics.cut_short_images, CUT_SHORT)


def _show_calibration(console: Console, report: CalibrationReport) -> None:
    """How well calibrated probabilities, sets and circles are."""
    scores = ", ".join(
        f"{name} {shown(score.before, '.3f')} -> {shown(score.after, '.3f')}"
        for score, name in ((report.ece, "ECE"), (report.nll, "NLL"), (report.brier, "Brier"))
    )
    if report.ece.after is None:
        scores = "ECE, NLL and Brier score are not known, as no post of a known class has an answer"
    temperature = f"a temperature of {report.temperature:.2f}{and_uniform_weight(report)}"
    console.print(f"calibration, before -> after {temperature}: {scores}")
    for sentence in coverage_sentences(report):
        console.print(text_in_options(sentence))


def _title(metrics: EvaluationMetrics, target: str) -> str:
    posts, labelled = metrics.posts, metrics.labelled
    without = "coordinates" if target == "cell" else f"a {target}"
    title = f"{posts} posts in {metrics.groups} groups"
    if labelled < posts:
        title = f"{labelled} of {posts} posts evaluated, {posts - labelled} without {without}"
    if metrics.left_out_as_seen:
        title += f" ({metrics.left_out_as_seen} that it has learned from left out)"
    return title


def _show_unknown(console: Console, metrics: EvaluationMetrics, target: str) -> None:
    """Say how many posts no answer can be right for, so that a page of zeros is not taken for a bad model."""
    labelled = metrics.labelled
    unknown = max((scores.overall.unknown_class or 0 for scores in metrics.models.values()), default=0)
    if not unknown:
        return
    plural = {"category": "categories"}.get(target, f"{target}s")
    if unknown == labelled:
        console.print(
            f"none of these {labelled} posts is of a {target} that this run knows: every answer counts as wrong"
        )
    else:
        console.print(f"{unknown} of {labelled} posts are of {plural} that this run does not know: counted as wrong")


def _models(metrics: EvaluationMetrics, title: str) -> Table:
    located = any(scores.overall.mean_km is not None for scores in metrics.models.values())
    table = Table(title=title, title_justify="left")
    table.add_column("model", no_wrap=True)
    columns = ["accuracy", "95 %", "@5", "macro-F1", *(["mean km", "median km", "<= 1 km"] if located else [])]
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for name, scores in metrics.models.items():
        overall, interval = scores.overall, scores.intervals.accuracy
        spread = (
            "" if interval is None else "too few" if interval[0] is None else f"{interval[0]:.3f}-{interval[1]:.3f}"
        )
        cells = [_number(overall.accuracy), spread]
        cells += [_number(overall.accuracy_at.get(5)), _number(overall.macro_f1)]
        if located:
            within = overall.within_km.get("1")
            cells += [_number(overall.mean_km), _number(overall.median_km), _number(within)]
        table.add_row(name, *cells)
    return table


def _patterns(metrics: EvaluationMetrics) -> Table:
    table = Table(title="accuracy by what a post has (T text, G hashtags, I image)", title_justify="left")
    by_pattern = {name: scores.by_pattern for name, scores in metrics.models.items() if scores.by_pattern}
    patterns = next(iter(by_pattern.values()), {})
    table.add_column("model", no_wrap=True)
    for pattern, overall in patterns.items():
        table.add_column(f"{pattern} ({overall.posts})", justify="right", no_wrap=True)
    for name, each in by_pattern.items():
        table.add_row(name, *(_number(each[pattern].accuracy) for pattern in patterns))
    return table


def _show_broken(
    console: Console,
    broken: Sequence[BrokenImage],
    what: str = "could not be read; their posts went on without them",
) -> None:
    if not broken:
        return
    console.print(f"{len(broken)} images {what}:")
    for image in broken[:NAMED]:
        console.print(f"  post {image.post_id}: {image.image}: {image.reason}")
    if len(broken) > NAMED:
        console.print(f"  ... and {len(broken) - NAMED} more (all of them in metrics.json or training.json)")


def _difference(difference: Difference) -> str:
    """The mean, its interval and the verdict; of too few groups there is no interval, and nothing to tell apart."""
    mean, low, high = difference.mean, difference.low, difference.high
    shown_mean = "?" if mean is None else f"{mean:+.3f}"
    if low is None or high is None:
        return f"{shown_mean} cannot tell (too few users or venues)"
    return f"{shown_mean} [{low:+.3f}, {high:+.3f}] {difference.verdict}"


def _spread(interval: ConfidenceInterval | None) -> str:
    if interval is None:
        return ""
    low, high = interval
    return "too few" if low is None or high is None else f"{low:.3f}-{high:.3f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
