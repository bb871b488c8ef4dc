"""The state of a training that has not finished: kept beside the run to be, continued only if nothing has changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
    def checked(
        cls,
        folder: str | Path | None,
        options: Callable[[], Mapping[str, Any]],
        posts: Sequence[Post],
        *,
        subsets: Mapping[str, str] | None,
        overwrite: bool,
    ) -> TrainingCheckpoint | None:
        """That of a training with these options, on these posts, after `check`; None where no folder is given.

        `subsets` are those of the posts, by id, where they are split already.
        """
        if folder is None:
            return None
        split = {"parts": subsets} if subsets else {}  # the key of version 0.1.0: its trainings are continued
        checkpoint = cls(Path(folder), {**options(), "posts": posts_digest(posts), **split})
        checkpoint.check(overwrite=overwrite)
        return checkpoint

    def check(self, *, overwrite: bool) -> None:
        """Raise BadOption, before any work, where another training is unfinished, unless it may be thrown away."""
        if self._of_another() and not overwrite:
            problem = f"{self.folder} holds an unfinished training of other posts or options"
            remedy = "give those to continue it, `overwrite=True` to start anew, or another folder"
            raise BadOption("checkpoint_dir", problem, remedy)

    @contextmanager
    def open(self, *, log: Callable[[str], None]) -> Iterator[Path]:
        """The folder, made now, while the training lasts; it goes again when that ends in an error without a state."""
        try:
            if self._of_another():
                log(f"{self.folder} held an unfinished training of other posts or options: starting anew")
                shutil.rmtree(self.folder)
            elif (self.folder / LAST).exists():
                log(f"continuing the unfinished training in {self.folder}")
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_failed(self.folder, error) from error
        write_atomically(self.folder / KEY, as_json(dict(self.key)))
        try:
            yield self.folder
        except BaseException:
            if not (self.folder / LAST).exists():
                shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _of_another(self) -> bool:
        return (self.folder / LAST).exists() and _read(self.folder / KEY) != as_json(dict(self.key))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
