"""One digest for a list of posts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from postplace.posts.identity import posts_digest
from postplace.schema import Post

POST = Post("1", text="a", hashtags=("b",), user="u", place="p", latitude=1.0, longitude=2.0)


def test_digest_is_the_same_for_equal_posts_and_another_for_any_changed_field() -> None:
    changed = [{"id": "2"}, {"text": "c"}, {"hashtags": ()}, {"user": None}, {"place": "q"}, {"latitude": 1.5}]
    others = {posts_digest([replace(POST, **values)]) for values in changed}  # type: ignore[arg-type]
    assert posts_digest([POST]) == posts_digest([replace(POST)])
    assert len(others | {posts_digest([POST])}) == len(changed) + 1


def test_digest_depends_on_the_order_of_the_posts() -> None:
    other = replace(POST, id="2")
    assert posts_digest([POST, other]) != posts_digest([other, POST])


def test_digest_of_a_moved_image_is_the_same_and_of_a_longer_one_is_not(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "x.jpg" for folder in ("here", "there", "longer")]
    for path, content in zip(paths, (b"12", b"34", b"567"), strict=True):
        path.parent.mkdir()
        path.write_bytes(content)
    here, there, longer = (posts_digest([replace(POST, images=(path,))]) for path in paths)
    assert here == there != longer


def test_an_image_that_is_not_there_and_half_a_surrogate_pair_have_a_digest() -> None:
    found = posts_digest([Post("1", text="\ud83d", images=(Path("/no/such/file.jpg"),))])
    assert len(found) == 32
    assert found != posts_digest([Post("1", text="\ud83d")])
