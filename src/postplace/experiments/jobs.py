"""What an experiment has to run, in jobs: rows that share posts, split and vectors, encoded and split once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from postplace.errors import BadOption
from postplace.experiments.definition import Condition, Experiment, Row
from postplace.experiments.provenance import code_version, segmenter_name
from postplace.experiments.results import Results
from postplace.inference.scoring import CITY_MEDIAN, CONCATENATION, MAJORITY
from postplace.models.registry import find_model
from postplace.models.settings import resolve_settings
from postplace.places.vocabulary import check_cells, check_min_posts, check_target
from postplace.preparation.prepared_folder import read_with_subsets
from postplace.schema import Post
from postplace.system.json_types import JsonObject
from postplace.system.option_checks import check_folds, check_whole, check_whole_or_none

BEST_SINGLE = "best single modality + logistic regression"
BASELINES = (MAJORITY, BEST_SINGLE, CONCATENATION, CITY_MEDIAN)


@dataclass(frozen=True)
class DataSet:
    """Posts to run an experiment on, and what their classes are; `names` are places to mask where that is asked."""

    name: str
    path: Path
    target: str
    cells: int | None = None
    min_posts: int | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse, before anything is run, what no row could be run with."""
        check_target(self.target)
        check_cells(self.cells, self.target)
        check_min_posts(self.min_posts)


@dataclass(frozen=True)
class Options:
    """How an experiment is run: with which encoders, how many trials of a random search a model, where vectors are.

    `folds`: every so many seeds are the folds of one partition; None: every seed draws a split of its own.
    """

    text_encoder: str = "bundled"
    image_encoder: str = "bundled"
    trials: int = 0
    cache: Path | None = None
    max_epochs: int | None = None
    folds: int | None = None

    def __post_init__(self) -> None:
        """Refuse, before anything is run, what no row could be run with."""
        check_whole("tune", self.trials)
        check_whole_or_none("max_epochs", self.max_epochs, least=1)
        check_folds(self.folds)


@dataclass(frozen=True)
class Job:
    """Rows that share posts, condition, seed and encoders, with the file that each result goes to."""

    data: DataSet
    condition: Condition
    seed: int
    encoders: tuple[str, str]
    options: Options
    rows: tuple[tuple[Row, Path], ...]
    folder: Path
    digest: str  # of the posts and their parts
    baselines: tuple[tuple[str, str, Path], ...]  # those that every table shows: which, its name, its file
    draw: bool = False  # keep the fused vectors of its test posts

    def files(self) -> list[Path]:
        """Where its results go."""
        return [path for _, path in self.rows] + [path for *_, path in self.baselines]


def build_jobs(
    experiment: Experiment,
    data: DataSet,
    *,
    seeds: Sequence[int],
    options: Options,
    results: Results,
    digest: str,
    only: Collection[str] = (),
) -> Iterator[Job]:
    """Every job of an experiment on one set of posts, whose digest is given; with `only` names, of these rows alone."""
    conditions = {row.condition for row in experiment.rows}
    for seed in seeds:
        draw = bool(experiment.figure) and seed == seeds[0]
        groups: dict[Any, list[tuple[Row, Path]]] = {}
        for row in experiment.rows:
            if only and row.name not in only:
                continue
            encoders = row.text_encoder or options.text_encoder, row.image_encoder or options.image_encoder
            plan = resolve_settings(find_model(row.model), row.settings)
            shared = row.condition, encoders, (plan.states, plan.state_layers)
            key = _key(data, digest, options, seed) | _row_key(row, encoders)
            groups.setdefault(shared, []).append((row, results.path(row.name, seed, key)))
        compared: set[Any] = set()
        for (condition, encoders, _), rows in groups.items():
            baselines: list[tuple[str, str, Path]] = []
            if (condition, encoders) not in compared:
                compared.add((condition, encoders))
                label = condition.label() if len(conditions) > 1 else ""
                if encoders != (options.text_encoder, options.image_encoder):
                    label = ", ".join(filter(None, (label, " and ".join(encoders))))
                key = _key(data, digest, options, seed) | _condition_key(condition, encoders)
                for kind in BASELINES:
                    name = f"{kind} ({label})" if label else kind
                    baselines.append((kind, name, results.path(name, seed, {**key, "baseline": kind})))
            yield Job(
                data, condition, seed, encoders, options, tuple(rows), results.folder, digest, tuple(baselines), draw
            )


def _key(data: DataSet, digest: str, options: Options, seed: int) -> JsonObject:
    """What decides a result, but for its row."""
    return {
        "posts": digest,
        "classes": [data.target, data.cells, data.min_posts, list(data.names)],
        "trials": options.trials,
        "max_epochs": options.max_epochs,
        "seed": seed,
        "code": code_version(),
        **({} if options.folds is None else {"folds": options.folds}),
    }


def _row_key(row: Row, encoders: tuple[str, str]) -> JsonObject:
    """All of a row but what a paper printed for it, which decides nothing."""
    facts = {name: value for name, value in asdict(row).items() if name != "paper"}
    return {"row": facts, **_condition_key(row.condition, encoders)}


def _condition_key(condition: Condition, encoders: tuple[str, str]) -> JsonObject:
    return {"condition": asdict(condition), "encoders": encoders, "segmenter": segmenter_name(condition)}


def unfinished(job: Job, results: Results) -> Job | None:
    """The job without what is finished; None if that is all of it."""
    rows = tuple(entry for entry in job.rows if results.finished(entry[-1]) is None)
    baselines = tuple(entry for entry in job.baselines if results.finished(entry[-1]) is None)
    return replace(job, rows=rows, baselines=baselines) if rows or baselines else None


def share_out(job: Job, *, jobs: int) -> Iterator[Job]:
    """The job in at most so many, its rows dealt in turn: a single seed keeps every process busy, and the last one too.

    The first has the baselines; posts are read and split by each, which takes seconds once vectors are stored.
    """
    for number in range(max(1, min(jobs, len(job.rows)))):
        yield replace(job, rows=job.rows[number::jobs], baselines=() if number else job.baselines)


@lru_cache(maxsize=2)
def load_posts(path: Path) -> tuple[list[Post], dict[str, str] | None]:
    """The posts of a file or a prepared folder, with the part of each by its id if they are prepared; read once."""
    if not path.exists():
        raise BadOption("data", f"there is no {path}", "name a file of posts or a prepared folder")
    return read_with_subsets(path)
