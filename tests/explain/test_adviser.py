"""Advice of a toy whose answer is known: the edit that hides the place is the one that must be named."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from postplace import Post, PostLocator
from postplace.errors import BadOption, BadPost
from postplace.explain import Advice, advise
from postplace.explain.adviser import OWN_DROP

Toy = Callable[..., PostLocator]
Square = Callable[..., bytes]


def first(found: Advice) -> list[str]:
    """The edits of the best suggestion, in words."""
    return [edit.describe() for edit in found.suggestions[0].edits]


def test_the_leaking_hashtag_is_named_first(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 2.0)
    found = advise(locator, Post("1", text="dinner with friends", hashtags=("food", "bund", "night")))
    assert found.place == "here"
    assert first(found) == ["leave out the hashtag #bund"]
    best = found.suggestions[0]
    assert best.hashtags == ("food", "night")
    assert best.text == "dinner with friends"
    assert best.reached
    assert found.reached
    assert best.outlook.probability == pytest.approx(1 / (1 + 2.718281828**2))
    assert found.before.probability == pytest.approx(1 / (1 + 2.718281828**-2))
    assert found.every_tag == best.outlook


def test_two_tags_that_say_the_same_need_two_edits(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("bund" in tags or "waitan" in tags) - 2.0)
    post = Post("1", hashtags=("bund", "food", "waitan"))
    assert not advise(locator, post, max_edits=1).reached
    assert first(advise(locator, post)) == ["leave out the hashtag #bund", "leave out the hashtag #waitan"]


def test_the_words_that_leak_go_everywhere(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("lighthouse" in text.lower()) - 2.0)
    found = advise(locator, Post("1", text="Lighthouse! at the lighthouse, again"))
    assert found.suggestions[0].text == "! at the, again"
    assert found.every_tag is None


def test_a_picture_that_leaks_is_edited(toy: Toy, square: Square) -> None:
    locator = toy(lambda text, tags, red: red / 4 - 2.0)
    found = advise(locator, Post("1", text="hello", images=(square(red=(0, 0, 10, 10)),)))
    assert found.reached
    assert {suggestion.edits[0].modality for suggestion in found.suggestions} == {"image"}
    assert first(found) == ["crop picture 1 to its right two thirds"]


def test_a_post_that_shows_nothing_needs_no_edit(toy: Toy) -> None:
    found = advise(toy(lambda *_: -3.0), Post("1", text="hello"), place="here")
    assert found.reached
    assert found.suggestions == ()
    assert found.notes == ("nothing needs to change: 'here' is not the answer, and less probable than 0.5 already",)


def test_a_judge_says_what_another_attacker_has_left(toy: Toy) -> None:
    guide = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 2.0)
    judge = toy(lambda text, tags, red: 4.0 * ("sea" in text) - 2.0)
    post = Post("1", text="by the sea", hashtags=("bund", "x"))
    found = advise(guide, post, judge=judge)
    best = found.suggestions[0]
    assert best.outlook.probability == pytest.approx(0.1192, abs=1e-4)
    assert best.judged is not None
    assert best.judged_before is not None
    assert best.judged.probability == best.judged_before.probability == pytest.approx(0.8808, abs=1e-4)
    assert OWN_DROP not in found.notes
    assert OWN_DROP in advise(guide, post).notes


def test_json_is_plain(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 2.0)
    found = json.loads(json.dumps(advise(locator, Post("1", hashtags=("food", "bund"))).to_json(), allow_nan=False))
    assert found["suggestions"][0]["edits"][0] == {
        "kind": "hide hashtag",
        "description": "leave out the hashtag #bund",
        "part": {"kind": "hashtag", "name": "bund"},
    }
    assert found["suggestions"][0]["hashtags"] == ["food"]
    assert found["before"] == {
        "probability": 0.880797,
        "answer": "here",
        "expected_km": pytest.approx(18.744, abs=0.01),
    }


@pytest.mark.parametrize(
    "option",
    [
        {"protect": "category"}, {"protect": "home"}, {"below": 0.0}, {"below": 1.0}, {"beyond_km": 0.0},
        {"max_edits": 0}, {"max_edits": 9}, {"limit": 0}, {"grid": 0}, {"place": "nowhere"},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_refused(toy: Toy, option: dict[str, float]) -> None:
    with pytest.raises(BadOption):
        advise(toy(lambda *_: 3.0), Post("1", text="x"), **option)  # type: ignore[arg-type]


@pytest.mark.parametrize("post", [Post("1"), Post("1", images=(b"no picture",))])
def test_a_post_with_nothing_in_it_is_one_line(toy: Toy, post: Post) -> None:
    with pytest.raises(BadPost, match=r"^advise: the post has nothing that this run looks at"):
        advise(toy(lambda *_: 0.0), post)
