"""One job on every image of a set of posts, in worker processes; equal images are worked on once.

Records are kept in a journal as they come, so that a pass that was killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from postplace.errors import BadImage, write_failed
from postplace.images.decode import decoding_version, read_bytes
from postplace.preparation.image_jobs import Job, Record, short_name
from postplace.system.progress import progress_bars
from postplace.system.workers import WorkerPool, map_in_workers

AHEAD = 3  # images given to each worker before their results are taken: a bounded queue
DIED = "the process that looked at it died; look at the file or leave it out"


# --- the pass


def compute_digests(paths: Iterable[Path]) -> tuple[dict[Path, str], dict[Path, str]]:
    """Each image's content digest, and why the others cannot be read."""
    digests: dict[Path, str] = {}
    reasons: dict[Path, str] = {}
    for path in paths:
        try:
            content = read_bytes(path)
            digests[path] = hashlib.blake2b(content + decoding_version(content).encode(), digest_size=16).hexdigest()
        except BadImage as error:
            reasons[path] = f"{error.found}; {error.remedy}"
    return digests, reasons


def each_image(
    images: Mapping[str, Path],
    job: Job,
    *,
    journal: Journal,
    name: str,
    workers: int | None = None,
    progress: bool = False,
) -> dict[str, Record]:
    """The record of each image, by digest: from the journal where it is there, else by the job in `workers`.

    `workers`: default one fewer than the cores; 0: in this process. A worker that dies costs the image it was at.
    """
    waiting = [(digest, path) for digest, path in images.items() if digest not in journal.records]
    with closing(_results(job, waiting, workers=workers)) as results, progress_bars(progress) as show:
        for ((digest, _),), record in zip(show([[item] for item in waiting], name, len(waiting)), results, strict=True):
            journal.add(digest, record)
    return {digest: journal.records[digest] for digest in images}


def _results(job: Job, items: Sequence[tuple[str, Path]], *, workers: int | None) -> Any:
    """One record an item, in order; at most `AHEAD` items a worker are under way."""
    if workers == 0 or len(items) <= 1:
        yield from (job(digest, path) for digest, path in items)
        return
    yield from map_in_workers(
        partial(_record, job), items, workers=workers, ahead=lambda count: AHEAD * count, retry=_alone
    )


def _record(job: Job, item: tuple[str, Path]) -> Record:
    return job(*item)


def _alone(item: tuple[str, Path], pool: WorkerPool) -> Record:
    """In a process that has nothing else to do: if it dies, this image was the cause."""
    record: Record = pool.result_or({"error": DIED}, item)
    return record


class Journal:
    """Records by image digest, one JSON line each; a line cut short by a kill is dropped, and done again.

    The file's name carries what the records depend on: with another fingerprint, another journal is begun.
    """

    def __init__(self, folder: Path, kind: str, *, fingerprint: str, valid: Callable[[Record], bool]) -> None:
        self.path = folder / f"{short_name(kind, fingerprint)}.jsonl"
        self.records: dict[str, Record] = {}
        self._file: BinaryIO | None = None  # made for the first record: a pass that fails before it leaves nothing
        try:
            self._read(valid)
        except OSError as error:
            raise write_failed(self.path, error) from error

    def _read(self, valid: Callable[[Record], bool]) -> None:
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        for line in content.splitlines():
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                record = json.loads(line)
                digest = record.pop("image" if "image" in record else "picture")  # as version 0.1.0 wrote it
                if "error" not in record and valid(record):
                    self.records[digest] = record
        if content and not content.endswith(b"\n"):
            with self.path.open("ab") as file:
                file.write(b"\n")

    def add(self, digest: str, record: Record) -> None:
        """Keep a record, at once also on disk."""
        self.records[digest] = record
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("ab")
            self._file.write(json.dumps({"image": digest, **record}).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise write_failed(self.path, error) from error

    def close(self) -> None:
        """No more records."""
        if self._file is not None:
            self._file.close()
