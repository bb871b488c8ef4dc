"""One post that is given in parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from postplace.cli.one_post import one_post
from postplace.errors import BadImage, BadOption


def test_the_parts_become_a_post(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    post = one_post("by the river", "#night fun", [tmp_path / "a.png"], where="predict", user="anna")
    assert (post.text, post.hashtags, post.user) == ("by the river", ("night", "fun"), "anna")
    assert post.images == (tmp_path / "a.png",)


def test_hashtags_in_the_text_are_read_too() -> None:
    assert one_post("by the river #night", None, [], where="predict").hashtags == ("night",)


@pytest.mark.parametrize(("text", "hashtags"), [(None, None), ("", ""), ("  ", " ")])
def test_a_post_with_nothing_is_an_error(text: str | None, hashtags: str | None) -> None:
    with pytest.raises(BadOption, match="no text, no hashtags and no images") as caught:
        one_post(text, hashtags, [], where="predict", user="anna")
    assert caught.value.where == "predict"


def test_an_image_that_cannot_be_read_is_an_error_though_there_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    for name in ("a.png", "none.png"):
        with pytest.raises(BadImage):
            one_post("by the river", None, [tmp_path / name], where="predict")
