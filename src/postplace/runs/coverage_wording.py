"""How often prediction sets and circles cover the truth, in sentences: for tables, the model card and the report."""

from __future__ import annotations

from postplace.evaluation.calibration_report import CalibrationReport, CircleCoverage, RegionCoverage, SetCoverage

UNKNOWN = "not known"
LARGE = 1.5  # classes in a set on average
MEANT = {
    "users": "on average over users (or venues), however many posts each has",
    "posts": "on average over posts, each of which counts the same",
}


def coverage_sentences(report: CalibrationReport) -> list[str]:
    """The coverage over users and over posts, and why sets are as large as they are."""
    sentences = [*_of_sets(report, report.regions, "users"), *_of_circles(report.regions.prediction_circles)]
    if over_posts := report.regions_over_posts:  # metrics of earlier versions have none
        sentences += [*_of_sets(report, over_posts, "posts"), *_of_circles(over_posts.prediction_circles)]
    return sentences + _why(report)


def shown(value: float | None, form: str, *, why: str = "") -> str:
    """A number in that form, or that it is not known, and why.

    >>> shown(0.5, ".1%"), shown(None, ".1%", why="no posts")
    ('50.0%', 'not known (no posts)')
    """
    return format(value, form) if value is not None else UNKNOWN + (f" ({why})" if why else "")


def _of_sets(report: CalibrationReport, regions: RegionCoverage, over: str) -> list[str]:
    sets = regions.prediction_sets
    if sets.coverage is None:
        why = "none of these posts has a known class and an answer"
        return [f"How often prediction sets cover the true class {MEANT[over]} is {UNKNOWN} ({why})."]
    of = "" if report.classes is None else f" of {report.classes}"
    start = f"Prediction sets made to cover the true class with {report.level:.0%} {MEANT[over]}: covered"
    return [f"{start} {_covered(sets)}, with {shown(sets.mean_size, '.1f')}{of} classes in a set on average."]


def _of_circles(circles: CircleCoverage) -> list[str]:
    if circles.coverage is None:  # classes without coordinates
        return []
    if circles.median_km is None:
        return ["Prediction circles: none, as too few users were held out to calibrate a radius."]
    return [f"Prediction circles covered {_covered(circles)}, with a median radius of {circles.median_km:.2f} km."]


def _covered(regions: SetCoverage | CircleCoverage) -> str:
    low, high = regions.interval
    spread = "" if low is None or high is None else f" (95 %: {low:.1%} to {high:.1%})"
    of_posts = shown(regions.coverage_of_posts, ".1%")
    return f"{regions.coverage:.1%} over users{spread} and {of_posts} over posts"


def _why(report: CalibrationReport) -> list[str]:
    """Why sets are as large as they are, and for whom the coverage holds."""
    source, accuracy = report.thresholds_from, report.accuracy
    if source is None:
        return []
    parts = " and ".join(source.parts)
    sentences = [
        f"The thresholds are from {source.posts} posts of {source.groups} users or venues (the {parts} part"
        f"{'s' if len(source.parts) > 1 else ''}), of at most {source.largest_group} posts each: for users who "
        "post more the coverage is not guaranteed."
    ]
    caveat = report.regions.caveat
    of_posts = "" if report.regions_over_posts is None else report.regions_over_posts.caveat
    sentences += [f"Few users: {caveat}."] if caveat else []
    sentences += [f"Few users, over posts: {of_posts}."] if of_posts and of_posts != caveat else []
    size = report.regions.prediction_sets.mean_size
    large = size is not None and size >= LARGE  # of smaller ones there is nothing to explain
    if large and accuracy is not None and not caveat and accuracy < report.level:
        first = f"The first class is right for {accuracy:.1%} of these posts, fewer than {report.level:.0%}"
        sentences.append(f"{first}: sets need other classes too.")
    return sentences
