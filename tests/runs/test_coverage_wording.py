"""Sentences on whether promises are kept: both means, why sets are wide, and no blank."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import postplace
from postplace.runs.coverage_wording import promise_sentences, shown

PACKAGE = Path(postplace.__file__).parent


def found(**changed: Any) -> dict[str, Any]:
    sets = {"coverage": 0.92, "coverage_of_posts": 0.7, "interval": [0.9, 0.94], "mean_size": 2.5}
    circles = {"coverage": 0.91, "coverage_of_posts": 0.8, "interval": [None, None], "median_km": 1.25}
    kept = {"parts": ["calibration"], "posts": 90, "groups": 30, "largest_group": 9, "effective_groups": 20.0}
    both = {"sets": sets, "circles": circles, "caveat": ""}
    return {"level": 0.9, "classes": 12, "accuracy": 0.6, "kept": kept, **both, "over_posts": both, **changed}


def test_both_means_of_both_promises_are_told() -> None:
    users, circles, posts, *_ = promise_sentences(found())
    assert "90% on average over users (or venues), however many posts each has" in users
    assert "held 92.0% over users (95 %: 90.0% to 94.0%) and 70.0% over posts, with 2.5 of 12 classes" in users
    assert circles == "Circles held 91.0% over users and 80.0% over posts, with a median radius of 1.25 km."
    assert "on average over posts (--coverage-over posts)" in posts


def test_why_sets_are_as_large_as_they_are() -> None:
    told = " ".join(promise_sentences(found()))
    assert "from 90 posts of 30 users or venues (the calibration part), of at most 9 posts each" in told
    assert "right for 60.0% of these posts, fewer than 90%" in told
    few = " ".join(promise_sentences(found(caveat="only 12 users")))
    assert "Few users: only 12 users." in few
    assert "right for" not in few


def test_sets_of_one_class_are_not_said_to_need_others() -> None:
    one = {"coverage": 0.841, "coverage_of_posts": 0.841, "interval": [0.6, 0.95], "mean_size": 1.04}
    told = " ".join(promise_sentences(found(sets=one, accuracy=0.841)))
    assert "with 1.0 of 12 classes in a set on average" in told
    assert "sets need others" not in told


def test_nothing_is_blank_or_none() -> None:
    unknown = {"coverage": None, "coverage_of_posts": None, "interval": [None, None], "mean_size": None}
    endless = {"coverage": 1.0, "coverage_of_posts": 1.0, "interval": [None, None], "median_km": None}
    told = promise_sentences(found(sets=unknown, circles=endless, accuracy=None))
    assert "not known" in told[0]
    assert "too few users were kept aside to promise a radius" in told[1]
    assert not any("None" in line or "  " in line for line in told)
    assert shown(None, ".2f") == "not known"


def test_metrics_of_an_earlier_version_are_told_too() -> None:
    older = {key: value for key, value in found().items() if key in ("level", "sets", "circles")}
    older["sets"] = {"coverage": 0.9, "coverage_of_posts": 0.8, "mean_size": 2.0}
    assert len(promise_sentences(older)) == 2


def test_nowhere_is_a_share_of_posts_promised() -> None:
    wrong = re.compile(r"of posts the true|truth (of|for) [^.]{0,40}% of posts|90 ?% of posts|</output> of posts")
    files = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".js", ".html")]
    assert len(files) > 100
    assert not [str(path) for path in files if wrong.search(path.read_text(encoding="utf-8"))]
