"""What a person sees of a fit and of metrics: how many posts were judged, and how many could not be right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from postplace.cli import app
from postplace.cli.tables import show_fit, show_metrics
from postplace.evaluation.scores import ConfidenceInterval, Difference, Intervals, ModelScores, Scores
from postplace.inference.evaluation_metrics import EvaluationMetrics
from postplace.truncation import Extent, TruncationCounts


def metrics(*, posts: int, labelled: int, unknown: int, **more: Any) -> EvaluationMetrics:
    overall = Scores(posts=labelled, answered=labelled, unknown_class=unknown, accuracy=0.0)
    models = {"mrlf": ModelScores(overall, by_pattern={"T": overall})}
    return EvaluationMetrics(posts=posts, labelled=labelled, groups=139, models=models, **more)


def shown(capsys: pytest.CaptureFixture[str], found: EvaluationMetrics, target: str = "place") -> list[str]:
    show_metrics(found, target=target)
    return capsys.readouterr().out.splitlines()


def test_posts_without_the_target_are_not_evaluated(capsys: pytest.CaptureFixture[str]) -> None:
    found = metrics(posts=146, labelled=82, unknown=0, left_out_as_seen=9)
    title = shown(capsys, found)[0]
    assert title == "82 of 146 posts evaluated, 64 without a place (9 that it has learned from left out)"
    assert shown(capsys, found, "cell")[0].startswith("82 of 146 posts evaluated, 64 without coordinates")
    assert shown(capsys, metrics(posts=146, labelled=146, unknown=0))[0] == "146 posts in 139 groups"


def test_classes_that_the_run_does_not_know_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    some = shown(capsys, metrics(posts=12, labelled=12, unknown=5), "category")
    assert "5 of 12 posts are of categories that this run does not know: counted as wrong" in some
    every = shown(capsys, metrics(posts=12, labelled=12, unknown=12))
    assert "none of these 12 posts is of a place that this run knows: every answer counts as wrong" in every
    assert not any("this run" in line for line in shown(capsys, metrics(posts=12, labelled=12, unknown=0)))


def test_of_too_few_groups_there_is_no_interval(capsys: pytest.CaptureFixture[str]) -> None:
    some = Difference(0.25, 0.1, 0.4, "better")
    few = Difference(0.25, None, None, "tie")  # as earlier versions called it
    reason = "too few users or venues for an interval: 3, the largest with 8 of 12 posts"
    found = metrics(posts=12, labelled=12, unknown=0, differences={"majority": some, "median": few}, no_interval=reason)
    unknown = Intervals(accuracy=ConfidenceInterval(None, None))
    found = replace(found, models={"mrlf": replace(found.models["mrlf"], intervals=unknown)})
    lines = shown(capsys, found)
    assert "accuracy minus majority: +0.250 [+0.100, +0.400] better" in lines
    assert "accuracy minus median: +0.250 cannot tell (too few users or venues)" in lines
    assert "too few users or venues for an interval: 3, the largest with 8 of 12 posts" in lines
    assert any("too few " in line for line in lines if line.startswith("│ mrlf"))


def test_posts_of_one_user_are_evaluated(place_run: Path, tmp_path: Path) -> None:
    post = '{{"id": "{0}", "text": "a walk no {0} of mine", "user": "new here", "place": "Heron Tower"}}\n'
    (tmp_path / "one_user.jsonl").write_text("".join(post.format(n) for n in range(12)))
    done = CliRunner().invoke(
        app, ["evaluate", str(place_run), str(tmp_path / "one_user.jsonl"), "--device", "cpu", "-q"]
    )
    assert done.exit_code == 0, done.exception
    assert "cannot tell (too few users or venues)" in done.stdout
    assert "too few users or venues for an interval: 1\n" in done.stdout


def test_scores_that_are_not_known_are_said_once(place_run: Path, tmp_path: Path) -> None:
    """Posts of places that the run does not know: no score, no set; each promise has a sentence of its own."""
    lines = (f'{{"id": "n{number}", "text": "at the bridge {number}", "place": "elsewhere"}}' for number in range(8))
    (tmp_path / "elsewhere.jsonl").write_text("\n".join(lines))
    done = CliRunner().invoke(
        app, ["evaluate", str(place_run), str(tmp_path / "elsewhere.jsonl"), "--device", "cpu", "-q"]
    )
    assert done.exit_code == 0, done.exception
    told = [line for line in done.stdout.splitlines() if "not known" in line]
    assert len(told) == len(set(told)) == 3
    assert told[0].endswith("ECE, NLL and Brier score are not known, as no post of a known class has an answer")
    assert "on average over users" in told[1]
    assert "on average over posts" in told[2]


COUNTS = ("used", "posts", "classes", "groups", "near_duplicate_texts", "near_duplicate_images", "largest_group")
EMPTY: dict[str, Any] = {"split": {"train": 3}, "left_out_classes": {}, "broken_images": []}
FIT = {**dict.fromkeys(COUNTS, 3), "without_the_target": 0, **EMPTY}


def test_what_the_posts_leave_out_of_a_model_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    show_fit({**FIT, "notes": ["no district head: the classes have no coordinates"]})
    assert "no district head: the classes have no coordinates" in capsys.readouterr().out.splitlines()
    show_fit(FIT)  # of a version that took no notes
    assert "district" not in capsys.readouterr().out


def test_groups_of_each_part_and_what_the_split_could_not_keep_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    counts = ("used", "posts", "classes", "groups", "near_duplicate_texts", "near_duplicate_images", "largest_group")
    report: dict[str, Any] = {**dict.fromkeys(counts, 3), "without_the_target": 0, "left_out_classes": {}}
    report |= {"broken_images": [], "split": {"train": 700, "test": 81}}
    show_fit({**report, "groups_by_part": {"train": 90, "test": 12}, "split_notes": ["few groups: test 12"]})
    shown = capsys.readouterr().out
    assert "700 train of 90 groups, 81 test of 12 groups" in shown
    assert "few groups: test 12" in shown.splitlines()
    show_fit(report)  # of a version that did not count them
    assert "700 train, 81 test" in capsys.readouterr().out


def test_what_a_model_does_not_read_of_its_posts_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    found = TruncationCounts()
    for total in (2, 6):
        found.add([Extent("text", "words", min(total, 3), total)])
    show_fit({**FIT, "not_read": found.to_json()})
    lost = "50.0 % of posts lose words of the text, in all 37.5 % of these words"
    assert f"not read, of the posts it learned from: {lost}" in capsys.readouterr().out
    show_fit({**FIT, "not_read": []})
    assert "not read" not in capsys.readouterr().out
