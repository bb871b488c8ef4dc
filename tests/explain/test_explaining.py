"""Explanations of a toy whose answer is known: one word, one tag, one corner of an image."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from postplace import Post, PostLocator
from postplace.errors import BadOption, BadPost
from postplace.explain import Effect, Explanation, explain, open_post

Toy = Callable[..., PostLocator]
Square = Callable[..., bytes]


def by_kind(found: Explanation, kind: str) -> dict[str, float]:
    """The effects of one kind by name, in nats."""
    return {effect.part.name: round(effect.log_odds, 6) for effect in found.parts if effect.part.kind == kind}


def test_the_word_that_decides_is_named_first_with_its_place_in_the_text(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 2.0 * ("lighthouse" in text) - 0.5 * ("rain" in text))
    found = explain(locator, Post("1", text="rain at the lighthouse, http://a.org"))
    assert by_kind(found, "word") == {"lighthouse": 2.0, "at": 0.0, "the": 0.0, "rain": -0.5}
    first, last = found.parts[0], found.parts[-1]
    assert (first.part.name, first.part.field, first.part.start, first.part.end) == ("lighthouse", "text", 12, 22)
    assert last.part.name in ("rain", "rai")
    assert first.probability == pytest.approx(1 / (1 + 2.718281828**-1.5) - 1 / (1 + 2.718281828**0.5))


def test_chinese_is_taken_away_by_words(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 3.0 * ("外滩" in text))
    found = explain(locator, Post("1", text="我在上海外滩看夜景"))
    assert by_kind(found, "word") == {"外滩": 3.0, "我": 0.0, "在": 0.0, "上海": 0.0, "看": 0.0, "夜景": 0.0}
    assert by_kind(found, "characters") == {"外": 3.0, "滩": 3.0}  # the two next in strength are single characters


def test_a_hashtag_is_taken_from_the_text_too(toy: Toy) -> None:
    seen: list[str] = []

    def score(text: str, tags: tuple[str, ...], red: float) -> float:
        seen.append(text)
        return 1.5 * ("bund" in tags)

    found = explain(toy(score), Post("1", text="dinner #bund tonight", hashtags=("bund", "food")))
    assert by_kind(found, "hashtag") == {"bund": 1.5, "food": 0.0}
    assert by_kind(found, "word") == {"dinner": 0.0, "tonight": 0.0}
    assert "dinner tonight" in seen


def test_the_region_that_decides_is_found(toy: Toy, square: Square) -> None:
    """A red cell of the 4 x 4: covered with the mean (16 red of 255), the image loses 15 of its 16 of red."""
    locator = toy(lambda text, tags, red: red / 10)
    found = explain(locator, Post("1", images=(square(red=(10, 20, 20, 30)),)))
    first = found.parts[0]
    assert first.part.box == (0.25, 0.5, 0.5, 0.75)
    assert first.part.name == "image 1, row 3, column 2"
    mean = 255 / 16
    assert first.log_odds == pytest.approx((mean - 16 / 16) / 10, rel=1e-3)
    assert all(effect.log_odds == pytest.approx(-1 / 10, rel=1e-3) for effect in found.parts[1:])
    assert len(found.parts) == 16


def test_modalities_are_shapley_values_that_add_up(toy: Toy, square: Square) -> None:
    """v = 2 [text] + 4 [text and tags] + 1 [image]: text 2 + 4/2, tags 4/2, image 1."""

    def score(text: str, tags: tuple[str, ...], red: float) -> float:
        return 2.0 * bool(text) + 4.0 * (bool(text) and bool(tags)) + 1.0 * (red > 0) - 1.0

    post = Post("1", text="hello", hashtags=("a",), images=(square(red=(0, 0, 40, 40)),))
    found = explain(toy(score), post)
    assert {effect.part.name: round(effect.log_odds, 6) for effect in found.modalities} == {
        "text": 4.0, "hashtags": 2.0, "image": 1.0,
    }  # fmt: skip
    assert found.nothing.log_odds == pytest.approx(-1.0)
    assert sum(e.log_odds for e in found.modalities) == pytest.approx(found.whole.log_odds - found.nothing.log_odds)
    difference = found.whole.probability - found.nothing.probability
    assert sum(effect.probability for effect in found.modalities) == pytest.approx(difference)


def test_an_absent_modality_has_no_value(toy: Toy) -> None:
    found = explain(toy(lambda text, tags, red: 1.0), Post("1", text="hello"))
    assert [effect.part.name for effect in found.modalities] == ["text"]


def test_another_place_can_be_asked_for(toy: Toy) -> None:
    found = explain(toy(lambda text, tags, red: 2.0 * ("sea" in text)), Post("1", text="sea air"), place="there")
    assert (found.place, found.answer) == ("there", "here")
    assert by_kind(found, "word") == {"air": 0.0, "sea": -2.0}


def test_a_place_that_the_run_does_not_know_is_one_line(toy: Toy) -> None:
    with pytest.raises(BadOption, match=r"^place: 'hear' is none of the 2 this run knows; give one of them, such as"):
        explain(toy(lambda *_: 0.0), Post("1", text="x"), place="hear")


@pytest.mark.parametrize("post", [Post("1"), Post("1", text="  http://a.org "), Post("1", images=(b"no image",))])
def test_a_post_with_nothing_in_it_is_one_line(toy: Toy, post: Post) -> None:
    with pytest.raises(BadPost, match="nothing that this run looks at"):
        explain(toy(lambda *_: 0.0), post)


@pytest.mark.parametrize("option", [{"limit": 0}, {"grid": 0}, {"grid": 17}, {"method": "lime"}])
def test_options_out_of_range_are_refused(toy: Toy, option: dict[str, int]) -> None:
    with pytest.raises(BadOption):
        explain(toy(lambda *_: 0.0), Post("1", text="x"), **option)  # type: ignore[arg-type]


def test_what_the_limit_leaves_out_is_said_and_every_kind_has_its_turn(toy: Toy, square: Square) -> None:
    tags = tuple(f"tag{number}" for number in range(500))
    post = Post("1", text="one two three four", hashtags=tags, images=(square(red=(0, 0, 9, 9)),))
    found = explain(toy(lambda *_: 0.0), post, limit=12)
    kinds = [effect.part.kind for effect in found.parts if effect.part.kind != "characters"]
    assert {kind: kinds.count(kind) for kind in kinds} == {"hashtag": 4, "word": 4, "region": 4}
    assert found.notes == (
        "496 of 500 hashtags were not looked at (limit 12)",
        "12 of 16 regions were not looked at (limit 12)",
    )


def test_of_a_very_long_post_fewer_parts_are_asked_about(toy: Toy) -> None:
    found = explain(toy(lambda *_: 0.0), Post("1", text="word " * 20_000, hashtags=("a", "b")))
    words = [effect for effect in found.parts if effect.part.kind == "word"]
    assert len(words) == 3  # of 100,000 characters each
    assert found.notes == ("19997 of 20000 words were not looked at (limit 3 for so long a post)",)


def test_the_same_seed_looks_at_the_same_parts(toy: Toy) -> None:
    post = Post("1", hashtags=tuple(f"tag{number}" for number in range(50)))

    def names(seed: int) -> set[str]:
        return {effect.part.name for effect in explain(toy(lambda *_: 0.0), post, limit=5, seed=seed).parts}

    assert names(1) == names(1)
    assert names(1) != names(2)


def test_a_broken_image_is_said_and_the_rest_explained(toy: Toy, square: Square) -> None:
    post = Post("1", images=(b"broken", square(red=(0, 0, 40, 40))))
    found = explain(toy(lambda text, tags, red: red / 100), post)
    assert "image 1 could not be read" in found.notes[0]
    assert {effect.part.image for effect in found.parts} == {0}  # of the readable ones


def test_everything_is_asked_in_one_batch_and_one_for_characters(toy: Toy, square: Square) -> None:
    locator = toy(lambda *_: 0.0)
    explain(locator, Post("1", text="a lighthouse", hashtags=("x", "y"), images=(square(red=(0, 0, 9, 9)),)))
    assert locator.asked == 2  # type: ignore[attr-defined]


def test_a_post_of_the_training_part_is_said_to_be_one(toy: Toy) -> None:
    found = explain(toy(lambda *_: 0.0, known={"7": "train"}), Post("7", text="hello"))
    assert found.notes == ("this post was in the train subset of the posts that the run was made from",)


def test_an_opened_post_is_known_by_what_was_given(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by what is left of it for a run that looks at less."""
    locator, post = toy(lambda *_: 0.0), Post("7", text="hello", hashtags=("x",))
    locator.modalities = ("text",)
    monkeypatch.setattr(locator, "subset_of", lambda own: "train" if own == post else None)
    for asked in (post, open_post(locator, post)):
        assert any("was in the train subset" in note for note in explain(locator, asked).notes)


