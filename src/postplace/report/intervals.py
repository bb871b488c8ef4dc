"""Intervals and verdicts in words."""

from __future__ import annotations

from collections.abc import Callable

from postplace.evaluation.scores import ConfidenceInterval, Difference

Bounds = ConfidenceInterval | tuple[float | None, float | None] | None
Format = Callable[[float | None], str]


def between(interval: Bounds, show: Format) -> str:
    """An interval in words; empty for none.

    >>> between((0.25, 0.5), "{:.0%}".format), between((0.25, None), "{:.0%}".format), between((None, None), str)
    ('25% to 50%', '25% or more', '')
    """
    low, high = interval or (None, None)
    if low is None:
        return ""
    return f"{show(low)} or more" if high is None else f"{show(low)} to {show(high)}"


def interval_and_verdict(difference: Difference) -> tuple[str, str]:
    """The interval of a difference in percentage points, and the verdict; without an interval there is none.

    >>> interval_and_verdict(Difference(0.05, 0.01, 0.125, "better"))
    ('+1.0 to +12.5', 'better')
    """
    low, high = difference.low, difference.high
    if low is None or high is None:
        return "too few users or venues", "cannot tell"
    return f"{100 * low:+.1f} to {100 * high:+.1f}", difference.verdict
