"""What decided a result: which posts, which split, which encoders, which code, on what machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import postplace
from postplace.experiments.definition import Condition
from postplace.posts.identity import posts_digest
from postplace.runs.serialization import LIBRARIES
from postplace.schema import Post
from postplace.system.json_types import JsonObject

if TYPE_CHECKING:
    from postplace.locator import PostLocator
    from postplace.training.dataset import SplitDataset

# Parts of the package that decide no result: they show results, answer, or write posts of their own
APART = ("cli", "explain", "report", "server", "synthetic")


@lru_cache(maxsize=1)
def code_version() -> str:
    """The version, with a digest of the sources that may decide a result: an older result is then known as one."""
    root = Path(postplace.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        where = path.relative_to(root)
        if where.parts[0] not in APART:
            digest.update(where.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{version('postplace')}+{digest.hexdigest()[:10]}"


def digest_of_data(posts: Sequence[Post], parts: Mapping[str, str] | None) -> str:
    """One digest of the posts and, where they were prepared with a split, of the part of each."""
    digest = posts_digest(posts)
    if parts is None:
        return digest
    split = json.dumps(parts, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return f"{digest}-{hashlib.sha256(split).hexdigest()[:16]}"


@lru_cache(maxsize=1)
def _segmenter() -> str:
    from postplace.images.portrait import find_segmenter

    return find_segmenter().fingerprint


def segmenter_name(condition: Condition) -> str | None:
    """What finds the people of whose images a condition disposes: it depends on which weights are at hand."""
    return None if condition.max_portrait is None else _segmenter()


def build_provenance(
    name: str,
    digest: str,
    encoders: Sequence[str],
    condition: Condition,
    *,
    locator: PostLocator | None,
    prepared: SplitDataset | None,
) -> JsonObject:
    """Of the results of a job, ready for JSON; without `locator` and `prepared` what is known where these failed."""
    split = None
    if prepared is not None:
        parts = prepared.split.to_json([post.id for post in prepared.posts])
        split = hashlib.sha256(
            "\n".join(f"{name}\t{id_}" for name in parts for id_ in parts[name]).encode("utf-8", "surrogatepass")
        ).hexdigest()
    return {
        "data": name,
        "posts": digest,
        "split": split,
        "sizes": None if prepared is None else dict(prepared.report["split"]),
        "classes": None if prepared is None else len(prepared.places),
        "encoders": list(encoders),
        "fingerprints": None if locator is None else [encoder.fingerprint for encoder in locator.encoders()],
        "segmenter": segmenter_name(condition),
        "code": code_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
