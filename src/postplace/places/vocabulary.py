"""Class index <-> place: named places, categories, and cells of the map made from coordinates.

Two questions are kept apart. Which classes are there? `check_classes` asks all posts: how many posts carry a label is
not something a model could learn from. Where are they? `fit_places` and `fit_cells` ask the training part alone, so
that no coordinate of a test post leaks into a centre.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption, BadRun, NotEnoughData
from postplace.places.distance import EARTH_RADIUS_KM, spherical_median, to_degrees, unit_vectors
from postplace.places.medoid import Distances
from postplace.schema import Place, Post
from postplace.system.option_checks import check_seed, check_whole, check_whole_or_none

Target = Literal["place", "cell", "category"]
Named = Literal["place", "category"]


@dataclass(frozen=True)
class PlaceVocabulary:
    """The C classes a model answers with; the index in `places` is the class.

    `left_out` names classes that are not answered with, and how many posts each had where they were counted.
    """

    target: Target
    places: tuple[Place, ...]
    left_out: Mapping[str, int] = field(default_factory=dict, hash=False)

    def __len__(self) -> int:
        return len(self.places)

    def label(self, posts: Sequence[Post]) -> NDArray[np.int64]:
        """The class of each post (N,); -1 where it has none, or one that is not in this vocabulary.

        For cells: the nearest centre, -1 without coordinates.
        """
        if self.target == "cell":
            return self._nearest(posts)
        index = {place.name: c for c, place in enumerate(self.places)}
        return np.array([index.get(_name(post, self.target) or "", -1) for post in posts], dtype=np.int64)

    def coordinates(self) -> NDArray[np.float64]:
        """Centres (C, 2): latitude, longitude in degrees; NaN where a class has none."""
        return self._degrees.copy()

    @cached_property
    def _degrees(self) -> NDArray[np.float64]:
        return _coordinates(self.places)

    @cached_property
    def distances(self) -> Distances:
        """The km between the classes that have coordinates, in their order; made once, in bounded memory."""
        return Distances.between(self._degrees[~np.isnan(self._degrees).any(axis=1)])

    @property
    def located(self) -> bool:
        """Whether any class has coordinates."""
        return not np.isnan(self._degrees).all()

    def to_json(self) -> str:
        """The vocabulary as JSON text; `from_json` is its inverse."""
        places = [{"name": p.name, "latitude": p.latitude, "longitude": p.longitude} for p in self.places]
        content = {"target": self.target, "places": places, "left_out": dict(self.left_out)}
        return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, *, where: str = "places.json") -> PlaceVocabulary:
        """JSON text -> the vocabulary it was made from. Raises BadRun, naming `where`, if it is damaged."""
        try:
            content = json.loads(text)
            places = tuple(_place(entry) for entry in content["places"])
            left_out = {str(name): int(count) for name, count in content["left_out"].items()}
            _check_stored(content["target"], places)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"is damaged ({type(error).__name__}: {error})"
            raise BadRun(where, problem, "copy the run folder again, or train it again") from error
        return cls(content["target"], places, left_out)

    def _nearest(self, posts: Sequence[Post]) -> NDArray[np.int64]:
        from sklearn.neighbors import KDTree

        labels = np.full(len(posts), -1, dtype=np.int64)
        points = _coordinates(posts)
        located = ~np.isnan(points).any(axis=1)
        if located.any():
            # the nearest by chord is the nearest by great circle
            tree = KDTree(unit_vectors(*self.coordinates().T))
            labels[located] = tree.query(unit_vectors(*points[located].T), return_distance=False)[:, 0]
        return labels


@dataclass(frozen=True)
class ClassCheck:
    """The classes to keep, sorted by name, and those left out as too rare with their number of posts."""

    names: tuple[str, ...]
    left_out: Mapping[str, int]


def check_min_posts(min_posts: object) -> int | None:
    """The least number of posts of a class, or None; BadOption below 2: one to train on and one to test on."""
    return check_whole_or_none("min_posts", min_posts, least=2, remedy=": one to train on and one to test on")


def check_target(target: object) -> None:
    """BadOption for a target that is not what a fitted model may answer with."""
    if target not in ("place", "category"):
        raise BadOption("target", f"{target!r} is unknown", "give place or category")


def check_cells(cells: object, target: str) -> int | None:
    """The number of cells of the map, or None; BadOption below 2, and for a target that is not places."""
    if cells is not None and target != "place":
        raise BadOption("cells", f"given with the target {target}", "cells are places: give the target place")
    return check_whole_or_none("cells", cells, least=2)


def check_classes(posts: Iterable[Post], *, target: Named, min_posts: int | None = None) -> ClassCheck:
    """Which classes of ALL posts can be learnt and tested: those with `min_posts` posts or more (at least 2).

    Raises NotEnoughData when no post carries the target, a class has a single post and `min_posts` is not given, or
    fewer than two classes are left; BadOption for `min_posts` below 2.
    """
    min_posts = check_min_posts(min_posts)
    posts = list(posts)
    counts = _count(posts, target)
    rare = {name: count for name, count in sorted(counts.items()) if count < (min_posts or 2)}
    if rare and min_posts is None:
        name, others = next(iter(rare)), f" (and {len(rare) - 1} more have one)" if len(rare) > 1 else ""
        remedy = "give `min_posts=N` to leave out classes with fewer than N posts"
        raise NotEnoughData(f"{target} {name!r}", f"has only 1 post{others}", remedy)
    names = tuple(sorted(set(counts) - set(rare)))
    if len(names) < 2:
        remaining = f"only {names[0]!r} is" if names else "none is"
        problem = f"{remaining} left of {len(counts)} classes (the largest has {max(counts.values())} posts)"
        remedy = "lower `min_posts`" if rare else "add posts of another class, or choose another `target`"
        raise NotEnoughData(f"`target={target!r}`", problem, remedy)
    return ClassCheck(names, rare)


def fit_places(
    posts: Iterable[Post], *, target: Named, min_posts: int | None = None, names: Sequence[str] | None = None
) -> PlaceVocabulary:
    """Training posts -> named classes with their centres; errors as `check_classes`.

    `names` are the classes chosen by `check_classes` over all posts; those without a training post cannot be learnt
    and go to `left_out` with the count 0. Without `names`, the classes of these posts are checked here.

    A centre is the spherical median of the class's training posts, not the mean: one post tagged from another town
    would pull a mean of ten by a tenth of the way, and errors are reported in km, whose sum the median minimises.
    A category is spread over the city: it has no centre.
    """
    posts = list(posts)
    counts = _count(posts, target)
    if names is None:
        check = check_classes(posts, target=target, min_posts=min_posts)
        kept, left_out = check.names, dict(check.left_out)
    else:
        kept = tuple(sorted(name for name in set(names) if counts[name]))
        left_out = dict.fromkeys(sorted(set(names) - set(kept)), 0)
    if len(kept) < 2:
        problem = f"the training part has posts of {len(kept)} of {len(set(names or ()))} classes"
        raise NotEnoughData(f"`target={target!r}`", problem, "add posts, or another `seed` may split them better")
    places = _centred(posts, kept) if target == "place" else [Place(name) for name in kept]
    return PlaceVocabulary(target, tuple(places), left_out)


def fit_cells(posts: Iterable[Post], *, cells: int, seed: int) -> PlaceVocabulary:
    """Training posts -> `cells` classes: k-means of their coordinates; posts without coordinates take no part.

    On the sphere, in km: in degrees, a cell at 51 degrees north would be 1.6 times as tall as it is wide. Cells are
    numbered from north to south. Unlike a named place, a cell may hold a single post: it still has a centre.
    Raises NotEnoughData with fewer distinct coordinates than cells, BadOption for fewer than 2 cells.
    """
    from sklearn.cluster import KMeans

    cells, seed = check_whole("cells", cells, least=2), check_seed(seed)
    posts = list(posts)
    points = _coordinates(posts)
    points = points[~np.isnan(points).any(axis=1)]
    if not len(points):
        raise _absent(posts, "cell")
    distinct, weights = np.unique(points, axis=0, return_counts=True)
    if len(distinct) < cells:
        problem = f"{cells} cells requested, but the training posts have {len(distinct)} distinct coordinates"
        remedy = f"give `cells={len(distinct)}` or fewer" if len(distinct) > 1 else "add posts made elsewhere"
        raise NotEnoughData("cells", problem, remedy)
    kmeans = KMeans(cells, n_init=4, random_state=seed)
    kmeans.fit(unit_vectors(*distinct.T) * EARTH_RADIUS_KM, sample_weight=weights)
    centres = to_degrees(kmeans.cluster_centers_)
    centres = centres[np.lexsort((centres[:, 1], -centres[:, 0]))]
    digits = max(3, len(str(cells - 1)))
    places = (Place(f"cell-{c:0{digits}d}", float(lat), float(lon)) for c, (lat, lon) in enumerate(centres))
    return PlaceVocabulary("cell", tuple(places))


def coarse_groups(places: PlaceVocabulary, *, seed: int = 0) -> tuple[int, ...]:
    """The group of each of C classes: about sqrt(C) neighbourhoods, k-means of the centres on the sphere.

    Classes without a centre share one group more; where no class has one (categories) there are no groups.

    >>> west, east = [Place(f"w{i}", 50.0, 13.0 + i / 1e3) for i in range(2)], [Place("e", 50.0, 14.0), Place("x")]
    >>> coarse_groups(PlaceVocabulary("place", (*west, *east)))
    (0, 0, 1, 2)
    """
    from sklearn.cluster import KMeans

    centres = places.coordinates()
    known = ~np.isnan(centres).any(axis=1)
    distinct = len(np.unique(centres[known], axis=0))
    if not distinct:
        return ()
    groups = np.full(len(places), -1)
    clusters = min(distinct, max(1, round(len(places) ** 0.5)))
    groups[known] = KMeans(clusters, n_init=4, random_state=seed).fit_predict(
        unit_vectors(*centres[known].T) * EARTH_RADIUS_KM
    )
    first: dict[int, int] = {}
    return tuple(first.setdefault(int(group), len(first)) for group in groups)


def _name(post: Post, target: Target) -> str | None:
    return post.place if target == "place" else post.category


def _coordinates(points: Sequence[Post] | Sequence[Place]) -> NDArray[np.float64]:
    degrees = [(p.latitude, p.longitude) for p in points]
    return np.array(degrees, dtype=np.float64).reshape(len(degrees), 2)  # None becomes NaN


def _count(posts: Sequence[Post], target: Named) -> Counter[str]:
    counts = Counter(name for post in posts if (name := _name(post, target)))
    if not counts:
        raise _absent(posts, target)
    return counts


def _absent(posts: Sequence[Post], target: Target) -> NotEnoughData:
    sought = "coordinates" if target == "cell" else f"a {target}"
    have = {
        "`target='place'`": sum(bool(post.place) for post in posts),
        "`target='category'`": sum(bool(post.category) for post in posts),
        "`cells=K`": sum(post.located for post in posts),
    }
    others = [f"{parameter} ({count} posts)" for parameter, count in have.items() if count]
    remedy = f"these posts can be used with {' or '.join(others)}" if others else "add place, category or coordinates"
    return NotEnoughData(f"`target={target!r}`", f"none of {len(posts)} posts has {sought}", remedy)


def _centred(posts: Sequence[Post], names: Sequence[str]) -> list[Place]:
    members: dict[str, list[Post]] = {name: [] for name in names}
    for post in posts:
        if post.place in members and post.located:
            members[post.place].append(post)
    centres = {name: spherical_median(*_coordinates(own).T) for name, own in members.items()}
    return [
        Place(name) if np.isnan(latitude) else Place(name, latitude, longitude)
        for name, (latitude, longitude) in centres.items()
    ]


def _place(entry: Any) -> Place:
    name, latitude, longitude = entry["name"], entry["latitude"], entry["longitude"]
    if not isinstance(name, str):
        raise TypeError(f"{name!r} is not a name")
    if latitude is None and longitude is None:
        return Place(name)
    place = Place(name, float(latitude), float(longitude))
    if not (abs(float(latitude)) <= 90.0 and abs(float(longitude)) <= 180.0):
        raise ValueError(f"{name!r} lies at {latitude}, {longitude}")
    return place


def _check_stored(target: Any, places: Sequence[Place]) -> None:
    if target not in ("place", "cell", "category"):
        raise ValueError(f"{target!r} is not a target")
    if len({place.name for place in places}) != len(places) or len(places) < 2:
        raise ValueError(f"{len(places)} places, each of which should have its own name")
    if target == "cell" and any(place.latitude is None for place in places):
        raise ValueError("a cell without a centre")
