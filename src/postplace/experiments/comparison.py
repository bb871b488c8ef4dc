"""Results -> a table: mean, spread, interval, who ties with whom, cost, and what a paper printed.

The interval is one of 95 % over groups, a group of several seeds being one. Every model is compared with the best
one, post by post; the p-values of a table are adjusted by Holm. Where these could not be small whatever the posts say,
as the groups or seeds are too few, the verdict is "cannot tell".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation.significance import (
    DIFFERENCE,
    Interval,
    holm,
    least_p_value,
    paired_over_seeds,
    paired_p_value,
    positive_over_seeds,
    share_over_seeds,
    unpaired_over_seeds,
)
from postplace.experiments.definition import METRICS, THEIRS
from postplace.experiments.jobs import BASELINES
from postplace.experiments.results import DOES_NOT_APPLY, Cost, Result
from postplace.models.registry import find_model

LEVEL = 0.05
SEEDS = 5  # fewer tell too little of how much a run's own luck decides
CANNOT_TELL = "cannot tell"
COSTS = ("parameters", "fit_seconds", "cpu_seconds", "ms_per_post", "megabytes")
Runs = Sequence[Result]
Pairs = list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]  # of each seed: of one, of the other, groups


@dataclass(frozen=True)
class ComparedToBest:
    """A model minus the best of its table, post by post; of the best itself nothing but the verdict."""

    verdict: str  # best, tie (p >= LEVEL), worse or cannot tell; "" where nothing was run on the same split
    difference: Interval | None = None
    p_value: float | None = None  # adjusted by Holm
    least_p: float | None = None  # what it would be if every group said the same
    groups: int | None = None


@dataclass(frozen=True)
class SummaryRow:
    """One model over its seeds. `values`: of each metric the mean and, of two seeds or more, the standard deviation.

    `interval` is that of the first metric. `paper`: what was printed. `errors`: of the seeds that failed. `answered`:
    the share of test posts in which there was anything to read; None of a baseline that answers the same to all.
    """

    name: str
    seeds: int
    is_baseline: bool
    values: Mapping[str, tuple[float, float | None]]
    answered: float | None
    interval: Interval | None
    against: ComparedToBest
    cost: Mapping[str, float]
    paper: Mapping[str, float]
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """A table, ready to be written in any format. `changes`: of each model, what was changed of what was published."""

    title: str
    facts: str
    metrics: tuple[str, ...]
    paper_columns: tuple[str, ...]
    lines: tuple[SummaryRow, ...]
    notes: tuple[str, ...]
    changes: Mapping[str, str]


def compare(described: Mapping[str, Any], results: Sequence[Result]) -> Comparison:
    """The table of an experiment as `Results.read` gives it; rows in the order of the experiment, baselines after."""
    metrics = tuple(described["metrics"])
    runs: dict[str, list[Result]] = {}
    for result in results:
        runs.setdefault(result.name, []).append(result)
    rows = {row["name"]: row for row in described["rows"]}
    names = [name for name in rows if name in runs]
    baselines = [
        name for name, own in runs.items() if own[0].is_baseline and any(run.overall or run.error for run in own)
    ]
    names += sorted(baselines, key=lambda name: BASELINES.index(runs[name][0].row["baseline"]))
    measured = {name: [run for run in runs[name] if run.overall] for name in names}
    against = _against_best({name: own for name, own in measured.items() if own}, metrics[0])
    lines = tuple(
        SummaryRow(
            name=name,
            seeds=len(measured[name]),
            is_baseline=runs[name][0].is_baseline,
            values={metric: value for metric in metrics if (value := _mean(measured[name], metric)) is not None},
            answered=_answered(measured[name]),
            interval=_interval(measured[name], metrics[0]),
            against=against.get(name, ComparedToBest("" if measured[name] else _why_not(runs[name]))),
            cost=_cost(measured[name]),
            paper=rows[name]["paper"] if name in rows else {},
            errors=tuple(run.error for run in runs[name] if run.error is not None),
        )
        for name in names
    )
    columns = tuple(dict.fromkeys(column for row in rows.values() for column in row["paper"]))
    compared = [found for found in against.values() if found.p_value is not None]
    notes = [_note(len(compared), metrics[0])]
    notes += _notes_on_power(list(against.values()), len(compared))
    if [found.verdict for found in against.values()].count("best") > 1:
        notes.append("Rows on different splits cannot be compared post by post: each has the best of its own split.")
    if any(line.answered is not None and line.answered < 1 for line in lines):
        notes.append("A post with nothing to read is not answered: wrong in accuracy, left out of mean km.")
    if found := sorted({name for run in results if (name := run.provenance.get("segmenter"))}):
        notes.append(f"People in images were found by {' and '.join(found)}.")
    notes += _flattered(rows, measured, metrics[0])
    if columns:
        notes.append(f"paper: {described['source']}; {THEIRS}.")
    notes += [f"{name}: {'; '.join(found)}" for name, own in measured.items() if (found := _noted(own))]
    notes += [f"{line.name}: {_failed(line)}" for line in lines if line.errors]
    notes += [_took([run.cost for run in results if run.cost is not None])]
    notes += _unfinished(described, runs)
    title = f"{described['title']} ({described['data']})"
    changes = _changes(described, measured)
    return Comparison(title, _facts(described, results), metrics, columns, lines, tuple(notes), changes)


def _noted(runs: Runs) -> list[str]:
    """What of a model its posts left out, each once; results of earlier versions say nothing of it."""
    return list(dict.fromkeys(note for run in runs for note in run.row.get("notes", ())))


def _changes(described: Mapping[str, Any], measured: Mapping[str, Runs]) -> dict[str, str]:
    """What was changed of each model as it was published, always, and then on these posts."""
    models = {row["name"]: row["model"] for row in described["rows"] if row.get("model") is not None}
    names = {model: f"{find_model(model).title} (`{model}`)" for model in models.values()}
    always = {name: find_model(model).deviations for model, name in names.items()}
    here: dict[str, list[str]] = {}
    for row, model in models.items():
        here.setdefault(f"{names[model]} on {described['data']}", []).extend(_noted(measured.get(row, ())))
    reported = {**always, **{name: "; ".join(dict.fromkeys(notes)) for name, notes in here.items()}}
    return {name: change for name, change in reported.items() if change}


def _mean(runs: Runs, metric: str) -> tuple[float, float | None] | None:
    found = [run.overall[metric] for run in runs if run.overall.get(metric) is not None]
    if not found:
        return None
    return float(np.mean(found)), float(np.std(found, ddof=1)) if len(found) > 1 else None


def _answered(runs: Runs) -> float | None:
    shares = [run.overall["answered"] / run.overall["posts"] for run in runs if run.overall.get("answered") is not None]
    return float(np.mean(shares)) if shares else None


def _interval(runs: Runs, metric: str) -> Interval | None:
    known = _known(runs, metric)
    if not known:
        return None
    return positive_over_seeds(known) if metric.endswith("_km") else share_over_seeds(known)


def _known(runs: Runs, metric: str) -> list[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """What is known of each run post by post, and the groups."""
    known = []
    for run in runs:
        scores = _scores(run, metric)
        real = ~np.isnan(scores)
        if real.any():
            known.append((scores[real], run.groups[real]))
    return known


def _cost(runs: Runs) -> dict[str, float]:
    costs = [run.cost for run in runs if run.cost is not None]
    known = {key: [getattr(cost, key) for cost in costs if getattr(cost, key) is not None] for key in COSTS}
    return {key: float(np.mean(values)) for key, values in known.items() if values}


def _why_not(runs: Runs) -> str:
    all_of_them = all(run.error is not None and run.error.startswith(DOES_NOT_APPLY) for run in runs)
    return DOES_NOT_APPLY if all_of_them and not runs[0].is_baseline else "failed"


def _failed(line: SummaryRow) -> str:
    """Its errors, each once, and how many seeds they cost."""
    if line.against.verdict == DOES_NOT_APPLY:
        return line.errors[0]
    total = line.seeds + len(line.errors)
    return f"{len(line.errors)} of {total} runs failed: {'; '.join(dict.fromkeys(line.errors))}"


def _scores(run: Result, metric: str) -> NDArray[np.float64]:
    """What is compared post by post: km, or right and wrong."""
    return run.errors_km if metric.endswith("_km") else run.hits.astype(np.float64)


def _against_best(measured: Mapping[str, Runs], metric: str) -> dict[str, ComparedToBest]:
    means = {
        name: value[0]
        for name, runs in measured.items()
        if (value := _mean(runs, metric)) is not None and all(len(_scores(run, metric)) for run in runs)
    }
    found: dict[str, ComparedToBest] = {}
    pairs: dict[str, Pairs] = {}
    left = set(means)
    while left:  # once for each split: rows on another one cannot be paired with these
        seeds = max(len(measured[name]) for name in left)
        whole = [name for name in means if name in left and len(measured[name]) == seeds]
        best = max(whole, key=lambda name: means[name] if METRICS[metric] else -means[name])
        own = {name: _pairs(measured[name], measured[best], metric) for name in means if name in left - {best}}
        own = {name: runs for name, runs in own.items() if runs}
        found[best] = ComparedToBest("best" if own or not found else "")
        pairs |= own
        left -= {best, *own}
    bounds = None if metric.endswith("_km") else DIFFERENCE
    p_values = [paired_p_value(runs, seed=0) for runs in pairs.values()]
    for index, ((name, runs), p_value) in enumerate(zip(pairs.items(), holm(p_values), strict=True)):
        least = holm([*p_values[:index], least_p_value(runs), *p_values[index + 1 :]])[index]
        difference = paired_over_seeds(runs, seed=0, bounds=bounds)
        groups = len(np.unique(np.concatenate([own for _, _, own in runs])))
        found[name] = ComparedToBest(_verdict(p_value, least, len(runs)), difference, p_value, least, groups)
    return found


def _verdict(p_value: float, least: float, seeds: int) -> str:
    """Both p-values adjusted; `least` is the one that no result could be below."""
    if seeds < SEEDS or least >= LEVEL:
        return CANNOT_TELL
    return "worse" if p_value < LEVEL else "tie"


def _notes_on_power(found: Sequence[ComparedToBest], compared: int) -> list[str]:
    """Why it cannot be told of some models whether they are worse."""
    undecided = [own for own in found if own.verdict == CANNOT_TELL and own.least_p is not None]
    notes = []
    if few := sorted({own.groups for own in undecided if own.groups is not None and (own.least_p or 0.0) >= LEVEL}):
        least = min(own.least_p for own in undecided if own.least_p is not None and own.least_p >= LEVEL)
        notes.append(
            f"{CANNOT_TELL}: with {' or '.join(map(str, few))} groups (or most posts in a few of them) and {compared} "
            f"comparisons no p-value can be below {least:.2g}, whatever the posts say."
        )
    if any((own.least_p or 0.0) < LEVEL for own in undecided):
        notes.append(f"{CANNOT_TELL}: fewer than {SEEDS} seeds tell too little of how much a run's own luck decides.")
    return notes


def _pairs(one: Runs, other: Runs, metric: str) -> Pairs:
    """The same posts under the same seeds: runs on another split (another condition) cannot be paired."""
    partners = {(run.seed, run.provenance["split"]): run for run in other}
    found = []
    for run in one:
        partner = partners.get((run.seed, run.provenance["split"]))
        if partner is None:
            continue
        first, second = _scores(run, metric), _scores(partner, metric)
        known = ~np.isnan(first) & ~np.isnan(second)
        found.append((first[known], second[known], run.groups[known]))
    return [pair for pair in found if len(pair[0])]


def _note(compared: int, metric: str) -> str:
    unit = "its km" if metric.endswith("_km") else "right or wrong"
    return (
        "± is the standard deviation over seeds; the interval one of 95 % over groups. Each model is compared "
        f"with the best by {metric}, post by post ({unit}): {max(compared, 0)} p-values, adjusted by Holm; tie: p >= "
        f"{LEVEL}, which does not say that they are equally good. "
        "Which one is best was found on the same posts, which flatters its lead a little."
    )


def _flattered(rows: Mapping[str, Mapping[str, Any]], measured: Mapping[str, Runs], metric: str) -> list[str]:
    """Of rows that differ in nothing but the split: what the one by post gains over the one by groups."""
    by_groups = {_but_for_the_split(row): name for name, row in rows.items() if _split_name(row) == "grouped"}
    reported = []
    for name, row in rows.items():
        other = by_groups.get(_but_for_the_split(row))
        if _split_name(row) != "random" or other is None or not (measured.get(name) and measured.get(other)):
            continue
        sides = [_known(measured[side], metric) for side in (name, other)]
        if all(sides):
            gain = unpaired_over_seeds(*sides, seed=0)
            reported.append(f"{name} {gain.mean:+.3f} {_bracketed(gain)}")
    return (
        [f"A split by post minus one by groups, in {metric} (not paired): {'; '.join(reported)}."] if reported else []
    )


def _bracketed(interval: Interval) -> str:
    if np.isinf(interval.low) and np.isinf(interval.high):
        return "(no interval)"
    return f"[{interval.low:+.3f}, {interval.high:+.3f}]"


def _split_name(row: Mapping[str, Any]) -> str:
    return str((row.get("condition") or {}).get("split", ""))


def _but_for_the_split(row: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in row.items() if key not in ("name", "paper")}
    condition = {key: value for key, value in (row.get("condition") or {}).items() if key != "split"}
    return json.dumps({**plain, "condition": condition}, sort_keys=True)


def _unfinished(described: Mapping[str, Any], runs: Mapping[str, Runs]) -> list[str]:
    """Which rows have no result yet, and which of some seeds alone: their means are of fewer posts than the others'."""
    seeds, names = len(described["seeds"]), [row["name"] for row in described["rows"]]
    some = [f"{name} ({len(runs[name])})" for name in names if name in runs and len(runs[name]) < seeds]
    missing = [name for name in names if name not in runs]
    notes = [f"of fewer than {seeds} seeds so far: {', '.join(some)}"] if some else []
    return notes + ([f"not run yet: {', '.join(missing)}"] if missing else [])


