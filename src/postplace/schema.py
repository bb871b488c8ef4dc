"""What travels through the house: a post goes in, a prediction comes out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from postplace.truncation import WHOLE, Unread

_NO_MARKS = str.maketrans("#＃", "  ")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds_of(time: datetime) -> float:
    """Seconds since 1970; a time without a zone is taken to be in UTC, wherever this runs.

    >>> seconds_of(datetime(1970, 1, 2)), seconds_of(datetime.fromisoformat("1970-01-02T08:00+08:00"))
    (86400.0, 86400.0)
    """
    return ((time.replace(tzinfo=UTC) if time.tzinfo is None else time) - EPOCH).total_seconds()


@dataclass(frozen=True, slots=True)
class Post:
    """One social post. Every field but `id` may be absent.

    `images` are paths, or the encoded bytes of a picture (an upload); nothing is decoded here.
    `hashtags` carry no `#`; those typed in the text are among them in every post that is parsed. A post that is
    made in Python is taken as it is, and models read a tag from here alone. `user`, `venue`, `place` and `category` are
    opaque names: `place` is a class to predict, `category` another, `user` and `venue` only say which posts must stay
    together in a split. A `time` without a zone is taken to be in UTC.
    `latitude` and `longitude` are WGS84 degrees, both present or both absent. `image_text` is what was read from the
    pictures (signs, menus); nothing fills it unless asked.
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
        """The text, and on a new line what was read from the pictures: what the models read as text."""
        return "\n".join(part for part in (self.text, self.image_words) if part)

    @property
    def image_words(self) -> str:
        """`image_text` with a space for each `#`: on a sign it makes no hashtag, which would be read nowhere."""
        return self.image_text.translate(_NO_MARKS)

    @property
    def located(self) -> bool:
        """Whether the post has coordinates."""
        return self.latitude is not None and self.longitude is not None


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
    """What holds the true place as often as `level` (0 to 1) says: a set of classes, a circle.

    As often on average over users (or venues), where each counts the same however many posts it has, or over posts:
    `coverage_over`. `places` are names, the most probable first: all there are where too few users were kept to promise
    less. `centre` in degrees and `radius_km` are None together, there and for classes without coordinates. `caveat`
    says why they are wide, or promise nothing; empty where they are as narrow as more users would make them.
    """

    level: float
    places: tuple[str, ...]
    centre: tuple[float, float] | None = None
    radius_km: float | None = None
    coverage_over: Literal["users", "posts"] = "users"
    caveat: str = ""


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
    message = f"Prediction.{old} is called Prediction.{new}; the old name goes with version 0.3"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
