"""Writes a tiny FSQ OS Places release in the real structure: `python make.py FOLDER`, one flaw a row.

Columns and types as in the releases of 2025 (places/parquet/*.parquet); the places are made up.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_TEXTS = ("address", "locality", "region", "postcode", "admin_region", "post_town", "po_box", "country")
_CONTACT = ("tel", "website", "email")
SCHEMA = pa.schema(
    [
        ("fsq_place_id", pa.string()),
        ("name", pa.string()),
        ("latitude", pa.float64()),
        ("longitude", pa.float64()),
        *((name, pa.string()) for name in _TEXTS),
        *((name, pa.string()) for name in ("date_created", "date_refreshed", "date_closed")),
        *((name, pa.string()) for name in _CONTACT),
        ("facebook_id", pa.int64()),
        ("instagram", pa.string()),
        ("twitter", pa.string()),
        ("fsq_category_ids", pa.list_(pa.string())),
        ("fsq_category_labels", pa.list_(pa.string())),
        ("placemaker_url", pa.string()),
        ("unresolved_flags", pa.list_(pa.string())),
        ("geom", pa.binary()),
        ("bbox", pa.struct([(side, pa.float64()) for side in ("xmin", "ymin", "xmax", "ymax")])),
    ]
)

CHINESE = "Dining and Drinking > Restaurant > Asian Restaurant > Chinese Restaurant"
GYM = "Sports and Recreation > Gym and Studio > Gym"
MALL = "Retail > Shopping Mall"
CHURCH = "Community and Government > Spiritual Center > Church"

Row = dict[str, Any]


def place(number: int, name: str | None, *labels: str, **more: Any) -> Row:
    """One row in the middle of the box 50,13,52,14; further columns by name."""
    point = {"latitude": 51.0 + number / 1000, "longitude": 13.5}
    row: Row = {"fsq_place_id": f"{number:024x}", "name": name, **point, "country": "DE"}
    row |= {"date_created": "2012-01-01", "date_refreshed": "2025-01-01", "fsq_category_labels": list(labels) or None}
    row |= {"fsq_category_ids": ["4bf58dd8d48988d145941735"] * len(labels)}
    row |= more
    x, y = row["longitude"], row["latitude"]
    return row | {"bbox": {"xmin": x, "ymin": y, "xmax": x, "ymax": y}}


def rows() -> list[Row]:
    """Three whole places, then one flaw a row."""
    return [
        place(1, "Golden  Dragon", CHINESE, address="Main Street 1", tel="+49 1"),
        place(2, "Iron Hall", GYM, MALL, address="Main Street 2", tel="+49 2", website="https://gym.example"),
        place(3, "City Arcade", CHURCH, MALL, unresolved_flags=["remodel"]),
        place(4, "Closed Noodles", CHINESE, date_closed="2020-02-02"),
        place(5, "Reported Noodles", CHINESE, unresolved_flags=["doesnt_exist"]),
        place(6, None, CHINESE),
        place(7, "St. Mary", CHURCH),
        place(8, "Nothing Said"),
        place(9, "Far North", CHINESE, latitude=53.0),
        place(10, "Far East", CHINESE, longitude=15.0),
        place(11, "Nowhere", CHINESE, latitude=None, longitude=None),
        place(1, "Golden Dragon again", CHINESE),
    ]


def write(file: Path, records: Sequence[Row], *, rows_a_group: int = 4) -> Path:
    """Records -> one Parquet file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: [record.get(name) for record in records] for name in SCHEMA.names}
    pq.write_table(pa.table(columns, schema=SCHEMA), file, compression="zstd", row_group_size=rows_a_group)
    return file


def make(folder: Path) -> Path:
    """A release of two files below `folder`; returns the folder."""
    every = rows()
    parquet = folder / "release" / "dt=2025-01-10" / "places" / "parquet"
    write(parquet / "places-00000.zstd.parquet", every[:6])
    write(parquet / "places-00001.zstd.parquet", every[6:])
    (parquet / "README.md").write_text("not a table\n")
    return folder


if __name__ == "__main__":
    make(Path(sys.argv[1]))
