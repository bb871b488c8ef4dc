"""The drawings of a report as plotly's plain JSON. Colours are CSS variables, which the page fills in, light or dark.

Names are escaped: plotly reads a little HTML in labels.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from postplace.evaluation.calibration_report import ReliabilityBin, RiskPoint
from postplace.report.confusion import Matrix
from postplace.report.content import Curve, Plane

Figure = dict[str, Any]

LABEL = 16  # characters of a name on an axis
INK, MUTED, GRID, PLANE = "var(--ink)", "var(--muted)", "var(--grid)", "var(--plane)"
HEAT = "var(--heat)"  # under letters of ink, in any shade from PLANE on
SERIES = ("var(--series-1)", "var(--series-2)", "var(--series-3)")
DASHES = ("solid", "dash", "dot")
KM_TICKS = [step * 10**power for power in range(-2, 5) for step in (1, 2, 5)]
NAMED = 20  # dots with their name beside them
LEAST_KM = 0.05  # where the axis of distances begins


def label(name: str, most: int = LABEL) -> str:
    """A name as plotly may be given it: what is too long loses its middle, as names often begin alike.

    >>> label("People's Square, exit 12"), label("<b>")
    ("People'…exit 12", '&lt;b&gt;')
    """
    end = most // 2
    short = name if len(name) <= most else f"{name[: most - end - 1].rstrip()}…{name[-end:].lstrip()}"
    return html.escape(short, quote=False)


def matrix_figure(matrix: Matrix) -> Figure:
    """Colour: the share of the true class's posts; the number in a cell: the posts."""
    shares = [[count / max(sum(row), 1) for count in row] for row in matrix.counts]
    size = list(range(len(matrix.names)))
    names = [label(name, 60) for name in matrix.names]
    ticks = {
        "tickvals": size,
        "ticktext": [label(name) for name in matrix.names],
        "showgrid": False,
        "automargin": True,
    }
    heat = {
        "type": "heatmap",
        "z": shares,
        "x": size,
        "y": size,
        "text": [[str(count or "") for count in row] for row in matrix.counts],
        "texttemplate": "%{text}",
        "textfont": {"color": INK},
        "customdata": [[[truth, guess] for guess in names] for truth in names],
        "hovertemplate": "%{customdata[0]} taken for %{customdata[1]}<br>%{text} posts, %{z:.0%}<extra></extra>",
        "colorscale": [[0.0, PLANE], [1.0, HEAT]],
        "zmin": 0.0,
        "zmax": 1.0,
        "xgap": 1,
        "ygap": 1,
        "showscale": False,
    }
    axes: Figure = {
        "xaxis": _axis("guess", **ticks, tickangle=-60, side="bottom"),
        "yaxis": _axis("truth", **ticks, autorange="reversed"),
    }
    return _figure([heat], height=180 + 26 * len(size), **axes)


def plane_figure(plane: Plane) -> Figure:
    """Lines from truth to guess, wider for more posts, between the classes on a plane with a scale."""
    most = max((dot.posts for dot in plane.dots), default=0)
    dots = {
        "type": "scatter",
        "mode": "markers+text" if len(plane.dots) <= NAMED else "markers",
        "x": [round(dot.east_km, 4) for dot in plane.dots],
        "y": [round(dot.north_km, 4) for dot in plane.dots],
        "text": [label(dot.name) for dot in plane.dots],
        "textposition": "top center",
        "textfont": {"size": 11, "color": MUTED},
        "customdata": [f"{label(dot.name, 60)}<br>{dot.right} of {dot.posts} right" for dot in plane.dots],
        "hovertemplate": "%{customdata}<extra></extra>",
        "cliponaxis": False,
        "marker": {
            "size": [_size(dot.posts, most, len(plane.dots)) for dot in plane.dots],
            "color": SERIES[0],
            "opacity": 0.85,
            "line": {"width": 1, "color": PLANE},
        },
        "name": "a place; larger: more posts",
    }
    hidden: Figure = {"visible": False, "showgrid": False, "zeroline": False}
    axes: Figure = {"xaxis": hidden, "yaxis": {**hidden, "scaleanchor": "x"}}
    figure = _figure([*_arrows(plane), dots], height=520, **axes)
    figure["layout"] |= {"legend": _legend_above(), "dragmode": "pan"}
    _add_scale(figure, plane)
    return figure


