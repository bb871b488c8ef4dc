"""The metrics of a model and of the baselines on the same posts: read with attributes, written as JSON by `to_dict`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from postplace.evaluation.calibration_report import CalibrationReport
from postplace.evaluation.old_keys import OldKeys
from postplace.evaluation.scores import ConfidenceInterval, Difference, ModelScores
from postplace.features.image_keys import BrokenImage
from postplace.system.html import drop_empty_columns, html_table
from postplace.system.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class EvaluationMetrics(OldKeys):
    """What an evaluation gives; `models` has the model itself first, then the baselines, by name.

    `subset`: "test", the part of the split that was held out, or "given posts"; of these, `left_out_as_seen` counts
    those that the model has learned from, `left_out_by` by what they were recognised. Of `posts`, in so many `groups`,
    `labelled` carry the target. `no_interval`: why there are no intervals, if there are none. `differences` are by
    baseline. `calibration` is None for a run of an earlier version.
    """

    models: Mapping[str, ModelScores] = field(default_factory=dict)
    differences: Mapping[str, Difference] = field(default_factory=dict)
    calibration: CalibrationReport | None = None
    posts: int = 0
    groups: int = 0
    labelled: int = 0
    subset: str | None = None
    left_out_as_seen: int = 0
    left_out_by: Mapping[str, int] = field(default_factory=dict)
    broken_images: tuple[BrokenImage, ...] = ()
    cut_short_images: tuple[BrokenImage, ...] = ()
    no_interval: str | None = None
    baseline_notes: tuple[str, ...] = ()

    OLD_KEYS: ClassVar[Mapping[str, str]] = {"systems": "models", "part": "subset"}

    def to_dict(self) -> JsonObject:
        """Plain data, ready for JSON."""
        content: JsonObject = {} if self.subset is None else {"subset": self.subset}
        if self.subset == "given posts":
            content |= {"left_out_as_seen": self.left_out_as_seen, "left_out_by": dict(self.left_out_by)}
        content |= {
            "labelled": self.labelled,
            "broken_images": [asdict(image) for image in self.broken_images],
            "posts": self.posts,
            "groups": self.groups,
            "no_interval": self.no_interval,
            "models": {name: scores.to_dict() for name, scores in self.models.items()},
            "differences": {name: difference.to_dict() for name, difference in self.differences.items()},
            "baseline_notes": list(self.baseline_notes),
        }
        if self.cut_short_images:
            content["cut_short_images"] = [asdict(image) for image in self.cut_short_images]
        return content if self.calibration is None else {**content, "calibration": self.calibration.to_dict()}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> EvaluationMetrics:
        """The inverse, also of what version 0.1.0 wrote: see `upgrade_metrics`.

        Raises KeyError, TypeError or ValueError on what neither wrote.
        """
        found = upgrade_metrics(saved)
        calibration = found.get("calibration")
        plain = ("posts", "groups", "labelled", "subset", "left_out_as_seen", "left_out_by", "no_interval")
        return cls(
            models={name: ModelScores.from_dict(scores) for name, scores in found.get("models", {}).items()},
            differences={name: Difference.from_dict(each) for name, each in found.get("differences", {}).items()},
            calibration=None if calibration is None else CalibrationReport.from_dict(calibration),
            broken_images=tuple(BrokenImage(**image) for image in found.get("broken_images", ())),
            cut_short_images=tuple(BrokenImage(**image) for image in found.get("cut_short_images", ())),
            baseline_notes=tuple(found.get("baseline_notes", ())),
            **{name: found[name] for name in plain if name in found},
        )

    def _repr_html_(self) -> str:
        """A table for a notebook: a row a model, with its accuracy, the interval of that, and km."""
        head = ["model", "accuracy", "95 %", "macro-F1", "mean km", "median km", "<= 1 km"]
        rows = []
        for name, scores in self.models.items():
            overall = scores.overall
            kilometres = (overall.mean_km, overall.median_km, overall.within_km.get("1"))
            numbers = [_number(value) for value in (overall.accuracy, overall.macro_f1, *kilometres)]
            rows.append([name, numbers[0], _spread(scores.intervals.accuracy), *numbers[1:]])
        caption = f"{self.labelled} of {self.posts} posts evaluated, in {self.groups} groups"
        return html_table(*drop_empty_columns(head, rows), caption=caption)


def upgrade_metrics(saved: Mapping[str, Any]) -> Mapping[str, Any]:
    """Metrics as version 0.1.0 wrote them -> with the names of today; those of today as they are."""
    if "systems" not in saved:
        return saved
    content = {"subset" if name == "part" else name: value for name, value in saved.items() if name != "systems"}
    content["models"] = {name: _upgrade_model(scores) for name, scores in saved["systems"].items()}
    if content.get("calibration") is not None:
        content["calibration"] = _upgrade_calibration(content["calibration"])
    return content


def _upgrade_model(saved: Mapping[str, Any]) -> Mapping[str, Any]:
    content = {name: value for name, value in saved.items() if name != "accuracy_interval"}
    if "accuracy_interval" in saved:
        content["intervals"] = {"accuracy": saved["accuracy_interval"], **saved.get("intervals", {})}
    return content


_CALIBRATION = {"floor": "uniform_weight", "kept": "thresholds_from"}
_REGIONS = {"posts": "posts", "sets": "prediction_sets", "circles": "prediction_circles", "caveat": "caveat"}


def _upgrade_calibration(saved: Mapping[str, Any]) -> Mapping[str, Any]:
    content = {_CALIBRATION.get(name, name): value for name, value in saved.items() if name not in _REGIONS}
    content["regions"] = _upgrade_regions(saved)
    content["by_pattern"] = {name: _upgrade_regions(each) for name, each in saved.get("by_pattern", {}).items()}
    if (over_posts := content.pop("over_posts", None)) is not None:
        content["regions_over_posts"] = _upgrade_regions(over_posts)
    return content


def _upgrade_regions(saved: Mapping[str, Any]) -> Mapping[str, Any]:
    return {new: saved[old] for old, new in _REGIONS.items() if old in saved}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _spread(interval: ConfidenceInterval | None) -> str:
    low, high = interval or (None, None)
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
