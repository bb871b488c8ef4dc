"""The state of a training that has not finished: kept beside the run to be, continued only if nothing has changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postplace.errors import BadOption, write_failed
from postplace.posts.identity import posts_digest
from postplace.schema import Post
from postplace.system.atomic_files import as_json, write_atomically

KEY = "training.json"
LAST = "last.ckpt"  # as the trainer names the state after the last finished epoch


@dataclass(frozen=True)
class TrainingCheckpoint:
    """The folder of a training's checkpoints, and what decides whether those found there are its own."""

    folder: Path
    key: Mapping[str, Any]

    @classmethod
    @contextmanager
    def start(
        cls,
        folder: str | Path | None,
        options: Callable[[], Mapping[str, Any]],
        posts: Sequence[Post],
        subsets: Mapping[str, str] | None,
        *,
        overwrite: bool,
        log: Callable[[str], None],
    ) -> Iterator[TrainingCheckpoint | None]:
        """That of a training with these options, on these posts, after `check`; None where no folder is given.

        What decides it is on disk from now on, so that a training that is killed while posts are encoded is told from
        another, too. `subsets` are those of the posts, by id, where they are split already. A folder without a state is
        removed at the end: an estimator leaves none, and an error before the first epoch neither.
        """
        if folder is None:
            yield None
            return
        split = {"parts": subsets} if subsets else {}  # the key of version 0.1.0: its trainings are continued
        checkpoint = cls(Path(folder), {**options(), "posts": posts_digest(posts), **split})
        checkpoint.check(overwrite=overwrite)
        if not (checkpoint.folder / LAST).exists():  # the state of another goes when the training begins, and no sooner
            checkpoint._record(log=log)
        try:
            yield checkpoint
        finally:
            checkpoint._remove_without_state()

    def check(self, *, overwrite: bool) -> None:
        """Raise BadOption, before any work, where another training is unfinished, unless it may be thrown away."""
        if self._of_another() and not overwrite:
            problem = f"{self.folder} holds an unfinished training of other posts or options"
            if differing := self._differing():
                problem += f" (they differ in {differing})"
            remedy = "give those to continue it, `overwrite=True` to start anew, or another folder"
            raise BadOption("checkpoint_dir", problem, remedy)

    @contextmanager
    def open(self, *, log: Callable[[str], None]) -> Iterator[Path]:
        """The folder, made now, while the training lasts; it goes again when that ends in an error without a state."""
        self._record(log=log)
        if (self.folder / LAST).exists():
            log(f"continuing the unfinished training in {self.folder}")
        try:
            yield self.folder
        except BaseException:
            self._remove_without_state()
            raise

    def _record(self, *, log: Callable[[str], None]) -> None:
        """Write down what decides the training; what another one left is removed first."""
        try:
            if self._of_another():
                log(f"{self.folder} held an unfinished training of other posts or options: starting anew")
                shutil.rmtree(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_failed(self.folder, error) from error
        write_atomically(self.folder / KEY, as_json(dict(self.key)))

    def _remove_without_state(self) -> None:
        """Remove what was written, and the folder unless it holds files of somebody else."""
        if (self.folder / LAST).exists():
            return
        with suppress(OSError):
            for written in (self.folder / KEY, *self.folder.glob("*.ckpt")):
                written.unlink(missing_ok=True)
            self.folder.rmdir()

    def _of_another(self) -> bool:
        """Whether a training of something else was started here, whether it got to a state or was killed before."""
        there = (self.folder / LAST).exists() or (self.folder / KEY).exists()
        return there and _read(self.folder / KEY) != as_json(dict(self.key))

    def _differing(self) -> str:
        """The names of what decides a training in which the one starting here differs; "" where they cannot be read."""
        try:
            before = json.loads(_read(self.folder / KEY) or b"{}")
        except ValueError:
            return ""
        now = json.loads(as_json(dict(self.key)))
        if not isinstance(before, dict) or not before:
            return ""
        names = {"parts": "the split of the posts", "encoders": "the encoders"}
        differing = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
        return ", ".join(names.get(key, f"`{key}`") for key in differing)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
