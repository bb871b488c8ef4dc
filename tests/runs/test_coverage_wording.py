"""Sentences on whether promises are kept: both means, why sets are wide, and no blank."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import postplace
from postplace.evaluation.calibration_report import (
    CalibrationReport,
    CircleCoverage,
    RegionCoverage,
    SetCoverage,
    ThresholdSource,
)
from postplace.evaluation.scores import ConfidenceInterval
from postplace.runs.coverage_wording import coverage_sentences, shown

PACKAGE = Path(postplace.__file__).parent


SETS = SetCoverage(0.92, 0.7, ConfidenceInterval(0.9, 0.94), mean_size=2.5)
CIRCLES = CircleCoverage(0.91, 0.8, median_km=1.25)
REGIONS = RegionCoverage(90, SETS, CIRCLES)
SOURCE = ThresholdSource(("calibration",), posts=90, groups=30, largest_group=9, effective_groups=20.0)
REPORT = CalibrationReport(
    level=0.9,
    temperature=1.0,
    classes=12,
    accuracy=0.6,
    thresholds_from=SOURCE,
    regions=REGIONS,
    regions_over_posts=REGIONS,
)


def test_both_means_of_both_promises_are_told() -> None:
    users, circles, posts, *_ = coverage_sentences(REPORT)
    assert "90% on average over users (or venues), however many posts each has" in users
    assert "covered 92.0% over users (95 %: 90.0% to 94.0%) and 70.0% over posts, with 2.5 of 12 classes" in users
    assert (
        circles == "Prediction circles covered 91.0% over users and 80.0% over posts, with a median radius of 1.25 km."
    )
    assert "on average over posts, each of which counts the same" in posts


def test_why_sets_are_as_large_as_they_are() -> None:
    told = " ".join(coverage_sentences(REPORT))
    assert "from 90 posts of 30 users or venues (the calibration part), of at most 9 posts each" in told
    assert "right for 60.0% of these posts, fewer than 90%" in told
    few = " ".join(coverage_sentences(replace(REPORT, regions=replace(REGIONS, caveat="only 12 users"))))
    assert "Few users: only 12 users." in few
    assert "right for" not in few


def test_sets_of_one_class_are_not_said_to_need_others() -> None:
    one = replace(REGIONS, prediction_sets=SetCoverage(0.841, 0.841, ConfidenceInterval(0.6, 0.95), mean_size=1.04))
    told = " ".join(coverage_sentences(replace(REPORT, regions=one, accuracy=0.841)))
    assert "with 1.0 of 12 classes in a set on average" in told
    assert "sets need other" not in told


def test_nothing_is_blank_or_none() -> None:
    endless = replace(REGIONS, prediction_sets=SetCoverage(), prediction_circles=CircleCoverage(1.0, 1.0))
    told = coverage_sentences(replace(REPORT, regions=endless, accuracy=None))
    assert "not known" in told[0]
    assert "too few users were held out to calibrate a radius" in told[1]
    assert not any("None" in line or "  " in line for line in told)
    assert shown(None, ".2f") == "not known"


def test_metrics_of_an_earlier_version_are_told_too() -> None:
    older = CalibrationReport(level=0.9, temperature=1.0, regions=replace(REGIONS, caveat=""))
    assert len(coverage_sentences(older)) == 2


def test_nowhere_is_a_share_of_posts_promised() -> None:
    wrong = re.compile(r"of posts the true|truth (of|for) [^.]{0,40}% of posts|90 ?% of posts|</output> of posts")
    files = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".js", ".html")]
    assert len(files) > 100
    assert not [str(path) for path in files if wrong.search(path.read_text(encoding="utf-8"))]
