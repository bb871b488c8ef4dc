"""Foursquare's categories -> the eight semantic classes of SG-MFT (arXiv 2405.05760, section 3.4).

The paper names the classes and no more: which Foursquare category belongs to which is our reading, written down here
as one table. A category takes the rule with the longest path that leads to it; a rule without a class says that what
lies below is none of the eight (a filling station is not travel).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

CLASSES = ("Home", "Work", "School", "Restaurant", "Cinema", "Gym", "Shopping", "Travel")
SEPARATOR = " > "

_BUSINESS = "Business and Professional Services"
_COMMUNITY = "Community and Government"
_COLLEGE = f"{_COMMUNITY} > Education > College and University"
_ARTS = "Arts and Entertainment"
_SPORTS = "Sports and Recreation"
_TRANSPORT = "Travel and Transportation"

_PATHS: Mapping[str, tuple[str, ...]] = {
    "Home": (
        f"{_COMMUNITY} > Residential Building",
        f"{_COMMUNITY} > Housing Development",
        f"{_COMMUNITY} > Trailer Park",
        f"{_COMMUNITY} > Retirement Home",
        f"{_COMMUNITY} > Assisted Living",
        f"{_COLLEGE} > College Residence Hall",
        f"{_COLLEGE} > Fraternity House",
        f"{_COLLEGE} > Sorority House",
    ),
    "Work": (
        f"{_BUSINESS} > Office",
        f"{_BUSINESS} > Business Center",
        f"{_BUSINESS} > Technology Business",
        f"{_BUSINESS} > Advertising Agency",
        f"{_BUSINESS} > Architecture Firm",
        f"{_BUSINESS} > Design Studio",
        f"{_BUSINESS} > Film Studio",
        f"{_BUSINESS} > Distribution Center",
        f"{_BUSINESS} > Factory",
    ),
    "School": (f"{_COMMUNITY} > Education",),
    "Restaurant": ("Dining and Drinking", f"{_COLLEGE} > College Cafeteria"),
    "Cinema": (f"{_ARTS} > Movie Theater",),
    "Gym": (
        f"{_SPORTS} > Gym and Studio",
        f"{_SPORTS} > Martial Arts Dojo",
        f"{_SPORTS} > Recreation Center",
        f"{_COLLEGE} > College Gym",
        f"{_COLLEGE} > College Rec Center",
    ),
    "Shopping": ("Retail",),
    "Travel": (
        "Landmarks and Outdoors",
        _TRANSPORT,
        f"{_ARTS} > Amusement Park",
        f"{_ARTS} > Aquarium",
        f"{_ARTS} > Art Gallery",
        f"{_ARTS} > Museum",
        f"{_ARTS} > Planetarium",
        f"{_ARTS} > Public Art",
        f"{_ARTS} > Water Park",
        f"{_ARTS} > Zoo",
    ),
    "": (
        "Landmarks and Outdoors > States and Municipalities",
        f"{_TRANSPORT} > Electric Vehicle Charging Station",
        f"{_TRANSPORT} > Fuel Station",
        f"{_TRANSPORT} > Parking",
        f"{_TRANSPORT} > Road",
    ),
}

RULES: Mapping[str, str] = {path: name for name, paths in _PATHS.items() for path in paths}
"""The path of a Foursquare category -> the class of all that lies below it; "" for none of the eight."""


def semantic_class(labels: Iterable[str]) -> str:
    """The class of a place by its category labels: that of the first one that has any; "" without.

    >>> semantic_class(["Dining and Drinking > Restaurant > Asian Restaurant > Chinese Restaurant"])
    'Restaurant'
    >>> semantic_class(["Travel and Transportation > Parking", "Retail > Shopping Mall"])
    'Shopping'
    """
    return next((found for label in labels if (found := _by_longest_path(label))), "")


def mapping_rows() -> Iterator[tuple[str, str]]:
    """The table as (class, path), the classes in the paper's order; "(none)" comes last."""
    for name in (*CLASSES, ""):
        for path in sorted(_PATHS[name]):
            yield name or "(none)", path


def _by_longest_path(label: str) -> str:
    steps = [step.strip() for step in label.split(SEPARATOR.strip())]
    for length in range(len(steps), 0, -1):
        if (found := RULES.get(SEPARATOR.join(steps[:length]))) is not None:
            return found
    return ""
