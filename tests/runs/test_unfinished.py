"""An unfinished training is continued only by the same posts and options."""

from __future__ import annotations

from pathlib import Path

from postplace.post import Post
from postplace.runs.unfinished import digest_of_posts, post_digest, unfinished_run


def test_the_same_key_keeps_the_checkpoints(tmp_path: Path) -> None:
    said: list[str] = []
    folder = unfinished_run(tmp_path / "state", {"seed": 1}, say=said.append)
    (folder / "last.ckpt").write_bytes(b"state")
    assert unfinished_run(tmp_path / "state", {"seed": 1}, say=said.append) == folder
    assert (folder / "last.ckpt").exists()
    assert "continuing" in said[-1]


def test_another_key_starts_anew_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    folder = unfinished_run(tmp_path / "state", {"seed": 1}, say=said.append)
    (folder / "last.ckpt").write_bytes(b"state")
    unfinished_run(tmp_path / "state", {"seed": 2}, say=said.append)
    assert not (folder / "last.ckpt").exists()
    assert "starting anew" in said[-1]


def test_any_field_changes_the_digest_of_posts() -> None:
    post = Post("1", text="a", place="bridge")
    assert digest_of_posts([post]) == digest_of_posts([Post("1", text="a", place="bridge")])
    assert digest_of_posts([post]) != digest_of_posts([Post("1", text="a", place="tower")])


def test_a_post_is_recognised_by_id_text_and_hashtags() -> None:
    assert post_digest(Post("1", text="a")) == post_digest(Post("1", text="a", user="u"))
    assert post_digest(Post("1", text="a")) != post_digest(Post("1", text="b"))
