"""Predictions as a map in one HTML file: places, circles and a table of posts, without tiles and without a network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from postplace.places.circles import circle_corners
from postplace.places.distance import EARTH_RADIUS_KM
from postplace.places.rows import degrees
from postplace.report.content import round_length
from postplace.report.figures import INK, MUTED, PLANE, SERIES, Figure, label
from postplace.report.map_content import CHARACTERS, Dot, MapContent, map_content
from postplace.report.mistakes import shortened
from postplace.report.page import render_page
from postplace.report.sections import Section
from postplace.schema import Prediction
from postplace.system.html import drop_empty_columns, html_table

HEIGHT = 640  # pixels
STEPS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
NARROWEST = 0.002  # degrees that are shown at least
KM_PER_DEGREE = EARTH_RADIUS_KM * math.pi / 180.0
NAME = 60  # characters of a name


def build_map(predictions: Iterable[Prediction], *, texts: Mapping[str, str] | None = None) -> str:
    """The page. Texts of posts are on it only where `texts`, by the post's id, are given.

    Raises nothing for predictions without coordinates: then there is a table and no map.
    """
    content = map_content(predictions, texts=texts)
    sections = [section for section in (_map(content), _table(content)) if section is not None]
    lead = f"{content.posts:,} posts, {content.posts - content.unanswered:,} of them with a prediction."
    return render_page("Predicted places", lead, sections)


def _map(content: MapContent) -> Section | None:
    if not content.dots:
        return None
    sentences = " ".join(_sentences(content))
    drawn = f"Map of {len(content.dots):,} places. The table below names the posts."
    figure = (
        f'<figure><div class="plot" id="plot-places" role="img" aria-label="{drawn}"></div>'
        f"<figcaption>{sentences}</figcaption></figure>"
    )
    return Section("places", "Map", figure, {"places": map_figure(content)})


def _sentences(content: MapContent) -> Iterator[str]:
    yield "A dot is a place: larger for more posts that have it first, darker where they are surer of it."
    yield "A ring is a place that posts have further down. There is no map beneath: nothing is fetched."
    if content.circles:
        yield (
            f"A line is the prediction circle of a post, at a level of {content.level:.0%}: {len(content.circles):,} "
            f"of {content.all_circles:,} are drawn."
        )
    if content.all_places > len(content.dots):
        yield f"Of {content.all_places:,} places those of most posts are drawn."
    if content.unlocated:
        yield f"{content.unlocated:,} posts have a best place without coordinates."
    yield from (label(f"{caveat}.", 400) for caveat in sorted(content.caveats))


def _table(content: MapContent) -> Section:
    head = ["post", "place", "probability", "from", "confident", "circle, km", "text"]
    rows = [_row(prediction, content.texts) for prediction in content.listed]
    shown = f"The first {len(rows):,} of {content.posts:,} posts" if content.posts > len(rows) else "All posts"
    table = html_table(*drop_empty_columns(head, rows), caption=shown)
    return Section("posts", "Posts", f'<div class="scroll words" tabindex="0">{table}</div>')


def _row(prediction: Prediction, texts: Mapping[str, str] | None) -> list[str]:
    region = prediction.region
    radius = None if region is None else region.radius_km
    best = prediction.ranked[0] if prediction.ranked else None
    return [
        shortened(prediction.post_id, NAME),
        "no prediction" if best is None else shortened(best.place.name, NAME),
        "" if best is None else f"{best.probability:.3f}",
        ", ".join(prediction.modalities),
        "yes" if prediction.confident else "no",
        "" if radius is None or best is None else f"{radius:.2f}",
        "" if texts is None else shortened(texts.get(prediction.post_id, ""), CHARACTERS),
    ]


def map_figure(content: MapContent) -> Figure:
    """Places and circles by longitude and latitude, in proportion at the middle of the map."""
    south, west, north, east = content.extent.box or (0.0, 0.0, 0.0, 0.0)
    east += 360.0 if east < west else 0.0
    middle = (south + north) / 2.0, (west + east) / 2.0
    across = max(math.cos(math.radians(middle[0])), 0.05)
    traces = [*_circles(content, middle[1]), _rings(content, middle[1]), _dots(content, middle[1])]
    width, height = max(east - west, NARROWEST / across), max(north - south, NARROWEST)
    traces.append(_scale(middle, (width, height), across))
    room = 0.08
    x = [middle[1] - width * (0.5 + room), middle[1] + width * (0.5 + room)]
    y = [middle[0] - height * (0.5 + room), middle[0] + height * (0.5 + room)]
    grid = {"gridcolor": "var(--grid)", "zeroline": False, "automargin": True}
    layout = {
        "height": HEIGHT,
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "family": "system-ui, sans-serif", "size": 13},
        "hoverlabel": {"bgcolor": PLANE, "font": {"color": INK}, "align": "left"},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "dragmode": "pan",
        "xaxis": {**grid, **_longitudes(x), "range": x},
        "yaxis": {**grid, "range": y, "ticksuffix": "°", "scaleanchor": "x", "scaleratio": 1.0 / across},
    }
    return {"data": traces, "layout": layout, "config": {"scrollZoom": True}}


def _dots(content: MapContent, middle: float) -> Figure:
    first = [dot for dot in content.dots if dot.posts]
    most = max((dot.posts for dot in first), default=1)
    marker = {
        "size": [round(8.0 + 22.0 * math.sqrt(dot.posts / most), 1) for dot in first],
        "color": [round(dot.mean_probability or 0.0, 4) for dot in first],
        "cmin": 0.0,
        "cmax": 1.0,
        "colorscale": [[0.0, "var(--heat)"], [1.0, SERIES[0]]],
        "line": {"width": 1, "color": PLANE},
        "opacity": 0.9,
    }
    return {**_scatter(first, middle), "mode": "markers", "marker": marker, "name": "best place"}


def _rings(content: MapContent, middle: float) -> Figure:
    marker = {"size": 6, "symbol": "circle-open", "color": MUTED}
    others = [dot for dot in content.dots if not dot.posts]
    return {**_scatter(others, middle), "mode": "markers", "marker": marker, "name": "place further down"}


def _scatter(dots: Sequence[Dot], middle: float) -> Figure:
    return {
        "type": "scatter",
        "x": [_near(degrees(dot.place.longitude or 0.0), middle) for dot in dots],
        "y": [degrees(dot.place.latitude or 0.0) for dot in dots],
        "customdata": [_on_dot(dot) for dot in dots],
        "hovertemplate": "%{customdata}<extra></extra>",
        "cliponaxis": False,
        "showlegend": bool(dots),
    }


def _on_dot(dot: Dot) -> str:
    """What is said of a place where the pointer rests on it."""
    lines = [f"<b>{label(dot.place.name, NAME)}</b>"]
    if dot.posts:
        unsure = f", {dot.posts - dot.confident:,} not confident" if dot.confident < dot.posts else ""
        lines.append(f"best place of {dot.posts:,} posts{unsure}; mean probability {dot.mean_probability:.2f}")
        lines += [f"{label(post, 40)}: {probability:.2f}" for post, probability in dot.named]
        lines += ["..."] if dot.posts > len(dot.named) else []
    if dot.others:
        lines.append(f"further down in {dot.others:,} posts")
    return "<br>".join(lines)


def _circles(content: MapContent, middle: float) -> list[Figure]:
    x: list[float | None] = []
    y: list[float | None] = []
    said: list[str] = []
    for circle in content.circles:
        corners = circle_corners(circle.latitude, _near(circle.longitude, middle), circle.radius_km)
        x += [*(round(float(longitude), 5) for longitude in (*corners[:, 0], corners[0, 0])), None]
        y += [*(round(float(latitude), 5) for latitude in (*corners[:, 1], corners[0, 1])), None]
        words = f"{label(circle.post, 40)}: {circle.radius_km:.2f} km<br>{label(circle.place, NAME)}"
        said += [f"{words}, {circle.probability:.2f}"] * (len(corners) + 2)
    if not x:
        return []
    line = {"width": 1, "color": SERIES[1]}
    common = {"type": "scatter", "mode": "lines", "hovertemplate": "%{customdata}<extra></extra>", "opacity": 0.5}
    return [{**common, "x": x, "y": y, "customdata": said, "line": line, "name": "prediction circle"}]


def _scale(middle: tuple[float, float], size: tuple[float, float], across: float) -> Figure:
    """A bar of a round number of km in the south-west."""
    km = round_length(max(size[0] * across, size[1]) * KM_PER_DEGREE / 4.0)
    west, south = middle[1] - size[0] / 2.0, middle[0] - size[1] * 0.54
    return {
        "type": "scatter",
        "mode": "lines+text",
        "x": [west, west + km / KM_PER_DEGREE / across],
        "y": [south, south],
        "text": ["", f"{km:g} km"],
        "textposition": "middle right",
        "hoverinfo": "skip",
        "showlegend": False,
        "line": {"width": 3, "color": INK},
    }


def _longitudes(span: Sequence[float]) -> dict[str, Any]:
    """The numbers on the axis: beyond the antimeridian they begin anew, and are then set once for all."""
    if span[0] >= -180.0 and span[1] <= 180.0:
        return {"ticksuffix": "°"}
    step = next((step for step in STEPS if step >= (span[1] - span[0]) / 8.0), STEPS[-1])
    ticks = [number * step for number in range(math.ceil(span[0] / step), math.floor(span[1] / step) + 1)]
    digits = max(0, math.ceil(-math.log10(step)))
    near = [tick - 360.0 * round(tick / 360.0) for tick in ticks]
    said = [f"{abs(tick) if abs(tick) == 180.0 else tick:.{digits}f}°" for tick in near]
    return {"tickvals": [round(tick, 6) for tick in ticks], "ticktext": said}


def _near(longitude: float, middle: float) -> float:
    """The longitude on the side of the antimeridian where the map is: it may be beyond 180."""
    return round(longitude + 360.0 * round((middle - longitude) / 360.0), 6)
