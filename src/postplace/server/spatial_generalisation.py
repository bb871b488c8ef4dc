"""How closely the service answers: districts instead of places, and no homes, unless the owner asks for them.

A district is at least `FEWEST` neighbouring places of the run, found by halving the map across its longer side; it is
never cut where it is `WIDEST_KM` across or less. Its name is a number, its centre is rounded to about 1 km, and its
probability is the sum of its places'. A set of places becomes the districts they lie in; the circle becomes one about
the middle of these that holds them and any circle about a place of the same district whose radius, rounded up to one
of a few, is that of the circle it stands for. So both still cover the true place as often as requested. Of the place
itself they say no more than its district, of the radius its step; and a level is one of a few, so that asking again
at many of them reveals no more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from postplace.places.distance import great_circle_km, spherical_mean
from postplace.places.record import PredictionRecord, as_record
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place, Prediction, PredictionRegion, RankedPlace
from postplace.server.sensitive_places import is_home

FEWEST = 3  # places a district
WIDEST_KM = 2.0
DEGREE_DIGITS = 2  # 0.01 degrees: 1.1 km
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)  # of sets and circles of districts
STEPS = (1.0, 2.0, 5.0)  # km, and ten, a hundred ... times as much
FARTHEST_KM = 20_038.0  # a circle of this radius is the whole Earth
UNLOCATED = "elsewhere"  # the district of places without coordinates


class ServedRecord(PredictionRecord):
    """An answer as the service sends it, with the switches that it was started with."""

    granularity: str
    fine: bool
    home: bool


@dataclass(frozen=True)
class District:
    """Places shown as one: a numbered name, a rounded centre, and the radius in whole km that holds them all."""

    place: Place
    radius_km: float | None


@dataclass(frozen=True)
class SpatialGeneralisation:
    """What of a run's answers is shown: `fine` gives the places themselves, `home` also where people live."""

    places: PlaceVocabulary
    fine: bool = False
    home: bool = False

    @property
    def granularity(self) -> str:
        """What an answer's places are: place, cell, district or category."""
        return self.places.target if self.fine or self.places.target == "category" else "district"

    def level(self, requested: float) -> float:
        """The level that sets and circles are made for; of districts the next of a few, so that the coverage holds."""
        if self.granularity != "district":
            return requested
        return next((level for level in LEVELS if level >= requested), requested)

    @cached_property
    def withheld(self) -> frozenset[str]:
        """The classes that are never shown."""
        return frozenset() if self.home else frozenset(p.name for p in self.places.places if is_home(p.name))

    @cached_property
    def districts(self) -> Mapping[str, District]:
        """The district of each place that is shown, by its name."""
        return build_districts([place for place in self.places.places if place.name not in self.withheld])

    def generalise(self, whole: Prediction, *, top_k: int, min_confidence: float) -> ServedRecord:
        """A prediction that ranks every class -> the answer, as plain data."""
        shown = self._without_sensitive(whole)
        if self.granularity == "district":
            shown = self._by_district(shown)
        best = shown.ranked[0].probability if shown.ranked else 0.0
        confident = bool(shown.ranked) and best >= min_confidence
        record = as_record(replace(shown, ranked=shown.ranked[:top_k], confident=confident))
        if self.granularity == "district":
            radii = {district.place.name: district.radius_km for district in self.districts.values()}
            for entry in record["places"]:
                if (radius_km := radii[entry["place"]]) is not None:
                    entry["radius_km"] = radius_km
        return {**record, "granularity": self.granularity, "fine": self.fine, "home": self.home}

    def _without_sensitive(self, whole: Prediction) -> Prediction:
        """Without what is withheld: the rest sums to one, so that nothing shows how probable a home was."""
        if not self.withheld:
            return whole
        shown = [r for r in whole.ranked if r.place.name not in self.withheld]
        mass = sum(r.probability for r in shown)
        scaled = (replace(r, probability=r.probability / mass if mass > 0 else 1 / len(shown)) for r in shown)
        return replace(whole, ranked=tuple(scaled), region=None)

    def _by_district(self, fine: Prediction) -> Prediction:
        sums: dict[str, float] = {}
        places = {}
        for ranked in fine.ranked:
            place = self.districts[ranked.place.name].place
            places[place.name] = place
            sums[place.name] = sums.get(place.name, 0.0) + ranked.probability
        order = sorted(sums, key=lambda name: -sums[name])
        districts = tuple(RankedPlace(places[name], min(1.0, sums[name])) for name in order)
        region = None if fine.region is None else self._region(fine.region, order)
        return replace(fine, ranked=districts, region=region)

    def _region(self, fine: PredictionRegion, order: Sequence[str]) -> PredictionRegion:
        """The districts of a set in the `order` that they are shown in (its own is that of places), and the circle."""
        districts = {self.districts[name].place.name: self.districts[name] for name in fine.places}
        names = tuple(name for name in order if name in districts)
        points = [(d.place.latitude, d.place.longitude, d.radius_km) for d in map(districts.__getitem__, names)]
        if fine.centre is None or fine.radius_km is None or any(None in point for point in points):
            return replace(fine, places=names, centre=None, radius_km=None)
        table = np.array(points, dtype=np.float64)
        centre = _rounded(table[:, :2])
        held = np.vstack([table, [self._blurred(*fine.centre, fine.radius_km)]])  # posts lie off their places' centres
        reach = float((great_circle_km(*centre, held[:, 0], held[:, 1]) + held[:, 2]).max())
        return replace(fine, places=names, centre=centre, radius_km=min(FARTHEST_KM, float(math.ceil(reach))))

    def _blurred(self, latitude: float, longitude: float, radius_km: float) -> tuple[float, float, float]:
        """A circle about the nearest place's district that holds this one wherever in the district its centre is."""
        points = self.places.coordinates()
        nearest = int(np.nanargmin(great_circle_km(latitude, longitude, points[:, 0], points[:, 1])))
        district = self.districts[self.places.places[nearest].name]
        middle = district.place.latitude, district.place.longitude
        if middle[0] is None or middle[1] is None or district.radius_km is None:
            return latitude, longitude, stepped(radius_km)  # for types alone: what has coordinates is in a district
        off = float(great_circle_km(latitude, longitude, middle[0], middle[1]))
        extent = district.radius_km if off <= district.radius_km else stepped(off)  # of a place it never is
        return middle[0], middle[1], extent + stepped(radius_km)