def _arrows(plane: Plane) -> list[Figure]:
    """One trace a width, so that hundreds of lines are a few elements."""
    most = max((line.posts for line in plane.lines), default=1)
    largest = max((dot.posts for dot in plane.dots), default=0)
    bands = [(low, high) for low, high in ((1, 1), (2, 4), (5, max(most, 5))) if most >= low]
    traces = []
    for width, (low, high) in enumerate(bands):
        x: list[float | None] = []
        y: list[float | None] = []
        apart: list[float] = []  # pixels between the arrow's head and the middle of its dot
        for line in plane.lines:
            if low <= line.posts <= high:
                start, end = plane.dots[line.truth], plane.dots[line.guess]
                x += [round(start.east_km, 4), round(end.east_km, 4), None]
                y += [round(start.north_km, 4), round(end.north_km, 4), None]
                apart += [0.0, _size(end.posts, largest, len(plane.dots)) / 2 + 1, 0.0]
        if x:
            sizes = [0, 10, 0] * (len(x) // 3)
            marker = {"symbol": "arrow", "angleref": "previous", "size": sizes, "standoff": apart}
            name = f"{low} post" if high == 1 else f"{low} to {high} posts"
            line_style = {"width": 1 + 1.5 * width, "color": SERIES[1]}
            common = {"type": "scatter", "mode": "lines+markers", "hoverinfo": "skip", "opacity": 0.7 + 0.15 * width}
            traces.append(
                {**common, "x": x, "y": y, "line": line_style, "marker": {**marker, "color": SERIES[1]}, "name": name}
            )
    return traces


def _size(posts: int, most: int, dots: int) -> float:
    """The diameter of a dot in pixels: its area grows with the posts; smaller where there are many dots."""
    return float((6 + 16 * (posts / max(most, 1)) ** 0.5) * min(1.0, (60 / dots) ** 0.5))


def _add_scale(figure: Figure, plane: Plane) -> None:
    """A bar of a round number of km below the south-western corner."""
    west, south = min(d.east_km for d in plane.dots), min(d.north_km for d in plane.dots)
    north = max(d.north_km for d in plane.dots)
    down = south - 0.08 * max(north - south, plane.scale_km)
    bar = {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": [west, west + plane.scale_km],
        "y": [down, down],
        "text": ["", f"{plane.scale_km:g} km"],
        "textposition": "middle right",
        "hoverinfo": "skip",
        "showlegend": False,
        "line": {"width": 3, "color": INK},
        "marker": {"symbol": "line-ns", "size": 9, "color": INK, "line": {"width": 2, "color": INK}},
    }
    figure["data"].append(bar)


def distance_figure(curves: Sequence[Curve]) -> Figure:
    """The cumulative share of posts within each distance, on a logarithmic axis, up to the farthest of all."""
    end = max((km for curve in curves for km in curve.km), default=LEAST_KM)
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [max(km, LEAST_KM) for km in (*curve.km[:1], *curve.km, end)],
            "y": [0.0, *curve.shares, *curve.shares[-1:]],
            "name": label(curve.name, 40),
            "line": {"color": SERIES[number % 3], "dash": DASHES[number % 3], "width": 2.5, "shape": "hv"},
            "hovertemplate": "%{y:.1%} within %{x:.2f} km<extra></extra>",
        }
        for number, curve in enumerate(curves)
    ]
    axes: Figure = {
        "xaxis": _axis("km", type="log", tickvals=KM_TICKS, ticktext=[f"{km:g}" for km in KM_TICKS]),
        "yaxis": _axis("share of posts", range=[0, 1.02], tickformat=".0%"),
    }
    figure = _figure(lines, **axes)
    figure["layout"]["legend"] = _legend_above()
    return figure


def reliability_figure(bins: Sequence[ReliabilityBin]) -> Figure:
    """Accuracy against confidence, a dot a bin of as many posts; on the diagonal where probabilities are calibrated."""
    diagonal = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, 1],
        "y": [0, 1],
        "line": {"color": MUTED, "dash": "dot", "width": 1.5},
        "hoverinfo": "skip",
        "name": "calibrated",
    }
    dots = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [row.confidence for row in bins],
        "y": [row.accuracy for row in bins],
        "text": [f"{row.posts} posts" for row in bins],
        "marker": {"size": 9, "color": SERIES[0]},
        "line": {"color": SERIES[0], "width": 2},
        "hovertemplate": "confidence %{x:.1%}, right %{y:.1%}<br>%{text}<extra></extra>",
        "name": "measured",
    }
    axes: Figure = {
        "xaxis": _axis("confidence", range=[0, 1.03], tickformat=".0%"),
        "yaxis": _axis("share right", range=[0, 1.03], tickformat=".0%"),
    }
    figure = _figure([diagonal, dots], **axes)
    figure["layout"]["legend"] = _legend_above()
    return figure


def risk_figure(curve: Sequence[RiskPoint]) -> Figure:
    """The error among the answered against the share that is answered."""
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [row.coverage for row in curve],
        "y": [row.error for row in curve],
        "customdata": [row.confidence for row in curve],
        "marker": {"size": 6, "color": SERIES[0]},
        "line": {"color": SERIES[0], "width": 2},
        "hovertemplate": "%{x:.0%} answered, %{y:.1%} of them wrong<br>from %{customdata:.1%} on<extra></extra>",
    }
    axes: Figure = {
        "xaxis": _axis("share of posts answered", range=[0, 1.03], tickformat=".0%"),
        "yaxis": _axis("share wrong", rangemode="tozero", tickformat=".0%"),
    }
    return _figure([line], **axes)


def _axis(title: str, **options: Any) -> Figure:
    lines = {"gridcolor": GRID, "linecolor": GRID, "zerolinecolor": GRID, "tickcolor": GRID, "automargin": True}
    return {"title": {"text": title, "standoff": 10}, **lines, **options}


def _legend_above() -> Figure:
    return {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}


def _figure(data: list[Figure], *, height: int = 380, **axes: Any) -> Figure:
    layout = {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "family": "system-ui, sans-serif", "size": 13},
        "hoverlabel": {"bgcolor": PLANE, "font": {"color": INK}, "bordercolor": GRID},
        "showlegend": len(data) > 1,
        **axes,
    }
    return {"data": data, "layout": layout}
