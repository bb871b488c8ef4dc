"""Makes the results of a job: prepares its posts once, then trains and evaluates each of its rows."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from postplace.errors import NotEnoughData, PostplaceError
from postplace.evaluation.baselines import no_baselines
from postplace.experiments.conditions import prepare_under
from postplace.experiments.definition import Row
from postplace.experiments.figures import Fused, fused_vectors, save_fused
from postplace.experiments.jobs import BEST_SINGLE, Job, load_posts
from postplace.experiments.provenance import build_provenance
from postplace.experiments.results import DOES_NOT_APPLY, UNFINISHED, Cost, Result, Results
from postplace.experiments.tuning import tune
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import MODALITIES
from postplace.inference.scoring import (
    CITY_MEDIAN,
    CONCATENATION,
    MAJORITY,
    GroundTruth,
    baseline_probabilities,
    correct_predictions,
    distance_errors_km,
    ground_truth,
    overall_metrics,
)
from postplace.locator import PostLocator
from postplace.models.registry import find_model
from postplace.models.settings import resolve_settings
from postplace.places.distance import great_circle_km
from postplace.runs.serialization import model_files
from postplace.schema import Post
from postplace.training.dataset import SplitDataset


def work_on(job: Job) -> Iterator[str]:
    """Make every result of a job, and a line on each. Whatever fails becomes a result with its error.

    All of it on one thread, PyTorch and the libraries beneath NumPy alike: what is timed then does not depend on cores,
    and no sum on the order in which threads add it up.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield from _work_on(job)
    finally:
        torch.set_num_threads(threads)


def _work_on(job: Job) -> Iterator[str]:
    results, started = Results(job.folder), time.perf_counter()
    try:
        base = _locator(job, job.rows[0][0] if job.rows else None)
        posts, parts = load_posts(job.data.path)
        state = (job.options.cache or job.folder) / "pictures"
        prepared = prepare_under(job.condition, posts, base, parts=parts, names=job.data.names, state=state)
    except Exception as error:  # of data or encoders: no row of the job can be run
        problem = _one_line(error)
        provenance = build_provenance(
            job.data.name, job.digest, job.encoders, job.condition, locator=None, prepared=None
        )
        for name, described, path in _all_results(job):
            results.write(path, Result(name, job.seed, described, provenance, error=problem))
            yield f"{name}, seed {job.seed}: FAILED: {problem}"
        return
    provenance = build_provenance(
        job.data.name, job.digest, job.encoders, job.condition, locator=base, prepared=prepared
    )
    ready = _write_baselines(job, prepared, provenance, results) if job.baselines else ""
    yield f"seed {job.seed}: posts ready{ready} after {time.perf_counter() - started:.0f} s"
    _ = (
        prepared.tokens(),
        prepared.examples,
    )  # made now, so that no row's seconds are those of the first that needs them
    for row, path in job.rows:
        started = time.perf_counter()
        failed = partial(Result, row.name, job.seed, asdict(row), provenance)
        results.write(path, failed(error=UNFINISHED))  # what a process leaves that is killed here, to be tried again
        try:
            result = _measured(job, row, path, base, prepared, provenance)
            outcome = f"accuracy {result.overall['accuracy']:.3f}"
        except Exception as error:  # a model that fails is a row of the table, not the end of it
            result = failed(error=_one_line(error))
            outcome = f"FAILED: {result.error}"
        except BaseException:  # interrupted by whoever runs it: as if it had not begun
            path.unlink(missing_ok=True)
            raise
        results.write(path, result)  # after what goes with it: where this is, that is
        yield f"{row.name}, seed {job.seed}: {outcome} ({time.perf_counter() - started:.0f} s)"


def _all_results(job: Job) -> Iterator[tuple[str, dict[str, Any], Path]]:
    """Of every row and baseline its name, what was to be run, and the file that its result goes to."""
    yield from ((row.name, asdict(row), path) for row, path in job.rows)
    yield from ((name, {"baseline": kind}, path) for kind, name, path in job.baselines)


def _locator(job: Job, row: Row | None, settings: Mapping[str, Any] | None = None) -> PostLocator:
    data, options = job.data, job.options
    model = find_model(row.model if row else "majority")
    chosen = {**(row.settings if row else {}), **(settings or {})}
    if options.max_epochs is not None and model.training is not None:
        chosen["max_epochs"] = options.max_epochs
    return PostLocator(
        data.target,  # type: ignore[arg-type]
        model.name,
        cells=data.cells,
        min_posts=data.min_posts,
        settings=chosen,
        modalities=row.modalities if row else None,
        seed=job.seed,
        device="cpu",
        text_encoder=job.encoders[0],
        image_encoder=job.encoders[1],
        cache=options.cache,
        folds=options.folds,
    )


