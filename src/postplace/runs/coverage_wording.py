"""Whether sets and circles hold what they promise, in sentences: for tables, the model card and the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNKNOWN = "not known"
LARGE = 1.5  # classes in a set on average
MEANT = {
    "users": "on average over users (or venues), however many posts each has",
    "posts": "on average over posts (--coverage-over posts)",
}


def promise_sentences(found: Mapping[str, Any]) -> list[str]:
    """What `calibration_report` found of both promises, and why sets are as large as they are."""
    told = _of_sets(found, found, "users") + _of_circles(found)
    if over_posts := found.get("over_posts"):  # metrics of earlier versions have none
        told += _of_sets(found, over_posts, "posts") + _of_circles(over_posts)
    return told + _why(found)


def shown(value: float | None, form: str, *, why: str = "") -> str:
    """A number in that form, or that it is not known, and why.

    >>> shown(0.5, ".1%"), shown(None, ".1%", why="no posts")
    ('50.0%', 'not known (no posts)')
    """
    return format(value, form) if value is not None else UNKNOWN + (f" ({why})" if why else "")


def _of_sets(found: Mapping[str, Any], kept: Mapping[str, Any], over: str) -> list[str]:
    sets = kept["sets"]
    if sets["coverage"] is None:
        why = "none of these posts has a known class and an answer"
        return [f"How often sets hold the true class {MEANT[over]} is {UNKNOWN} ({why})."]
    of = f" of {found['classes']}" if "classes" in found else ""
    start = f"Sets meant to hold the true class with {found['level']:.0%} {MEANT[over]}: held"
    return [f"{start} {_held(sets)}, with {shown(sets['mean_size'], '.1f')}{of} classes in a set on average."]


def _of_circles(kept: Mapping[str, Any]) -> list[str]:
    circles = kept["circles"]
    if circles["coverage"] is None:  # classes without coordinates
        return []
    if circles["median_km"] is None:
        return ["Circles: none, as too few users were kept aside to promise a radius."]
    return [f"Circles held {_held(circles)}, with a median radius of {circles['median_km']:.2f} km."]


def _held(kept: Mapping[str, Any]) -> str:
    low, high = kept.get("interval") or (None, None)
    spread = "" if low is None or high is None else f" (95 %: {low:.1%} to {high:.1%})"
    of_posts = shown(kept.get("coverage_of_posts"), ".1%")
    return f"{kept['coverage']:.1%} over users{spread} and {of_posts} over posts"


def _why(found: Mapping[str, Any]) -> list[str]:
    """What sets are as large as they are for, and whom the promise is about."""
    kept, right = found.get("kept"), found.get("accuracy")
    if kept is None:
        return []
    parts = " and ".join(kept["parts"])
    told = [
        f"The thresholds are from {kept['posts']} posts of {kept['groups']} users or venues (the {parts} part"
        f"{'s' if len(kept['parts']) > 1 else ''}), of at most {kept['largest_group']} posts each: for users who "
        "post more nothing is promised."
    ]
    caveat, of_posts = found.get("caveat", ""), found.get("over_posts", {}).get("caveat", "")
    told += [f"Few users: {caveat}."] if caveat else []
    told += [f"Few users, over posts: {of_posts}."] if of_posts and of_posts != caveat else []
    size = found["sets"]["mean_size"]
    large = size is not None and size >= LARGE  # of smaller ones there is nothing to explain
    if large and right is not None and not found.get("caveat") and right < found["level"]:
        first = f"The first class is right for {right:.1%} of these posts, fewer than {found['level']:.0%}"
        told.append(f"{first}: sets need others beside it.")
    return told
