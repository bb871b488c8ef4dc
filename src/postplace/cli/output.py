"""Predictions as JSON lines, CSV or GeoJSON, to a file that appears whole or not at all, or to stdout."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from postplace.places.geojson import feature_collection
from postplace.places.record import as_record, point
from postplace.schema import Prediction
from postplace.system.atomic_files import atomic_file

COLUMNS = (
    "id", "rank", "place", "probability", "latitude", "longitude", "used", "enough", "in_set", "level", "radius_km",
    "coverage_over", "not_read",
)  # fmt: skip


def write_predictions(predictions: Iterable[Prediction], format_: str, output: Path | None) -> None:
    """Write as they come (GeoJSON: at the end, it is one object)."""
    lines = {"jsonl": json_lines, "csv": csv_lines, "geojson": geojson_lines}[format_](predictions)
    if output is None:
        for line in lines:
            sys.stdout.write(line)
        return
    with atomic_file(output) as file:
        file.writelines(line.encode() for line in lines)


def json_lines(predictions: Iterable[Prediction]) -> Iterator[str]:
    """One object a post."""
    for prediction in predictions:
        yield json.dumps(as_record(prediction), ensure_ascii=False) + "\n"


def csv_lines(predictions: Iterable[Prediction]) -> Iterator[str]:
    """One row a ranked place; a post without a prediction has one row with an empty place."""
    yield _row(COLUMNS)
    for prediction in predictions:
        used = " ".join(prediction.used)
        if not prediction.ranked:
            yield _row((prediction.post_id, "", "", "", "", "", used, "no", "", "", "", "", prediction.not_read.said))
        promise, enough = prediction.promised, "yes" if prediction.enough else "no"
        level, over = ("", "") if promise is None else (promise.level, promise.coverage_over)
        radius = None if promise is None else promise.radius_km
        kilometres = "" if radius is None else f"{radius:.3f}"
        for number, r in enumerate(prediction.ranked, start=1):
            where = point(r.place.latitude, r.place.longitude)
            degrees = (where.get("latitude", ""), where.get("longitude", ""))
            within = "" if promise is None else ("yes" if r.place.name in promise.places else "no")
            start = (prediction.post_id, number, r.place.name, f"{r.probability:.6f}", *degrees, used)
            yield _row((*start, enough, within, level, kilometres, over, prediction.not_read.said))


def geojson_lines(predictions: Iterable[Prediction]) -> Iterator[str]:
    """One FeatureCollection."""
    yield json.dumps(feature_collection(predictions), ensure_ascii=False) + "\n"


def _row(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
