"""Tables from results whose numbers were chosen by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from postplace.experiments.comparison import compare
from postplace.experiments.formats import FORMATS, as_csv, as_markdown, joined
from postplace.experiments.lots import BESIDE
from postplace.experiments.results import Cost, Result

POSTS = 200
DESCRIBED: dict[str, Any] = {
    "title": "A table",
    "source": "Somebody, 2020",
    "data": "city",
    "metrics": ["accuracy"],
    "rows": [
        {"name": name, "paper": {"Oslo": 0.8} if name == "good" else {}} for name in ("good", "level", "bad", "sick")
    ],
    "seeds": [0, 1],
    "posts": 1000,
    "split": "drawn anew for each seed",
    "encoders": ["bundled", "bundled"],
}


def result(name: str, seed: int, hits: Sequence[bool], **more: Any) -> Result:
    provenance = {
        "split": f"split {seed}",
        "sizes": {"test": len(hits)},
        "classes": 7,
        "code": "1",
        "libraries": {"torch": "2"},
        "machine": "m",
    }
    overall = {"accuracy": float(np.mean(hits))}
    groups = np.arange(len(hits)) // 2
    return Result(
        name, seed, {}, provenance, overall, np.array(hits), groups, cost=Cost(10, 1.0, 0.5, 2.0, 0.6), **more
    )


def half(share: float, shift: int) -> list[bool]:
    """Hits of which `share` is right; those of another shift are others."""
    return [(index + shift) % 100 < 100 * share for index in range(POSTS)]


def failed(name: str, seed: int) -> Result:
    return Result(name, seed, {}, {}, error="BadWeights: no such file")


RESULTS = [
    *(result("good", seed, half(0.9, 0)) for seed in (0, 1)),
    *(result("level", seed, [*half(0.88, 0)[:-1], True]) for seed in (0, 1)),
    *(result("bad", seed, half(0.3, 0)) for seed in (0, 1)),
    *(failed("sick", seed) for seed in (0, 1)),
    *(Result("majority class", seed, {"baseline": BESIDE[0]}, {}, beside=True) for seed in (0, 1)),
]


def test_the_best_the_tie_and_the_worse() -> None:
    good, level, bad, sick = compare(DESCRIBED, RESULTS).lines  # a baseline with nothing measured is no row
    assert [line.name for line in (good, level, bad, sick)] == ["good", "level", "bad", "sick"]
    assert good.against.verdict == "best"
    assert list(good.values["accuracy"]) == pytest.approx([0.9, 0.0])
    assert bad.against.verdict == "worse"
    assert bad.against.difference is not None
    assert bad.against.difference.mean == pytest.approx(-0.6)
    assert level.against.verdict == "tie"
    assert bad.against.p_value is not None
    assert level.against.p_value is not None
    assert bad.against.p_value < 0.01 < 0.05 <= level.against.p_value
    assert (sick.against.verdict, sick.seeds, len(sick.errors)) == ("failed", 0, 2)
    assert good.cost == {"parameters": 10, "fit_seconds": 1, "cpu_seconds": 0.6, "ms_per_post": 0.5, "megabytes": 2}


def test_a_run_that_failed_is_a_row_with_its_error_in_every_format() -> None:
    for name, write in FORMATS.items():
        text = write(compare(DESCRIBED, RESULTS))
        assert "sick" in text, name
        assert "no such file" in text, name


def test_the_papers_numbers_stand_apart() -> None:
    text = as_markdown(compare(DESCRIBED, RESULTS))
    assert "| paper: Oslo |" in text
    assert "Somebody, 2020; their data, one run, split not stated" in text
    assert text.count("| 0.8 |") == 1


def test_a_row_that_was_not_run_is_named() -> None:
    assert "not run yet: sick" in as_markdown(compare(DESCRIBED, RESULTS[:6]))


def test_a_row_of_some_seeds_is_named_and_one_seed_has_no_deviation() -> None:
    text = as_markdown(compare(DESCRIBED, [*RESULTS[:3], *RESULTS[4:5]]))
    assert "of fewer than 2 seeds so far: level (1), bad (1)" in text
    assert "| good | 0.900 ± 0.000 |" in text
    assert "| bad | 0.300 |" in text
    [good, level, bad] = csv.DictReader(io.StringIO(as_csv(compare(DESCRIBED, [*RESULTS[:3], *RESULTS[4:5]]))))
    assert (good["accuracy_sd"], level["accuracy_sd"], bad["accuracy_sd"]) == ("0.0", "", "")
    assert "so far" not in as_markdown(compare(DESCRIBED, RESULTS))


def test_all_fits_are_added_up() -> None:
    slow = [replace(run, cost=Cost(1, 90.0, 0.5, 2.0, 30.0)) for run in RESULTS if run.cost is not None][:4]
    assert "The 4 fits took 6.0 minutes by the clock, 2.0 of the processor." in as_markdown(compare(DESCRIBED, slow))
    earlier = [replace(run, cost=Cost(1, 90.0, 0.5, 2.0)) for run in slow]
    assert "The 4 fits took 6.0 minutes by the clock." in as_markdown(compare(DESCRIBED, earlier))


def test_lower_is_better_for_km_and_posts_without_distance_are_left_out() -> None:
    def located(name: str, errors: list[float]) -> Result:
        made = result(name, 0, [True] * len(errors), errors_km=np.array(errors))
        return Result(**{**vars(made), "overall": {"mean_km": float(np.nanmean(errors))}})

    near = located("good", [1.0, np.nan] * 50)
    far = located("bad", [3.0, 2.0] * 50)
    lines = compare({**DESCRIBED, "metrics": ["mean_km"]}, [near, far]).lines
    assert [line.against.verdict for line in lines] == ["best", "worse"]
    assert lines[1].against.difference is not None
    assert lines[1].against.difference.mean == pytest.approx(2.0)  # of the posts that both have: 3 - 1
    assert lines[0].interval is not None
    assert lines[0].interval.mean == pytest.approx(1.0)


def test_runs_on_other_splits_are_not_paired() -> None:
    other = result("bad", 0, half(0.3, 0))
    elsewhere = Result(**{**vars(other), "provenance": {**other.provenance, "split": "another"}})
    lines = compare(DESCRIBED, [result("good", 0, half(0.9, 0)), elsewhere]).lines
    assert lines[1].against.verdict == ""
    assert lines[1].against.p_value is None


def test_csv_can_be_read_again() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(compare(DESCRIBED, RESULTS)))))
    assert [row["system"] for row in rows] == ["good", "level", "bad", "sick"]
    assert float(rows[2]["difference"]) == pytest.approx(-0.6)
    assert rows[0]["paper Oslo"] == "0.8"
    assert rows[3]["error"] == "BadWeights: no such file"


def test_names_cannot_break_a_format() -> None:
    name = "<b>a|b & c_d 100%\\</b>"
    described = {**DESCRIBED, "rows": [{"name": name, "paper": {}}]}
    comparison = compare(described, [result(name, 0, half(0.9, 0))])
    assert "<b>" not in joined([comparison], "html")
    assert r"\& c\_d 100\%\textbackslash{}" in joined([comparison], "latex")
    head, _, row = joined([comparison], "markdown").splitlines()[4:7]
    assert row.replace("\\|", "").count("|") == head.count("|")
