"""Learned posts are recognised by what they hold; posts that merely share a number or a stock sentence are not."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postplace.errors import BadRun
from postplace.inference.calibrator import randomization_u
from postplace.schema import Post
from postplace.splitting.known_by_id import post_digests
from postplace.splitting.known_posts import FILE, FILE_OF_IDS, KnownById, KnownPosts, counted, known_from
from postplace.splitting.post_digests import content_digest, extract_facts
from postplace.splitting.splits import SUBSETS

STOCK = "Just posted a photo @ Old Town Bridge"
NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


def image(number: int) -> bytes:
    return f"image {number}".encode()


def made(seed: int, *, users: bool = True, count: int = 200) -> list[Post]:
    """Posts with texts, tags, images, each now and then, ids 0 to count - 1."""
    draw = random.Random(seed)
    found = []
    for number in range(count):
        words = " ".join(draw.choice(["walk", "by", "the", "river", "hi", "夜景", "lunch"]) for _ in range(9))
        text = draw.choice(["", "hi", STOCK, f"{words} {draw.random():.6f}"])
        tags = tuple(draw.choice(["bund", "night", "Old Town", "food"]) for _ in range(draw.randrange(3)))
        images = tuple(image(draw.randrange(10**9)) for _ in range(draw.randrange(3)))
        if not (text or tags or images):
            images = (image(draw.randrange(10**9)),)
        who = f"u{seed}-{draw.randrange(40)}" if users else None
        when = NOON + timedelta(seconds=draw.randrange(10**7)) if users else None
        found.append(Post(str(number), text=text, hashtags=tags, images=images, user=who, time=when))
    return found


def learned(*posts: Post, part: str = "train") -> KnownPosts:
    return KnownPosts.of((part, post) for post in posts)


@pytest.mark.parametrize("users", [True, False])
def test_the_same_posts_under_new_ids_are_all_recognised(users: bool) -> None:
    posts = made(1, users=users)
    parts = [SUBSETS[number % 4] for number in range(len(posts))]
    known = KnownPosts.of(zip(parts, posts, strict=True))
    found = [known.match(replace(post, id=f"new-{post.id}")) for post in posts]
    assert all(found)
    if users:
        assert [match.subset for match in found if match] == parts


def test_other_posts_of_the_same_ids_are_not() -> None:
    known = KnownPosts.of(("train", post) for post in made(1))
    assert [known.match(post) for post in made(2)] == [None] * 200


def test_posts_of_images_alone_are_known_by_these() -> None:
    first = [Post(str(number), images=(image(number),)) for number in range(48)]
    other = [Post(str(number), images=(image(100 + number),)) for number in range(48)]
    known = learned(*first)
    assert [known.match(post) for post in other] == [None] * 48
    assert {known.match(replace(post, id="x")) for post in first} == {("train", "images")}


def test_a_post_with_nothing_in_it_is_not_known() -> None:
    assert learned(Post("1"), Post("2", text="hi")).match(Post("1")) is None


def test_masked_filtered_and_cleaned_copies_are_known_by_who_and_when() -> None:
    post = Post("1", text="at the bridge", hashtags=("x",), images=(image(1),), user="u", time=NOON)
    known = learned(post)
    copy = Post("9", text="at the □", images=(image(2),), user="u", time=NOON)
    assert known.match(copy) == ("train", "origin")
    assert known.match(replace(copy, user="v")) is None
    assert known.match(replace(copy, time=NOON + timedelta(seconds=1))) is None


def test_a_day_alone_names_no_post_but_with_a_spot_it_does() -> None:
    day = datetime(2010, 5, 7)
    known = learned(
        Post("1", hashtags=("water", "dresden"), user="u", time=day, latitude=51.05, longitude=13.73),
        Post("2", hashtags=("transport",), user="u", time=day),
    )
    here = Post("3", hashtags=("water",), user="u", time=day, latitude=51.05, longitude=13.73)
    assert known.match(here) == ("train", "origin")
    assert known.match(replace(here, latitude=51.06)) is None
    assert known.match(Post("2", hashtags=("zoo",), user="u", time=day)) is None


def test_without_who_and_when_a_masked_copy_is_known_by_its_images_and_a_filtered_one_by_its_text() -> None:
    long = "a long walk by the river, then noodles"
    known = learned(Post("1", text=long, hashtags=("x",), images=(image(1), image(2))), Post("2", text="hi"))
    assert known.match(Post("9", text="a long walk by the □", images=(image(1),))) == ("train", "images")
    assert known.match(Post("9", text=long)) == ("train", "words")
    assert known.match(Post("9", text=long, images=(image(7),))) is None  # another image: another post


def test_anothers_post_of_the_same_stock_sentence_is_fresh() -> None:
    known = KnownPosts.of(
        ("train", Post(str(row), text=text, user=f"u{row}", time=NOON + timedelta(days=row)))
        for row, text in enumerate([STOCK, "hi"] * 30)
    )
    for text in (STOCK, "hi"):
        fresh = [Post("0", text=text, user=f"new{row}", time=NOON - timedelta(hours=row + 1)) for row in range(500)]
        assert [known.match(post) for post in fresh] == [None] * 500
        assert known.match(Post("0", text=text)) == ("train", "few_words")  # whose it is cannot be told


def test_a_whole_copy_is_known_also_where_users_were_renamed_or_times_rounded() -> None:
    long = "a long walk by the river, then noodles"
    shown = Post("1", text="hi", images=(image(1), image(2)), user="u", time=NOON)
    known = learned(shown, Post("2", text=long, user="v", time=NOON), Post("3", text="hi", user="w", time=NOON))
    day = NOON.replace(hour=0)
    assert known.match(replace(shown, user="renamed")) == ("train", "images")
    assert known.match(replace(shown, user="renamed", time=day)) == ("train", "images")
    assert known.match(replace(shown, text="another word", time=day)) is None
    assert known.match(replace(shown, images=(image(1),), time=day)) is None
    assert known.match(Post("9", text=long, user="v", time=day)) == ("train", "words")
    assert known.match(Post("9", text=long, user="renamed", time=NOON)) == ("train", "words")
    assert known.match(Post("9", text=long, user="renamed", time=day)) is None  # somebody else may say so, too
    assert known.match(Post("9", text="hi", user="w", time=day)) is None


def test_an_image_that_several_posts_show_names_none_of_them() -> None:
    known = learned(*(Post(str(row), text=f"{row}", images=(image(0),)) for row in range(3)))
    assert known.match(Post("9", text="something else", images=(image(0),))) is None
    assert known.match(Post("9", text="2", images=(image(0),))) == ("train", "images")


def test_a_typed_tag_is_a_tag_and_spaces_and_case_do_not_count() -> None:
    known = learned(Post("1", text="Dinner  by the river #OldTown", images=(image(1),)))
    assert known.match(Post("2", text="dinner by the river", hashtags=("oldtown",))) is not None


def test_a_learned_part_counts_before_the_test_part() -> None:
    known = KnownPosts.of([("test", Post("1", text="hi")), ("train", Post("2", text="hi"))])
    assert known.match(Post("1", text="hi")) == ("train", "few_words")


def test_an_image_that_was_moved_is_the_same_and_one_that_was_replaced_is_not(tmp_path: Path) -> None:
    here, there = tmp_path / "1.jpg", tmp_path / "2.jpg"
    here.write_bytes(b"abc")
    there.write_bytes(b"abc")
    known = learned(Post("1", images=(here, tmp_path / "gone.jpg")))
    assert known.match(Post("2", images=(there,))) == ("train", "images")
    there.write_bytes(b"xyzz")
    assert known.match(Post("1", images=(there,))) is None


def test_it_is_saved_and_read_back_without_a_user_that_could_be_told() -> None:
    known = KnownPosts.of((SUBSETS[row % 4], post) for row, post in enumerate(made(3)))
    files = known.files()
    again = known_from(files, where="run")
    assert [again.match(post) for post in made(3)] == [known.match(post) for post in made(3)]
    assert isinstance(again, KnownPosts)
    assert again.user.max() < 256
    with pytest.raises(BadRun, match=FILE):
        known_from({FILE: files[FILE][:-9]}, where="run")


def test_runs_of_earlier_versions_know_posts_by_id() -> None:
    post, bare = Post("1", text="a", hashtags=("x",), user="u"), Post("2", images=(image(1),))
    parts = {digest: "train" for one in (post, bare) for digest in post_digests(one)}
    known = known_from(KnownById(parts).files(), where="run")
    for same in (post, Post("1", text="a"), Post("1", text="masked", user="u")):
        assert known.match(same) == ("train", "id_and_content")
    for other in (Post("1", text="b"), Post("3", text="a", user="u"), Post("1", hashtags=("x",)), Post("1"), bare):
        assert known.match(other) is None
    assert known.draw_digits(post) == post_digests(post)[0]
    assert set(KnownById(parts).files()) == {FILE_OF_IDS}


def test_the_draw_is_of_the_content_and_spread() -> None:
    posts = made(5, count=400)
    assert [content_digest(replace(post, id="x", user=None, time=None)) for post in posts] == [
        content_digest(post) for post in posts
    ]
    draws = randomization_u([content_digest(Post("1", images=(image(row),))) for row in range(400)])
    assert len(set(draws)) == 400
    assert [((draws >= low) & (draws < low + 0.25)).mean() > 0.18 for low in (0, 0.25, 0.5, 0.75)] == [True] * 4
    assert content_digest(Post("1")) == content_digest(Post("2"))


def test_a_time_is_the_same_moment_in_every_zone() -> None:
    here = Post("1", text="a", user="u", time=datetime.fromisoformat("2024-05-01T20:00:00+08:00"))
    assert (
        extract_facts(here)
        == extract_facts(replace(here, time=NOON))
        == extract_facts(replace(here, time=datetime(2024, 5, 1, 12)))
    )


def test_reasons_are_counted() -> None:
    known = learned(Post("1", text="hi"), Post("2", images=(image(1),)))
    found = [known.match(post) for post in (Post("3", text="hi"), Post("4", images=(image(1),)))]
    assert counted([match for match in found if match]) == {"images": 1, "few_words": 1}
