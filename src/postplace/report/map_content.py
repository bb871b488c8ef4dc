"""What a map of predictions shows: places, circles and posts, so many of each, the others counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from postplace.places.circles import circle_polygons
from postplace.places.extent import Extent
from postplace.schema import Place, Prediction

PLACES = 2_000  # dots, those of most posts
NAMED_POSTS = 6  # of a place, where the pointer rests on it
CIRCLES = 200
LISTED = 300  # posts with a row in the table
CHARACTERS = 280  # of a text


@dataclass
class Dot:
    """A place that posts were answered with; `posts` have it first, `others` further down."""

    place: Place
    posts: int = 0
    others: int = 0
    confident: int = 0
    probability: float = 0.0  # the sum over `posts`
    named: list[tuple[str, float]] = field(default_factory=list)

    @property
    def mean_probability(self) -> float | None:
        """Of the posts that have it first."""
        return self.probability / self.posts if self.posts else None


@dataclass(frozen=True)
class Circle:
    """The prediction circle of a post, with its best place."""

    post: str
    place: str
    probability: float
    latitude: float
    longitude: float
    radius_km: float


@dataclass
class MapContent:
    """What is drawn and listed, and how much there was."""

    dots: list[Dot] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    listed: list[Prediction] = field(default_factory=list)
    posts: int = 0
    unanswered: int = 0
    unlocated: int = 0  # posts whose best place has no coordinates
    all_places: int = 0
    all_circles: int = 0
    level: float | None = None
    caveats: set[str] = field(default_factory=set)
    texts: Mapping[str, str] | None = None
    extent: Extent = field(default_factory=Extent)  # of the dots and of the narrower half of the circles


def map_content(predictions: Iterable[Prediction], *, texts: Mapping[str, str] | None = None) -> MapContent:
    """Count all predictions and keep what is shown; `texts` of the posts by their id, None to show none."""
    content, dots = MapContent(texts=texts), dict[str, Dot]()
    for prediction in predictions:
        content.posts += 1
        content.unanswered += not prediction.ranked
        if len(content.listed) < LISTED:
            content.listed.append(prediction)
        _count(prediction, dots, content)
        _add_circle(prediction, content)
    located = [dot for dot in dots.values() if dot.place.latitude is not None and dot.place.longitude is not None]
    located.sort(key=lambda dot: (-dot.posts, -dot.others, dot.place.name))
    content.dots, content.all_places = located[:PLACES], len(located)
    for dot in content.dots:
        content.extent.add(dot.place.latitude or 0.0, dot.place.longitude or 0.0)
    for circle in sorted(content.circles, key=lambda circle: circle.radius_km)[: -(-len(content.circles) // 2)]:
        for (ring,) in circle_polygons(circle.latitude, circle.longitude, circle.radius_km)["coordinates"]:
            longitudes, latitudes = zip(*ring, strict=True)
            content.extent.add_box(min(latitudes), min(longitudes), max(latitudes), max(longitudes))
    return content


def _count(prediction: Prediction, dots: dict[str, Dot], content: MapContent) -> None:
    for rank, ranked in enumerate(prediction.ranked):
        dot = dots.setdefault(ranked.place.name, Dot(ranked.place))
        if rank:
            dot.others += 1
            continue
        dot.posts += 1
        dot.confident += prediction.confident
        dot.probability += ranked.probability
        if len(dot.named) < NAMED_POSTS:
            dot.named.append((prediction.post_id, ranked.probability))
        content.unlocated += ranked.place.latitude is None


def _add_circle(prediction: Prediction, content: MapContent) -> None:
    region = prediction.region
    if region is None or not prediction.ranked:
        return
    content.level = region.level
    content.caveats |= {region.caveat} if region.caveat else set()
    if region.circle is None:
        return
    content.all_circles += 1
    if len(content.circles) < CIRCLES:
        best = prediction.ranked[0]
        content.circles.append(Circle(prediction.post_id, best.place.name, best.probability, *region.circle))
