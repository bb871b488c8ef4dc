"""Training posts as evidence, from a fit to a saved run and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from postplace import Post, PostLocator
from postplace.explain import explain
from postplace.explain.evidence import evidence_for
from postplace.inference.evidence import FILE, pooled_vectors


def test_the_same_users_posts_are_left_out(sg_mft_locator: PostLocator, posts: list[Post]) -> None:
    locator = sg_mft_locator
    by_id = {post.id: post for post in posts}
    asked = next(post for post in posts if locator.subset_of(post) == "train" and post.user is not None)
    everything = len(posts)
    known, said = evidence_for(locator, asked, most=everything)
    assert known
    assert said == []
    assert all(by_id[near.id].user != asked.user for near in known)
    unknown, said = evidence_for(locator, replace(asked, user=None), most=everything)
    assert asked.user in {by_id[near.id].user for near in unknown}
    assert any("same user" in note for note in said)
    assert asked.id not in {near.id for near in unknown}
    assert all(locator.subset_of(by_id[near.id]) == "train" for near in unknown)
    assert [near.similarity for near in unknown] == sorted((near.similarity for near in unknown), reverse=True)
    assert all(by_id[near.id].place == near.place for near in unknown)


def test_it_is_saved_and_loaded_without_texts_or_users(
    sg_mft_locator: PostLocator, posts: list[Post], tmp_path: Path
) -> None:
    locator = sg_mft_locator
    locator.save(tmp_path / "run")
    content = (tmp_path / "run" / FILE).read_bytes()
    users = {post.user for post in posts if post.user}
    assert users
    assert not any(user.encode() in content for user in users)
    assert not any(post.text.encode() in content for post in posts if len(post.text) > 5)
    loaded = PostLocator.load(tmp_path / "run", device="cpu")
    post = next(post for post in posts if post.text and locator.subset_of(post) == "test")
    assert explain(loaded, post, limit=1).evidence == explain(locator, post, limit=1).evidence


def test_a_run_without_it_has_no_evidence(place_run: Path, posts: list[Post]) -> None:
    assert FILE not in {path.name for path in place_run.iterdir()}
    assert evidence_for(PostLocator.load(place_run, device="cpu"), posts[0]) == ((), [])


def test_what_is_no_network_compares_pooled_vectors(posts: list[Post], majority_locator: PostLocator) -> None:
    locator = majority_locator
    assert locator.fitted.evidence is not None
    assert locator.fitted.evidence.kind == "pooled"
    twin = next(post for post in posts if locator.subset_of(post) == "train" and post.text)
    vectors = pooled_vectors(locator.encoder_pair.encode([twin]))
    ((_, similarity),) = locator.fitted.evidence.nearest(vectors[0], most=1)
    assert similarity == pytest.approx(1.0, abs=2e-3)


def test_the_number_of_another_post_hides_neither_that_post_nor_itself(
    posts: list[Post], majority_locator: PostLocator
) -> None:
    locator = majority_locator
    learned = [post for post in posts if locator.subset_of(post) == "train" and post.text]
    twin, other = learned[0], next(post for post in learned[1:] if post.text != learned[0].text)
    found, said = evidence_for(locator, replace(twin, id=other.id, user=None), most=len(posts))
    assert other.id in {near.id for near in found}
    assert twin.id not in {near.id for near in found}
    assert "this very post" in said[0]


def test_a_training_post_that_comes_without_its_id_is_no_evidence_of_itself(
    sg_mft_locator: PostLocator, posts: list[Post]
) -> None:
    locator = sg_mft_locator
    for asked in [post for post in posts if locator.subset_of(post) == "train" and post.text][:5]:
        found, said = evidence_for(locator, replace(asked, id="of its content", user=None), most=len(posts))
        assert asked.id not in {near.id for near in found}
        assert "this very post" in said[0]
