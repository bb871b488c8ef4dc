"""Words and hashtags beyond what a run reads: named as not read, never as harmless."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from postplace import Post, PostLocator
from postplace.explain import advise, explain
from postplace.explain.not_read import parts_not_read, pieces_not_read, rest_not_read
from postplace.explain.page import page
from postplace.features.batch import Vocabularies
from postplace.features.pooled import MODALITIES
from postplace.models.read_limits import ReadLimits
from postplace.models.registry import find_model
from postplace.models.settings import resolve_settings

Toy = Callable[..., PostLocator]
LIMIT = 20
AT_THE_END = "we went for a walk in the evening, and then: bund, bund, bund"


@pytest.fixture
def short_sighted(toy: Toy) -> PostLocator:
    """Reads the first 20 characters alone; "bund" gives the place away, whatever else is there does not."""
    run: Any = toy(lambda text, tags, red: 6.0 * ("bund" in text[:LIMIT]) - 3.0)
    run.plan.vocabulary = {"max_characters": LIMIT}
    run.predictor.vocabularies = Vocabularies.fit([], max_characters=LIMIT)
    locator: PostLocator = run
    return locator


def reader(model: str, *, characters: int = 9, words: int = 3, hashtags: int = 2) -> ReadLimits:
    vocabularies = Vocabularies.fit([], max_characters=characters, max_words=words, max_hashtags=hashtags)
    encoder: Any = object()
    return ReadLimits(resolve_settings(find_model(model), {}), vocabularies, encoder, MODALITIES)


def names(of: ReadLimits, post: Post) -> list[str]:
    return [part.name for part in parts_not_read(of, post)]


def test_a_word_is_not_read_where_what_stands_before_it_fills_every_length() -> None:
    post = Post("1", text="red blue green gold pink")
    assert names(reader("deepgeo"), post) == ["green", "gold", "pink"]  # "red blue " are nine characters
    assert names(reader("deepgeo", characters=10), post) == ["gold", "pink"]  # the g of green is read
    assert names(reader("deepgeo", characters=24), post) == []
    assert names(reader("feature-cnns"), post) == ["gold", "pink"]
    assert names(reader("mrlf"), post) == ["gold", "pink"]  # green is read as a word
    assert names(reader("mrlf", characters=19), post) == ["pink"]  # and gold by its characters
    assert names(reader("tfidf"), post) == []


def test_stop_words_are_not_read_by_a_system_of_words_alone() -> None:
    post = Post("1", text="the red blue of it")
    assert names(reader("feature-cnns"), post) == ["the", "of", "it"]
    assert names(reader("mrlf", characters=18), post) == []


def test_hashtags_after_the_last_that_is_read() -> None:
    post = Post("1", hashtags=("red", "blue", "green"))
    assert names(reader("feature-cnns"), post) == ["green"]
    assert names(reader("mrlf", characters=8), post) == ["green"]
    assert names(reader("mrlf", characters=10), post) == []  # "red blue g"


def test_words_in_images_come_after_the_text() -> None:
    post = Post("1", text="red blue", image_text="green gold pink")
    assert names(reader("feature-cnns"), post) == ["gold", "pink"]
    rest = rest_not_read(reader("feature-cnns"), post)
    assert rest is not None
    assert (rest.text, rest.image_text) == ("", "gold pink")


def test_the_rest_is_the_ends_alone() -> None:
    post = Post("1", text="red blue green, gold pink!", hashtags=("a", "b", "c"), images=(b"x",))
    rest = rest_not_read(reader("mrlf", characters=3), post)
    assert rest == Post("1", text="gold pink!", hashtags=("c",))
    assert pieces_not_read(reader("mrlf", characters=3), post) == [rest]
    assert rest_not_read(reader("tfidf"), post) is None
    assert rest_not_read(reader("tagvisor"), post) is None  # it does not look at the text: nothing is cut off


def test_a_long_rest_comes_in_pieces_that_are_read_each() -> None:
    post = Post("1", text=" ".join(f"word{n}" for n in range(8)))
    own = reader("feature-cnns")  # three words
    assert [piece.text for piece in pieces_not_read(own, post)] == ["word3 word4 word5 word6 word7", "word6 word7"]
    assert len(pieces_not_read(own, post, most=1)) == 1


def test_an_explanation_names_them_and_gives_them_no_effect(short_sighted: PostLocator) -> None:
    post = Post("1", text=AT_THE_END)
    found = explain(short_sighted, post)
    assert "bund" not in [effect.part.name for effect in found.parts]
    assert [part.name for part in found.not_read].count("bund") == 3
    assert found.notes[0] == (
        f"read: the first 20 of {len(AT_THE_END)} characters of the text; the rest had no influence on this answer"
    )
    told = found.to_dict()["not_read"]
    assert told["extents"] == [{"of": "text", "unit": "characters", "read": 20, "total": len(AT_THE_END)}]
    assert all("log_odds" not in part for part in told["parts"])
    written = page(short_sighted, post, found)
    assert written.count('<s class=unread title="not read">bund</s>') == 3
    assert "read: the first 20 of" in written
    assert "not_read" not in explain(short_sighted, Post("1", text="bund")).to_dict()


def test_nothing_is_called_unread_that_moves_the_answer(short_sighted: PostLocator) -> None:
    """Whatever stands behind the limit: the answer is that of the post without it."""
    post = Post("1", text=AT_THE_END)
    first = min(part.start or 0 for part in explain(short_sighted, post).not_read)
    cut = explain(short_sighted, Post("1", text=AT_THE_END[:first]))
    assert cut.whole == explain(short_sighted, post).whole


def test_the_adviser_does_not_say_that_all_is_well(short_sighted: PostLocator) -> None:
    found = advise(short_sighted, Post("1", text=AT_THE_END), place="here")
    assert found.before.probability < 0.05
    assert not any("nothing needs to change" in note for note in found.notes)
    assert found.notes[0].startswith("of what was read nothing gives the place away")
    assert "others may read it" in found.notes[0]
    assert found.notes[1].startswith("read: the first 20 of")
    assert found.notes[2] == (
        "asked about what was cut off alone, this run gives here 95%: take the place out of it, or leave it out"
    )
    assert not found.reached
    told = found.to_dict()
    assert told["not_read"]["extents"][0]["read"] == 20
    assert (told["rest"]["answer"], told["rest"]["reached"]) == ("here", False)


def test_ends_that_say_nothing_are_still_unread(short_sighted: PostLocator) -> None:
    found = advise(short_sighted, Post("1", text="a walk in the evening and then another walk"), place="here")
    assert found.reached
    assert found.rest is not None
    assert found.notes[0].startswith("of what was read nothing gives the place away")
    whole = advise(short_sighted, Post("1", text="a walk"), place="here")
    assert whole.notes[0].startswith("nothing needs to change")
    assert "not_read" not in whole.to_dict()


def test_edits_of_what_is_read_do_not_hide_what_is_not(short_sighted: PostLocator) -> None:
    found = advise(short_sighted, Post("1", text="bund in the evening, then home; the bund, the bund"), place="here")
    assert any(own.reached for own in found.suggestions)
    assert not found.reached
    edited = {edit.part.start for own in found.suggestions for edit in own.edits if edit.part.start is not None}
    assert max(edited) < LIMIT  # what is not read is not asked about: nothing would come of it
    assert any("asked about what was cut off alone, this run gives here 95%" in note for note in found.notes)


@pytest.mark.parametrize("text", ["a walk @bund", "a walk https://maps.example/bund", "see www.bund.example"])
def test_a_mention_or_a_link_gets_no_all_clear(toy: Toy, text: str) -> None:
    """No system reads them; everybody else does."""
    found = advise(toy(lambda *_: -3.0), Post("1", text=text), place="here")
    assert found.notes[0].startswith("of what was read nothing gives the place away")
    assert found.notes[1].startswith("not read: 1 ")
    assert found.notes[1] in explain(toy(lambda *_: -3.0), Post("1", text=text)).notes


def test_what_is_behind_the_last_piece_is_not_cleared(short_sighted: PostLocator) -> None:
    """So many pieces are asked about; the place is named behind them all."""
    long = "a walk in the evening " * 40 + "bund"
    found = advise(short_sighted, Post("1", text=long), place="here")
    assert found.rest is not None
    assert found.rest.probability < 0.05
    assert not found.reached
    assert "what stands behind the first 16 pieces of it was not asked about: shorten the post" in found.notes
    assert not any("take the place out of it" in note for note in found.notes)
    shorter = advise(short_sighted, Post("1", text="a walk in the evening " * 10), place="here")
    assert shorter.reached
    assert not any("was not asked about" in note for note in shorter.notes)


def test_what_a_transfer_model_does_not_read_is_told(toy: Toy, short_sighted: PostLocator) -> None:
    short_sighted.modalities = ("text",)
    guide = toy(lambda *_: -3.0)
    found = advise(guide, Post("1", text=AT_THE_END, hashtags=("x",)), place="here", transfer_model=short_sighted)
    told = [note for note in found.notes if note.startswith("the transfer model")]
    assert told == [
        f"the transfer model read the first 20 of {len(AT_THE_END)} characters of the text",
        "the transfer model does not look at the hashtags",
    ]
    whole = advise(guide, Post("1", text="a walk"), place="here", transfer_model=short_sighted)
    assert not any(note.startswith("the transfer model") for note in whole.notes)


def test_what_a_run_does_not_look_at_is_unread_too(short_sighted: PostLocator) -> None:
    short_sighted.modalities = ("text",)
    found = advise(short_sighted, Post("1", text="a walk", hashtags=("bund",)), place="here")
    assert not any("nothing needs to change" in note for note in found.notes)
    assert found.to_dict()["not_read"]["modalities"] == ["hashtags"]
