"""Predictions written to a file that appears whole or not at all, to a device or a pipe, or to stdout."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from postplace.cli.output_formats import BINARY, Format, Shape
from postplace.places.extent import Extent
from postplace.places.geojson import extend, features
from postplace.places.record import as_record
from postplace.places.rows import COLUMNS, Row, prediction_rows
from postplace.schema import Prediction
from postplace.system.atomic_files import atomic_file

Predictions = Iterable[Prediction]
HEADER = tuple(column.name for column in COLUMNS)


def write_predictions(
    predictions: Predictions,
    format_: str,
    output: Path | None,
    *,
    shape: str = Shape.points,
    texts: Mapping[str, str] | None = None,
) -> None:
    """Write as they come, but for maps and geographic files, which are written at the end.

    `shape` is for geographic formats, `texts` (of posts, by their id; filled while the predictions come) for a map.
    """
    chosen = Format(format_)
    if chosen in BINARY:
        if output is None:
            raise ValueError(f"{chosen} is not text")
        with atomic_file(output) as file:
            _binary_writer(chosen, shape)(predictions, file)
        return
    lines = _lines(chosen, predictions, shape, texts)
    if output is None:
        for line in lines:
            sys.stdout.write(line)
        return
    with atomic_file(output) as file:
        file.writelines(line.encode() for line in lines)


def _lines(chosen: Format, predictions: Predictions, shape: str, texts: Mapping[str, str] | None) -> Iterator[str]:
    if chosen == Format.map:
        from postplace.report.prediction_map import build_map

        return iter([build_map(predictions, texts=texts)])
    if chosen == Format.kml:
        from postplace.cli.geo_files import kml_text

        return iter([kml_text(predictions, shape=shape)])
    if chosen == Format.geojson:
        return geojson_lines(predictions, shape=shape)
    return csv_lines(predictions) if chosen == Format.csv else json_lines(predictions)


def _binary_writer(chosen: Format, shape: str) -> Callable[[Predictions, BinaryIO], None]:
    if chosen in (Format.parquet, Format.xlsx):
        from postplace.cli import table_files

        return table_files.write_parquet if chosen == Format.parquet else table_files.write_xlsx
    from postplace.cli import geo_files

    write = geo_files.write_geopackage if chosen == Format.gpkg else geo_files.write_geoparquet
    return lambda predictions, file: write(predictions, file, shape=shape)


def json_lines(predictions: Predictions) -> Iterator[str]:
    """One object a post."""
    for prediction in predictions:
        yield json.dumps(as_record(prediction), ensure_ascii=False) + "\n"


def csv_lines(predictions: Predictions) -> Iterator[str]:
    """One row a ranked place; a post without a prediction has one row with an empty place."""
    yield _csv_row(HEADER)
    for prediction in predictions:
        for row in prediction_rows(prediction):
            yield _csv_row(_cells(row))


def geojson_lines(predictions: Predictions, *, shape: str = Shape.points) -> Iterator[str]:
    """One FeatureCollection, a Feature a line."""
    extent, before = Extent(), '{"type": "FeatureCollection", "features": [\n'
    for feature in features(predictions, shape="circles" if shape == Shape.circles else "points"):
        extend(extent, feature)
        yield before + json.dumps(feature, ensure_ascii=False, allow_nan=False)
        before = ",\n"
    if before != ",\n":
        yield before
    box = extent.box
    yield "\n]}\n" if box is None else f'\n], "bbox": {json.dumps([box[1], box[0], box[3], box[2]])}}}\n'


def _cells(row: Row) -> Iterator[str]:
    for name in HEADER:
        value = row[name]
        if value is None or (name == "in_set" and row["level"] is None):
            yield ""
        elif isinstance(value, bool):
            yield "yes" if value else "no"
        elif name == "probability":
            yield f"{value:.6f}"
        else:
            yield f"{value:.3f}" if name == "radius_km" else str(value)


def _csv_row(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
