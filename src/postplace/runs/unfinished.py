"""The state of a training that has not finished: kept beside the run to be, continued only if nothing has changed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

from postplace.errors import write_failed
from postplace.post import Post
from postplace.whole_files import as_json, write_atomically

KEY = "training.json"


def post_digests(post: Post) -> tuple[str, ...]:
    """Recognise a post that was learned from, also when its text is masked or hashtags were filtered out of it.

    Each is 16 hex digits of the id and something else: text and hashtags, the text, or who was where and when.
    """
    contents: dict[str, tuple[object, ...]] = {"whole": (post.text, *post.hashtags)}
    if post.text:
        contents["text"] = (post.text,)
    origin = (post.user, post.time, post.venue, post.latitude, post.longitude)
    if any(value is not None for value in origin):
        contents["origin"] = origin
    return tuple(_digest(kind, post.id, content) for kind, content in contents.items())


def _digest(kind: str, id_: str, content: tuple[object, ...]) -> str:
    whole = json.dumps([kind, id_, *map(str, content)], ensure_ascii=False)
    return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def digest_of_posts(posts: Iterable[Post]) -> str:
    """One digest over every field of every post, in order."""
    digest = hashlib.blake2b(digest_size=16)
    for post in posts:
        digest.update(repr(astuple(post)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def unfinished_run(folder: Path, key: Mapping[str, Any], *, say: Callable[[str], None]) -> Path:
    """The folder of checkpoints for a training with this key: an earlier one is kept if its key is the same."""
    wanted = as_json(dict(key))
    try:
        if folder.exists() and _read(folder / KEY) != wanted:
            say(f"{folder} holds an unfinished training of other posts or options: starting anew")
            shutil.rmtree(folder)
        elif (folder / "last.ckpt").exists():
            say(f"continuing the unfinished training in {folder}")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failed(folder, error) from error
    write_atomically(folder / KEY, wanted)
    return folder


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
