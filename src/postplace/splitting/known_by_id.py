"""How runs of earlier versions recognised a post: by its id and something else. Kept to read those runs.

Posts under new ids are fresh to it, and of posts without words another one of the same id is taken for the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from postplace.schema import Post


def post_digests(post: Post) -> tuple[str, ...]:
    """Each is 16 hex digits of the id and something else: text and hashtags, the text, or who was where and when."""
    contents: dict[str, tuple[object, ...]] = {"whole": (post.text, *post.hashtags)}
    if post.text:
        contents["text"] = (post.text,)
    origin = (post.user, post.time, post.venue, post.latitude, post.longitude)
    if any(value is not None for value in origin):
        contents["origin"] = origin
    return tuple(_digest(kind, post.id, content) for kind, content in contents.items())


def subset_by_digest(subsets: Mapping[str, str], post: Post) -> str | None:
    """The subset of the first digest that is known; of images alone it was the id and nothing else."""
    said = bool(post.text or post.hashtags)
    known = (subsets.get(digest) for number, digest in enumerate(post_digests(post)) if number or said)
    return next((subset for subset in known if subset is not None), None)


def _digest(kind: str, id_: str, content: tuple[object, ...]) -> str:
    whole = json.dumps([kind, id_, *map(str, content)], ensure_ascii=False)
    return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
