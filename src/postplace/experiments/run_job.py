"""Makes the results of a lot: prepares its posts once, then trains, asks and measures each of its rows."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from postplace.errors import NotEnoughData, PostplaceError
from postplace.evaluation.baselines import no_baselines
from postplace.experiments.conditions import prepare_under
from postplace.experiments.definition import Row
from postplace.experiments.figures import Fused, fused_vectors, keep
from postplace.experiments.jobs import BEST_SINGLE, Job, posts_of
from postplace.experiments.provenance import provenance_of
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


def work_on(lot: Job) -> Iterator[str]:
    """Make every result of a lot, and a line on each. Whatever fails becomes a result with its error.

    All of it on one thread, PyTorch and the libraries beneath NumPy alike: what is timed then does not depend on cores,
    and no sum on the order in which threads add it up.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield from _work_on(lot)
    finally:
        torch.set_num_threads(threads)


def _work_on(lot: Job) -> Iterator[str]:
    results, started = Results(lot.folder), time.perf_counter()
    try:
        base = _locator(lot, lot.rows[0][0] if lot.rows else None)
        posts, parts = posts_of(lot.data.path)
        state = (lot.options.cache or lot.folder) / "pictures"
        prepared = prepare_under(lot.condition, posts, base, parts=parts, names=lot.data.names, state=state)
    except Exception as error:  # of data or encoders: no row of the lot can be run
        told = _told(error)
        provenance = provenance_of(lot.data.name, lot.digest, lot.encoders, lot.condition, locator=None, prepared=None)
        for name, row, path in _everything(lot):
            results.write(path, Result(name, lot.seed, row, provenance, error=told))
            yield f"{name}, seed {lot.seed}: FAILED: {told}"
        return
    provenance = provenance_of(lot.data.name, lot.digest, lot.encoders, lot.condition, locator=base, prepared=prepared)
    ready = _write_baselines(lot, prepared, provenance, results) if lot.beside else ""
    yield f"seed {lot.seed}: posts ready{ready} after {time.perf_counter() - started:.0f} s"
    _ = prepared.tokens, prepared.examples  # made now, so that no row's seconds are those of the first that needs them
    for asked, path in lot.rows:
        started = time.perf_counter()
        failed = partial(Result, asked.name, lot.seed, asdict(asked), provenance)
        results.write(path, failed(error=UNFINISHED))  # what a process leaves that is killed here, to be tried again
        try:
            result = _measured(lot, asked, path, base, prepared, provenance)
            told = f"accuracy {result.overall['accuracy']:.3f}"
        except Exception as error:  # a system that fails is a row of the table, not the end of it
            result = failed(error=_told(error))
            told = f"FAILED: {result.error}"
        except BaseException:  # interrupted by whoever runs it: as if it had not begun
            path.unlink(missing_ok=True)
            raise
        results.write(path, result)  # after what goes with it: where this is, that is
        yield f"{asked.name}, seed {lot.seed}: {told} ({time.perf_counter() - started:.0f} s)"


def _everything(lot: Job) -> Iterator[tuple[str, dict[str, Any], Path]]:
    """Of every row and baseline its name, what was to be run, and the file that its result goes to."""
    yield from ((row.name, asdict(row), path) for row, path in lot.rows)
    yield from ((name, {"baseline": kind}, path) for kind, name, path in lot.beside)


def _locator(lot: Job, row: Row | None, settings: Mapping[str, Any] | None = None) -> PostLocator:
    data, options = lot.data, lot.options
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
        seed=lot.seed,
        device="cpu",
        text_encoder=lot.encoders[0],
        image_encoder=lot.encoders[1],
        cache=options.cache,
        folds=options.folds,
    )


