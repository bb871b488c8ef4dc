"""What a person sees of a fit and of metrics."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from postplace.cli.wording import text_in_options
from postplace.runs.card import floor_of
from postplace.runs.coverage_wording import promise_sentences, shown
from postplace.splitting.known_posts import in_words
from postplace.truncation import truncation_lines

NAMED = 5  # broken images named one by one before the rest is counted


def open_console() -> Console:
    """Stdout for tables. A pipe has no width: it gets what a table needs, rather than a folded one."""
    return Console(highlight=False, markup=False, soft_wrap=True, width=None if os.isatty(1) else 160)


def show_fit(report: Mapping[str, Any]) -> None:
    """What was read, left out and split."""
    console = open_console()
    console.print(f"{report['used']} of {report['posts']} posts in {report['classes']} classes: {parts_of(report)}")
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
    _show_broken(console, report["broken_images"])


def parts_of(report: Mapping[str, Any]) -> str:
    """The posts of each part, and of how many groups they are; runs of earlier versions do not say this."""
    groups = report.get("groups_by_part", {})
    of_groups = {name: f" of {groups[name]} groups" if name in groups else "" for name in report["split"]}
    return ", ".join(f"{size} {name}{of_groups[name]}" for name, size in report["split"].items())


def show_metrics(metrics: Mapping[str, Any], *, target: str = "place") -> None:
    """The model beside the baselines, then by modality pattern; `target`: place, category or cell."""
    console = open_console()
    located = any(result["overall"].get("mean_km") is not None for result in metrics["systems"].values())
    console.print(_models(metrics, _title(metrics, target), located))
    console.print(_patterns(metrics))
    if by := in_words(metrics.get("left_out_by", {})):
        console.print(f"left out: {by}")
    _show_unknown(console, metrics, target)
    for name, difference in metrics["differences"].items():
        console.print(f"accuracy minus {name}: {_difference(difference)}")
    if reason := metrics.get("no_interval"):  # runs of earlier versions have none
        console.print(reason)
    for note in metrics.get("baseline_notes", ()):  # runs of earlier versions have none
        console.print(note)
    if "calibration" in metrics:
        _show_calibration(console, metrics["calibration"])
    if metrics.get("part") == "given posts":
        _show_broken(console, metrics["broken_images"])


def _show_calibration(console: Console, calibration: Mapping[str, Any]) -> None:
    """Whether probabilities, prediction sets and circles are calibrated."""
    scores = ", ".join(
        f"{name} {shown(calibration[key]['before'], '.3f')} -> {shown(calibration[key]['after'], '.3f')}"
        for key, name in (("ece", "ECE"), ("nll", "NLL"), ("brier", "Brier"))
    )
    if calibration["ece"]["after"] is None:
        scores = "ECE, NLL and Brier score are not known, as no post of a known class has an answer"
    scaling = f"a temperature of {calibration['temperature']:.2f}{floor_of(calibration)}"
    console.print(f"calibration, before -> after {scaling}: {scores}")
    for sentence in promise_sentences(calibration):
        console.print(text_in_options(sentence))


def _title(metrics: Mapping[str, Any], target: str) -> str:
    posts, evaluated = metrics["posts"], metrics["labelled"]
    without = "coordinates" if target == "cell" else f"a {target}"
    title = f"{posts} posts in {metrics['groups']} groups"
    if evaluated < posts:
        title = f"{evaluated} of {posts} posts evaluated, {posts - evaluated} without {without}"
    if metrics.get("left_out_as_seen"):
        title += f" ({metrics['left_out_as_seen']} that it has learned from left out)"
    return title


def _show_unknown(console: Console, metrics: Mapping[str, Any], target: str) -> None:
    """Say how many posts no answer can be right for, so that a page of zeros is not taken for a bad model."""
    evaluated = metrics["labelled"]
    unknown = max(result["overall"].get("unknown_class", 0) for result in metrics["systems"].values())
    if not unknown:
        return
    plural = {"category": "categories"}.get(target, f"{target}s")
    if unknown == evaluated:
        console.print(
            f"none of these {evaluated} posts is of a {target} that this run knows: every answer counts as wrong"
        )
    else:
        console.print(f"{unknown} of {evaluated} posts are of {plural} that this run does not know: counted as wrong")


def _models(metrics: Mapping[str, Any], title: str, located: bool) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("model", no_wrap=True)
    columns = ["accuracy", "95 %", "@5", "macro-F1", *(["mean km", "median km", "<= 1 km"] if located else [])]
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for name, result in metrics["systems"].items():
        overall = result["overall"]
        interval = result.get("accuracy_interval")
        spread = "" if not interval else "too few" if interval[0] is None else f"{interval[0]:.3f}-{interval[1]:.3f}"
        cells = [_number(overall.get("accuracy")), spread]
        cells += [_number(overall.get("accuracy@5")), _number(overall.get("macro_f1"))]
        if located:
            within = (overall.get("within_km") or {}).get("1")
            cells += [_number(overall.get("mean_km")), _number(overall.get("median_km")), _number(within)]
        table.add_row(name, *cells)
    return table


def _patterns(metrics: Mapping[str, Any]) -> Table:
    table = Table(title="accuracy by what a post has (T text, G hashtags, I image)", title_justify="left")
    systems = [name for name, result in metrics["systems"].items() if "by_pattern" in result]
    patterns = metrics["systems"][systems[0]]["by_pattern"]
    table.add_column("model", no_wrap=True)
    for pattern, result in patterns.items():
        table.add_column(f"{pattern} ({result['posts']})", justify="right", no_wrap=True)
    for name in systems:
        results = metrics["systems"][name]["by_pattern"]
        table.add_row(name, *(_number(results[pattern]["accuracy"]) for pattern in patterns))
    return table


def _show_broken(console: Console, broken: list[Mapping[str, str]]) -> None:
    if not broken:
        return
    console.print(f"{len(broken)} images could not be read; their posts went on without them:")
    for picture in broken[:NAMED]:
        console.print(f"  post {picture['post_id']}: {picture['image']}: {picture['reason']}")
    if len(broken) > NAMED:
        console.print(f"  ... and {len(broken) - NAMED} more (all of them in metrics.json or training.json)")


def _difference(difference: Mapping[str, Any]) -> str:
    """The mean, its interval and the verdict; of too few groups there is no interval, and nothing to tell apart."""
    mean, low, high = (difference[key] for key in ("mean", "low", "high"))
    shown_mean = "?" if mean is None else f"{mean:+.3f}"
    if low is None or high is None:
        return f"{shown_mean} cannot tell (too few users or venues)"
    return f"{shown_mean} [{low:+.3f}, {high:+.3f}] {difference['verdict']}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
