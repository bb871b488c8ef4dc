"""The sections of a report: headings, sentences, tables, and the figures that go with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from postplace.evaluation.metrics import ACCURACY_AT, RADII_KM
from postplace.inference.scoring import SHOWN_KM
from postplace.report.confusion import SHOWN
from postplace.report.content import Content
from postplace.report.figures import (
    Figure,
    distance_figure,
    matrix_figure,
    plane_figure,
    reliability_figure,
    risk_figure,
)
from postplace.report.intervals import Interval, Say, between, told
from postplace.report.mistakes import Mistake
from postplace.runs.card import floor_of
from postplace.runs.coverage_wording import promise_sentences, shown
from postplace.system.html import drop_empty_columns, html_table


@dataclass(frozen=True)
class Section:
    """`key` is its address in the page, `body` its HTML; `figures` are drawn into it by name."""

    key: str
    title: str
    body: str
    figures: Mapping[str, Figure] = field(default_factory=dict)


def sections_of(content: Content) -> list[Section]:
    """Those there is something to say in, in order."""
    made = (
        _accuracy(content),
        _confusion(content),
        _map(content),
        _distance(content),
        _sureness(content),
        _patterns(content),
        _mistakes(content),
        Section("data", "Data and split", _scrolled(html_table(["what", "how much"], content.facts), "words")),
        Section("card", "Model card", f'<div class="card">{markdown(content.card)}</div>') if content.card else None,
    )
    return [section for section in made if section is not None]


def markdown(text: str) -> str:
    """Markdown -> HTML without any of its own HTML, pictures or links, its headings below those of the page."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("js-default", {"html": False, "linkify": False}).disable(["image", "link", "autolink"])
    tokens = reader.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + 2, 6)}"
        if token.type == "th_open":
            token.attrSet("scope", "col")
    return str(reader.renderer.render(tokens, reader.options, {}))


def _accuracy(content: Content) -> Section:
    said = "Each system on the same posts; below a number its 95 % interval. @5: the true class is among the first 5"
    table = _stacked(_systems(content.metrics), caption=said)
    body = f"{_numbers(_boxes(content))}\n{table}\n{_differences(content)}"
    unknown = content.metrics["systems"][content.model]["overall"]["unknown_class"]
    if unknown:
        body += _sentence(f"{unknown:,} posts are of a class that the run does not know: they count as wrong.")
    return Section("accuracy", "How good it is", body)


def _boxes(content: Content) -> list[tuple[str, str, str]]:
    """The few numbers that stand first: name, value, a note."""
    own = content.metrics["systems"][content.model]
    overall, spreads = own["overall"], own.get("intervals", {})

    def spread(interval: Interval, log: Say) -> str:
        return f"95 %: {words}" if (words := between(interval, log)) else ""

    boxes = [
        ("Accuracy", share(overall["accuracy"]), spread(own.get("accuracy_interval"), share)),
        ("Macro-F1", number(overall["macro_f1"]), spread(spreads.get("macro_f1"), number)),
    ]
    if "median_km" in overall:
        median = _km(overall["median_km"])
        note = spread(spreads.get("median_km"), _km) or "to the post's own coordinates"
        why = note if median else "more than half of the posts are not answered"
        boxes.append(("Median error", f"{median} km" if median else "none", why))
    if (sure := content.metrics.get("calibration")) is not None:
        note = spread(sure.get("intervals", {}).get("ece"), number) or "ECE, 0 is honest"
        boxes.append(("Calibration error", number(sure["ece"]["after"]), note))
    return boxes


