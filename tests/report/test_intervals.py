"""Intervals and verdicts in words."""

from __future__ import annotations

import pytest

from postplace.report.intervals import between


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((0.25, 0.5), "0.2 to 0.5"),
        ((0.0, 0.0), "0.0 to 0.0"),  # zero is a bound
        ((0.25, None), "0.2 or more"),
        ((None, 0.5), ""),
        ((None, None), ""),
        (None, ""),
    ],
)
def test_between_says_both_bounds_or_the_lower_one(interval: tuple[float, float] | None, words: str) -> None:
    assert between(interval, "{:.1f}".format) == words


def test_between_formats_each_bound_by_itself() -> None:
    assert between((1.0, 2.0), lambda bound: f"{bound:g} km") == "1 km to 2 km"