def stepped(kilometres: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 ... km.

    >>> [stepped(km) for km in (0.03, 1.0, 1.01, 3.2, 700.0)]
    [1.0, 1.0, 2.0, 5.0, 1000.0]
    """
    scale = 1.0
    while kilometres > STEPS[-1] * scale:
        scale *= 10.0
    return next(step * scale for step in STEPS if kilometres <= step * scale)


def build_districts(places: list[Place]) -> dict[str, District]:
    """Each place's district, by the place's name; those without coordinates share one."""
    located = [place for place in places if place.latitude is not None and place.longitude is not None]
    points = np.array([(p.latitude, p.longitude) for p in located], dtype=np.float64).reshape(-1, 2)
    districts = {place.name: District(Place(UNLOCATED), None) for place in places}
    for number, rows in enumerate(_halved(_unbroken(points), np.arange(len(points))), start=1):
        centre = _rounded(points[rows])
        reach = great_circle_km(*centre, points[rows, 0], points[rows, 1]).max()
        district = District(Place(f"district {number}", *centre), float(max(1, math.ceil(reach))))
        districts |= {located[row].name: district for row in rows}
    return districts


def _halved(points: NDArray[np.float64], rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows of points (N, 2), halved across the longer side while both halves keep enough places."""
    if not len(rows):
        return []
    low, high = points[rows].min(axis=0), points[rows].max(axis=0)
    middle = float(low[0] + high[0]) / 2
    sides = (
        float(great_circle_km(low[0], low[1], high[0], low[1])),
        float(great_circle_km(middle, low[1], middle, high[1])),
    )
    if max(sides) <= WIDEST_KM or len(rows) < 2 * FEWEST:
        return [rows]
    order = rows[np.argsort(points[rows, 0 if sides[0] >= sides[1] else 1], kind="stable")]
    return [*_halved(points, order[: len(order) // 2]), *_halved(points, order[len(order) // 2 :])]


def _unbroken(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (N, 2) with longitudes from 180 west to 180 east of their centre: the date line is no border."""
    _, middle = spherical_mean(points[:, 0], points[:, 1])
    longitudes = points[:, 1] if math.isnan(middle) else (points[:, 1] - middle + 180.0) % 360.0 - 180.0
    return np.stack([points[:, 0], longitudes], axis=1)


def _rounded(points: NDArray[np.float64]) -> tuple[float, float]:
    latitude, longitude = spherical_mean(points[:, 0], points[:, 1])
    if math.isnan(latitude):  # all around the world: any centre is as good
        latitude, longitude = map(float, points[0])
    return round(latitude, DEGREE_DIGITS), round(longitude, DEGREE_DIGITS)
