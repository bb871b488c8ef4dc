"""The state of a training that has not finished: kept beside the run to be, continued only if nothing has changed."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from postplace.errors import BadOption, write_failed
from postplace.post import Post
from postplace.whole_files import as_json, write_atomically

KEY = "training.json"
LAST = "last.ckpt"  # as the trainer names the state after the last finished epoch


def digest_of_posts(posts: Iterable[Post]) -> str:
    """One digest over every field of every post, in order; of a picture's file its name and size, not where it lies.

    So the same posts are known by it in another folder, and a picture that was replaced is noticed (but for one of the
    very same size).
    """
    digest = hashlib.blake2b(digest_size=16)
    for post in posts:
        images = tuple(map(_image_facts, post.images))
        digest.update(repr(astuple(replace(post, images=images))).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _image_facts(image: Path | bytes) -> Any:
    if isinstance(image, bytes):
        return image
    try:
        return image.name, image.stat().st_size
    except OSError:
        return image.name, None  # not there: the posts are read all the same


@dataclass(frozen=True)
class Unfinished:
    """The folder of a training's checkpoints, and what decides whether those found there are its own."""

    folder: Path
    key: Mapping[str, Any]

    def check(self, *, overwrite: bool) -> None:
        """Raise BadOption, before any work, where another training is unfinished, unless it may be thrown away."""
        if self._of_another() and not overwrite:
            found = f"{self.folder} holds an unfinished training of other posts or options"
            remedy = "give those to continue it, --overwrite to start anew, or another --out"
            raise BadOption("--out", found, remedy)

    @contextmanager
    def begun(self, *, say: Callable[[str], None]) -> Iterator[Path]:
        """The folder, made now, while the training lasts; it goes again when that ends in an error without a state."""
        try:
            if self._of_another():
                say(f"{self.folder} held an unfinished training of other posts or options: starting anew")
                shutil.rmtree(self.folder)
            elif (self.folder / LAST).exists():
                say(f"continuing the unfinished training in {self.folder}")
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