def test_json_is_plain_and_says_what_is_measured(toy: Toy, square: Square) -> None:
    post = Post("1", text="a lighthouse", hashtags=("x",), images=(square(red=(0, 0, 9, 9)),))
    found = json.loads(json.dumps(explain(toy(lambda text, tags, red: len(text) / 9), post).to_dict(), allow_nan=False))
    assert found["unit"] == "nats"
    assert found["parts"][0] == {
        "kind": "word", "name": "lighthouse", "field": "text", "start": 2, "end": 12,
        "log_odds": pytest.approx(11 / 9, abs=1e-6), "probability": found["parts"][0]["probability"],
    }  # fmt: skip


def test_effects_are_ordered_by_what_speaks_for_the_place(toy: Toy) -> None:
    found = explain(toy(lambda text, tags, red: len(text)), Post("1", text="aaa bb c", hashtags=("x",)))
    words: list[Effect] = [effect for effect in found.parts if effect.part.kind == "word"]
    assert [effect.part.name for effect in words] == ["aaa", "bb", "c"]


def test_a_record_is_explained_as_the_post_it_is(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 1.0)
    assert explain(locator, {"id": "1", "text": "#bund"}) == explain(
        locator, Post("1", text="#bund", hashtags=("bund",))
    )
    with pytest.raises(BadPost, match="post: a str where one post is needed"):
        explain(locator, "a walk")  # type: ignore[arg-type]
