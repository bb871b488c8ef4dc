"""What to try when filters leave nothing to train on."""

from __future__ import annotations

from postplace.preparation.filters import Modalities, RareHashtags, RarePlaces
from postplace.preparation.relaxation import Applied, loosened, possible_requirement
from postplace.schema import Post

PIER = [Post(str(number), text="x", place="pier") for number in range(5)]
MALL = [Post(f"m{number}", text="x", place="mall") for number in range(2)]


def test_no_rule_took_anything() -> None:
    assert loosened([]) == ""
    assert loosened([Applied(RarePlaces(2), PIER, PIER)]) == ""


def test_the_rule_that_took_most_is_named_with_half_of_the_largest_place() -> None:
    found = loosened([Applied(Modalities(("text",)), [*PIER, *MALL], PIER), Applied(RarePlaces(10), PIER, [])])
    assert RarePlaces(10).rule in found
    assert "`min_place_posts=2` (the largest place has 5 training posts)" in found


def test_a_modality_that_an_earlier_rule_took_away_is_given_back_by_that_rule() -> None:
    tagged = [Post(str(number), text="x", hashtags=("night",)) for number in range(6)]
    bare = [Post(str(number), text="x") for number in range(6)]
    found = loosened([Applied(RareHashtags(9), tagged, bare), Applied(Modalities(("text", "hashtags")), bare, [])])
    assert "`min_hashtag_posts=3` (the commonest hashtag is in 6 training posts)" in found


def test_a_requirement_that_no_post_meets_is_reduced_to_what_posts_have() -> None:
    found = loosened([Applied(Modalities(("text", "image")), PIER, [])])
    assert "`require='text'`" in found


def test_possible_requirement_keeps_as_much_as_one_post_has_at_once() -> None:
    apart = [Post("1", text="x"), Post("2", text="x"), Post("3", hashtags=("a",))]
    assert possible_requirement(apart, ("text", "hashtags")) == "text"
    both = [*apart, Post("4", text="x", hashtags=("a",))]
    assert possible_requirement(both, ("text", "hashtags", "image")) == "text,hashtags"
    assert possible_requirement([], ("text",)) == "none"
