"""How runs of earlier versions recognised a post: by its id and something else."""

from __future__ import annotations

from dataclasses import replace

from postplace.schema import Post
from postplace.splitting.known_by_id import post_digests, subset_by_digest

POST = Post("1", text="by the river", hashtags=("night",), user="anna")


def test_a_post_has_a_digest_for_each_thing_that_it_says() -> None:
    assert [len(post_digests(post)) for post in (POST, replace(POST, text=""), Post("1", text="x"), Post("1"))] == [
        3,
        2,
        2,
        1,
    ]
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in post_digests(POST))


def test_a_post_under_another_id_shares_no_digest() -> None:
    assert not set(post_digests(POST)) & set(post_digests(replace(POST, id="2")))


def test_a_post_is_known_by_its_text_when_its_hashtags_have_changed() -> None:
    parts = dict.fromkeys(post_digests(POST), "train")
    assert subset_by_digest(parts, replace(POST, hashtags=(), user=None)) == "train"
    assert subset_by_digest(parts, replace(POST, text="elsewhere")) == "train"  # the same author at the same time
    assert subset_by_digest(parts, Post("1", text="elsewhere")) is None


def test_a_post_without_words_is_not_known_by_its_id_alone() -> None:
    silent = Post("1")
    assert subset_by_digest(dict.fromkeys(post_digests(silent), "train"), silent) is None
    seen = replace(silent, user="anna")
    assert subset_by_digest(dict.fromkeys(post_digests(seen), "test"), seen) == "test"
