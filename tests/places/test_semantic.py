"""Foursquare's categories as the eight semantic classes."""

from __future__ import annotations

from collections import Counter

import pytest

from postplace.places.semantic import CLASSES, RULES, mapping_rows, semantic_class


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Travel and Transportation", "Travel"),
        ("Travel and Transportation > Fuel Station", ""),  # the longer rule wins over its parent
        ("Travel and Transportation > Train Station", "Travel"),
        ("Arts and Entertainment > Museum > Art Museum", "Travel"),
        ("Community and Government > Education > College and University > College Residence Hall", "Home"),
        ("Travel and Transportation>Parking", ""),  # spaces about the separator do not matter
        ("No Such Category", ""),
        ("", ""),
    ],
)
def test_semantic_class_takes_the_rule_with_the_longest_path(label: str, expected: str) -> None:
    assert semantic_class([label]) == expected


def test_semantic_class_is_that_of_the_first_label_that_has_one() -> None:
    assert semantic_class(["Nowhere", "Travel and Transportation > Road", "Landmarks and Outdoors"]) == "Travel"
    assert semantic_class([]) == ""


def test_mapping_rows_hold_every_rule_once_in_the_papers_order() -> None:
    rows = list(mapping_rows())
    assert list(dict.fromkeys(name for name, _ in rows)) == [*CLASSES, "(none)"]
    assert Counter(path for _, path in rows) == Counter(RULES.keys())
