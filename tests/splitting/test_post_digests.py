"""What a post is recognised by, whatever its id."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from postplace.schema import Post
from postplace.splitting.post_digests import SILENT, TIMES, USERS, compute_digest, content_digest, extract_facts

NOON = datetime(2020, 5, 1, 12, 30, 5, tzinfo=UTC)
MIDNIGHT = datetime(2020, 5, 1, tzinfo=UTC)


def test_a_post_that_says_nothing_has_no_facts() -> None:
    found = extract_facts(Post("1"))
    assert (found.user, found.time, found.venue) == (SILENT, SILENT, SILENT)
    assert (found.origin, found.text, found.tags, found.words_bytes) == (0, 0, 0, 0)


def test_facts_do_not_depend_on_the_id_nor_on_how_words_are_written() -> None:
    first = extract_facts(Post("1", text="By the  River #Night", hashtags=("FUN",)))
    second = extract_facts(Post("2", text="by the river", hashtags=("#fun", "night")))
    assert (first.text, first.tags, first.whole) == (second.text, second.tags, second.whole)


def test_of_user_and_time_only_a_few_bits_are_kept() -> None:
    found = [extract_facts(Post("1", user=f"user {number}", time=NOON)) for number in range(300)]
    assert {0 <= one.user < USERS and 0 <= one.time < TIMES for one in found} == {True}
    assert len({one.user for one in found}) < 300  # some must share a number


def test_origin_needs_a_time_of_day_or_a_user_with_a_spot() -> None:
    known = [
        Post("1", user="anna", time=NOON),
        Post("1", time=NOON, venue="pier"),
        Post("1", user="anna", time=MIDNIGHT, venue="pier"),
        Post("1", user="anna", time=MIDNIGHT, latitude=1.0, longitude=2.0),
    ]
    unknown = [
        Post("1", user="anna", time=MIDNIGHT),
        Post("1", time=MIDNIGHT, venue="pier"),
        Post("1", time=NOON),
        Post("1", user="anna", venue="pier"),
    ]
    assert len({extract_facts(post).origin for post in known} - {0}) == 4
    assert [extract_facts(post).origin for post in unknown] == [0, 0, 0, 0]


def test_an_image_is_known_by_its_content_wherever_it_lies(tmp_path: Path) -> None:
    for name, content in (("a.jpg", b"same"), ("b.jpg", b"same"), ("c.jpg", b"else"), ("empty.jpg", b"")):
        (tmp_path / name).write_bytes(content)
    a, b, c, empty, none = (
        extract_facts(Post("1", images=(tmp_path / name,))).images
        for name in ("a.jpg", "b.jpg", "c.jpg", "empty.jpg", "none.jpg")
    )
    assert a == b == extract_facts(Post("1", images=(b"same",))).images
    assert a != c
    assert (empty, none) == (frozenset(), frozenset())


def test_content_digest_is_of_what_a_post_shows_not_of_who_posted_it() -> None:
    post = Post("1", text="by the river", image_text="EXIT")
    assert content_digest(post) == content_digest(replace(post, id="2", user="anna", time=NOON))
    assert content_digest(post) != content_digest(replace(post, image_text=""))
    assert compute_digest("a", "b") != compute_digest("b", "a")
