"""An unfinished training is continued only by the same posts and options."""

from __future__ import annotations

from pathlib import Path

from postplace.post import Post
from postplace.runs.unfinished import digest_of_posts, post_digests, unfinished_run


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
    known = set(post_digests(Post("1", text="a", hashtags=("x",), user="u")))
    assert known & set(post_digests(Post("1", text="a")))
    assert known & set(post_digests(Post("1", text="masked", user="u")))
    for other in (Post("1", text="b"), Post("2", text="a", user="u"), Post("1", hashtags=("x",)), Post("1")):
        assert not known & set(post_digests(other))
