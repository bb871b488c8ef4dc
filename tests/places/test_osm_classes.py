"""Tags of OpenStreetMap and categories of Overture Maps: to which of the eight classes they belong, or to none."""

from __future__ import annotations

import pytest

from postplace.places import osm_classes
from postplace.places.osm_classes import osm_class, overture_class
from postplace.places.semantic import CLASSES


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"amenity": "university"}, "School"),
        ({"leisure": "fitness_centre"}, "Gym"),
        ({"amenity": "cinema"}, "Cinema"),
        ({"building": "apartments"}, "Home"),
        ({"office": "lawyer"}, "Work"),  # every office is
        ({"historic": "milestone"}, "Travel"),
        ({"shop": "books"}, "Shopping"),
        ({"shop": "car_repair"}, ""),  # every shop is, but those that are named
        ({"tourism": "information"}, ""),
        ({"amenity": "fire_station"}, ""),  # nobody travels there
        ({"amenity": "bicycle_repair_station"}, ""),
        ({"fclass": "books"}, ""),  # of a layer, whose values have no key
        ({"fclass": "sports_museum"}, "Travel"),
        ({"amenity": "fast_food", "building": "house"}, "Restaurant"),  # the amenity comes first
        ({"amenity": "parking", "shop": "yes"}, "Shopping"),  # what is none is passed over
        ({"amenity": "no", "building": None, "shop": ""}, ""),
        ({"name": "Cinema", "cuisine": "restaurant"}, ""),  # other tags do not say what it is
    ],
)
def test_the_class_of_a_place_by_its_tags(tags: dict[str, object], expected: str) -> None:
    assert osm_class(tags)[0] == expected


def test_the_labels_are_the_tags_that_say_what_it_is() -> None:
    tags = {"name": "x", "building": "yes", "shop": "mall", "fclass": "mall"}
    assert osm_class(tags)[1] == ("mall", "shop=mall", "building=yes")
    assert osm_class({"amenity": "no", "building": "yes"}) == ("", ("building=yes",))
    assert osm_class({}) == ("", ())


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["coffee_shop"], "Restaurant"),  # not Shopping, as its ending would have it
        (["subway_station"], "Travel"),
        (["radio_station"], ""),
        (["police_station", "bar"], "Restaurant"),
        (["gas_station", "travel"], ""),  # what is named as none ends the search
        (["church", "museum"], "Travel"),  # what is not known does not
        (["car_dealership"], "Shopping"),
        (["toy_store", "gym"], "Shopping"),
        ([], ""),
    ],
)
def test_the_class_of_a_place_by_the_first_category_that_is_known(labels: list[str], expected: str) -> None:
    assert overture_class(labels) == expected


def test_no_class_but_the_eight_and_all_of_them() -> None:
    assert set(osm_classes._VALUES.values()) == {*CLASSES, ""}
    assert {*osm_classes._ENDINGS.values(), *osm_classes._OF_A_KEY.values()} <= set(CLASSES)
