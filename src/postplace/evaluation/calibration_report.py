"""Whether probabilities and prediction regions mean what they say, as typed numbers.

None stands where a number is undefined: without a post, or an infinite radius.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from postplace.evaluation.old_keys import OldKeys
from postplace.evaluation.scores import UNKNOWN, ConfidenceInterval, Number, read_interval
from postplace.system.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class BeforeAfter(OldKeys):
    """A score of the probabilities as the model gives them, and of the calibrated ones."""

    before: Number = None
    after: Number = None

    def to_dict(self) -> JsonObject:
        """Plain data."""
        return {"before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class ReliabilityBin(OldKeys):
    """Posts of about one confidence: how many, their mean confidence, and the share that was right."""

    posts: int
    confidence: float
    accuracy: float

    def to_dict(self) -> JsonObject:
        """Plain data."""
        return {"posts": self.posts, "confidence": self.confidence, "accuracy": self.accuracy}


@dataclass(frozen=True, slots=True)
class RiskPoint(OldKeys):
    """With the share `coverage` of posts answered, those of at least a `confidence`: the error among them."""

    coverage: float
    confidence: float
    error: float

    def to_dict(self) -> JsonObject:
        """Plain data."""
        return {"coverage": self.coverage, "confidence": self.confidence, "error": self.error}


@dataclass(frozen=True, slots=True)
class RiskCoverage(OldKeys):
    """Selective prediction: the risk-coverage curve, the area under it (AURC) and the least that could be reached."""

    curve: Sequence[RiskPoint] = ()
    area: Number = None
    best_area: Number = None

    def to_dict(self) -> JsonObject:
        """Plain data."""
        return {"curve": [point.to_dict() for point in self.curve], "area": self.area, "best_area": self.best_area}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> RiskCoverage:
        """The inverse."""
        return cls(tuple(RiskPoint(**point) for point in saved["curve"]), saved["area"], saved["best_area"])


@dataclass(frozen=True, slots=True)
class SetCoverage(OldKeys):
    """How often prediction sets cover the true class: the mean over groups, over posts, and its 95 % interval."""

    coverage: Number = None
    coverage_of_posts: Number = None
    interval: ConfidenceInterval = UNKNOWN
    mean_size: Number = None  # classes in a set

    def to_dict(self) -> JsonObject:
        """Plain data."""
        return {**asdict(self), "interval": list(self.interval)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> SetCoverage:
        """The inverse."""
        return cls(**{**saved, "interval": read_interval(saved.get("interval")) or UNKNOWN})


@dataclass(frozen=True, slots=True)
class CircleCoverage(OldKeys):
    """How often prediction circles cover the true point, as in `SetCoverage`, and their radii in km."""

    coverage: Number = None
    coverage_of_posts: Number = None
    interval: ConfidenceInterval = UNKNOWN
    mean_km: Number = None
    median_km: Number = None

    def to_dict(self) -> JsonObject:
        """Plain data."""
        return {**asdict(self), "interval": list(self.interval)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> CircleCoverage:
        """The inverse."""
        return cls(**{**saved, "interval": read_interval(saved.get("interval")) or UNKNOWN})


@dataclass(frozen=True, slots=True)
class RegionCoverage(OldKeys):
    """Coverage of the prediction regions of some posts. `caveat`: why regions are wide, "" with enough groups."""

    posts: int = 0
    prediction_sets: SetCoverage = SetCoverage()
    prediction_circles: CircleCoverage = CircleCoverage()
    caveat: str = ""

    OLD_KEYS: ClassVar[Mapping[str, str]] = {"sets": "prediction_sets", "circles": "prediction_circles"}

    def to_dict(self) -> JsonObject:
        """Plain data."""
        return {
            "posts": self.posts,
            "prediction_sets": self.prediction_sets.to_dict(),
            "prediction_circles": self.prediction_circles.to_dict(),
            "caveat": self.caveat,
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> RegionCoverage:
        """The inverse."""
        return cls(
            saved.get("posts", 0),
            SetCoverage.from_dict(saved.get("prediction_sets", {})),
            CircleCoverage.from_dict(saved.get("prediction_circles", {})),
            saved.get("caveat", ""),
        )


@dataclass(frozen=True, slots=True)
class ThresholdSource(OldKeys):
    """What the thresholds of prediction regions are taken from: parts of the split, posts and groups.

    `effective_groups`: as how many groups of equal size they count over posts.
    """

    parts: tuple[str, ...]
    posts: int
    groups: int
    largest_group: int
    effective_groups: float

    def to_dict(self) -> JsonObject:
        """Plain data."""
        return {**asdict(self), "parts": list(self.parts)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> ThresholdSource:
        """The inverse."""
        return cls(**{**saved, "parts": tuple(saved["parts"])})


@dataclass(frozen=True, slots=True)
class CalibrationIntervals(OldKeys):
    """95 % intervals over groups of scores of the calibrated probabilities; `area` is that under risk and coverage."""

    ece: ConfidenceInterval | None = None
    area: ConfidenceInterval | None = None
    nll: ConfidenceInterval | None = None
    brier: ConfidenceInterval | None = None

    def to_dict(self) -> JsonObject:
        """Plain data; nothing without a post."""
        names = ("ece", "area", "nll", "brier")
        return {name: list(interval) for name in names if (interval := getattr(self, name)) is not None}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> CalibrationIntervals:
        """The inverse."""
        return cls(**{name: ConfidenceInterval(*interval) for name, interval in saved.items()})


_SCORES = ("ece", "debiased_ce", "nll", "brier")


@dataclass(frozen=True, slots=True)
class CalibrationReport(OldKeys):
    """How well calibrated a model is, on posts whose class it knows and that have an answer.

    `level`: the coverage that regions are made for, `temperature` and `uniform_weight` how probabilities are
    calibrated, `unknown_class`: labelled posts of a class that the model does not know, `accuracy` that of the first
    class. `regions` are those over users, `regions_over_posts` those over posts, `by_pattern` the former by the
    modalities that a post has ("" for none). Calibration errors: `ece`, and `debiased_ce` without what chance adds;
    proper scores: `nll` in nats, `brier` from 0 to 2.
    """

    level: float
    temperature: float
    uniform_weight: float = 0.0
    unknown_class: int = 0
    classes: int | None = None
    accuracy: Number = None
    thresholds_from: ThresholdSource | None = None
    regions: RegionCoverage = RegionCoverage()
    regions_over_posts: RegionCoverage | None = None
    ece: BeforeAfter = BeforeAfter()
    debiased_ce: BeforeAfter = BeforeAfter()
    nll: BeforeAfter = BeforeAfter()
    brier: BeforeAfter = BeforeAfter()
    reliability: Sequence[ReliabilityBin] = ()
    risk_coverage: RiskCoverage = RiskCoverage()
    intervals: CalibrationIntervals = CalibrationIntervals()
    by_pattern: Mapping[str, RegionCoverage] = field(default_factory=dict)

    OLD_KEYS: ClassVar[Mapping[str, str]] = {
        "floor": "uniform_weight",
        "kept": "thresholds_from",
        "over_posts": "regions_over_posts",
        "posts": "regions.posts",
        "sets": "regions.prediction_sets",
        "circles": "regions.prediction_circles",
        "caveat": "regions.caveat",
    }

    @property
    def posts(self) -> int:
        """The posts that this is about."""
        return self.regions.posts

    def to_dict(self) -> JsonObject:
        """Plain data."""
        over_posts = self.regions_over_posts
        return {
            "level": self.level,
            "temperature": self.temperature,
            "uniform_weight": self.uniform_weight,
            "unknown_class": self.unknown_class,
            "classes": self.classes,
            "accuracy": self.accuracy,
            "thresholds_from": None if self.thresholds_from is None else self.thresholds_from.to_dict(),
            "regions": self.regions.to_dict(),
            "regions_over_posts": None if over_posts is None else over_posts.to_dict(),
            **{name: getattr(self, name).to_dict() for name in _SCORES},
            "reliability": [each.to_dict() for each in self.reliability],
            "risk_coverage": self.risk_coverage.to_dict(),
            "intervals": self.intervals.to_dict(),
            "by_pattern": {pattern: regions.to_dict() for pattern, regions in self.by_pattern.items()},
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> CalibrationReport:
        """The inverse; of what an earlier version did not write, the default."""
        source, over_posts = saved.get("thresholds_from"), saved.get("regions_over_posts")
        risk = saved.get("risk_coverage")
        return cls(
            level=saved["level"],
            temperature=saved["temperature"],
            uniform_weight=saved.get("uniform_weight", 0.0),
            unknown_class=saved.get("unknown_class", 0),
            classes=saved.get("classes"),
            accuracy=saved.get("accuracy"),
            thresholds_from=None if source is None else ThresholdSource.from_dict(source),
            regions=RegionCoverage.from_dict(saved.get("regions", {})),
            regions_over_posts=None if over_posts is None else RegionCoverage.from_dict(over_posts),
            **{name: BeforeAfter(**saved.get(name, {})) for name in _SCORES},
            reliability=tuple(ReliabilityBin(**each) for each in saved.get("reliability", ())),
            risk_coverage=RiskCoverage() if risk is None else RiskCoverage.from_dict(risk),
            intervals=CalibrationIntervals.from_dict(saved.get("intervals", {})),
            by_pattern={name: RegionCoverage.from_dict(each) for name, each in saved.get("by_pattern", {}).items()},
        )
