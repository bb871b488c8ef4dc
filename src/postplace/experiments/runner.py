"""Runs the rows of an experiment over seeds, a file each: a run that was killed goes on where it was.

Every process computes on one thread, so that the numbers do not depend on how many run at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import as_completed
from functools import partial
from pathlib import Path

from postplace.errors import BadOption, BadRun, unknown_name
from postplace.experiments.definition import Experiment
from postplace.experiments.jobs import DataSet, Job, Options, build_jobs, load_posts, share_out, unfinished
from postplace.experiments.provenance import digest_of_data
from postplace.experiments.results import Results
from postplace.experiments.run_job import work_on
from postplace.system.option_checks import check_names, check_seed, check_whole
from postplace.system.workers import WorkerPool


def run_experiment(
    experiment: Experiment,
    data: DataSet,
    *,
    seeds: Sequence[int],
    out: Path,
    options: Options,
    only: Collection[str] = (),
    jobs: int = 1,
    log: Callable[[str], None] | None = None,
) -> Results:
    """Every row under every seed, those left out that are finished; the results are below `out`.

    With `only` some names, the other rows are not run; the table still has what there is of them.
    `log` gets a line on each result; several `jobs` print it on stderr by themselves, unless it is None.
    """
    jobs, only = check_whole("jobs", jobs, least=1), known_rows(experiment, only)
    seeds = [check_seed(seed, "seeds") for seed in seeds]
    results = Results(out / experiment.name / data.name)
    posts, parts = load_posts(data.path)
    digest = digest_of_data(posts, parts)
    make_jobs = partial(build_jobs, experiment, data, seeds=seeds, options=options, results=results, digest=digest)
    files = [path for job in make_jobs() for path in job.files()]
    jobs_to_run = list(make_jobs(only=only))
    split = _described(parts, options.folds, data)
    described = {**experiment.to_json(), "data": data.name, "seeds": list(seeds), "posts": len(posts), "split": split}
    requested = {"target": data.target, "cells": data.cells, "min_posts": data.min_posts}
    requested |= {"trials": options.trials, "max_epochs": options.max_epochs}
    encoders = [options.text_encoder, options.image_encoder]
    results.describe({**described, "encoders": encoders, "requested": requested}, files)
    waiting = [rest for job in jobs_to_run if (rest := unfinished(job, results)) is not None]
    left = sum(len(job.files()) for job in waiting)
    total = sum(len(job.files()) for job in jobs_to_run)
    if log is not None:
        log(f"{experiment.name} on {data.name}: {left} of {total} results to make")
    _run([share for job in waiting for share in share_out(job, jobs=jobs)], jobs=jobs, log=log)
    return results


def known_rows(experiment: Experiment, only: Collection[str] | str) -> tuple[str, ...]:
    """The names of rows, each of which the experiment has; BadOption, with the nearest, for another."""
    names, known = check_names("only", only), [row.name for row in experiment.rows]
    for name in names:
        if name not in known:
            raise unknown_name("only", name, known)
    return names


def _described(parts: dict[str, str] | None, folds: int | None, data: DataSet) -> str:
    """How posts are split, for the table; a BadOption for folds of posts that are split already."""
    if parts and folds is not None:
        remedy = "leave `folds` out, or give posts that are not prepared"
        raise BadOption(str(data.path), "is split already, and cannot be split into folds", remedy)
    if parts:
        return "as prepared"
    return "drawn anew for each seed" if folds is None else f"into {folds} folds, drawn anew for every {folds} seeds"


def _run(jobs_to_run: Sequence[Job], *, jobs: int, log: Callable[[str], None] | None) -> None:
    heads = [f"[job {number} of {len(jobs_to_run)}]" for number in range(1, len(jobs_to_run) + 1)]
    if jobs <= 1 or len(jobs_to_run) <= 1:
        for job, head in zip(jobs_to_run, heads, strict=True):
            for line in work_on(job):
                if log is not None:
                    log(f"{head} {line}")
        return
    from loky.process_executor import BrokenProcessPool

    pool = WorkerPool(_logged if log is not None else _unlogged, workers=min(jobs, len(jobs_to_run)))
    try:
        for future in as_completed([pool.submit(job, head) for job, head in zip(jobs_to_run, heads, strict=True)]):
            future.result()
    except BrokenProcessPool as error:
        remedy = "run the same command again, with fewer `jobs` if the memory was full; what is finished is kept"
        raise BadRun(str(jobs_to_run[0].folder), "a process that worked on it died", remedy) from error
    finally:
        pool.close()


def _logged(job: Job, head: str) -> None:
    """In a process of its own: what is done is printed as it is done."""
    for line in work_on(job):
        print(head, line, file=sys.stderr, flush=True)


def _unlogged(job: Job, head: str) -> None:
    for _ in work_on(job):
        pass