def _measured(
    lot: Job, row: Row, path: Path, base: PostLocator, prepared: SplitDataset, provenance: Mapping[str, Any]
) -> Result:
    _check_applies(row, prepared)

    def make(settings: Mapping[str, Any]) -> PostLocator:
        locator = _locator(lot, row, settings)
        locator.encoder_pair.share(base.encoder_pair)
        return locator

    settings: dict[str, Any] = {}
    trials: list[dict[str, Any]] = []
    if lot.options.trials:
        entry = find_model(row.model)
        settings, trials = tune(
            make,
            entry,
            prepared,
            trials=lot.options.trials,
            seed=lot.seed,
            given=row.settings,
            modalities=row.modalities or MODALITIES,
        )
    locator = make(settings)
    started, used = time.perf_counter(), time.process_time()
    locator.fit_dataset(prepared.with_baselines(no_baselines(len(prepared.places))), evaluate=False)
    fitted, used = time.perf_counter() - started, time.process_time() - used
    posts, encoded, groups = _asked(row, locator, prepared)
    started = time.perf_counter()
    probabilities = locator.probabilities(posts, encoded)
    took = time.perf_counter() - started
    if lot.draw and (vectors := fused_vectors(locator, posts, encoded)) is not None:
        names = np.array([place.name for place in prepared.places.places])
        labels = prepared.labels[prepared.split.test]
        keep(path, Fused(row.name, vectors[labels >= 0], names[labels[labels >= 0]]))
    size = sum(map(len, model_files(locator.predictor.model).values())) / 1e6
    answers = ground_truth(posts, encoded, places=prepared.places, groups=groups)
    measured = _measures(probabilities, answers, prepared)
    return Result(
        name=row.name,
        seed=lot.seed,
        row={**asdict(row), "tuned": settings, "trials": trials, "notes": locator.report["notes"]},
        provenance=provenance,
        cost=Cost(locator.report["parameters"], fitted, 1000 * took / len(posts), size, used),
        **measured,
    )


def _asked(
    row: Row, locator: PostLocator, prepared: SplitDataset
) -> tuple[list[Post], EncodedPosts, NDArray[np.int64]]:
    """The test posts, their vectors and groups, with the modalities that a row is asked with and has learned from."""
    shown = [name for name in locator.modalities if name in (row.test_modalities or MODALITIES)]
    return prepared.select_modalities(shown, partial(locator.encoder_pair.encode, cache=locator.cache)).subset(
        prepared.split.test
    )


def _check_applies(row: Row, prepared: SplitDataset) -> None:
    """Refuse a system that reads nothing of what these posts have and the row gives it: it would only guess."""
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


def _measures(probabilities: NDArray[np.floating], answers: GroundTruth, prepared: SplitDataset) -> dict[str, Any]:
    chosen = answers.labelled
    errors = distance_errors_km(probabilities, answers, prepared.places)
    return {
        "overall": overall_metrics(probabilities, answers, prepared.places),
        "hits": correct_predictions(probabilities, answers)[chosen] > 0,
        "groups": answers.groups[chosen],
        "errors_km": errors[chosen] if np.isfinite(errors).any() else np.zeros(0),
    }


def _write_baselines(lot: Job, prepared: SplitDataset, provenance: Mapping[str, Any], results: Results) -> str:
    """Make the results of the baselines, and say how it went; where they fail, the systems are run all the same."""
    try:
        for path, result in _baselines(lot, prepared, provenance):
            results.write(path, result)
        return " and baselines fitted"
    except Exception as error:
        told = _told(error)
        for kind, name, path in lot.beside:
            results.write(path, Result(name, lot.seed, {"baseline": kind}, provenance, error=told, beside=True))
        return f", baselines FAILED: {told}"


def _baselines(lot: Job, prepared: SplitDataset, provenance: Mapping[str, Any]) -> Iterator[tuple[Path, Result]]:
    """The baselines that every table shows; with nothing measured where the data have no such one."""
    posts, encoded, groups = prepared.subset(prepared.split.test)
    answers = ground_truth(posts, encoded, places=prepared.places, groups=groups)
    found = baseline_probabilities(prepared.baselines, encoded)
    single = next((label for label in found if label not in (MAJORITY, CONCATENATION)), "")
    for kind, name, path in lot.beside:
        made = Result(name, lot.seed, {"baseline": kind}, provenance, beside=True)
        label = single if kind == BEST_SINGLE else kind
        if kind == CITY_MEDIAN:
            made = replace(made, **_of_point(prepared.baselines.city_median, answers))
        elif label in found:
            row = {"baseline": kind, "which": label}
            made = replace(made, row=row, **_measures(found[label], answers, prepared))
        yield path, made


def _of_point(point: tuple[float, float] | None, answers: GroundTruth) -> dict[str, Any]:
    """What is measured of answering with the same point always: km alone, and nothing where there are none."""
    if point is None:
        return {}
    chosen = answers.labelled
    errors = np.asarray(great_circle_km(*np.array(point), *answers.coordinates.T), dtype=np.float64)[chosen]
    known = errors[~np.isnan(errors)]
    if not len(known):
        return {}
    overall = {"mean_km": float(known.mean()), "median_km": float(np.median(known))}
    return {"overall": overall, "groups": answers.groups[chosen], "errors_km": errors}


def _told(error: Exception) -> str:
    """The error on one line; of one that is not ours also, on stderr, where it came from."""
    if isinstance(error, PostplaceError):
        return " ".join(str(error).split())
    traceback.print_exception(error, file=sys.stderr)
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