def _took(costs: Sequence[Cost]) -> str:
    """What all fits cost together; CPU minutes alone of results that have them."""
    clock, used = sum(cost.fit_seconds for cost in costs), [cost.cpu_seconds for cost in costs]
    of_cpu = "" if None in used else f", {sum(seconds or 0.0 for seconds in used) / 60:.1f} of the processor"
    return f"The {len(costs)} fits took {clock / 60:.1f} minutes by the clock{of_cpu}."


def _facts(described: Mapping[str, Any], results: Sequence[Result]) -> str:
    done = [run for run in results if run.overall]
    if not done:
        return "No result yet."
    made = [run.provenance for run in done]
    sizes = {run["sizes"]["test"] for run in made}
    classes = sorted({run["classes"] for run in made})
    test = f"{min(sizes)} to {max(sizes)}" if len(sizes) > 1 else f"{min(sizes)}"
    ran = sorted({f"postplace {run['code']}, torch {run['libraries']['torch']}, {run['machine']}" for run in made})
    seeds = len(described["seeds"])
    return (
        f"{described['posts']} posts, split {described['split']}; {seeds} seed{'s' * (seeds != 1)}, {test} test posts "
        f"each, {' or '.join(map(str, classes))} classes{_requested(_options(described))}; "
        f"encoders: {' and '.join(described['encoders'])}; {' and '.join(ran)}."
    )


def _options(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the experiment was run with; version 0.1.0 wrote it under another name."""
    return dict(described.get("requested") or described.get("asked") or {})


def _requested(options: Mapping[str, Any]) -> str:
    """The options that the experiment was run with."""
    texts = [
        f" of {options['target']}" if options.get("target") else "",
        f", {options['cells']} cells requested" if options.get("cells") else "",
        f", those under {options['min_posts']} posts left out" if options.get("min_posts") else "",
        f"; {options['trials']} trials of a search for each model" if options.get("trials") else "",
        f"; at most {options['max_epochs']} epochs for a quick look" if options.get("max_epochs") else "",
    ]
    return "".join(texts)
