"""How right a model was, as typed numbers: read with attributes, written as JSON by `to_dict`.

None stands where a number is undefined or infinite, or was not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from postplace.evaluation.old_keys import OldKeys
from postplace.evaluation.significance import Interval
from postplace.system.json_types import Json, JsonObject

Number = float | None
AT = "accuracy@"  # how the key of a top-k accuracy begins


class ConfidenceInterval(NamedTuple):
    """The ends of a 95 % interval over groups; None for an end that is open, or where there are too few groups.

    In JSON a list of two.
    """

    low: Number = None
    high: Number = None


UNKNOWN = ConfidenceInterval()


def bounds(interval: Interval) -> ConfidenceInterval:
    """The ends of an interval, infinite ones as None.

    >>> bounds(Interval(0.5, 0.25, float("inf")))
    ConfidenceInterval(low=0.25, high=None)
    """
    return ConfidenceInterval(or_none(interval.low), or_none(interval.high))


def or_none(value: float) -> Number:
    """The number, or None where there is none (NaN or infinite): JSON has no word for it."""
    return value if float("-inf") < value < float("inf") else None


@dataclass(frozen=True, slots=True)
class Scores(OldKeys):
    """The scores of a model on some posts.

    Those of classes are None for a model that gives points and no classes, those of km (`located` and below) where
    nothing has coordinates. `accuracy_at` holds top-k accuracies by k, `within_km` shares by the radius in km as text.
    `unknown_class`: posts of a class that the model does not know, which count as wrong. The mean of km is over
    `located_answered`, the posts with coordinates and an answer; median and shares are over all that are `located`.
    """

    posts: int = 0
    answered: int | None = None
    unknown_class: int | None = None
    accuracy: Number = None
    accuracy_at: Mapping[int, Number] = field(default_factory=dict)
    macro_f1: Number = None
    located: int | None = None
    located_answered: int | None = None
    mean_km: Number = None
    median_km: Number = None
    within_km: Mapping[str, Number] = field(default_factory=dict)

    def to_dict(self) -> JsonObject:
        """Plain data; without the scores that do not apply."""
        content: JsonObject = {"posts": self.posts}
        if self.answered is not None:
            content |= {name: getattr(self, name) for name in ("answered", "unknown_class", "accuracy")}
            content |= {f"{AT}{k}": value for k, value in self.accuracy_at.items()}
            content["macro_f1"] = self.macro_f1
        if self.located is not None:
            content |= {name: getattr(self, name) for name in _KM} | {"within_km": dict(self.within_km)}
        return content

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Scores:
        """The inverse; of what an earlier version did not write, None."""
        plain = ("answered", "unknown_class", "accuracy", "macro_f1", *_KM)
        return cls(
            posts=saved.get("posts", 0),
            accuracy_at={int(key.removeprefix(AT)): value for key, value in saved.items() if key.startswith(AT)},
            within_km=dict(saved.get("within_km") or {}),
            **{name: saved.get(name) for name in plain},
        )


_KM = ("located", "located_answered", "mean_km", "median_km")


@dataclass(frozen=True, slots=True)
class Intervals(OldKeys):
    """95 % intervals over groups of a model's scores, named as in `Scores`; None of what it has no score of."""

    accuracy: ConfidenceInterval | None = None
    accuracy_at: Mapping[int, ConfidenceInterval] = field(default_factory=dict)
    macro_f1: ConfidenceInterval | None = None
    mean_km: ConfidenceInterval | None = None
    median_km: ConfidenceInterval | None = None
    within_km: Mapping[str, ConfidenceInterval] = field(default_factory=dict)

    def to_dict(self) -> JsonObject:
        """Plain data: a list of two for each interval."""
        content: JsonObject = {}
        if self.accuracy is not None:
            content["accuracy"] = list(self.accuracy)
        content |= {f"{AT}{k}": list(interval) for k, interval in self.accuracy_at.items()}
        for name in ("macro_f1", "mean_km", "median_km"):
            if (interval := getattr(self, name)) is not None:
                content[name] = list(interval)
        if self.within_km:
            content["within_km"] = {radius: list(interval) for radius, interval in self.within_km.items()}
        return content

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Intervals:
        """The inverse."""
        return cls(
            accuracy_at={
                int(key.removeprefix(AT)): ConfidenceInterval(*value)
                for key, value in saved.items()
                if key.startswith(AT)
            },
            within_km={radius: ConfidenceInterval(*value) for radius, value in saved.get("within_km", {}).items()},
            **{name: read_interval(saved.get(name)) for name in ("accuracy", "macro_f1", "mean_km", "median_km")},
        )


def read_interval(saved: Iterable[Number] | None) -> ConfidenceInterval | None:
    """An interval as JSON has it; None where there is none."""
    return None if saved is None else ConfidenceInterval(*saved)


@dataclass(frozen=True, slots=True)
class ModelScores(OldKeys):
    """A model's scores over all labelled posts, by the modalities a post has (T, G, I, or "none"), and intervals.

    `classes` and `unlabelled` are None, and nothing is there by pattern, for a model that gives points alone.
    """

    overall: Scores = Scores()
    by_pattern: Mapping[str, Scores] = field(default_factory=dict)
    intervals: Intervals = Intervals()
    classes: int | None = None
    unlabelled: int | None = None

    OLD_KEYS: ClassVar[Mapping[str, str]] = {"accuracy_interval": "intervals.accuracy"}

    def to_dict(self) -> JsonObject:
        """Plain data."""
        content: JsonObject = {}
        if self.classes is not None:
            content |= {"classes": self.classes, "unlabelled": self.unlabelled}
        content["overall"] = self.overall.to_dict()
        if self.classes is not None:
            content["by_pattern"] = {pattern: scores.to_dict() for pattern, scores in self.by_pattern.items()}
        return {**content, "intervals": self.intervals.to_dict()}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> ModelScores:
        """The inverse."""
        return cls(
            overall=Scores.from_dict(saved.get("overall", {})),
            by_pattern={name: Scores.from_dict(scores) for name, scores in saved.get("by_pattern", {}).items()},
            intervals=Intervals.from_dict(saved.get("intervals", {})),
            classes=saved.get("classes"),
            unlabelled=saved.get("unlabelled"),
        )


@dataclass(frozen=True, slots=True)
class Difference(OldKeys):
    """Accuracy of the model minus that of a baseline on the same posts: a paired bootstrap over groups.

    `verdict`: better, worse, tie (0 is inside the interval) or cannot tell (too few groups).
    """

    mean: Number
    low: Number
    high: Number
    verdict: str

    def to_dict(self) -> JsonObject:
        """Plain data."""
        content: dict[str, Json] = {"mean": self.mean, "low": self.low, "high": self.high}
        return {**content, "verdict": self.verdict}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Difference:
        """The inverse."""
        return cls(saved["mean"], saved["low"], saved["high"], saved["verdict"])
