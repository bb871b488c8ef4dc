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
from postplace.experiments.jobs import BASELINES
from postplace.experiments.results import Cost, Result

POSTS = 200
SEEDS = range(5)
DESCRIBED: dict[str, Any] = {
    "title": "A table",
    "source": "Somebody, 2020",
    "data": "city",
    "metrics": ["accuracy"],
    "rows": [
        {"name": name, "paper": {"Oslo": 0.8} if name == "good" else {}} for name in ("good", "level", "bad", "sick")
    ],
    "seeds": list(SEEDS),
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


def _split(seed: int) -> dict[str, Any]:
    return {**result("good", seed, [True]).provenance, "sizes": {"test": 100}}


def failed(name: str, seed: int) -> Result:
    return Result(name, seed, {}, {}, error="BadWeights: no such file")


RESULTS = [
    *(result("good", seed, half(0.9, 0)) for seed in SEEDS),
    *(result("level", seed, [*half(0.88, 0)[:-1], True]) for seed in SEEDS),
    *(result("bad", seed, half(0.3, 0)) for seed in SEEDS),
    *(failed("sick", seed) for seed in SEEDS),
    *(Result("majority class", seed, {"baseline": BASELINES[0]}, {}, is_baseline=True) for seed in SEEDS),
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
    assert (sick.against.verdict, sick.seeds, len(sick.errors)) == ("failed", 0, 5)
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
    assert "not run yet: sick" in as_markdown(compare(DESCRIBED, RESULTS[:15]))


def test_a_row_of_some_seeds_is_named_and_one_seed_has_no_deviation() -> None:
    some = [*RESULTS[:5], RESULTS[5], RESULTS[10]]
    text = as_markdown(compare(DESCRIBED, some))
    assert "of fewer than 5 seeds so far: level (1), bad (1)" in text
    assert "| good | 0.900 ± 0.000 |" in text
    assert "| bad | 0.300 |" in text
    [good, level, bad] = csv.DictReader(io.StringIO(as_csv(compare(DESCRIBED, some))))
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

    near, far = located("good", [1.0, np.nan] * 50), located("bad", [3.0, 2.0] * 50)
    runs = [replace(run, seed=seed, provenance=_split(seed)) for seed in SEEDS for run in (near, far)]
    lines = compare({**DESCRIBED, "metrics": ["mean_km"]}, runs).lines
    assert [line.against.verdict for line in lines] == ["best", "worse"]
    assert lines[1].against.difference is not None
    assert lines[1].against.difference.mean == pytest.approx(2.0)  # of the posts that both have: 3 - 1
    assert lines[0].interval is not None
    assert lines[0].interval.mean == pytest.approx(1.0)


def test_of_fewer_than_five_seeds_nothing_can_be_told() -> None:
    runs = [run for run in RESULTS if run.seed < 4]
    table = compare({**DESCRIBED, "seeds": [0, 1, 2, 3]}, runs)
    bad = table.lines[2].against
    assert (bad.verdict, bad.p_value is not None and bad.p_value < 0.01) == ("cannot tell", True)
    assert any("fewer than 5 seeds" in note for note in table.notes)
    assert not any("cannot tell" in note for note in compare(DESCRIBED, RESULTS).notes)


def of_groups(runs: list[Result], groups: int) -> list[Result]:
    """The same results on posts of so many users."""
    return [replace(run, groups=np.arange(POSTS) % groups) for run in runs]


def test_what_no_p_value_can_tell_is_not_called_a_tie() -> None:
    """Of six users, right where the other is wrong, the least p is 2 / 64: alone it tells, after Holm over two not."""
    right, wrong = [result("good", seed, [True] * POSTS) for seed in SEEDS], [False] * POSTS
    one = of_groups([*right, *(result("bad", seed, wrong) for seed in SEEDS)], 6)
    assert [line.against.verdict for line in compare(DESCRIBED, one).lines] == ["best", "worse"]
    two = [*one, *of_groups([result("sick", seed, wrong) for seed in SEEDS], 6)]
    table = compare(DESCRIBED, two)
    assert [line.against.verdict for line in table.lines] == ["best", "cannot tell", "cannot tell"]
    assert table.lines[1].against.p_value == table.lines[1].against.least_p == pytest.approx(4 / 64)
    assert any("with 6 groups" in note and "no p-value can be below 0.062" in note for note in table.notes)
    eight = of_groups(two, 8)  # 2 * 2 / 256
    assert [line.against.verdict for line in compare(DESCRIBED, eight).lines] == ["best", "worse", "worse"]


def test_a_table_is_the_same_in_any_order_of_the_posts() -> None:
    rng = np.random.default_rng(0)
    order, names = rng.permutation(POSTS), rng.permutation(POSTS)  # of posts, and what their users are called

    def moved(run: Result) -> Result:
        if not run.overall:
            return run
        return replace(run, hits=run.hits[order], groups=names[run.groups][order])

    noisy = [replace(run, hits=run.hits ^ (rng.random(POSTS) < 0.1)) if run.overall else run for run in RESULTS]
    one, other = (as_csv(compare(DESCRIBED, runs)) for runs in (noisy, [moved(run) for run in noisy]))
    assert one.splitlines()[1:4] == other.splitlines()[1:4]


def test_too_few_groups_have_no_interval_in_any_format() -> None:
    table = compare(DESCRIBED, of_groups(RESULTS[:15], 3))
    assert [line.against.verdict for line in table.lines] == ["best", "cannot tell", "cannot tell"]
    for name in FORMATS:
        text = joined([table], name)
        assert "inf" not in text, name
        assert "cannot tell" in text, name
    assert "| 0.900 ± 0.000 | no interval |" in joined([table], "markdown")
    assert "cannot tell: with 3 groups" in joined([table], "markdown")


def test_the_best_is_one_of_the_rows_with_the_most_seeds() -> None:
    lucky = [result("good", 0, half(1.0, 0)), *RESULTS[5:15]]
    assert [line.against.verdict for line in compare(DESCRIBED, lucky).lines] == ["cannot tell", "best", "worse"]


def test_each_split_has_a_best_of_its_own() -> None:
    def elsewhere(name: str, share: float) -> list[Result]:
        runs = [result(name, seed, half(share, 0)) for seed in SEEDS]
        return [replace(run, provenance={**run.provenance, "split": f"by post {run.seed}"}) for run in runs]

    table = compare(DESCRIBED, [*RESULTS[:10], *elsewhere("bad", 1.0), *elsewhere("sick", 0.5)])
    assert [line.against.verdict for line in table.lines] == ["best", "tie", "best", "worse"]
    assert any("different splits" in note for note in table.notes)


def test_what_a_split_by_post_gains_is_told_of_each_pair_of_rows() -> None:
    def row(name: str, split: str) -> dict[str, Any]:
        return {"name": name, "model": "mrlf", "paper": {}, "condition": {"split": split, "min_hashtag_posts": 0}}

    rows = [row("good", "random"), row("level", "grouped"), {**row("bad", "random"), "model": "sg-mft"}]
    notes = compare({**DESCRIBED, "rows": rows}, [*RESULTS[:5], *RESULTS[10:15], *RESULTS[5:10]]).notes
    told = [note for note in notes if note.startswith("A split by post minus one by groups, in accuracy")]
    assert len(told) == 1
    assert "good +0.0" in told[0]  # 0.90 - 0.88
    assert "bad" not in told[0]  # another system: there is no row like it by groups
    assert not any("A split by post" in note for note in compare(DESCRIBED, RESULTS).notes)


def test_posts_with_nothing_to_read_are_shown_where_there_are_any() -> None:
    def answered(run: Result, number: int) -> Result:
        return replace(run, overall={**run.overall, "posts": POSTS, "answered": number})

    text = as_markdown(compare(DESCRIBED, [*(answered(run, 150) for run in RESULTS[:5]), *RESULTS[5:10]]))
    assert "| model | accuracy | answered |" in text
    assert "| good | 0.900 ± 0.000 | 75.0 % |" in text
    assert "left out of mean km" in text
    assert "answered" not in as_markdown(compare(DESCRIBED, [answered(run, POSTS) for run in RESULTS[:10]]))


def test_what_was_asked_for_and_every_code_stand_above_the_table() -> None:
    asked = {"target": "place", "cells": 80, "min_posts": 20, "trials": 3, "max_epochs": 1}
    older = replace(RESULTS[0], provenance={**RESULTS[0].provenance, "code": "0"})
    facts = compare({**DESCRIBED, "requested": asked}, [older, *RESULTS[1:]]).facts
    assert "80 cells requested, those under 20 posts left out; 3 trials of a search" in facts
    assert "at most 1 epochs" in facts
    assert "postplace 0, torch 2, m and postplace 1, torch 2, m." in facts


def test_what_was_changed_of_the_systems_stands_once_after_all_tables() -> None:
    rows = [{**row, "model": "loctwi"} for row in DESCRIBED["rows"]]
    table = compare({**DESCRIBED, "rows": rows}, RESULTS)
    for name in ("markdown", "latex", "html"):
        text = joined([table, table], name)
        assert text.count("What was changed of the models") == 1, name
        assert text.count("Two attention layers over characters") == 1, name
    assert "Two attention layers" not in joined([table], "csv")


def test_what_these_posts_leave_out_of_a_system_stands_below_its_table_and_with_its_changes() -> None:
    rows = [{"name": "good", "model": "loctwi", "paper": {}}, {"name": "level", "model": "mrlf", "paper": {}}]
    noted = [replace(run, row={"notes": ["no district head"]}) for run in RESULTS[:5]]
    here = compare({**DESCRIBED, "rows": rows}, [*noted, *RESULTS[5:10]])
    assert here.notes.count("good: no district head") == 1
    assert not any(note.startswith("level:") for note in here.notes)
    elsewhere = compare({**DESCRIBED, "rows": rows, "data": "town"}, RESULTS[:10])
    assert not any("no district head" in note for note in elsewhere.notes)
    for name in ("markdown", "latex", "html"):
        for tables in ([here, elsewhere], [elsewhere, here]):
            changes = joined(tables, name).split("What was changed of the models")[1]
            assert changes.count("on city: no district head") == 1, name
            assert changes.count("Two attention layers over characters") == 1, name
            assert "on town" not in changes, name


def test_latex_has_no_bare_signs() -> None:
    text = joined([compare(DESCRIBED, RESULTS)], "latex")
    assert "p $>$= 0.05" in text


def test_runs_on_other_splits_are_not_paired() -> None:
    other = result("bad", 0, half(0.3, 0))
    elsewhere = Result(**{**vars(other), "provenance": {**other.provenance, "split": "another"}})
    lines = compare(DESCRIBED, [result("good", 0, half(0.9, 0)), elsewhere]).lines
    assert lines[1].against.verdict == ""
    assert lines[1].against.p_value is None


def test_csv_can_be_read_again() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(compare(DESCRIBED, RESULTS)))))
    assert [row["model"] for row in rows] == ["good", "level", "bad", "sick"]
    assert float(rows[2]["difference"]) == pytest.approx(-0.6)
    assert rows[0]["paper Oslo (their data, one run, split not stated)"] == "0.8"
    assert rows[3]["error"] == "BadWeights: no such file"


def test_names_cannot_break_a_format() -> None:
    name = "<b>a|b & c_d 100%\\</b>"
    described = {**DESCRIBED, "rows": [{"name": name, "paper": {}}]}
    comparison = compare(described, [result(name, 0, half(0.9, 0))])
    assert "<b>" not in joined([comparison], "html")
    assert r"\& c\_d 100\%\textbackslash{}" in joined([comparison], "latex")
    head, _, row = joined([comparison], "markdown").splitlines()[4:7]
    assert row.replace("\\|", "").count("|") == head.count("|")
