"""The tables of docs/results.md on real posts: every system on the same splits and vectors, over several seeds.

A seed decides the split, the start of the weights and the order of the posts. Intervals: paired bootstrap over groups
(users, else venues, joined with near-duplicates), resampled inside each seed.
usage: python benchmarks/accuracy.py DATA [--only shanghai-checkins] [--seeds 5] [--output docs/results.md]
DATA holds shanghai-checkins/, hefei-places/ and dresden-tags/, each with a posts.jsonl; what is absent is skipped.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace import PostLocator, read_posts
from postplace.evaluation.baselines import fit_tfidf
from postplace.evaluation.significance import paired_over_seeds, verdict
from postplace.experiments.comparison import SEEDS
from postplace.pooled import pooled_features
from postplace.scoring import answers_of, baseline_probabilities, hits_of
from postplace.text.cleaning import for_encoder
from postplace.training_data import Prepared
from postplace.whole_files import write_atomically

Hits = NDArray[np.float64]
TFIDF, TFIDF_IMAGE = "TF-IDF + logistic regression", "TF-IDF + image + logistic regression"


@dataclass(frozen=True)
class Data:
    """One data set and how it is asked."""

    name: str
    title: str
    options: Mapping[str, Any]
    models: Sequence[str]
    tfidf: bool = False


SETS = (
    Data(
        "shanghai-checkins",
        "Class-paired check-ins: category from text and images, venue-disjoint",
        {"target": "category"},
        ("sg-mft", "mrlf"),
        tfidf=True,
    ),
    Data(
        "hefei-places",
        "hefei-places: place (>= 20 posts) from text and hashtags, user-disjoint",
        {"target": "place", "min_posts": 20},
        ("mrlf",),
    ),
    Data(
        "dresden-tags",
        "dresden-tags: one of 80 cells from hashtags, user-disjoint",
        {"target": "place", "cells": 80},
        ("mrlf",),
    ),
)


@dataclass
class Collected:
    """Metrics and hits of each system, one entry a seed."""

    overall: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    hits: dict[str, list[tuple[Hits, NDArray[np.int64]]]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    posts: list[int] = field(default_factory=list)


def main() -> None:
    """Print the tables; with --output also write them between the markers of that file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--only")
    parser.add_argument("--models", help="comma-separated, instead of the table's own")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=Path("runs/vectors"))
    parser.add_argument("--output", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    if options.data is None:
        print("no DATA folder given: nothing is measured (make results DATA=folder)")
        return
    for data in SETS:
        source = options.data / data.name / "posts.jsonl"
        if options.only not in (None, data.name):
            continue
        if not source.exists():
            print(f"{data.name}: skipped, there is no {source}")
            continue
        models = options.models.split(",") if options.models else data.models
        table = measure(data, source, models, seeds=options.seeds, cache=options.cache, settings=options.set)
        if options.set:
            table += f" Settings other than the defaults: {', '.join(options.set)}."
        print(table, flush=True)
        if options.output is not None:
            splice(options.output, f"{data.name} {' '.join(models)}", table)


def measure(
    data: Data, source: Path, models: Sequence[str], *, seeds: int, cache: Path, settings: Sequence[str]
) -> str:
    """All systems over all seeds, as a Markdown table."""
    from postplace.cli.options import parse_settings

    posts = read_posts(source)
    found = Collected()
    for seed in range(seeds):
        for model in models:
            started = time.perf_counter()
            locator = PostLocator(
                model=model, seed=seed, cache=cache, settings=parse_settings(settings), **data.options
            )
            prepared = locator.prepare(posts)
            locator.fit_prepared(prepared)
            took = time.perf_counter() - started
            collect(found, locator, prepared, first=model == models[0])
            found.seconds.setdefault(model, []).append(took)
            epochs = len(locator.report["epochs"])
            accuracy = locator.metrics["systems"][model]["overall"]["accuracy"]
            print(
                f"  {data.name} seed {seed} {model}: accuracy {accuracy:.4f} ({epochs} epochs, {took:.0f} s)",
                flush=True,
            )
        if data.tfidf:
            collect_tfidf(found, prepared)
    return as_table(data, found, models)


def collect(found: Collected, locator: PostLocator, prepared: Prepared, *, first: bool) -> None:
    """A locator's metrics and hits on its test part, and its baselines' from the first of the models."""
    model = locator.entry.name
    for name, result in locator.metrics["systems"].items():
        if first or name.split(",")[0] == model:
            found.overall.setdefault(name, []).append(result["overall"])
    posts, encoded, groups = prepared.part(prepared.split.test)
    answers = answers_of(posts, encoded, places=prepared.places, groups=groups)
    contenders: dict[str, NDArray[Any]] = {model: locator.probabilities(posts, encoded)}
    if first:
        found.posts.append(len(posts))
        contenders |= baseline_probabilities(locator.fitted.baselines, encoded)
    for name, probabilities in contenders.items():
        found.hits.setdefault(name, []).append((hits_of(probabilities, answers), groups))


def collect_tfidf(found: Collected, prepared: Prepared) -> None:
    """The two TF-IDF baselines on the same split."""
    texts = [for_encoder(post.text) for post in prepared.posts]
    features, present = pooled_features(prepared.encoded)
    test = prepared.split.test
    for name, vectors in ((TFIDF, None), (TFIDF_IMAGE, features["image"])):
        mask = None if vectors is None else present["image"]
        baseline, _ = fit_tfidf(
            texts,
            labels=prepared.labels,
            classes=len(prepared.places),
            train=prepared.split.train,
            validation=prepared.split.validation,
            vectors=vectors,
            present=mask,
        )
        chosen = [texts[row] for row in test]
        probabilities = baseline.predict_proba(
            chosen, vectors=None if vectors is None else vectors[test], present=None if mask is None else mask[test]
        )
        hits = (probabilities.argmax(axis=1) == prepared.labels[test]).astype(np.float64)
        found.hits.setdefault(name, []).append((hits, prepared.groups[test]))
        found.overall.setdefault(name, []).append({"accuracy": float(hits.mean())})


def as_table(data: Data, found: Collected, models: Sequence[str]) -> str:
    """Mean and standard deviation over the seeds, and each model's lead over each baseline."""
    keys = ["accuracy", "accuracy@5", "macro_f1"]
    if any(run.get("mean_km") is not None for runs in found.overall.values() for run in runs):
        keys += ["mean_km", "median_km"]
    seeds = len(found.posts)
    lines = [f"### {data.title}", "", f"{seeds} seeds, {min(found.posts)} to {max(found.posts)} test posts each.", ""]
    lines += ["| system | " + " | ".join(keys) + " |", "|---|" + "---|" * len(keys)]
    lines += [
        f"| {name} | " + " | ".join(spread(runs, key) for key in keys) + " |" for name, runs in found.overall.items()
    ]
    lines += ["", "| accuracy minus | " + " | ".join(models) + " |", "|---|" + "---|" * len(models)]
    for baseline in (name for name in found.hits if name not in models):
        lines.append(f"| {baseline} | " + " | ".join(lead(found, model, baseline) for model in models) + " |")
    took = ", ".join(f"{model} {np.mean(found.seconds[model]):.0f} s" for model in models)
    lines += ["", f"Mean time of `fit` with stored vectors: {took}."]
    return "\n".join(lines)


def spread(runs: Sequence[Mapping[str, Any]], key: str) -> str:
    """Mean ± standard deviation over seeds, or nothing where a system has no such number."""
    values = [run[key] for run in runs if run.get(key) is not None]
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=min(1, len(values) - 1)):.3f}" if values else ""


def lead(found: Collected, model: str, baseline: str) -> str:
    """The difference over all seeds with its interval and what it allows to say."""
    pairs = list(zip(found.hits[model], found.hits[baseline], strict=True))
    interval = paired_over_seeds([(a, b, groups) for (a, groups), (b, _) in pairs], seed=0)
    told = verdict(interval) if len(pairs) >= SEEDS else "(too few seeds to say)"
    return f"{interval.mean:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}] {told}"


def splice(path: Path, name: str, table: str) -> None:
    """Put a table between its markers (at the end, if there are none), leaving the rest of the file as it is."""
    start, end = f"<!-- {name}: made by benchmarks/accuracy.py -->", f"<!-- end of {name} -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(start)
    _, _, after = rest.partition(end) if rest else ("", "", "\n")
    write_atomically(path, f"{before}{start}\n{table}\n{end}{after}".encode())


if __name__ == "__main__":
    main()
