"""What models read of a post."""

from __future__ import annotations

from postplace import Post
from postplace.explain.parts import words_of
from postplace.text.cleaning import for_encoder
from postplace.text.segmentation import words


def test_a_mark_on_a_sign_makes_no_hashtag() -> None:
    """A hashtag is taken out of the text, for it is read among the hashtags; nobody puts one of a picture there."""
    post = Post("1", text="at #bund", hashtags=("bund",), image_text="＃外滩 #21 CAFE#BAR")
    assert post.full_text == "at #bund\n 外滩  21 CAFE BAR"
    assert for_encoder(post.full_text) == "at 外滩 21 CAFE BAR"
    assert words(post.full_text) == ["外滩", "21", "cafe", "bar"]
    assert [part.name for part in words_of(post)] == ["at", "外滩", "21", "CAFE", "BAR"]
    assert all(post.image_text[part.start : part.end] == part.name for part in words_of(post)[1:])
