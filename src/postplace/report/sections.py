"""The sections of a report: headings, sentences, tables, and the figures that go with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from postplace.evaluation.calibration_report import CalibrationReport, RegionCoverage
from postplace.evaluation.metrics import ACCURACY_AT, RADII_KM
from postplace.evaluation.scores import Scores
from postplace.inference.evaluation_metrics import EvaluationMetrics
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
from postplace.report.intervals import Bounds, Format, between, interval_and_verdict
from postplace.report.mistakes import Mistake
from postplace.runs.card import and_uniform_weight
from postplace.runs.coverage_wording import coverage_sentences, shown
from postplace.system.html import drop_empty_columns, html_table


@dataclass(frozen=True)
class Section:
    """`key` is its address in the page, `body` its HTML; `figures` are drawn into it by name."""

    key: str
    title: str
    body: str
    figures: Mapping[str, Figure] = field(default_factory=dict)


def build_sections(content: Content) -> list[Section]:
    """Those there is something to say in, in order."""
    made = (
        _accuracy(content),
        _confusion(content),
        _map(content),
        _distance(content),
        _calibration(content),
        _patterns(content),
        _mistakes(content),
        Section("data", "Data and split", _scrolled(html_table(["what", "how much"], content.facts), "words")),
        Section("card", "Model card", f'<div class="card">{markdown(content.card)}</div>') if content.card else None,
    )
    return [section for section in made if section is not None]


def markdown(text: str) -> str:
    """Markdown -> HTML without any of its own HTML, images or links, its headings below those of the page."""
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
    said = "Each model on the same posts; below a number its 95 % interval. @5: the true class is among the first 5"
    table = _stacked(_models(content.metrics), caption=said)
    body = f"{_numbers(_boxes(content))}\n{table}\n{_differences(content)}"
    unknown = content.metrics.models[content.model].overall.unknown_class
    if unknown:
        body += _sentence(f"{unknown:,} posts are of a class that the run does not know: they count as wrong.")
    return Section("accuracy", "How good it is", body)


def _boxes(content: Content) -> list[tuple[str, str, str]]:
    """The few numbers that stand first: name, value, a note."""
    scores = content.metrics.models[content.model]
    overall, intervals = scores.overall, scores.intervals

    def spread(interval: Bounds, show: Format) -> str:
        return f"95 %: {words}" if (words := between(interval, show)) else ""

    boxes = [
        ("Accuracy", share(overall.accuracy), spread(intervals.accuracy, share)),
        ("Macro-F1", number(overall.macro_f1), spread(intervals.macro_f1, number)),
    ]
    if overall.located is not None:
        median = _km(overall.median_km)
        note = spread(intervals.median_km, _km) or "to the post's own coordinates"
        why = note if median else "more than half of the posts are not answered"
        boxes.append(("Median error", f"{median} km" if median else "none", why))
    if (report := content.metrics.calibration) is not None:
        note = spread(report.intervals.ece, number) or "ECE, 0 is perfect"
        boxes.append(("Calibration error", number(report.ece.after), note))
    return boxes


def _models(metrics: EvaluationMetrics) -> tuple[list[str], list[list[str]]]:
    """A row a model: of the right class, then of km."""
    among = [k for k in ACCURACY_AT if k > 1]
    head = ["model", "accuracy", *(f"accuracy@{k}" for k in among), "macro-F1", "mean km", "median km"]
    rows = []
    for name, scores in metrics.models.items():
        overall, intervals = scores.overall, scores.intervals
        cells = [_with_interval(overall.accuracy, intervals.accuracy, share)]
        cells += [_with_interval(overall.accuracy_at.get(k), intervals.accuracy_at.get(k), share) for k in among]
        cells.append(_with_interval(overall.macro_f1, intervals.macro_f1, number))
        cells.append(_with_interval(overall.mean_km, intervals.mean_km, _km))
        cells.append(_with_interval(overall.median_km, intervals.median_km, _km))
        rows.append([name, *cells])
    return drop_empty_columns(head, rows)


def _with_interval(value: float | None, interval: Bounds, show: Format) -> str:
    """A number and, on a line of its own, its interval."""
    return "\n".join(filter(None, [show(value), between(interval, show)]))


def _differences(content: Content) -> str:
    rows = [
        [name, "" if each.mean is None else f"{100 * each.mean:+.1f}", *interval_and_verdict(each)]
        for name, each in content.metrics.differences.items()
    ]
    caption = f"Accuracy of {content.model} minus that of each baseline, in percentage points"
    table = _scrolled(html_table(["baseline", "difference", "95 % interval", "verdict"], rows, caption=caption))
    reason = content.metrics.no_interval
    notes = [*content.metrics.baseline_notes, *([reason[:1].upper() + reason[1:]] if reason else [])]
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
    for name, scores in content.metrics.models.items():
        within, intervals = scores.overall.within_km, scores.intervals.within_km
        if within:
            keys = [f"{radius:g}" for radius in RADII_KM]
            rows.append([name, *(_with_interval(within[key], intervals.get(key), share) for key in keys)])
    head = ["model", *(f"{radius:g} km" for radius in RADII_KM)]
    caption = f"Share of posts within; of {SHOWN_KM:g} km with its 95 % interval"
    table = _stacked(drop_empty_columns(head, rows), caption=caption)
    said = "The share of posts whose guess is within so many km of their own coordinates; further left is better."
    body = _figure(
        "distance", "Cumulative share of posts by error in km. The numbers are in the table below.", said, table
    )
    return Section("distance", "How far off", body, {"distance": distance_figure(content.curves)})


def _calibration(content: Content) -> Section:
    report = content.metrics.calibration
    if report is None or not report.posts:
        why = "the run has no calibration" if report is None else "none of these posts could be evaluated"
        return Section("calibration", "How sure it is", _sentence(f"Not measured: {why}."))
    bins, curve = report.reliability, report.risk_coverage.curve
    rows = [[share(row.confidence), share(row.accuracy), str(row.posts)] for row in bins]
    confidences = html_table(["confidence", "right", "posts"], rows)
    rows = [[share(row.coverage), share(row.error), share(row.confidence)] for row in curve]
    answered = html_table(["answered", "wrong of these", "from a confidence of"], rows)
    first = _figure(
        "reliability",
        f"Reliability diagram of {report.posts:,} posts, calibration error {number(report.ece.after)}.",
        "Reliability: on the dotted line an answer with a confidence of 80 % is right 80 % of the time."
        f" Of {report.posts:,} posts.",
        confidences,
    )
    second = _figure(
        "risk",
        f"Risk-coverage curve: with all {report.posts:,} answered, {share(curve[-1].error)} are wrong.",
        f"Risk and coverage: what answering only the most confident of {report.posts:,} posts gains.",
        answered,
    )
    figures = {"reliability": reliability_figure(bins), "risk": risk_figure(curve)}
    sentences = f"{_coverage(report)}{_left_out(content, report)}{_calibration_scores(report)}"
    body = f'{sentences}<div class="pair">{first}{second}</div>'
    return Section("calibration", "How sure it is", body, figures)


def _left_out(content: Content, report: CalibrationReport) -> str:
    """How many posts nothing here is about: they have no confidence to evaluate, or no answer could be right."""
    labelled = content.metrics.labelled
    missing, unknown = labelled - report.posts, report.unknown_class
    if not missing:
        return ""
    why = f"{unknown:,} of classes that the run does not know and {missing - unknown:,} with nothing to go by"
    accuracy = content.metrics.models[content.model].overall.accuracy or 0.0
    return _sentence(
        f"Of {labelled:,} labelled posts {missing:,} are left out of this section: {why}. "
        f"They count as wrong above: with them {share(1.0 - accuracy)} are wrong."
    )


def _calibration_scores(report: CalibrationReport) -> str:
    """Calibration error, proper scores and the area of the risk, before and after calibration."""
    intervals, area = report.intervals, report.risk_coverage
    named = [
        ("calibration error (ECE)", report.ece, intervals.ece),
        ("its root mean square, without what chance adds", report.debiased_ce, None),
        ("negative log-likelihood, nats", report.nll, intervals.nll),
        ("Brier score, 0 to 2", report.brier, intervals.brier),
    ]
    rows = [
        [name, _score(score.before), _with_interval(score.after, interval, _score)] for name, score, interval in named
    ]
    rows.append(["area under the risk-coverage curve", "", _with_interval(area.area, intervals.area, number)])
    rows.append(["the least area that this accuracy allows", "", number(area.best_area)])
    head = ["score", "as the model gives them", "calibrated"]
    caption = "How well calibrated the probabilities are: less is better; below a number its 95 % interval"
    return _stacked((head, rows), caption=caption)


def _score(value: float | None) -> str:
    return shown(value, ".3f", why="too few posts")


def _coverage(report: CalibrationReport) -> str:
    sentences = [
        *coverage_sentences(report),
        f"A temperature of {report.temperature:.2f}{and_uniform_weight(report)} took the calibration error (ECE) from "
        f"{shown(report.ece.before, '.3f')} to {shown(report.ece.after, '.3f')}.",
    ]
    return _sentence(" ".join(sentences))


def _patterns(content: Content) -> Section:
    report = content.metrics.calibration
    coverage = {} if report is None else report.by_pattern
    rows = [
        _pattern_row(pattern, scores, coverage.get("" if pattern == "none" else pattern, RegionCoverage()))
        for pattern, scores in content.metrics.models[content.model].by_pattern.items()
    ]
    head = [
        "what a post has",
        "posts",
        "accuracy",
        "coverage of sets, over users",
        "over posts",
        "classes a set",
        "coverage of circles, over users",
        "over posts",
        "radius, km",
    ]
    note = "Sets and circles are made to cover the truth on average over users, not for each row; few posts say little."
    return Section(
        "patterns", "By what a post has", _sentence(note) + _scrolled(html_table(*drop_empty_columns(head, rows)))
    )


def _pattern_row(pattern: str, scores: Scores, regions: RegionCoverage) -> list[str]:
    sets, circles = regions.prediction_sets, regions.prediction_circles
    of_sets = [share(sets.coverage), share(sets.coverage_of_posts), number(sets.mean_size, 1)]
    of_circles = [share(circles.coverage), share(circles.coverage_of_posts), number(circles.median_km, 2)]
    return [pattern_name(pattern), str(scores.posts), share(scores.accuracy), *of_sets, *of_circles]


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
        return Section("mistakes", title, _sentence("Left out: this report shows no posts, as requested."))
    if not content.mistakes:
        return Section("mistakes", title, _sentence("There are none."))
    said = "The most confident wrong answers, at most one of a group. Names of authors and mentions are taken out."
    items = "\n".join(_mistake(mistake) for mistake in content.mistakes)
    return Section("mistakes", title, f'{_sentence(said)}<ol class="mistakes">\n{items}\n</ol>')


def _mistake(mistake: Mistake) -> str:
    away = "" if mistake.km is None else f", {mistake.km:.2f} km off"
    of_truth = "" if mistake.truth_probability is None else f" (with {mistake.truth_probability:.1%})"
    lines = [
        f"<h3>{escape(mistake.guess)}</h3>",
        f"<p>with {mistake.confidence:.1%}{away}; in truth <strong>{escape(mistake.truth)}</strong>{of_truth}</p>",
    ]
    if mistake.images:
        images = "".join(
            f'<img src="{escape(image)}" alt="Image {n} of the post">' for n, image in enumerate(mistake.images, 1)
        )
        lines.append(f'<div class="images">{images}</div>')
    if mistake.text:
        lines.append(f'<blockquote dir="auto">{escape(mistake.text)}</blockquote>')
    if mistake.hashtags:
        lines.append(f'<p class="quiet" dir="auto">{escape(" ".join("#" + tag for tag in mistake.hashtags))}</p>')
    if mistake.unread:
        lines.append(f'<p class="quiet">{mistake.unread} of its images could not be read.</p>')
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
