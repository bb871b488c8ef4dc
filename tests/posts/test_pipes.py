"""Posts from a pipe: read once, and from the copy again; a remedy where the name does not say how."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from postplace.errors import BadPost
from postplace.posts.table import PostStream, read_posts

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of Unix")

CONTENT = {
    "p.jsonl": '{"id": "1", "text": "a"}\n{"id": "2", "text": "b"}\n',
    "p.json": '[{"id": "1", "text": "a"}, {"id": "2", "text": "b"}]',
    "p.csv": "id,text\n1,a\n2,b\n",
}


def pipe(path: Path, content: str) -> threading.Thread:
    """A pipe into which the content is written once, as soon as it is read."""
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(content,), daemon=True)
    writer.start()
    return writer


@pytest.mark.parametrize("name", CONTENT)
def test_a_pipe_is_read_once_whatever_is_looked_into(name: str, tmp_path: Path) -> None:
    writer = pipe(tmp_path / name, CONTENT[name])
    stream = PostStream(tmp_path / name)
    assert [post.id for post in stream] == ["1", "2"]
    assert [post.id for post in stream] == ["1", "2"], "and again, from the copy"
    writer.join(timeout=10)
    assert not writer.is_alive()


def test_what_is_wrong_in_a_pipe_is_named_by_the_pipe(tmp_path: Path) -> None:
    pipe(tmp_path / "p.jsonl", '{"id": "1", "text": "a"}\n{"id"\n')
    with pytest.raises(BadPost, match=r"p.jsonl, line 2: is not a complete JSON object"):
        read_posts(tmp_path / "p.jsonl")
    pipe(tmp_path / "e.jsonl", "")
    with pytest.raises(BadPost, match=r"e.jsonl: is empty"):
        read_posts(tmp_path / "e.jsonl")


@pytest.fixture
def descriptor() -> Iterator[int]:
    reading, writing = os.pipe()
    os.close(writing)
    yield reading
    os.close(reading)


def test_a_pipe_that_does_not_say_what_it_holds(tmp_path: Path, descriptor: int) -> None:
    os.mkfifo(tmp_path / "p.parquet")
    with pytest.raises(BadPost, match=r"is a pipe, and .parquet cannot be read from one; write it to a file first"):
        read_posts(tmp_path / "p.parquet")
    for path in (tmp_path / "pipe", Path(f"/dev/fd/{descriptor}")):
        if not path.exists():
            os.mkfifo(path)
        with pytest.raises(BadPost, match="a pipe whose name does not say what comes out of it; write it to a file"):
            read_posts(path)
