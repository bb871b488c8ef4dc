"""What stands on both sides of a split, and what one user holds: planted once each."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from postplace.errors import NotEnoughData
from postplace.schema import Post
from postplace.splitting.overlap import (
    SHARED,
    ClassShare,
    Fingerprints,
    class_priors,
    input_notes,
    shared_with_training,
    split_as_train,
    split_by_post,
)
from postplace.splitting.splits import Split
from postplace.synthetic import CityParameters
from postplace.synthetic.city import build_drafts

LONG = "a sentence of more than sixteen letters"


def sentence(number: int) -> str:
    """A text unlike those of other numbers."""
    random = Random(number)
    return "".join(random.choice("abcdefghij klmnop") for _ in range(60))


def filled(posts: list[Post]) -> Fingerprints:
    """The fingerprints of posts whose images are bytes."""
    found = Fingerprints()
    for post in posts:
        found.add(post, [image for image in post.images if isinstance(image, bytes)])
    return found


def split(train: list[int], test: list[int]) -> Split:
    """A split without the parts in the middle."""
    empty = np.zeros(0, dtype=np.int64)
    return Split(np.array(train), empty, empty, np.array(test))


@pytest.mark.parametrize(
    ("shared", "one", "other"),
    [
        ("user", Post("1", user="u"), Post("2", user="u")),
        ("venue", Post("1", venue="v"), Post("2", venue="v")),
        ("text", Post("1", text=LONG), Post("2", text=LONG.upper() + "!!! http://t.cn/abc")),
        ("text", Post("1", text=LONG), Post("2", text=LONG + "s")),  # a near copy
        ("short text", Post("1", text="Good night"), Post("2", text="good night.")),
        ("picture", Post("1", images=(b"pixels",)), Post("2", images=(b"others", b"pixels"))),
    ],
)
def test_what_is_on_both_sides_is_found(shared: str, one: Post, other: Post) -> None:
    posts = filled([one, Post("3", text="something else, long enough too"), other])
    assert shared_with_training(posts, split([0, 1], [2])) == {**dict.fromkeys(SHARED, 0), shared: 1}
    assert shared_with_training(posts, split([1], [2])) == dict.fromkeys(SHARED, 0)


def test_of_many_posts_only_equal_texts_are_told_and_no_text_is_kept() -> None:
    found = Fingerprints(near_copies_up_to=2)
    for number, text in enumerate((LONG, LONG + "s", LONG + "!")):
        found.add(Post(str(number), text=text), [])
    assert not found.compares_near_copies
    assert not found._texts
    assert shared_with_training(found, split([0], [1, 2]))["text"] == 1


def test_posts_without_anything_share_nothing() -> None:
    posts = filled([Post("1"), Post("2"), Post("3", text="[doge]"), Post("4", text="😀 #tag")])
    assert not any(shared_with_training(posts, split([0, 2], [1, 3])).values())


def test_repeats_are_counted() -> None:
    posts = filled([Post(str(n), text="Good night", images=(b"pixels",)) for n in range(3)] + [Post("9", text=LONG)])
    assert posts.repeated() == (2, 2)


def test_a_split_post_by_post_shares_and_one_as_in_training_does_not() -> None:
    posts = [
        Post(str(n), text=sentence(n % 40), user=f"u{n % 37}", images=(bytes([n % 50]),), place=str(n % 3))
        for n in range(0, 400, 7)
    ]
    posts += [Post(f"alone {n}", text=sentence(1000 + n), venue=f"v{n}", place=str(n % 3)) for n in range(200)]
    found = filled(posts)
    by_post = shared_with_training(found, split_by_post(found, seed=0))
    assert by_post["user"] > 0
    assert by_post["text"] > 0
    made = split_as_train(found, seed=0)
    assert not any(shared_with_training(found, made).values())
    assert sorted(np.concatenate([rows for _, rows in made.subsets()])) == list(range(len(posts)))


def test_a_stock_image_does_not_tie_everything_into_one_group() -> None:
    found = filled([Post(str(n), text=sentence(n), user=str(n), images=(b"sticker",)) for n in range(300)])
    made = split_as_train(found, seed=0)
    assert len(made.test) == 30
    assert shared_with_training(found, made)["picture"] == 30


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(NotEnoughData, match="1 group"):
        split_as_train(filled([Post(str(n), user="u") for n in range(9)]), seed=0)


def test_the_busiest_user_of_each_class_by_hand() -> None:
    posts = [Post(str(n), user="a" if n < 8 else f"u{n}", place="pier") for n in range(12)]
    posts += [Post(f"x{n}", user=f"u{n}", category="home") for n in range(20)]
    posts += [Post(f"y{n}", user="a", place="small") for n in range(9)]
    posts += [Post(f"z{n}", user="a") for n in range(9)]
    assert class_priors(filled(posts)) == [ClassShare("home", 20, 1), ClassShare("pier", 12, 8)]
    assert ClassShare("pier", 12, 8).share == pytest.approx(2 / 3)


def test_without_users_no_class_has_a_busiest() -> None:
    assert class_priors(filled([Post(str(n), place="pier") for n in range(12)])) == [ClassShare("pier", 12, 0)]
    assert class_priors(Fingerprints()) == []


def test_reposts_planted_in_a_synthetic_city_cross_a_split_post_by_post_alone() -> None:
    def city(duplicates: float) -> Fingerprints:
        parameters = CityParameters(duplicates=duplicates, users=300, activity_skew=0.0, missing_text=0.0)
        return filled(
            [
                Post(d.id, text=d.text, user=d.user, place=str(d.place))
                for d in build_drafts(600, seed=2, parameters=parameters)
            ]
        )

    assert city(0.0).repeated() == (0, 0)
    found = city(0.3)
    assert found.repeated()[0] > 100
    assert shared_with_training(found, split_by_post(found, seed=0))["text"] > 10
    made = shared_with_training(found, split_as_train(found, seed=0))
    assert (made["text"], made["user"]) == (0, 0)


def test_a_stock_sentence_is_told_and_does_not_tie_users_together() -> None:
    posts = [Post(str(n), text=LONG, user=str(n), place=str(n % 3)) for n in range(60)]
    posts += [Post(f"own {n}", text=sentence(n), user=str(n % 60), place=str(n % 3)) for n in range(240)]
    for near in (1000, 10):  # near copies, and equal texts alone
        found = Fingerprints(near_copies_up_to=near)
        for post in posts:
            found.add(post, [])
        made = split_as_train(found, seed=0)
        shared = shared_with_training(found, made)
        assert (shared["text"], shared["stock text"] > 0) == (0, True)
        (note,) = (note for note in input_notes(found, made) if "stock" in note)
        assert note.startswith("60 posts are of 1 stock sentence(s)")
        assert f"{shared['stock text']} of {len(made.test)} test posts" in note


def test_a_short_chinese_text_is_long_here_too() -> None:
    posts = filled([Post("1", text="今天在外滩看到了最美的日落呀"), Post("2", text="今天在外滩看到了最美的日落呀！")])
    assert shared_with_training(posts, split([0], [1]))["text"] == 1
    wishes = filled([Post("1", text="生日快乐"), Post("2", text="生日快乐！")])
    assert shared_with_training(wishes, split([0], [1]))["short text"] == 1


def test_a_venue_that_is_the_place_is_not_split_by() -> None:
    found = filled([Post(str(n), text=sentence(n), place=f"p{n % 9}", venue=f"v{n % 9}") for n in range(180)])
    assert found.grouped_by() == ("user",)
    made = split_as_train(found, seed=0)
    assert len(made.test) == 18
    assert "the venue is the class" in input_notes(found, made)[0]
    others = filled([Post(str(n), text=sentence(n), place=f"p{n % 9}", venue=f"v{n % 90}") for n in range(180)])
    assert others.grouped_by() == ("user", "venue")
