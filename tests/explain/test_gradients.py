"""Integrated gradients: shares known by hand, and a real network's, which add up."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from postplace import Post, PostLocator
from postplace.errors import BadOption
from postplace.explain import explain
from postplace.explain.gradients import Shares, _complete, integrated
from postplace.explain.token_parts import parts_of_tokens
from postplace.text.tokens import tokenize


def test_shares_of_a_product_and_a_square() -> None:
    """f = x y + y^2 from (0, 0) to (2, 3): x gets xy/2 = 3, y gets xy/2 + y^2 = 12; g = -x: -2 and 0."""
    given = {"x": torch.tensor([2.0]), "y": torch.tensor([3.0])}
    nothing = {name: torch.zeros(1) for name in given}
    shares = integrated(lambda v: torch.stack([v["x"] * v["y"] + v["y"] ** 2, -v["x"]])[:, 0], given, nothing)
    assert shares.of["x"].flatten().tolist() == pytest.approx([3.0, -2.0])
    assert shares.of["y"].flatten().tolist() == pytest.approx([12.0, 0.0])
    assert (shares.end - shares.start).tolist() == [15.0, -2.0]


@pytest.mark.parametrize(("end", "rough"), [(0.115, False), (0.13, True), (2.04, False), (2.2, True)])
def test_shares_are_rough_where_they_are_off_by_a_share_and_by_something(end: float, rough: bool) -> None:
    """Shares of 0.1 and of 2 nats: off by up to 0.02 nats, or 5 %, they are not said to be rough."""
    given = 0.1 if end < 1 else 2.0
    shares = Shares({"x": torch.tensor([[given], [0.0]])}, torch.zeros(2), torch.tensor([end, 0.0]))
    assert any("take them for rough" in note for note in _complete(shares)) is rough


def test_shares_that_cancel_out_are_not_rough() -> None:
    shares = Shares({"x": torch.tensor([[1.0, -1.001], [0.0, 0.0]])}, torch.zeros(2), torch.zeros(2))
    assert len(_complete(shares)) == 1


def test_a_baseline_other_than_zero() -> None:
    """f = x^2 from 1 to 3: 8 in all, and all of it x's."""
    shares = integrated(
        lambda v: torch.stack([v["x"] ** 2, v["x"]])[:, 0], {"x": torch.tensor([3.0])}, {"x": torch.tensor([1.0])}
    )
    assert shares.of["x"].flatten().tolist() == pytest.approx([8.0, 2.0])


def test_shares_of_a_network_add_up(place_locator: PostLocator, posts: list[Post]) -> None:
    asked = [post for post in posts if post.text and len(post.hashtags) > 1 and post.images][:3]
    for post in asked:
        found = explain(place_locator, post, method="gradients")
        said = next(note for note in found.notes if note.startswith("shares of the"))
        difference = float(said.split()[3])
        assert sum(effect.log_odds for effect in found.parts) == pytest.approx(difference, abs=0.05 * abs(difference))
        assert {effect.part.kind for effect in found.parts} >= {"word", "hashtag", "image"}
        tags = {effect.part.name for effect in found.parts if effect.part.kind == "hashtag"}
        assert tags == set(post.hashtags)


def test_what_is_explained_is_what_is_predicted(place_locator: PostLocator, posts: list[Post]) -> None:
    post = next(post for post in posts if post.text and post.images)
    (prediction,) = place_locator.predict([post])
    for method in ("occlusion", "gradients"):
        found = explain(place_locator, post, method=method, limit=1)
        assert found.whole.probability == pytest.approx(prediction.ranked[0].probability, abs=1e-5)
        assert found.place == prediction.ranked[0].place.name


def test_what_has_no_gradient_is_refused(posts: list[Post], majority_locator: PostLocator) -> None:
    with pytest.raises(BadOption, match="majority is no network and has no gradients"):
        explain(majority_locator, posts[0], method="gradients")


def test_every_token_stands_in_its_own_word_or_tag() -> None:
    post = Post(
        "1",
        text="Hé 我在上海外滩 &amp; the Bund, #x @ann: http://a.org Bund",
        image_text="CAFE",
        hashtags=("OldTown", "x"),
    )
    tokens = tokenize(post)
    counts = [len(own) for own in (
        tokens.text_characters, tokens.text_words, tokens.hashtag_characters, tokens.hashtag_words,
    )]  # fmt: skip
    parts = parts_of_tokens(post, counts)
    characters, rest = parts[: counts[0]], parts[counts[0] :]
    found = Counter((part.name, part.start) for part in characters if part.kind == "word")
    text = post.text
    expected = {name: text.index(name) for name in ("Hé", "我", "在", "上海", "外滩", "the", "Bund")}
    for name, start in expected.items():
        assert found[(name, start)] == len(name), name
    assert found[("Bund", text.rindex("Bund"))] == 4
    assert found[("CAFE", 0)] == 4
    words = [(part.name, part.start) for part in rest[: counts[1]]]
    assert words == [
        ("Hé", 0), ("上海", text.index("上海")), ("外滩", text.index("外滩")), ("Bund", text.index("Bund")),
        ("Bund", text.rindex("Bund")), ("CAFE", 0),
    ]  # fmt: skip
    tags = [part.name for part in rest[counts[1] :]]
    assert tags[: counts[2]] == ["OldTown"] * 7 + ["between the hashtags", "x"]
    assert tags[counts[2] :] == ["OldTown", "x", "OldTown", "OldTown"]  # whole, whole, old, town


def test_a_letter_that_begins_the_next_word_stands_in_that_one() -> None:
    post = Post("1", text="白天天气")  # 白天 | 天气
    assert [part.name for part in parts_of_tokens(post, [4, 0, 0, 0])] == ["白天", "白天", "天气", "天气"]


def test_tokens_that_are_cut_off_have_no_part() -> None:
    post = Post("1", text="harbour bridge", hashtags=("x",))
    found = [part.name for part in parts_of_tokens(post, [3, 1, 0, 1])]
    assert found == ["harbour", "harbour", "harbour", "harbour", "x"]