def _systems(metrics: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A row a system: of the right class, then of km."""
    among = [k for k in ACCURACY_AT if k > 1]
    head = ["system", "accuracy", *(f"accuracy@{k}" for k in among), "macro-F1", "mean km", "median km"]
    keys: list[tuple[str, Say]] = [(f"accuracy@{k}", share) for k in among]
    keys += [("macro_f1", number), ("mean_km", _km), ("median_km", _km)]
    rows = []
    for name, result in metrics["systems"].items():
        overall, spreads = result["overall"], result.get("intervals", {})
        first = _with_interval(overall.get("accuracy"), result.get("accuracy_interval"), share)
        rows.append([name, first, *(_with_interval(overall.get(key), spreads.get(key), log) for key, log in keys)])
    return drop_empty_columns(head, rows)


def _with_interval(value: float | None, interval: Interval, log: Say) -> str:
    """A number and, on a line of its own, its interval."""
    return "\n".join(filter(None, [log(value), between(interval, log)]))


def _differences(content: Content) -> str:
    rows = [[name, f"{100 * d['mean']:+.1f}", *told(d)] for name, d in content.metrics["differences"].items()]
    caption = f"Accuracy of {content.model} minus that of each baseline, in percentage points"
    table = _scrolled(html_table(["baseline", "difference", "95 % interval", "verdict"], rows, caption=caption))
    reason = content.metrics.get("no_interval")  # runs of earlier versions have none
    notes = [*content.metrics.get("baseline_notes", ()), *([reason[:1].upper() + reason[1:]] if reason else [])]
    return "\n".join([table, *(_sentence(f"{note}.") for note in notes)])


def _confusion(content: Content) -> Section:
    matrix, names = content.matrix, content.names
    gathered = (
        f" The {SHOWN} classes with most confusion have a row; {matrix.gathered} others are gathered in the last."
    )
    said = "Rows are the truth, columns the guess; the number is of posts, the colour the share of its row."
    said += (gathered if matrix.gathered else "") + " Classes that are taken for each other stand side by side."
    numbers = [[name, *map(str, row)] for name, row in zip(matrix.names, matrix.counts, strict=True)]
    table = html_table(["truth \\ guess", *matrix.names], numbers, caption="Posts by truth and guess")
    summary = _worst(content)
    body = _figure("matrix", f"Confusion matrix of {len(matrix.names)} rows. {summary}", said, table, wide=True)
    rows = [[names[p.truth], names[p.guess], str(p.posts), share(p.share), number(p.km, 2)] for p in content.pairs]
    caption = f"The {len(rows)} most frequent confusions"
    head = ["truth", "guess", "posts", "of the truth's posts", "km apart"]
    pairs = html_table(*drop_empty_columns(head, rows), caption=caption)
    return Section("confusion", "What is taken for what", body + _scrolled(pairs), {"matrix": matrix_figure(matrix)})


def _worst(content: Content) -> str:
    if not content.pairs:
        return "Nothing was confused."
    pair = content.pairs[0]
    return f"Most often {content.names[pair.truth]} was taken for {content.names[pair.guess]}: {pair.posts} posts."


def _map(content: Content) -> Section | None:
    plane = content.plane
    if plane is None:
        return None
    said = "A dot is a class, an arrow goes from the truth to the guess. North is up; the scale holds near the middle."
    if plane.all_lines > len(plane.lines):
        said += f" The {len(plane.lines)} most frequent of {plane.all_lines:,} confusions are drawn."
    rows = [[d.name, f"{d.east_km:.2f}", f"{d.north_km:.2f}", str(d.posts), str(d.right)] for d in plane.dots]
    table = html_table(["class", "km east of the middle", "km north", "posts", "right"], rows)
    alternative = f"Plane with {len(plane.dots)} classes and {len(plane.lines)} confusions. {_worst(content)}"
    return Section(
        "map", "Confusion on the map", _figure("map", alternative, said, table), {"map": plane_figure(plane)}
    )


def _distance(content: Content) -> Section | None:
    if not content.curves:
        return None
    rows = []
    for name, result in content.metrics["systems"].items():
        within, spreads = result["overall"].get("within_km"), result.get("intervals", {}).get("within_km", {})
        if within is not None:
            keys = [f"{radius:g}" for radius in RADII_KM]
            rows.append([name, *(_with_interval(within[key], spreads.get(key), share) for key in keys)])
    head = ["system", *(f"{radius:g} km" for radius in RADII_KM)]
    caption = f"Share of posts within; of {SHOWN_KM:g} km with its 95 % interval"
    table = _stacked(drop_empty_columns(head, rows), caption=caption)
    said = "The share of posts whose guess is within so many km of their own coordinates; further left is better."
    body = _figure(
        "distance", "Cumulative share of posts by error in km. The numbers are in the table below.", said, table
    )
    return Section("distance", "How far off", body, {"distance": distance_figure(content.curves)})


def _sureness(content: Content) -> Section:
    sure = content.metrics.get("calibration")
    if sure is None or not sure["posts"]:
        why = "the run has no calibration" if sure is None else "none of these posts could be judged"
        return Section("sureness", "How sure it is", _sentence(f"Not measured: {why}."))
    bins, curve = sure["reliability"], sure["risk_coverage"]["curve"]
    rows = [[share(row["confidence"]), share(row["accuracy"]), str(row["posts"])] for row in bins]
    honest = html_table(["confidence told", "right", "posts"], rows)
    rows = [[share(row["coverage"]), share(row["error"]), share(row["confidence"])] for row in curve]
    answered = html_table(["answered", "wrong of these", "from a confidence of"], rows)
    first = _figure(
        "reliability",
        f"Reliability diagram of {sure['posts']:,} posts, calibration error {number(sure['ece']['after'])}.",
        "Reliability: on the dotted line an answer told with 80 % is right 80 % of the time."
        f" Of {sure['posts']:,} posts.",
        honest,
    )
    second = _figure(
        "risk",
        f"Risk-coverage curve: with all {sure['posts']:,} answered, {share(curve[-1]['error'])} are wrong.",
        f"Risk and coverage: what answering only the surest of {sure['posts']:,} posts gains.",
        answered,
    )
    figures = {"reliability": reliability_figure(bins), "risk": risk_figure(curve)}
    body = f'{_promise(sure)}{_left_out(content)}{_honesty(sure)}<div class="pair">{first}{second}</div>'
    return Section("sureness", "How sure it is", body, figures)


def _left_out(content: Content) -> str:
    """How many posts nothing here is about: they have no confidence to judge, or no answer could be right."""
    sure, labelled = content.metrics["calibration"], content.metrics["labelled"]
    missing, unknown = labelled - sure["posts"], sure["unknown_class"]
    if not missing:
        return ""
    why = f"{unknown:,} of classes that the run does not know and {missing - unknown:,} with nothing to go by"
    accuracy = content.metrics["systems"][content.model]["overall"]["accuracy"]
    return _sentence(
        f"Of {labelled:,} labelled posts {missing:,} are left out of this section: {why}. "
        f"They count as wrong above: with them {share(1.0 - accuracy)} are wrong."
    )


def _honesty(sure: Mapping[str, Any]) -> str:
    """Calibration error, proper scores and the area of the risk, before and after the temperature."""
    names = {
        "ece": "calibration error (ECE)",
        "debiased_ce": "its root mean square, without what chance adds",
        "nll": "negative log-likelihood, nats",
        "brier": "Brier score, 0 to 2",
    }
    spreads, area = sure.get("intervals", {}), sure["risk_coverage"]
    rows = [
        [name, _score(sure[key]["before"]), _with_interval(sure[key]["after"], spreads.get(key), _score)]
        for key, name in names.items()
    ]
    rows.append(["area under the risk-coverage curve", "", _with_interval(area["area"], spreads.get("area"), number)])
    rows.append(["the least area that this accuracy allows", "", number(area["best_area"])])
    head = ["score", "as the model gives them", "as they are told"]
    caption = "How honest the probabilities are: less is better; below a number its 95 % interval"
    return _stacked((head, rows), caption=caption)


def _score(value: float | None) -> str:
    return shown(value, ".3f", why="too few posts")


def _promise(sure: Mapping[str, Any]) -> str:
    told = [
        *promise_sentences(sure),
        f"A temperature of {sure['temperature']:.2f}{floor_of(sure)} took the calibration error (ECE) from "
        f"{shown(sure['ece']['before'], '.3f')} to {shown(sure['ece']['after'], '.3f')}.",
    ]
    return _sentence(" ".join(told))


def _patterns(content: Content) -> Section:
    scored = content.metrics["systems"][content.model]["by_pattern"]
    kept = (content.metrics.get("calibration") or {}).get("by_pattern", {})
    rows = []
    for pattern, result in scored.items():
        word = kept.get("" if pattern == "none" else pattern)
        sets, circles = (word["sets"], word["circles"]) if word else ({}, {})
        promised = [share(sets.get("coverage")), share(sets.get("coverage_of_posts")), number(sets.get("mean_size"), 1)]
        promised += [share(circles.get("coverage")), share(circles.get("coverage_of_posts"))]
        promised += [number(circles.get("median_km"), 2)]
        rows.append([pattern_name(pattern), str(result["posts"]), share(result["accuracy"]), *promised])
    head = [
        "what a post has",
        "posts",
        "accuracy",
        "sets that hold, over users",
        "over posts",
        "classes a set",
        "circles that hold, over users",
        "over posts",
        "radius, km",
    ]
    said = "Sets and circles are meant to hold the truth on average over users, not for each row; few posts say little."
    return Section(
        "patterns", "By what a post has", _sentence(said) + _scrolled(html_table(*drop_empty_columns(head, rows)))
    )


def pattern_name(pattern: str) -> str:
    """A pattern of modalities in words.

    >>> pattern_name("TI")
    'text + image'
    """
    letters = {"T": "text", "G": "hashtags", "I": "image"}
    return "nothing" if pattern == "none" else " + ".join(letters[letter] for letter in pattern)


def _mistakes(content: Content) -> Section:
    title = "The most confident mistakes"
    if content.mistakes is None:
        return Section("mistakes", title, _sentence("Left out: this report was asked to show no posts."))
    if not content.mistakes:
        return Section("mistakes", title, _sentence("There are none."))
    said = "The surest wrong answers, at most one of a group of posts. Names of authors and mentions are taken out."
    items = "\n".join(_mistake(mistake) for mistake in content.mistakes)
    return Section("mistakes", title, f'{_sentence(said)}<ol class="mistakes">\n{items}\n</ol>')


def _mistake(mistake: Mistake) -> str:
    away = "" if mistake.km is None else f", {mistake.km:.2f} km off"
    own = "" if mistake.of_truth is None else f" (told with {mistake.of_truth:.1%})"
    lines = [
        f"<h3>{escape(mistake.guess)}</h3>",
        f"<p>told with {mistake.confidence:.1%}{away}; in truth <strong>{escape(mistake.truth)}</strong>{own}</p>",
    ]
    if mistake.pictures:
        images = "".join(
            f'<img src="{escape(picture)}" alt="Picture {n} of the post">'
            for n, picture in enumerate(mistake.pictures, 1)
        )
        lines.append(f'<div class="pictures">{images}</div>')
    if mistake.text:
        lines.append(f'<blockquote dir="auto">{escape(mistake.text)}</blockquote>')
    if mistake.hashtags:
        lines.append(f'<p class="quiet" dir="auto">{escape(" ".join("#" + tag for tag in mistake.hashtags))}</p>')
    if mistake.unread:
        lines.append(f'<p class="quiet">{mistake.unread} of its pictures could not be read.</p>')
    return "<li>" + "\n".join(lines) + "</li>"


def _figure(name: str, alternative: str, caption: str, table: str, *, wide: bool = False) -> str:
    """A drawing with its text alternative and its numbers as a table that can be opened; a `wide` one scrolls."""
    plot = f'<div class="plot" id="plot-{name}" role="img" aria-label="{escape(alternative)}"></div>\n'
    return (
        f"<figure>\n{_scrolled(plot, 'wide', called='Drawing') if wide else plot}"
        f"<figcaption>{escape(caption)}</figcaption>\n"
        f"<details><summary>The numbers as a table</summary>{_scrolled(table)}</details>\n</figure>\n"
    )


def _numbers(boxes: Sequence[tuple[str, str, str]]) -> str:
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>"
        for name, value, note in boxes
    )
    return f'<dl class="numbers">{items}</dl>'


def _stacked(table: tuple[Sequence[str], Sequence[Sequence[str]]], *, caption: str) -> str:
    """A table whose cells may have a second line."""
    return _scrolled(html_table(*table, caption=caption), "stacked")


def _scrolled(content: str, kind: str = "", *, called: str = "Table") -> str:
    """What may be wider than the screen: it scrolls by finger and by key."""
    return f'<div class="{f"scroll {kind}".strip()}" role="region" aria-label="{called}" tabindex="0">{content}</div>\n'


def _sentence(text: str) -> str:
    return f"<p>{escape(text)}</p>\n"


def share(value: float | None, digits: int = 1) -> str:
    """A share in per cent; empty for none."""
    return "" if value is None else f"{value:.{digits}%}"


def number(value: float | None, digits: int = 3) -> str:
    """A number; empty for none."""
    return "" if value is None else f"{value:.{digits}f}"


def _km(value: float | None) -> str:
    return number(value, 2)