def _measured(
    job: Job, row: Row, path: Path, base: PostLocator, prepared: SplitDataset, provenance: Mapping[str, Any]
) -> Result:
    _check_applies(row, prepared)

    def make(settings: Mapping[str, Any]) -> PostLocator:
        locator = _locator(job, row, settings)
        locator.encoder_pair.share(base.encoder_pair)
        return locator

    settings: dict[str, Any] = {}
    trials: list[dict[str, Any]] = []
    if job.options.trials:
        entry = find_model(row.model)
        settings, trials = tune(
            make,
            entry,
            prepared,
            trials=job.options.trials,
            seed=job.seed,
            given=row.settings,
            modalities=row.modalities or MODALITIES,
        )
    locator = make(settings)
    started, used = time.perf_counter(), time.process_time()
    locator.fit_dataset(prepared.with_baselines(no_baselines(len(prepared.places))), evaluate=False)
    fitted, used = time.perf_counter() - started, time.process_time() - used
    posts, encoded, groups = _test_posts(row, locator, prepared)
    started = time.perf_counter()
    probabilities = locator.probabilities(posts, encoded)
    took = time.perf_counter() - started
    if job.draw and (vectors := fused_vectors(locator, posts, encoded)) is not None:
        names = np.array([place.name for place in prepared.places.places])
        labels = prepared.labels[prepared.split.test]
        save_fused(path, Fused(row.name, vectors[labels >= 0], names[labels[labels >= 0]]))
    size = sum(map(len, model_files(locator.predictor.model).values())) / 1e6
    truth = ground_truth(posts, encoded, places=prepared.places, groups=groups)
    measured = _measures(probabilities, truth, prepared)
    return Result(
        name=row.name,
        seed=job.seed,
        row={**asdict(row), "tuned": settings, "trials": trials, "notes": locator.report["notes"]},
        provenance=provenance,
        cost=Cost(locator.report["parameters"], fitted, 1000 * took / len(posts), size, used),
        **measured,
    )


def _test_posts(
    row: Row, locator: PostLocator, prepared: SplitDataset
) -> tuple[list[Post], EncodedPosts, NDArray[np.int64]]:
    """The test posts, their vectors and groups, with the modalities that a row is evaluated with and learned from."""
    shown = [name for name in locator.modalities if name in (row.test_modalities or MODALITIES)]
    return prepared.select_modalities(shown, partial(locator.encoder_pair.encode, cache=locator.cache)).subset(
        prepared.split.test
    )


def _check_applies(row: Row, prepared: SplitDataset) -> None:
    """Refuse a model that reads nothing of what these posts have and the row gives it: it would only guess."""
    reads = find_model(row.model).modalities
    if not reads:
        return  # the majority class: to guess is what it is there for
    given = reads & set(row.modalities or MODALITIES) & set(row.test_modalities or MODALITIES)
    if not given:
        raise NotEnoughData(DOES_NOT_APPLY, f"it reads {_and(reads)}", "this row gives it none of that")
    if not any(prepared.examples.present[name].any() for name in given):
        raise NotEnoughData(DOES_NOT_APPLY, f"it reads {_and(given)}", "these posts have none")
    if (lacking := prepared.lacking(resolve_settings(find_model(row.model), row.settings))) is not None:
        raise NotEnoughData(DOES_NOT_APPLY, *lacking)


def _and(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


class _Measured(TypedDict, total=False):
    """The fields of a `Result` that are measured; those that are absent stay empty."""

    overall: Mapping[str, Any]
    hits: NDArray[np.bool_]
    groups: NDArray[np.int64]
    errors_km: NDArray[np.float64]


def _measures(probabilities: NDArray[np.floating], truth: GroundTruth, prepared: SplitDataset) -> _Measured:
    chosen = truth.labelled
    errors = distance_errors_km(probabilities, truth, prepared.places)
    return {
        "overall": overall_metrics(probabilities, truth, prepared.places).to_dict(),
        "hits": correct_predictions(probabilities, truth)[chosen] > 0,
        "groups": truth.groups[chosen],
        "errors_km": errors[chosen] if np.isfinite(errors).any() else np.zeros(0),
    }


def _write_baselines(job: Job, prepared: SplitDataset, provenance: Mapping[str, Any], results: Results) -> str:
    """Make the results of the baselines, and say how it went; where they fail, the models are run all the same."""
    try:
        for path, result in _baselines(job, prepared, provenance):
            results.write(path, result)
        return " and baselines fitted"
    except Exception as error:
        problem = _one_line(error)
        for kind, name, path in job.baselines:
            results.write(path, Result(name, job.seed, {"baseline": kind}, provenance, error=problem, is_baseline=True))
        return f", baselines FAILED: {problem}"


def _baselines(job: Job, prepared: SplitDataset, provenance: Mapping[str, Any]) -> Iterator[tuple[Path, Result]]:
    """The baselines that every table shows; with nothing measured where the data have no such one."""
    posts, encoded, groups = prepared.subset(prepared.split.test)
    truth = ground_truth(posts, encoded, places=prepared.places, groups=groups)
    probabilities = baseline_probabilities(prepared.baselines, encoded)
    single = next((label for label in probabilities if label not in (MAJORITY, CONCATENATION)), "")
    for kind, name, path in job.baselines:
        made = Result(name, job.seed, {"baseline": kind}, provenance, is_baseline=True)
        label = single if kind == BEST_SINGLE else kind
        if kind == CITY_MEDIAN:
            made = replace(made, **_point_measures(prepared.baselines.city_median, truth))
        elif label in probabilities:
            row = {"baseline": kind, "which": label}
            made = replace(made, row=row, **_measures(probabilities[label], truth, prepared))
        yield path, made


def _point_measures(point: tuple[float, float] | None, truth: GroundTruth) -> _Measured:
    """What is measured of answering with the same point always: km alone, and nothing where there are none."""
    if point is None:
        return {}
    chosen = truth.labelled
    errors = np.asarray(great_circle_km(*np.array(point), *truth.coordinates.T), dtype=np.float64)[chosen]
    known = errors[~np.isnan(errors)]
    if not len(known):
        return {}
    overall = {"mean_km": float(known.mean()), "median_km": float(np.median(known))}
    return {"overall": overall, "groups": truth.groups[chosen], "errors_km": errors}


def _one_line(error: Exception) -> str:
    """The error on one line; of one that is not ours also, on stderr, where it came from."""
    if isinstance(error, PostplaceError):
        return " ".join(str(error).split())
    traceback.print_exception(error, file=sys.stderr)
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
