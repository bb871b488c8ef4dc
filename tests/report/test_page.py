"""The page: whole, harmless whatever the posts say, and fetching nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from postplace import Post, PostLocator
from postplace.report.content import Content, build_content
from postplace.report.figures import plane_figure
from postplace.report.mistakes import Mistake
from postplace.report.page import build_page
from postplace.report.sections import build_sections, markdown

VOID = {"meta", "img", "br", "hr", "input", "link"}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "formaction", "style"}
EVIL = "</script><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>"


class ReadLimits(HTMLParser):
    """Elements that are open, and all that were met."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.met: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)


def read(page: str) -> ReadLimits:
    reader = ReadLimits()
    reader.feed(page)
    reader.close()
    return reader


@pytest.fixture(scope="module")
def content(place_locator: PostLocator, posts: list[Post]) -> Content:
    return build_content(place_locator, place_locator.evaluate_detailed(posts), card="# Card\n\n| a |\n|---|\n| 1 |\n")


@pytest.fixture(scope="module")
def evil(content: Content) -> Content:
    mistake = Mistake(EVIL, EVIL, 0.9, 0.1, 1.0, text=EVIL, hashtags=(EVIL,))
    matrix = replace(content.matrix, names=(EVIL, *content.matrix.names[1:]))
    assert content.plane is not None
    plane = replace(content.plane, dots=tuple(replace(dot, name=EVIL) for dot in content.plane.dots))
    names = tuple(EVIL for _ in content.names)
    changed = replace(content, title=EVIL, card=EVIL, names=names, matrix=matrix, plane=plane, mistakes=(mistake,))
    return replace(changed, facts=((EVIL, EVIL),))


def test_what_could_not_be_measured_says_why(content: Content) -> None:
    metrics, scores = content.metrics, content.metrics.models[content.model]
    assert metrics.calibration is not None
    no_posts = replace(metrics.calibration, regions=replace(metrics.calibration.regions, posts=0))
    far = replace(scores, overall=replace(scores.overall, median_km=None))
    notes = ("no baseline of image alone: present in 3 of 90 training posts, fewer than 20",)
    metrics = replace(metrics, calibration=no_posts, models={**metrics.models, content.model: far})
    page = build_page(replace(content, metrics=replace(metrics, baseline_notes=notes)))
    assert "none of these posts could be evaluated" in page
    assert "the run has no calibration" not in page
    assert "more than half of the posts are not answered" in page
    assert "present in 3 of 90 training posts" in page


def test_every_section_is_there_and_the_html_is_balanced(content: Content) -> None:
    reader = read(build_page(content))
    assert reader.open == []
    keys = [attributes.get("id") for tag, attributes in reader.met if tag == "section"]
    assert keys == ["accuracy", "confusion", "map", "distance", "calibration", "patterns", "mistakes", "data", "card"]
    identifiers = [attributes["id"] for _, attributes in reader.met if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for tag, attributes in reader.met:
        if (address := attributes.get("href")) is not None:
            assert tag == "a"
            assert address.removeprefix("#") in identifiers


def test_what_a_reader_of_the_screen_needs(content: Content) -> None:
    reader = read(build_page(content))
    tables = sum(tag == "table" for tag, _ in reader.met)
    assert tables == sum(tag == "thead" for tag, _ in reader.met)
    assert all("scope" in attributes for tag, attributes in reader.met if tag == "th")
    assert all(attributes.get("alt") for tag, attributes in reader.met if tag == "img")
    plots = [attributes for _, attributes in reader.met if attributes.get("class") == "plot"]
    assert len(plots) == 5
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)


def test_hostile_texts_and_names_stay_texts(evil: Content) -> None:
    page = build_page(evil)
    reader = read(page)
    assert reader.open == []
    assert [tag for tag, _ in reader.met].count("script") == 3  # the numbers, plotly, the page's own
    assert not any(name.startswith("on") for _, attributes in reader.met for name in attributes)
    assert any("alert(1)" in text for text in reader.texts)  # shown, not run
    assert "<img src=http" not in page


def test_nothing_is_fetched(evil: Content) -> None:
    for tag, attributes in read(build_page(evil)).met:
        for name in LOADING & attributes.keys():
            assert (attributes[name] or "").startswith(("#", "data:image/jpeg;base64,")), (tag, name)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', build_page(evil))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "url(" not in build_page(evil).split("</style>")[0]
    assert "@import" not in build_page(evil).split("</style>")[0]


def test_the_policy_names_the_scripts_that_are_there(content: Content) -> None:
    import base64
    import hashlib

    page = build_page(content)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


def test_plotly_takes_every_figure(evil: Content) -> None:
    from plotly.graph_objects import Figure

    figures = {name: figure for section in build_sections(evil) for name, figure in section.figures.items()}
    assert set(figures) == {"matrix", "map", "distance", "reliability", "risk"}
    for figure in figures.values():
        Figure(figure)
        assert "<script" not in json.dumps(figure)
        assert "<img" not in json.dumps(figure)


def test_the_scale_of_the_map_is_as_long_as_it_says(content: Content) -> None:
    assert content.plane is not None
    bar = plane_figure(content.plane)["data"][-1]
    assert bar["x"][1] - bar["x"][0] == pytest.approx(content.plane.scale_km)
    assert bar["text"][1] == f"{content.plane.scale_km:g} km"


