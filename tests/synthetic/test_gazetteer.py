"""The places of the invented city."""

from __future__ import annotations

import math

import pytest

from postplace.synthetic.gazetteer import CATEGORY_HOURS, CATEGORY_TAGS, CENTRE, SITES, sites
from postplace.synthetic.landmarks import SCENES
from postplace.synthetic.phrases import FRAMES_EN, FRAMES_ZH


def test_a_site_lies_as_many_kilometres_from_the_centre_as_it_says() -> None:
    tower = SITES[0]  # 0.4 km east, 0.3 km north
    north = math.radians(tower.latitude - CENTRE[0]) * 6371.0
    east = math.radians(tower.longitude - CENTRE[1]) * 6371.0 * math.cos(math.radians(CENTRE[0]))
    assert [north, east] == pytest.approx([0.3, 0.4], abs=1e-3)


def test_sites_beyond_twelve_are_districts_of_the_same_kind_with_words_of_their_own() -> None:
    found = sites(14)
    assert found[:12] == SITES
    assert found[12].name == "North Heron Tower"
    assert found[12].chinese_name == "北白鹭塔"
    assert (found[12].category, found[12].scene) == (SITES[0].category, SITES[0].scene)
    assert found[12].en[0] == "the northside glass floor"
    assert not set(found[12].tags) & set(SITES[0].tags)


def test_all_48_sites_have_names_words_and_coordinates_of_their_own() -> None:
    every = sites(48)
    for values in ([site.name for site in every], [(site.latitude, site.longitude) for site in every]):
        assert len(set(values)) == 48
    for language in ("en", "zh"):
        words = [word for site in every for word in getattr(site, language)]
        assert len(set(words)) == len(words)


def test_every_site_has_a_scene_and_its_category_hours_tags_and_frames() -> None:
    assert {site.scene for site in SITES} == set(SCENES)
    categories = {site.category for site in SITES}
    for table in (CATEGORY_HOURS, CATEGORY_TAGS, FRAMES_EN, FRAMES_ZH):
        assert set(table) == categories
