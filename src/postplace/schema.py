"""What goes in and what comes out: a post, and the prediction of where it was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, overload

from postplace.system.deprecation import warn_renamed
from postplace.truncation import WHOLE, Unread

if TYPE_CHECKING:
    import pandas as pd

_NO_MARKS = str.maketrans("#＃", "  ")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN = 20  # predictions that a notebook shows of many


def epoch_seconds(time: datetime) -> float:
    """Seconds since 1970; a time without a zone is taken to be in UTC, wherever this runs.

    >>> epoch_seconds(datetime(1970, 1, 2)), epoch_seconds(datetime.fromisoformat("1970-01-02T08:00+08:00"))
    (86400.0, 86400.0)
    """
    return ((time.replace(tzinfo=UTC) if time.tzinfo is None else time) - EPOCH).total_seconds()


@dataclass(frozen=True, slots=True)
class Post:
    """One social post. Every field but `id` may be absent.

    `images` are paths, or the encoded bytes of an image (an upload); nothing is decoded here.
    `hashtags` carry no `#`; those typed in the text are among them in every post that is parsed. A post that is
    made in Python is taken as it is, and models read a tag from here alone. `user`, `venue`, `place` and `category` are
    opaque names: `place` is a class to predict, `category` another, `user` and `venue` only say which posts must stay
    together in a split. A `time` without a zone is taken to be in UTC.
    `latitude` and `longitude` are WGS84 degrees, both present or both absent. `image_text` is what was read from the
    images (signs, menus); nothing fills it unless requested.
    """

    id: str
    text: str = ""
    hashtags: tuple[str, ...] = ()
    images: tuple[Path | bytes, ...] = ()
    user: str | None = None
    time: datetime | None = None
    place: str | None = None
    venue: str | None = None
    category: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    image_text: str = ""

    @property
    def full_text(self) -> str:
        """The text, and on a new line what was read from the images: what the models read as text."""
        return "\n".join(part for part in (self.text, self.image_words) if part)

    @property
    def image_words(self) -> str:
        """`image_text` with a space for each `#`: on a sign it makes no hashtag, which would be read nowhere."""
        return self.image_text.translate(_NO_MARKS)

    @property
    def located(self) -> bool:
        """Whether the post has coordinates."""
        return self.latitude is not None and self.longitude is not None

    def _repr_html_(self) -> str:
        """A row for each field that the post has; of an image its name alone."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["hashtags"] = " ".join(f"#{tag}" for tag in self.hashtags)
        values["images"] = ", ".join(f"{len(i)} bytes" if isinstance(i, bytes) else i.name for i in self.images)
        return _html_table([(name, value) for name, value in values.items() if value not in (None, "")])


@dataclass(frozen=True, slots=True)
class Place:
    """A class the model can answer with: a place, a cell of the map, or a category (which has no coordinates)."""

    name: str
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class RankedPlace:
    """A place and the probability, between 0 and 1, that the post was made there."""

    place: Place
    probability: float


