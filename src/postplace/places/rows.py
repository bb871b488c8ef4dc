"""An answer as flat rows, one a ranked place: what tables and maps are given. `COLUMNS` says what stands in them.

Every value is a text, a number or yes or no, and a column has the same type in every row: a post without a prediction
has one row of rank 0 with empty texts and missing numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from postplace.schema import Prediction, RankedPlace

DECIMALS = 6  # of degrees: a tenth of a metre; and of probabilities

Kind = Literal["text", "integer", "number", "boolean"]
Row = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True)
class Column:
    """A column of a table; `property` is its name in geographic formats, None where the geometry says it."""

    name: str
    kind: Kind
    property: str | None
    meaning: str


COLUMNS = (
    Column("id", "text", "post", "the post's id"),
    Column("rank", "integer", "rank", "1 for the most probable place; 0 for a post without a prediction"),
    Column("place", "text", "name", "the place, category or cell; empty without a prediction"),
    Column("probability", "number", "probability", "of that place, 0 to 1"),
    Column("latitude", "number", None, "of the place, WGS84 degrees; missing where it has none"),
    Column("longitude", "number", None, "likewise, -180 to 180"),
    Column("modalities", "text", "modalities", "what the post has of `text hashtags image`, with spaces between"),
    Column("confident", "boolean", "confident", "whether the best place is at least as probable as requested"),
    Column("in_set", "boolean", "in_set", "whether the place is in the prediction set; no where there is none"),
    Column("level", "number", "level", "how often set and circle cover the true place; missing where there are none"),
    Column("radius_km", "number", "radius_km", "of the prediction circle; missing without one"),
    Column("coverage_over", "text", "coverage_over", "what `level` is an average over: `users` or `posts`; or empty"),
    Column("not_read", "text", "not_read", "what of the post had no part in the answer, in words; mostly empty"),
    Column("circle_latitude", "number", "circle_latitude", "of the circle's centre; missing without a circle"),
    Column("circle_longitude", "number", "circle_longitude", "likewise, -180 to 180"),
)


def prediction_rows(prediction: Prediction) -> Iterator[Row]:
    """The rows of one prediction: as many as there are ranked places, and at least one.

    >>> from postplace.schema import Place
    >>> row = next(prediction_rows(Prediction("p1", (RankedPlace(Place("tower", 31.24, 121.5), 0.75),), ("text",))))
    >>> row["rank"], row["place"], row["longitude"], row["level"]
    (1, 'tower', 121.5, None)
    >>> next(prediction_rows(Prediction("p2", (), ())))["rank"]
    0
    """
    shared = _of_post(prediction)
    if not prediction.ranked:
        yield {**shared, **_of_place(prediction, None), "rank": 0}
    for rank, ranked in enumerate(prediction.ranked, start=1):
        yield {**shared, **_of_place(prediction, ranked), "rank": rank}


def _of_post(prediction: Prediction) -> Row:
    region = prediction.region
    circle = None if region is None else region.circle
    return {
        "id": prediction.post_id,
        "modalities": " ".join(prediction.modalities),
        "confident": bool(prediction.confident),
        "level": None if region is None else float(region.level),
        "coverage_over": "" if region is None else region.coverage_over,
        "radius_km": None if circle is None else round(float(circle[2]), 3),
        "circle_latitude": None if circle is None else degrees(circle[0]),
        "circle_longitude": None if circle is None else longitude_degrees(circle[1]),
        "not_read": prediction.not_read.said,
    }


def _of_place(prediction: Prediction, ranked: RankedPlace | None) -> Row:
    if ranked is None:
        return {"place": "", "probability": None, "latitude": None, "longitude": None, "in_set": False}
    place, region = ranked.place, prediction.region
    located = place.latitude is not None and place.longitude is not None
    return {
        "place": place.name,
        "probability": round(float(ranked.probability), DECIMALS),
        "latitude": degrees(place.latitude) if located and place.latitude is not None else None,
        "longitude": longitude_degrees(place.longitude) if located and place.longitude is not None else None,
        "in_set": region is not None and place.name in region.places,
    }


def degrees(value: float) -> float:
    """Rounded to a tenth of a metre."""
    return round(float(value), DECIMALS)


def longitude_degrees(value: float) -> float:
    """Rounded, and from -180 to 180, as RFC 7946 asks.

    >>> [longitude_degrees(value) for value in (180.0, 180.5, -180.0, 179.99999999)]
    [180.0, -179.5, -180.0, 180.0]
    """
    within = float(value) if abs(value) <= 180.0 else (float(value) + 180.0) % 360.0 - 180.0
    return degrees(within)
