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
from postplace.runs.folder import as_json, write_atomically

KEY = "training.json"


def post_digest(post: Post) -> str:
    """Recognises a post that was learned from: 16 hex digits of its id, text and hashtags."""
    content = json.dumps([post.id, post.text, post.hashtags], ensure_ascii=False)
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


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
