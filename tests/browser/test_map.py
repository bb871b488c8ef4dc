"""The map: which place a number means, and places on both sides of the 180th meridian."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.browser.cdp import Page
from tests.browser.test_trouble import opened

SHOWN = """
(async () => {
  const { PlaceMap } = await import('/page/js/map.js');
  const place = (name, latitude, longitude) => ({ place: name, probability: 0.3, latitude, longitude });
  const box = document.getElementById('map');
  window.chosen = [];
  box.replaceChildren();
  window.map = new PlaceMap(box, { chosen: (number) => window.chosen.push(number) });
  window.map.present([%s].map((one) => place(...one)), %s);
  for (let drawn = 0; drawn < 4; drawn += 1) { // what observes the size of the box draws once more
    await new Promise(requestAnimationFrame);
  }
  return [...box.querySelectorAll('.dot')].map((own) => own.querySelector('text').textContent);
})()
"""
AT = """
[...document.querySelectorAll('#map .dot')].reverse()
  .map((own) => own.getAttribute('transform').match(/-?[0-9.]+/g).map(Number))
"""


@pytest.fixture
def sheet(tab: Page, address: str) -> Iterator[Page]:
    """The page, with nothing asked."""
    opened(tab, address)
    yield tab
    assert tab.errors == []


def show(tab: Page, places: str, circle: str = "null") -> list[str]:
    """What is written into the dots of a map of [name, latitude, longitude], the likeliest last."""
    return list(tab.run(SHOWN % (places, circle)))


def points(tab: Page) -> list[Any]:
    """Where the dots are, in pixels, the likeliest first."""
    return list(tab.run(AT))


def test_a_place_keeps_its_number_where_others_have_no_coordinates(sheet: Page) -> None:
    assert show(sheet, "['A', 31, 121], ['elsewhere'], ['B', 31.1, 121.1]") == ["3", "1"]
    named = sheet.run("document.querySelector('#map svg').getAttribute('aria-label')")
    assert named.replace("\u2068", "").replace("\u2069", "").startswith("Map of 1: A, 3: B.")
    sheet.click("#map .dot")
    sheet.wait_for_value("window.chosen", [2])
    sheet.run("window.map.select(2)")
    sheet.wait_for("document.querySelector('#map .dot.selected')")
    assert sheet.run("document.querySelector('#map .dot.selected text').textContent") == "3"


def test_the_second_place_is_not_drawn_as_the_best(sheet: Page) -> None:
    assert show(sheet, "['elsewhere'], ['B', 31.1, 121.1]") == ["2"]
    assert sheet.run("document.querySelector('#map .dot.best')") is None


@pytest.mark.parametrize(("best", "second"), [(179.99, -179.99), (-179.99, 179.99)])
def test_neighbours_over_the_180th_meridian_are_neighbours_on_the_map(sheet: Page, best: float, second: float) -> None:
    """0.02 degrees at 17 degrees south are 2.1 km: the map shows some kilometres, not the world."""
    circle = f"{{ latitude: -17, longitude: {second}, radius_km: 3 }}"
    show(sheet, f"['A', -17, {best}], ['B', -17, {second}]", circle)
    (first, _), (other, _) = points(sheet)
    wide = sheet.run("document.querySelector('#map').clientWidth")
    assert 0 < first < wide
    assert 20 < abs(other - first) < wide
    assert (other > first) == (best > 0)  # eastwards over the meridian
    ring = sheet.run("Number(document.querySelector('#map .ring').getAttribute('cx'))")
    assert ring == pytest.approx(other)
    assert sheet.run("document.querySelector('#map .scale text').textContent").endswith((" km", "\xa0km", "\xa0m"))
    degrees = sheet.run("[...document.querySelectorAll('#map .degrees')].map((own) => own.textContent)")
    assert degrees
    assert all(float(text.partition("°")[0]) <= 180 for text in degrees)


def test_degrees_begin_anew_beyond_180(sheet: Page) -> None:
    graticule = "import('/page/js/projection.js').then((own) => own.graticule(%s, ['E', 'W']).map(([, text]) => text))"
    assert sheet.run(graticule % "170, 190, 10") == ["170° E", "180°", "170° W"]
    assert sheet.run(graticule % "-190, -170, 10") == ["170° E", "180°", "170° W"]
    assert sheet.run(graticule % "-10, 10, 10") == ["10° W", "0°", "10° E"]


def test_tiles_go_on_beyond_the_180th_meridian(sheet: Page) -> None:
    asked = sheet.run("""
    import('/page/js/tiles.js').then(({ Tiles }) => {
      const layer = document.createElement('div');
      new Tiles(layer, 'data:,{z}/{x}/{y}', () => {}).draw({ x: 1, y: 0.5, zoom: 3 }, 512, 256);
      return [...layer.children].map((own) => own.getAttribute('src'));
    })""")
    assert {address.split("/")[1] for address in asked} == {"7", "0"}
