"""A source of another package: a text file with one post a line, `id<TAB>place<TAB>text`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from postplace import Post, register_source


@register_source("toy-lines", reads="a text file", description="Import lines: id, place and text, parted by tabs.")
def read_lines(path: Path) -> Iterator[Post]:
    """The posts of a file, in its order."""
    for line in path.read_text(encoding="utf-8").splitlines():
        post_id, place, text = line.split("\t")
        yield Post(post_id, text=text, place=place)
