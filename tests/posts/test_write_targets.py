"""Posts written to a pipe or through a link: where they go, in which format, and how images are found from there."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from postplace.errors import BadOption
from postplace.posts.table import read_posts, write_posts
from postplace.schema import Post


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of Unix")
@pytest.mark.parametrize("name", ["pipe", "pipe.csv", "pipe.parquet"])
def test_posts_go_through_a_pipe(tmp_path: Path, name: str) -> None:
    pipe, copied = tmp_path / name, tmp_path / f"copied{Path(name).suffix or '.jsonl'}"
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: copied.write_bytes(pipe.read_bytes()), daemon=True)
    thread.start()
    posts = [Post(str(number), text="on the pier", images=(tmp_path / "a.jpg",)) for number in range(3)]
    write_posts(posts, pipe)
    thread.join(10)
    assert read_posts(copied) == posts
    assert pipe.is_fifo()


def test_only_a_pipe_may_be_without_an_ending(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="has no ending"):
        write_posts([Post("1")], tmp_path / "posts")


def test_images_are_found_by_the_link_and_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    post = Post("1", images=(tmp_path / "a.jpg",))
    link, file = tmp_path / "posts.jsonl", tmp_path / "elsewhere" / "posts.jsonl"
    link.symlink_to(file)
    write_posts([post], link)
    assert link.is_symlink()
    assert read_posts(link) == read_posts(file) == [post]
    link.unlink()
    write_posts([post], link)
    assert json.loads(link.read_text())["images"] == ["a.jpg"]
