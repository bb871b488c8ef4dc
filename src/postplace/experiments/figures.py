"""The fused vectors of a model, saved with its results and drawn in two dimensions (SG-MFT, Figs. 5, 7 and 8).

Letters: N test posts, D width of the vectors that the classifier is given.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from postplace.errors import BadRun
from postplace.experiments.results import Results
from postplace.features.extraction import EncodedPosts
from postplace.inference.evidence import fused_vectors as classifier_input
from postplace.locator import PostLocator
from postplace.schema import Post
from postplace.system.atomic_files import write_atomically

ENDING = ".vectors.safetensors"
FEWEST = 5  # posts of a class with which a silhouette says anything
COLUMNS = 2
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#000000")  # Tol's bright ones


@dataclass(frozen=True)
class Fused:
    """What the classifier of a model was given for N posts (N, D), and their classes (N,) by name."""

    name: str
    vectors: NDArray[np.float32]
    classes: NDArray[np.str_]


def fused_vectors(locator: PostLocator, posts: Sequence[Post], encoded: EncodedPosts) -> NDArray[np.float32] | None:
    """The input (N, D) of the model's last classifier; None for a model that has none."""
    return classifier_input(locator.predictor.model, lambda: locator.probabilities(posts, encoded))


def save_fused(path: Path, fused: Fused) -> None:
    """Write the vectors beside the result that `path` is."""
    names = sorted(set(fused.classes.tolist()))
    classes = np.searchsorted(names, fused.classes).astype(np.int64)
    arrays: dict[str, NDArray[Any]] = {"vectors": np.ascontiguousarray(fused.vectors), "classes": classes}
    facts = {"name": fused.name, "classes": json.dumps(names, ensure_ascii=False)}
    write_atomically(path.with_suffix(ENDING), save(arrays, metadata=facts))


def saved_fused(results: Results) -> list[Fused]:
    """The vectors that go with the results, in the order of the experiment's rows."""
    described, _ = results.read()
    found = {}
    for name in described["results"]:
        path = (results.folder / name).with_suffix(ENDING)
        if path.exists():
            fused = _read(path)
            found[fused.name] = fused
    return [found[row["name"]] for row in described["rows"] if row["name"] in found]


def _read(path: Path) -> Fused:
    try:
        content = path.read_bytes()
        arrays = load(content)
        facts = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
        names = np.array(json.loads(facts["classes"]))
        return Fused(facts["name"], arrays["vectors"], names[arrays["classes"]])
    except (OSError, SafetensorError, ValueError, KeyError, IndexError) as error:
        raise BadRun(str(path), f"is damaged ({error})", "remove it and its result, and run again") from error


def separation(fused: Fused) -> float | None:
    """How well the classes are apart, in all D dimensions: the mean silhouette, from -1 to 1; None without two classes.

    Unlike the drawing it does not depend on how D dimensions are folded into two.
    """
    from sklearn.metrics import silhouette_score

    names, counts = np.unique(fused.classes, return_counts=True)
    chosen = np.isin(fused.classes, names[counts >= FEWEST])
    if len(set(fused.classes[chosen].tolist())) < 2:
        return None
    return float(silhouette_score(fused.vectors[chosen], fused.classes[chosen]))


def projected(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Vectors (N, D) -> points (N, 2) by t-SNE, the same every time; fewer than 5 posts by their first two axes."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(vectors) < 5:
        return np.asarray(np.pad(vectors, ((0, 0), (0, 2)))[:, :2], dtype=np.float64)
    few = PCA(min(50, *vectors.shape), random_state=0).fit_transform(vectors)
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return np.asarray(TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(few), dtype=np.float64)


def draw(results: Results, *, title: str) -> Path | None:
    """Draw the saved vectors, a panel a model, into `figure.html`, which needs no network; None when none are saved."""
    panels = saved_fused(results)
    if not panels:
        return None
    path = results.folder / "figure.html"
    write_atomically(path, _page(panels, title).encode())
    return path


def _page(panels: Sequence[Fused], title: str) -> str:
    from plotly.graph_objects import Scatter
    from plotly.subplots import make_subplots

    rows = -(-len(panels) // COLUMNS)
    titles = [_title(fused) for fused in panels]
    figure: Any = make_subplots(rows=rows, cols=COLUMNS, subplot_titles=titles)
    classes = sorted({name for fused in panels for name in fused.classes.tolist()})
    for number, fused in enumerate(panels):
        points = projected(fused.vectors)
        place = {"row": number // COLUMNS + 1, "col": number % COLUMNS + 1}
        for index, name in enumerate(classes):
            own = points[fused.classes == name]
            marker = {"size": 5, "color": COLOURS[index % len(COLOURS)], "symbol": index // len(COLOURS)}
            dots = Scatter(x=own[:, 0], y=own[:, 1], mode="markers", name=name, marker=marker, legendgroup=name)
            figure.add_trace(dots.update(showlegend=number == 0), **place)
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    figure.update_layout(title=title, height=120 + 420 * rows, template="plotly_white")
    return str(figure.to_html(include_plotlyjs=True, full_html=True))


def _title(fused: Fused) -> str:
    found = separation(fused)
    return fused.name if found is None else f"{fused.name} (silhouette {found:.2f})"
