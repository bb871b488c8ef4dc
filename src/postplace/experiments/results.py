"""What one run of an experiment gave, as a file: whole or not there. A run that failed is one too, with its error."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption, BadRun
from postplace.system.atomic_files import as_json, write_atomically
from postplace.system.json_types import JsonObject

FORMAT = 1
EXPERIMENT = "experiment.json"
UNFINISHED = "did not finish: its process was killed (too little memory?), or it is still running"
DOES_NOT_APPLY = "does not apply"  # how the error of a model begins that reads nothing that the posts have


@dataclass(frozen=True)
class Cost:
    """Numbers learned, seconds to fit, milliseconds a post (both from stored vectors), and megabytes on disk.

    `cpu_seconds` are those of the processor, of all threads, in fitting: other work on the machine hardly moves them.
    """

    parameters: int
    fit_seconds: float
    ms_per_post: float
    megabytes: float
    cpu_seconds: float | None = None  # None: a result from before it was measured


@dataclass(frozen=True)
class Result:
    """One row of an experiment under one seed.

    `hits` (N,) says of each test post whether the answer was right; `groups` (N,) which posts are resampled together;
    `errors_km` (N,), NaN where there is no distance, or empty where no post has one. `row` says what was run in full.
    A run that failed has an `error` and nothing measured. `is_baseline`: a baseline that every table shows.
    """

    name: str
    seed: int
    row: Mapping[str, Any]
    provenance: Mapping[str, Any]
    overall: Mapping[str, Any] = field(default_factory=dict)
    hits: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    groups: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    errors_km: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    cost: Cost | None = None
    error: str | None = None
    is_baseline: bool = False

    def to_json(self) -> JsonObject:
        """Plain data; hits as a text of 0 and 1."""
        arrays = {
            "hits": "".join("1" if hit else "0" for hit in self.hits),
            "groups": self.groups.tolist(),
            "errors_km": [None if np.isnan(error) else round(float(error), 4) for error in self.errors_km],
        }
        plain = {name: getattr(self, name) for name in ("name", "seed", "error", "is_baseline")}
        maps = {name: dict(getattr(self, name)) for name in ("row", "provenance", "overall")}
        return {"format": FORMAT, **plain, **maps, "cost": None if self.cost is None else asdict(self.cost), **arrays}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Result:
        """The inverse of `to_json`; KeyError, TypeError or ValueError on what it did not write."""
        if saved["format"] != FORMAT:
            raise ValueError(f"format {saved['format']!r}, this version reads {FORMAT}")
        errors = [np.nan if error is None else float(error) for error in saved["errors_km"]]
        return cls(
            **{name: saved[name] for name in ("name", "seed", "row", "provenance", "overall", "error")},
            is_baseline=saved["beside" if "beside" in saved else "is_baseline"],  # the former of version 0.1.0
            hits=np.array([hit == "1" for hit in saved["hits"]], dtype=np.bool_),
            groups=np.array(saved["groups"], dtype=np.int64),
            errors_km=np.array(errors, dtype=np.float64),
            cost=None if saved["cost"] is None else Cost(**saved["cost"]),
        )


class Results:
    """The folder of an experiment on one set of posts: `experiment.json` and a file for each row and seed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str, seed: int, key: Mapping[str, Any]) -> Path:
        """Where the result belongs of what `key` decides."""
        digest = hashlib.sha256(json.dumps(key, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:10]
        slug = re.sub(r"[^\w.+-]+", "-", name).strip("-")[:60]
        return self.folder / f"{slug}-seed{seed}-{digest}.json"

    def finished(self, path: Path) -> Result | None:
        """The result, if it is there and no error: an error is tried again."""
        found = _read(path) if path.exists() else None
        return None if found is None or found.error is not None else found

    def write(self, path: Path, result: Result) -> None:
        """Write one, at once whole."""
        write_atomically(path, as_json(result.to_json()))

    def describe(self, experiment: Mapping[str, Any], files: Iterable[Path]) -> None:
        """Write what the table is to show: the experiment, and the files that belong to it now."""
        content = {"format": FORMAT, **experiment, "results": sorted(path.name for path in files)}
        write_atomically(self.folder / EXPERIMENT, as_json(content))

    def why_nothing_was_measured(self, rows: Container[str]) -> str:
        """The error of the first of these rows where not one of them was measured; "" where one was."""
        made = [result for result in self.read()[1] if not result.is_baseline and result.name in rows]
        if any(result.error is None for result in made):
            return ""
        return next((f"{result.name}, seed {result.seed}: {result.error}" for result in made), "no row was run")

    def read(self) -> tuple[dict[str, Any], list[Result]]:
        """The experiment and those of its results that are there; BadRun for a damaged one."""
        where = self.folder / EXPERIMENT
        try:
            described = json.loads(where.read_bytes())
            names: Sequence[str] = described["results"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadRun(str(where), f"is damaged or missing ({error})", "run the experiment again") from error
        paths = [self.folder / name for name in names]
        return described, [_read(path) for path in paths if path.exists()]


def folders_below(where: Path) -> Iterator[Results]:
    """Every experiment at or below a folder, in the order of their names; BadOption when there is none."""
    found = sorted(path.parent for path in where.rglob(EXPERIMENT)) if where.is_dir() else []
    if not found:
        raise BadOption("RESULTS", f"{where} holds no results", "run `postplace experiment ... --out` first")
    yield from map(Results, found)


def _read(path: Path) -> Result:
    try:
        return Result.from_json(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"is damaged ({type(error).__name__}: {error})"
        raise BadRun(str(path), problem, "remove it and run the experiment again") from error