def test_without_posts_no_post_is_shown(place_locator: PostLocator, posts: list[Post]) -> None:
    examined = place_locator.evaluate_detailed(posts)
    page = build_page(build_content(place_locator, examined, posts=False))
    assert "<img" not in page.split('<script type="application/json"')[0]
    texts = [post.text for post in examined.posts if len(post.text) > 12]
    assert texts
    assert not any(text in page for text in texts)


def test_no_author_is_named(place_locator: PostLocator, posts: list[Post]) -> None:
    examined = place_locator.evaluate_detailed(posts)
    users = {post.user for post in examined.posts if post.user}
    shown = "".join(read(build_page(build_content(place_locator, examined, mistakes=100))).texts)
    assert users
    assert not any(user in shown for user in users)


def test_numbers_have_intervals_and_proper_scores_are_told(content: Content) -> None:
    bodies = {section.key: section.body for section in build_sections(content)}
    metrics, scores = content.metrics, content.metrics.models[content.model]
    overall, intervals = scores.overall, scores.intervals
    for k in (5, 10):
        low, high = intervals.accuracy_at[k]
        assert f"<td>{overall.accuracy_at[k]:.1%}\n{low:.1%} to {high:.1%}</td>" in bodies["accuracy"]
    assert ">accuracy@10<" in bodies["accuracy"]
    for key, digits in (("macro_f1", 3), ("mean_km", 2), ("median_km", 2)):
        (low, high), value = getattr(intervals, key), getattr(overall, key)
        assert low <= value <= high
        assert f"<td>{value:.{digits}f}\n{low:.{digits}f} to {high:.{digits}f}</td>" in bodies["accuracy"]
    low, high = intervals.within_km["1"]
    assert f"<td>{overall.within_km['1']:.1%}\n{low:.1%} to {high:.1%}</td>" in bodies["distance"]
    report = metrics.calibration
    assert report is not None
    low, high = report.regions.prediction_sets.interval
    assert f"(95 %: {low:.1%} to {high:.1%})" in bodies["calibration"]
    for key in ("ece", "nll", "brier"):
        score, (low, high) = getattr(report, key), getattr(report.intervals, key)
        assert low <= score.after <= high
        cells = f"<td>{score.before:.3f}</td><td>{score.after:.3f}\n{low:.3f} to {high:.3f}</td>"
        assert cells in bodies["calibration"]
    assert report.intervals.area is not None
    low, high = report.intervals.area
    assert f"<td>{report.risk_coverage.area:.3f}\n{low:.3f} to {high:.3f}</td>" in bodies["calibration"]


def test_the_numbers_that_stand_first_have_intervals(content: Content) -> None:
    (body,) = (section.body for section in build_sections(content) if section.key == "accuracy")
    boxes = re.findall(r"<dt>(.*?)</dt><dd>(.*?)<small>(.*?)</small>", body)
    assert [name for name, _, _ in boxes] == ["Accuracy", "Macro-F1", "Median error", "Calibration error"]
    assert all(re.fullmatch(r"95 %: \S+ to \S+", note) for _, _, note in boxes)


def test_posts_that_no_confidence_is_judged_of_are_counted(content: Content) -> None:
    report, labelled = content.metrics.calibration, content.metrics.labelled
    assert report is not None
    unknown, known = report.unknown_class + 2, report.posts - 5

    def section(posts: int, unknown: int) -> str:
        changed = replace(report, regions=replace(report.regions, posts=posts), unknown_class=unknown)
        sections = build_sections(replace(content, metrics=replace(content.metrics, calibration=changed)))
        (body,) = (each.body for each in sections if each.key == "calibration")
        return body

    body = section(known, unknown)
    accuracy = content.metrics.models[content.model].overall.accuracy
    assert accuracy is not None
    assert f"{labelled - known} are left out of this section: {unknown} of classes" in body
    assert f"with them {1 - accuracy:.1%} are wrong" in body
    assert f"with all {known} answered" in body
    assert "left out" not in section(labelled, 0)


def test_numbers_in_the_matrix_stand_out_on_every_shade() -> None:
    """WCAG 2.2, 1.4.3: 4.5; a browser cannot measure it, plotly draws the cells as one image."""
    style = (files("postplace.report") / "page.css").read_text(encoding="utf-8")
    for theme in style.split("@media (prefers-color-scheme: dark)")[:2]:
        colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", theme))
        ink = luminance(colours["ink"])
        for below in (luminance(colours["plane"]), luminance(colours["heat"])):
            assert (max(ink, below) + 0.05) / (min(ink, below) + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of #rrggbb."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_same_content_gives_the_same_page(content: Content) -> None:
    assert build_page(content) == build_page(content)


def test_a_run_without_calibration_says_so(content: Content) -> None:
    page = build_page(replace(content, metrics=replace(content.metrics, calibration=None)))
    assert "Not measured" in page
    assert read(page).open == []


def test_markdown_is_rendered_without_html_links_or_images() -> None:
    shown = markdown("# Title\n\n<b onclick=x>b</b> [l](javascript:alert(1)) ![p](http://evil.example/p.png)\n\n- one")
    assert "<h3>Title</h3>" in shown
    assert "<li>one</li>" in shown
    assert not re.search(r"<(b|a|img)\b", shown)
