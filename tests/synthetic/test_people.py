"""Who posts what, when and where in the synthetic city."""

from __future__ import annotations

from typing import Any

import pytest

from postplace.synthetic.gazetteer import CATEGORY_HOURS, SITES
from postplace.synthetic.parameters import CityParameters
from postplace.synthetic.people import FIRST_DAY, Draft, draft_posts


def draft(number: int = 60, **parameters: Any) -> list[Draft]:
    return draft_posts(number, sites=SITES, seed=0, parameters=CityParameters(**parameters))


def test_without_noise_a_post_is_at_its_place_at_an_hour_of_its_category() -> None:
    for post in draft(gps_noise_km=0.0, label_noise=0.0, duplicates=0.0):
        site = SITES[post.place]
        assert (post.latitude, post.longitude) == (site.latitude, site.longitude)
        assert post.time.hour in CATEGORY_HOURS[site.category]
        assert 0 <= (post.time - FIRST_DAY).days < 365


def test_a_misrecorded_post_is_never_recorded_at_the_place_that_it_shows() -> None:
    posts = draft(label_noise=1.0, duplicates=0.0, irrelevant_text=0.0, missing_text=0.0)
    shown = [post.shown["text"] for post in posts]
    assert None not in shown
    assert not [post for post, place in zip(posts, shown, strict=True) if post.place == place]


def test_a_repost_repeats_words_and_images_of_an_earlier_post_of_another_user() -> None:
    posts = draft(200, duplicates=0.5)
    by_id = {post.id: post for post in posts}
    again = [post for post in posts if post.repeats is not None]
    assert again
    for post in again:
        source = by_id[post.repeats or ""]
        assert source.id < post.id
        assert (source.text, source.hashtags) == (post.text, post.hashtags)
        assert [shot.stream for shot in source.shots] == [shot.stream for shot in post.shots]
        assert source.user != post.user
        assert source.time < post.time


@pytest.mark.parametrize("modality", ["text", "hashtags", "image"])
def test_a_single_modality_alone_shows_the_place(modality: str) -> None:
    posts = draft(single_modality=modality, name_leak=0.0)
    assert any(post.shown[modality] is not None for post in posts)
    assert not [post for post in posts for name, place in post.shown.items() if name != modality and place is not None]


def test_empty_posts_have_nothing_and_all_others_something() -> None:
    assert not [post for post in draft(empty_posts=1.0, name_leak=1.0) if post.text or post.hashtags or post.shots]
    nearly_nothing = draft(missing_text=1.0, missing_hashtags=1.0, missing_images=1.0)
    assert {bool(post.text) + bool(post.hashtags) + bool(post.shots) for post in nearly_nothing} == {1}
