#!/usr/bin/env bash
# People expect to filter a boolean property with `ok = true`, as in most SQL.
# GDAL reads `true` of GeoJSON as an integer with a boolean subtype, and OGR SQL knows no word `true`: only `ok = 1` works.
# The same filter works on a GeoPackage, whose SQL is SQLite's; so what works depends on the format.
# Seen with pyogrio 0.13.0 (GDAL 3.12.4). The subtype: https://gdal.org/development/rfc/rfc50_ogr_field_subtype.html
# Output seen:
#   pyogrio 0.13.0 GDAL 3.12.4
#     posts.geojson, ok = true: ValueError
#     posts.geojson, ok = 1: 1
#     posts.gpkg, ok = true: 1
#     posts.gpkg, ok = 1: 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --target "$folder" pyogrio==0.13.0 numpy==2.4.6
cd "$folder"
PYTHONPATH=$folder "${PYTHON:-python3}" -W ignore - <<'PYTHON'
import json

import numpy
import pyogrio
from pyogrio import raw

features = [{"type": "Feature", "geometry": None, "properties": {"ok": ok}} for ok in (True, False)]
with open("posts.geojson", "w") as file:
    json.dump({"type": "FeatureCollection", "features": features}, file)
raw.write("posts.gpkg", None, [numpy.array([True, False])], ["ok"], driver="GPKG", geometry_type=None, crs=None)


def matches(path: str, where: str) -> object:
    try:
        return len(raw.read(path, where=where)[3][0])
    except ValueError as error:
        return type(error).__name__


print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version_string__)
found = {}
for path in ("posts.geojson", "posts.gpkg"):
    for where in ("ok = true", "ok = 1"):
        found[path, where] = matches(path, where)
        print(f"  {path}, {where}: {found[path, where]}")
assert list(found.values()) == ["ValueError", 1, 1, 1], "the behaviour has changed"
PYTHON
