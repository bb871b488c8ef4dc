"""Advice of a toy whose answer is known: the edit that hides the place is the one that must be named."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from postplace import Place, Post, PostLocator
from postplace.errors import BadOption, BadPost
from postplace.explain import Advice, advise
from postplace.explain.adviser import ASSUMED, OWN_DROP, SEEN_BY_TRANSFER_MODEL
from postplace.explain.transfer_attack import check_transfer_model
from postplace.images.regions import lossless
from postplace.places.vocabulary import PlaceVocabulary

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
    assert best.view.probability == pytest.approx(1 / (1 + 2.718281828**2))
    assert found.before.probability == pytest.approx(1 / (1 + 2.718281828**-2))
    assert found.without_hashtags == best.view


def test_a_tag_that_is_typed_and_not_listed_is_no_all_clear(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 2.0)
    found = advise(locator, Post("1", text="dinner with friends #bund"), place="here")
    assert first(found) == ["leave out the hashtag #bund"]
    assert (found.suggestions[0].text, found.suggestions[0].hashtags) == ("dinner with friends", ())
    assert found.before.probability == pytest.approx(1 / (1 + 2.718281828**-2))


def test_two_tags_that_say_the_same_need_two_edits(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("bund" in tags or "waitan" in tags) - 2.0)
    post = Post("1", hashtags=("bund", "food", "waitan"))
    assert not advise(locator, post, max_edits=1).reached
    assert first(advise(locator, post)) == ["leave out the hashtag #bund", "leave out the hashtag #waitan"]


def test_the_words_that_leak_go_everywhere(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("lighthouse" in text.lower()) - 2.0)
    found = advise(locator, Post("1", text="Lighthouse! at the lighthouse, again"))
    assert found.suggestions[0].text == "! at the, again"
    assert found.without_hashtags is None


def test_a_image_that_leaks_is_edited(toy: Toy, square: Square) -> None:
    locator = toy(lambda text, tags, red: red / 4 - 2.0)
    found = advise(locator, Post("1", text="hello", images=(square(red=(0, 0, 10, 10)),)))
    assert found.reached
    assert {suggestion.edits[0].modality for suggestion in found.suggestions} == {"image"}
    assert first(found) == ["crop image 1 to its right two thirds"]


def test_a_post_that_shows_nothing_needs_no_edit(toy: Toy) -> None:
    found = advise(toy(lambda *_: -3.0), Post("1", text="hello"), place="here")
    assert found.reached
    assert found.suggestions == ()
    assert found.notes == ("nothing needs to change: it is not the answer, and less probable than 0.5 already",)
    assert ASSUMED not in found.notes
    assert ASSUMED in advise(toy(lambda *_: -3.0), Post("1", text="hello")).notes


def test_what_hides_nothing_from_the_transfer_model_is_not_called_hidden(toy: Toy) -> None:
    guide = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 2.0)
    transfer_model = toy(lambda text, tags, red: 4.0 * ("sea" in text) - 2.0)
    post = Post("1", text="by the sea", hashtags=("bund", "x"))
    found = advise(guide, post, transfer_model=transfer_model)
    best = found.suggestions[0]
    assert best.view.probability == pytest.approx(0.1192, abs=1e-4)
    assert found.transfer_before is not None
    assert best.transfer_view is not None
    assert best.transfer_view.probability == found.transfer_before.probability == pytest.approx(0.8808, abs=1e-4)
    assert not any(own.reached for own in found.suggestions)
    assert not found.reached
    assert "suggestions that hide nothing from the transfer model and are not worth making: 1 of 1" in found.notes
    assert found.notes[0].startswith("no set of edits that was tried reaches the goal for both runs")
    assert OWN_DROP not in found.notes
    alone = advise(guide, post)
    assert OWN_DROP in alone.notes
    assert alone.reached


def test_what_hides_the_place_from_both_stands_first(toy: Toy) -> None:
    """The guide would take the tag away, which costs less; the transfer model knows the place by the word."""
    guide = toy(lambda text, tags, red: 3.0 * ("bund" in tags) + 3.0 * ("sea" in text) - 2.0)
    transfer_model = toy(lambda text, tags, red: 6.0 * ("sea" in text) - 3.0)
    post = Post("1", text="sea", hashtags=("bund", "x"))
    found = advise(guide, post, below=0.8, transfer_model=transfer_model)
    assert advise(guide, post, below=0.8).suggestions[0].edits[0].kind == "hide hashtag"
    best = found.suggestions[0]
    assert best.reached
    assert "sea" not in best.text
    assert found.transfer_before is not None
    assert best.transfer_view is not None
    assert (found.transfer_before.probability, best.transfer_view.probability) == pytest.approx(
        (0.9526, 0.0474), abs=1e-4
    )
    assert [own.reached for own in found.suggestions] == sorted(
        (own.reached for own in found.suggestions), reverse=True
    )


def test_edits_against_this_run_alone_are_worth_making(toy: Toy) -> None:
    """Where the transfer model has not seen the place anyway, an edit need not hide anything from it."""
    guide = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 2.0)
    found = advise(
        guide, Post("1", text="sea", hashtags=("bund", "x")), place="here", transfer_model=toy(lambda *_: -3.0)
    )
    assert found.reached
    assert found.suggestions[0].hashtags == ("x",)
    assert not any("not worth making" in note for note in found.notes)


def test_a_post_that_the_transfer_model_alone_sees_is_searched(toy: Toy) -> None:
    guide = toy(lambda text, tags, red: 1.0 * ("sea" in text) - 3.0)
    transfer_model = toy(lambda text, tags, red: 6.0 * ("sea" in text) - 3.0)
    found = advise(guide, Post("1", text="by the sea"), place="here", transfer_model=transfer_model)
    assert found.notes[0] == SEEN_BY_TRANSFER_MODEL
    assert found.reached
    assert "sea" not in found.suggestions[0].text
    blind = advise(toy(lambda *_: -3.0), Post("1", text="hello"), place="here", transfer_model=toy(lambda *_: 3.0))
    assert blind.transfer_before is not None
    assert blind.transfer_before.probability == pytest.approx(0.9526, abs=1e-4)
    assert not blind.reached
    assert blind.notes[:2] == (SEEN_BY_TRANSFER_MODEL, "no edit that was tried hides anything of the place")
    done = advise(toy(lambda *_: -3.0), Post("1", text="hello"), place="here", transfer_model=toy(lambda *_: -2.0))
    assert done.reached
    assert done.notes[0].startswith("nothing needs to change")


def test_json_is_plain(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 2.0)
    found = json.loads(json.dumps(advise(locator, Post("1", hashtags=("food", "bund"))).to_dict(), allow_nan=False))
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


@pytest.mark.parametrize("post", [Post("1"), Post("1", images=(b"no image",))])
def test_a_post_with_nothing_in_it_is_one_line(toy: Toy, post: Post) -> None:
    with pytest.raises(BadPost, match=r"^advise: the post has nothing that this run looks at"):
        advise(toy(lambda *_: 0.0), post)


def test_a_run_that_reads_no_hashtags_says_so(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("bund" in text) - 2.0)
    locator.modalities = ("text",)
    found = advise(locator, Post("1", text="bund #food", hashtags=("food",)))
    assert found.without_hashtags is None
    assert {edit.modality for own in found.suggestions for edit in own.edits} == {"text"}
    assert found.suggestions[0].hashtags == ("food",)
    assert "this run does not look at the hashtags: others may" in found.notes
    without = advise(locator, Post("1", text="bund"))
    assert not any("does not look at" in note for note in without.notes)  # there is nothing that it looks past


def test_a_transfer_model_sees_what_the_guide_does_not_look_at(toy: Toy) -> None:
    guide = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 2.0)
    guide.modalities = ("hashtags",)
    transfer_model = toy(lambda text, tags, red: 4.0 * ("sea" in text) - 2.0)
    found = advise(guide, Post("1", text="sea #bund", hashtags=("bund",)), transfer_model=transfer_model)
    best = found.suggestions[0]
    assert best.text == "sea"
    assert best.transfer_view is not None
    assert best.transfer_view.probability == pytest.approx(0.8808, abs=1e-4)


def test_the_only_hashtag_may_go_with_all_that_it_says(toy: Toy) -> None:
    found = advise(toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 2.0), Post("1", hashtags=("bund",)))
    assert first(found) == ["leave out the hashtag #bund"]
    assert found.suggestions[0].loss == 1.0


def test_a_broken_image_is_said_and_the_rest_advised_on(toy: Toy, square: Square) -> None:
    post = Post("1", images=(b"broken", square(red=(0, 0, 40, 40))))
    found = advise(toy(lambda text, tags, red: red / 50 - 2.0), post)
    assert "image 1 could not be read" in found.notes[0]
    assert {edit.part.image for own in found.suggestions for edit in own.edits} == {0}
    assert found.reached


def test_of_a_hundred_tags_the_two_that_leak_are_found(toy: Toy) -> None:
    tags = tuple(f"tag{number}" for number in range(100))
    locator = toy(lambda text, tags, red: 3.0 * ("tag37" in tags) + 2.5 * ("tag81" in tags) - 3.0)
    found = advise(locator, Post("1", hashtags=tags), below=0.1)
    assert first(found) == ["leave out the hashtag #tag37", "leave out the hashtag #tag81"]
    assert locator.asked <= 6  # type: ignore[attr-defined]
    assert found.queries < 400


def test_the_limit_is_said(toy: Toy) -> None:
    found = advise(toy(lambda text, tags, red: 3.0), Post("1", hashtags=tuple("abcdefgh")), limit=4)
    assert "4 of 8 hashtags were not looked at (limit 4)" in found.notes


def test_chinese_words_and_tags(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 2.0 * ("外滩" in text) + 3.0 * ("外滩" in tags) - 2.0)
    found = advise(locator, Post("1", text="我在外滩看夜景", hashtags=("外滩", "美食")))
    assert first(found) == ["leave out the hashtag #外滩", 'leave out "外滩"']
    assert (found.suggestions[0].text, found.suggestions[0].hashtags) == ("我在看夜景", ("美食",))


def test_km_as_the_goal(toy: Toy) -> None:
    """Two places 157 km apart: to be 100 km off, "here" must be less probable than 0.364."""
    locator = toy(lambda text, tags, red: 2.0 * ("a" in tags) + 1.0 * ("b" in tags) - 1.0)
    found = advise(locator, Post("1", hashtags=("a", "b", "c")), beyond_km=100.0)
    best = found.suggestions[0]
    assert [edit.part.name for edit in best.edits] == ["a", "b"]
    assert best.view.expected_km == pytest.approx(157.2 * 0.7311, abs=0.1)
    assert advise(locator, Post("1", hashtags=("a", "b", "c")), beyond_km=150.0).reached is False


def test_the_strongest_leak_is_named_first_also_where_another_tag_is_replaced(toy: Toy) -> None:
    """Neither alone is enough; what is worth more when it is gone comes first, whatever its replacement does."""
    locator = toy(lambda text, tags, red: 1.0 * ("weak" in tags) + 2.0 * ("strong" in tags) - 2.0)
    found = advise(locator, Post("1", hashtags=("weak", "x", "strong")), below=0.15)
    assert first(found) == ["leave out the hashtag #strong", "leave out the hashtag #weak"]


def test_a_transfer_model_of_other_classes_or_the_guide_itself_is_refused(toy: Toy) -> None:
    guide, transfer_model = toy(lambda *_: 3.0), toy(lambda *_: 3.0)
    with pytest.raises(BadOption, match=r"^transfer_model: is the run that chooses the edits"):
        advise(guide, Post("1", text="x"), transfer_model=guide)
    others = PlaceVocabulary("place", (Place("elsewhere", 0.0, 0.0), Place("there", 1.0, 1.0)))
    transfer_model.predictor.places = others  # type: ignore[misc]
    with pytest.raises(BadOption, match=r"^transfer_model: does not know 'here'"):
        advise(guide, Post("1", text="x"), transfer_model=transfer_model)


def test_the_same_question_has_the_same_answer_and_the_post_stays_as_it_was(toy: Toy, square: Square) -> None:
    locator = toy(lambda text, tags, red: red / 20 + len(text) / 10 - 2.0)
    post = Post("1", text="one two three", hashtags=("a",), images=(square(red=(0, 0, 20, 20)),))
    assert advise(locator, post).to_dict() == advise(locator, post).to_dict()


def test_a_trained_run_knows_tags_to_put_in_the_place_of_others(place_locator: PostLocator, posts: list[Post]) -> None:
    post = next(post for post in posts if len(post.hashtags) > 2 and place_locator.subset_of(post) == "train")
    found = advise(place_locator, post, below=0.001, max_edits=3, grid=2)
    assert {len(own.edits) for own in found.suggestions} <= {1, 2, 3}
    assert found.suggestions
    assert "this post was in the train subset of the posts that the run was made from" in found.notes


def test_of_a_very_long_post_fewer_sets_are_asked_about(toy: Toy) -> None:
    text = " ".join(f"word{number}" for number in range(12_000))  # 108,890 characters
    found = advise(toy(lambda text, tags, red: 3.0 * ("word7 " in text)), Post("1", text=text, hashtags=("a", "b")))
    assert found.queries < 40
    assert any("words were not looked at" in note for note in found.notes)


def test_of_many_images_some_are_not_cropped_and_it_is_said(toy: Toy, square: Square) -> None:
    images = tuple(square(red=(0, 0, 10 + number, 10)) for number in range(10))
    found = advise(toy(lambda text, tags, red: 3.0), Post("1", images=images), limit=40, grid=2)
    assert "8 of 10 images were not cropped (limit 40)" in found.notes


def test_the_transfer_model_is_given_the_edited_posts(toy: Toy) -> None:
    guide = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 2.0)
    transfer_model = toy(lambda text, tags, red: 2.0 * ("bund" in tags) - 1.0)
    found = advise(guide, Post("1", hashtags=("bund", "x")), transfer_model=transfer_model)
    best = found.suggestions[0]
    assert found.transfer_before is not None
    assert best.transfer_view is not None
    assert (found.transfer_before.probability, best.transfer_view.probability) == pytest.approx(
        (0.7311, 0.2689), abs=1e-4
    )


class Counted(bytes):
    """An edited image that is counted while it is held."""

    living = 0

    def __new__(cls, content: bytes) -> Counted:
        cls.living += 1
        return super().__new__(cls, content)

    def __del__(self) -> None:
        Counted.living -= 1


def test_edited_images_are_not_kept(toy: Toy, square: Square, monkeypatch: pytest.MonkeyPatch) -> None:
    """About 100 posts are asked about, most with an edited image or two: held are those of a batch."""
    Counted.living, held = 0, []
    monkeypatch.setattr("postplace.explain.search.AT_ONCE", 8)
    monkeypatch.setattr("postplace.explain.edits.lossless", lambda image: Counted(lossless(image)))

    def score(text: str, tags: tuple[str, ...], red: float) -> float:
        held.append(Counted.living)
        return red / 20 - 2.0

    images = tuple(square(red=(0, 0, 20 + 5 * number, 20)) for number in range(3))
    found = advise(toy(score), Post("1", images=images), below=0.01)
    assert found.queries > 60
    assert 8 <= max(held) <= 2 * 8  # a post of two edits may hold two images


def cells(*latitudes: float) -> PlaceVocabulary:
    return PlaceVocabulary(
        "cell", tuple(Place(f"cell-{n:03d}", latitude, 121.0) for n, latitude in enumerate(latitudes))
    )


def test_a_transfer_model_of_other_cells_is_refused() -> None:
    check_transfer_model(cells(31.2, 31.1), cells(31.2, 31.1005))  # 56 m
    with pytest.raises(BadOption, match=r"'cell-001' 11\.1 km away"):
        check_transfer_model(cells(31.2, 31.0), cells(31.2, 31.1))
    with pytest.raises(BadOption, match="3 cells, the model that it attacks beside 2"):
        check_transfer_model(cells(31.2, 31.1, 31.0), cells(31.2, 31.1))


def test_a_transfer_model_of_places_of_the_same_names_elsewhere_is_refused() -> None:
    def places(**latitudes: float | None) -> PlaceVocabulary:
        return PlaceVocabulary(
            "place", tuple(Place(name, latitude, latitude and 121.0) for name, latitude in latitudes.items())
        )

    own = places(park=31.20, bridge=31.10, tower=31.15, station=None)
    check_transfer_model(places(park=31.30, bridge=31.104, tower=31.15, museum=10.0), own)  # one alone has moved
    check_transfer_model(places(park=None, museum=10.0), own)
    with pytest.raises(BadOption, match=r"'bridge' 1123\.1 km away"):
        check_transfer_model(places(park=21.20, bridge=21.00, tower=31.15), own)
    with pytest.raises(BadOption, match="is for the category"):
        check_transfer_model(PlaceVocabulary("category", (Place("park"), Place("food"))), own)


def test_a_transfer_model_is_checked_before_any_edit_is_tried(toy: Toy) -> None:
    transfer_model = toy(lambda *_: 3.0)
    transfer_model.predictor.places = PlaceVocabulary("place", (Place("here", 9.0, 0.0), Place("there", 9.0, 1.0)))  # type: ignore[misc]
    guide = toy(lambda *_: 3.0)
    with pytest.raises(BadOption, match="its classes lie elsewhere"):
        advise(guide, Post("1", text="hello"), transfer_model=transfer_model)
    assert guide.asked == 0  # type: ignore[attr-defined]


def test_the_old_name_of_transfer_model_works_and_warns(toy: Toy) -> None:
    guide, post = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 1.0), Post("1", hashtags=("bund", "x"))
    other = toy(lambda text, tags, red: 2.0 * ("bund" in tags) - 1.0)
    with pytest.warns(DeprecationWarning, match=r"advise\(judge=\) is called advise\(transfer_model=\)"):
        found = advise(guide, post, judge=other)
    assert found == advise(guide, post, transfer_model=other)


def test_both_names_of_the_transfer_model_are_refused(toy: Toy) -> None:
    guide, other = toy(lambda *_: 3.0), toy(lambda *_: 2.0)
    with pytest.raises(BadOption, match="judge: is the old name of `transfer_model`, and both are given"):
        advise(guide, Post("1", text="hello"), transfer_model=other, judge=other)
    assert guide.asked == 0  # type: ignore[attr-defined]


def test_a_transfer_model_that_is_a_path_is_refused(toy: Toy) -> None:
    with pytest.raises(BadOption, match="transfer_model: 'runs/other' is a path, where a loaded run is needed"):
        advise(toy(lambda *_: 3.0), Post("1", text="hello"), transfer_model="runs/other")  # type: ignore[arg-type]


def test_attributes_of_version_0_1_work_and_warn(toy: Toy) -> None:
    guide, post = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 1.0), Post("1", hashtags=("bund", "x"))
    other = toy(lambda text, tags, red: 2.0 * ("bund" in tags) - 1.0)
    found = advise(guide, post, transfer_model=other)
    renamed = {"judged_before": "transfer_before", "every_tag": "without_hashtags", "asked": "queries"}
    for old, new in renamed.items():
        with pytest.warns(DeprecationWarning, match=f"Advice.{old} is called Advice.{new}; .* version 0.3") as caught:
            assert getattr(found, old) == getattr(found, new)
        assert caught[0].filename == __file__
    best = found.suggestions[0]
    for old, new in {"outlook": "view", "judged": "transfer_view"}.items():
        with pytest.warns(DeprecationWarning, match=f"Suggestion.{old} is called Suggestion.{new}"):
            assert getattr(best, old) == getattr(best, new)


def test_a_record_is_read_as_a_post_and_a_text_alone_is_refused(toy: Toy) -> None:
    guide = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 1.0)
    record = {"id": "1", "text": "at the river #bund", "hashtags": "x"}
    post = Post("1", text="at the river #bund", hashtags=("x", "bund"))
    assert advise(guide, record) == advise(guide, post)
    with pytest.raises(BadPost, match="post: a str where one post is needed; give `Post"):
        advise(guide, "at the river #bund")  # type: ignore[arg-type]
    with pytest.raises(BadPost, match="post: a list where one post is needed"):
        advise(guide, [post])  # type: ignore[arg-type]
    with pytest.raises(BadPost, match="post, key 'latitude'"):
        advise(guide, {"text": "a", "latitude": 200.0, "longitude": 0.0})
