"""Posts for a command: read, with what was skipped or ignored said on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from postplace.cli.options import OnBadPost, check_unread, log
from postplace.posts.pipes import PipeContent
from postplace.posts.table import PostStream
from postplace.preparation.prepared_folder import POSTS, is_prepared, read_prepared, says_complete
from postplace.schema import Post

SHOWN = 5  # skipped records named one by one


def read(path: Path, on_bad_post: OnBadPost, crs: str = "wgs84", *, repair_text: bool = False) -> list[Post]:
    """All posts of a file."""
    parts = read_in_parts(path, on_bad_post, size=100_000, crs=crs, repair_text=repair_text)
    return [post for part in parts for post in part]


def read_in_parts(
    path: Path,
    on_bad_post: OnBadPost,
    *,
    size: int,
    crs: str = "wgs84",
    repair_text: bool = False,
    pipe: PipeContent | None = None,
) -> Iterator[list[Post]]:
    """The posts of a file or a prepared folder, `size` at a time, so that the file may be larger than memory."""
    prepared = is_prepared(path)
    if prepared:
        check_unread(None, crs, repair_text=repair_text)
    file = path / POSTS if prepared else path
    stream = PostStream(file, on_bad_post=on_bad_post.value, crs=crs, repair_text=repair_text, pipe=pipe)
    posts = iter(stream)
    if prepared and not says_complete(path / POSTS):  # else hashtags that were filtered out come back from the texts
        posts = iter(read_prepared(path).posts)
    while part := list(islice(posts, size)):
        yield part
    if stream.skipped_count:
        log(f"{stream.skipped_count} of {stream.skipped_count + stream.read} records skipped:")
        for reason in stream.skipped[:SHOWN]:
            log(f"  {reason}")
        if stream.skipped_count > SHOWN:
            log(f"  ... and {stream.skipped_count - SHOWN} more")
    for note in stream.notes():
        log(note)
