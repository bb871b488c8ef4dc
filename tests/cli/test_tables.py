"""What a person sees of metrics: how many posts were judged, and how many could not be right."""

from __future__ import annotations

from typing import Any

import pytest

from postplace.cli.tables import show_metrics


def metrics(*, posts: int, labelled: int, unknown: int, **more: int) -> dict[str, Any]:
    overall = {"posts": labelled, "unknown_class": unknown, "accuracy": 0.0}
    systems = {"mrlf": {"overall": overall, "by_pattern": {"T": {"posts": labelled, "accuracy": 0.0}}}}
    return {"posts": posts, "labelled": labelled, "groups": 139, "systems": systems, "differences": {}, **more}


def shown(capsys: pytest.CaptureFixture[str], found: dict[str, Any], target: str = "place") -> list[str]:
    show_metrics(found, target=target)
    return capsys.readouterr().out.splitlines()


def test_posts_without_the_target_are_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    found = metrics(posts=146, labelled=82, unknown=0, left_out_as_seen=9)
    title = shown(capsys, found)[0]
    assert title == "82 of 146 posts judged, 64 without a place (9 that it has learned from left out)"
    assert shown(capsys, found, "cell")[0].startswith("82 of 146 posts judged, 64 without coordinates")
    assert shown(capsys, metrics(posts=146, labelled=146, unknown=0))[0] == "146 posts in 139 groups"


def test_classes_that_the_run_does_not_know_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    some = shown(capsys, metrics(posts=12, labelled=12, unknown=5), "category")
    assert "5 of 12 posts are of categories that this run does not know: counted as wrong" in some
    every = shown(capsys, metrics(posts=12, labelled=12, unknown=12))
    assert "none of these 12 posts is of a place that this run knows: every answer counts as wrong" in every
    assert not any("this run" in line for line in shown(capsys, metrics(posts=12, labelled=12, unknown=0)))
