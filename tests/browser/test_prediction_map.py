"""A map of predictions opened from its file: it is drawn under its own policy, and nothing else is asked for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from tests.browser.cdp import Page
from tests.report.test_prediction_map import PREDICTIONS

from postplace.report.prediction_map import build_map

DRAWN = """
(() => {
  const plot = document.querySelector('#plot-places');
  const marks = plot?.querySelectorAll('.scatterlayer .points path').length ?? 0;
  return [marks, plot?.querySelectorAll('.scatterlayer .js-line').length ?? 0];
})()
"""


def test_a_map_draws_from_its_file_alone(tab: Page, tmp_path: Path, screenshots: Path) -> None:
    path = tmp_path / "map.html"
    path.write_text(build_map(PREDICTIONS), encoding="utf-8")
    tab.go(path.as_uri())
    tab.wait_for(f"{DRAWN}[0] === 3")  # two best places, one further down
    assert tab.run(DRAWN) == [3, 4]  # three circles, and the scale
    assert tab.errors == []
    assert {asked for asked in tab.requests if urlsplit(asked).scheme not in ("data", "blob")} == {path.as_uri()}
    tab.screenshot(screenshots / "prediction-map.png")
