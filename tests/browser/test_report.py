"""A report opened from its file: its scripts run under its own policy, its drawings follow the reader's colours."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.browser.cdp import Page
from tests.browser.test_page import CONTRASTS

from postplace import Post, PostLocator
from postplace.report.content import build_content
from postplace.report.page import build_page

PLOTS = ["plot-matrix", "plot-map", "plot-distance", "plot-reliability", "plot-risk"]
# [id, width, height, shapes and letters] of each drawing
DRAWN = """
[...document.querySelectorAll('.plot')].map((own) => {
  const { width, height } = own.querySelector('svg.main-svg')?.getBoundingClientRect() ?? { width: 0, height: 0 };
  const [shapes, letters] = ['svg path, svg image', 'svg text'].map((each) => own.querySelectorAll(each).length);
  return [own.id, width, height, shapes, letters];
})
"""
COLOURS = """
['.xtick text', '.scatterlayer .js-line'].map((own) => {
  const { fill, stroke } = getComputedStyle(document.querySelector(`#plot-distance ${own}`));
  return [fill, stroke];
})
"""
INK = "getComputedStyle(document.body).color"


@pytest.fixture(scope="module")
def page(run: PostLocator, posts: list[Post], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on the posts that the run has not learned from."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(
        build_page(build_content(run, run.evaluate_detailed(posts), card="# A card\n\nWhat it is for.\n")),
        encoding="utf-8",
    )
    return path


def opened(tab: Page, page: Path) -> None:
    tab.go(page.as_uri())
    seen = "([, width, height, shapes, letters]) => width > 200 && height > 200 && shapes > 2 && letters > 2"
    tab.wait_for(f"({DRAWN}).filter({seen}).length === {len(PLOTS)}")  # they are drawn one after the other


def check(tab: Page, page: Path) -> None:
    """Nothing was held against the page, and nothing but the page was asked for."""
    assert tab.errors == []
    assert {asked for asked in tab.requests if urlsplit(asked).scheme not in ("data", "blob")} == {page.as_uri()}


def test_a_report_draws_from_its_file_alone(tab: Page, page: Path, screenshots: Path) -> None:
    opened(tab, page)
    drawn = tab.run(DRAWN)
    assert [name for name, *_ in drawn] == PLOTS
    for name, width, height, shapes, letters in drawn:
        assert width > 200, name
        assert height > 200, name
        assert shapes > 2, name
        assert letters > 2, name
    tab.screenshot(screenshots / "20-report.png")
    check(tab, page)


def test_drawings_follow_the_colours_of_the_reader(tab: Page, page: Path, screenshots: Path) -> None:
    tab.prefer(prefers_color_scheme="light")
    opened(tab, page)
    light, (ticks, lines) = tab.run(INK), tab.run(COLOURS)
    assert ticks[0] == light
    assert tab.run(CONTRASTS) == []
    tab.prefer(prefers_color_scheme="dark")
    tab.wait_for(f"({COLOURS})[0][0] === {INK}")
    tab.wait_for_value(CONTRASTS, [])  # the other drawings follow
    dark, (_, lines_in_dark) = tab.run(INK), tab.run(COLOURS)
    assert dark != light
    assert lines_in_dark[1] != lines[1]
    assert [name for name, width, *_ in tab.run(DRAWN) if width > 200] == PLOTS
    assert tab.run(CONTRASTS) == []
    tab.screenshot(screenshots / "21-report-dark.png")
    check(tab, page)


def test_a_report_on_a_phone(tab: Page, page: Path, screenshots: Path) -> None:
    tab.size(360, 740, phone=True)
    opened(tab, page)
    assert tab.run("document.documentElement.scrollWidth") <= 360
    widths = {name: width for name, width, *_ in tab.run(DRAWN)}
    assert widths.pop("plot-matrix") > 500  # its names need the room: it scrolls in a frame of its own
    assert all(200 < width <= 360 for width in widths.values())
    tab.screenshot(screenshots / "22-report-phone.png")
    check(tab, page)
