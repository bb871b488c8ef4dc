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
    "id", "rank", "place", "probability", "latitude", "longitude", "modalities", "confident", "in_set", "level",
    "radius_km", "coverage_over", "not_read",
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
        modalities, not_read = " ".join(prediction.modalities), prediction.not_read.said
        if not prediction.ranked:
            yield _row((prediction.post_id, *[""] * 5, modalities, "no", *[""] * 4, not_read))
        region, confident = prediction.region, "yes" if prediction.confident else "no"
        level, over = ("", "") if region is None else (region.level, region.coverage_over)
        radius = None if region is None else region.radius_km
        kilometres = "" if radius is None else f"{radius:.3f}"
        for number, r in enumerate(prediction.ranked, start=1):
            where = point(r.place.latitude, r.place.longitude)
            degrees = (where.get("latitude", ""), where.get("longitude", ""))
            within = "" if region is None else ("yes" if r.place.name in region.places else "no")
            start = (prediction.post_id, number, r.place.name, f"{r.probability:.6f}", *degrees, modalities)
            yield _row((*start, confident, within, level, kilometres, over, not_read))


def geojson_lines(predictions: Iterable[Prediction]) -> Iterator[str]:
    """One FeatureCollection."""
    yield json.dumps(feature_collection(predictions), ensure_ascii=False) + "\n"


def _row(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