@dataclass(frozen=True, slots=True)
class PredictionRegion:
    """What covers the true place as often as `level` (0 to 1) says: a set of classes, a circle.

    Split conformal prediction (Vovk et al., Algorithmic Learning in a Random World, 2005). As often on average over
    users (or venues), where each counts the same however many posts it has, or over posts: `coverage_over`. `places`
    are names, the most probable first: all there are where too few users were held out to promise less. `centre` in
    degrees and `radius_km` are None together, there and for classes without coordinates. `caveat` says why they are
    wide, or promise nothing; empty where they are as narrow as more users would make them.
    """

    level: float
    places: tuple[str, ...]
    centre: tuple[float, float] | None = None
    radius_km: float | None = None
    coverage_over: Literal["users", "posts"] = "users"
    caveat: str = ""

    @property
    def circle(self) -> tuple[float, float, float] | None:
        """Latitude and longitude in degrees and the radius in km, or None."""
        return None if self.centre is None or self.radius_km is None else (*self.centre, self.radius_km)

    def _repr_html_(self) -> str:
        """The set and the circle, a row each."""
        rows = [(f"prediction set ({self.level:.0%} of {self.coverage_over})", ", ".join(self.places))]
        if self.circle is not None:
            latitude, longitude, radius_km = self.circle
            rows.append(("prediction circle", f"{radius_km:.3f} km around {latitude:.6f}, {longitude:.6f}"))
        return _html_table([*rows, *([("caveat", self.caveat)] if self.caveat else [])])


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one post, best place first; `ranked` is empty when the post gave nothing to go by.

    `modalities` are those that the post has: any of "text", "hashtags", "image". `confident` is False where the best
    place is less probable than requested: the model abstains (selective prediction; El-Yaniv and Wiener, JMLR 2010).
    `region` covers the true place as often as requested, where the run can promise that; else it is None. `not_read` is
    what of the post had no part in the answer.
    """

    post_id: str
    ranked: tuple[RankedPlace, ...]
    modalities: tuple[str, ...]
    confident: bool = True
    region: PredictionRegion | None = None
    not_read: Unread = WHOLE

    @property
    def best(self) -> Place | None:
        """The most probable place, or None without a prediction."""
        return self.ranked[0].place if self.ranked else None

    def _repr_html_(self) -> str:
        """The ranked places, and below them the set and the circle."""
        ranked = [(r.place.name, f"{r.probability:.3f}") for r in self.ranked]
        modalities = f" (from {', '.join(self.modalities)})" if self.modalities else ""
        abstained = "" if self.confident else ": not confident"
        table = _html_table(ranked, ("place", "probability"), caption=f"post {self.post_id}{modalities}{abstained}")
        return table + ("" if self.region is None else self.region._repr_html_())

    @property
    def used(self) -> tuple[str, ...]:
        """The name that `modalities` had in version 0.1."""
        _warn_renamed("used", "modalities")
        return self.modalities

    @property
    def enough(self) -> bool:
        """The name that `confident` had in version 0.1."""
        _warn_renamed("enough", "confident")
        return self.confident

    @property
    def promised(self) -> PredictionRegion | None:
        """The name that `region` had in version 0.1."""
        _warn_renamed("promised", "region")
        return self.region


def _warn_renamed(old: str, new: str) -> None:
    warn_renamed(f"Prediction.{old}", f"Prediction.{new}", stacklevel=3)


class Predictions(list[Prediction]):
    """The predictions of several posts, in their order: a list that is also a table."""

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Prediction: ...
    @overload
    def __getitem__(self, key: slice, /) -> Predictions: ...
    def __getitem__(self, key: SupportsIndex | slice, /) -> Prediction | Predictions:
        """One prediction, or the table of several."""
        return Predictions(super().__getitem__(key)) if isinstance(key, slice) else super().__getitem__(key)

    def to_frame(self) -> pd.DataFrame:
        """One row a post, of its best place.

        Columns: `id`, `place` (None without a prediction), `probability`, `latitude` and `longitude` (degrees; NaN
        without coordinates), `confident`, `modalities` (a tuple), `prediction_set` (a tuple of names, or None),
        `circle_latitude`, `circle_longitude` (degrees) and `circle_radius_km`, NaN without a prediction circle.
        """
        import pandas as pd

        best = [prediction.best for prediction in self]
        regions = [prediction.region for prediction in self]
        circles = [region.circle if region and region.circle else (None, None, None) for region in regions]
        columns: dict[str, pd.Series[Any]] = {
            "id": pd.Series([prediction.post_id for prediction in self], dtype=object),
            "place": pd.Series([place and place.name for place in best], dtype=object),
            "probability": _numbers(p.ranked[0].probability if p.ranked else None for p in self),
            "latitude": _numbers(place.latitude if place else None for place in best),
            "longitude": _numbers(place.longitude if place else None for place in best),
            "confident": pd.Series([prediction.confident for prediction in self], dtype=bool),
            "modalities": pd.Series([prediction.modalities for prediction in self], dtype=object),
            "prediction_set": pd.Series([region and region.places for region in regions], dtype=object),
        }
        for number, name in enumerate(("circle_latitude", "circle_longitude", "circle_radius_km")):
            columns[name] = _numbers(circle[number] for circle in circles)
        return pd.DataFrame(columns)

    def _repr_html_(self) -> str:
        """The first of them as a table, each with its best place."""
        rows = []
        for p in self[:SHOWN]:
            best = (p.ranked[0].place.name, f"{p.ranked[0].probability:.3f}") if p.ranked else ("", "")
            rows.append((p.post_id, *best, "yes" if p.confident else "no", ", ".join(p.modalities)))
        more = f", the first {SHOWN}" if len(self) > SHOWN else ""
        header = ("id", "place", "probability", "confident", "modalities")
        return _html_table(rows, header, caption=f"{len(self)} predictions{more}")


def _numbers(values: Iterable[float | None]) -> pd.Series[float]:
    import pandas as pd

    return pd.Series(list(values), dtype="float64")


def _html_table(rows: Iterable[Sequence[object]], header: Sequence[str] = (), *, caption: str = "") -> str:
    """A table for a notebook; everything in it is escaped, for posts hold what anybody wrote."""
    parts = [f"<caption>{escape(caption)}</caption>"] if caption else []
    parts += ["<tr>" + "".join(f"<th>{escape(name)}</th>" for name in header) + "</tr>"] if header else []
    parts += ["<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table>{''.join(parts)}</table>"
