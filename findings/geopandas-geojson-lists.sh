#!/usr/bin/env bash
# People expect that what geopandas read from GeoJSON it can also write: RFC 7946 lets a property be any JSON value.
# A list becomes a NumPy array; then `to_json` (and with it folium) fails, and with one empty list `to_parquet` too.
# Seen with geopandas 1.2.0, pyogrio 0.13.0 (which reads lists since https://github.com/geopandas/pyogrio/pull/558).
# Output seen:
#   geopandas 1.2.0 pyogrio 0.13.0
#     type of a list: ndarray
#     to_json: TypeError
#     to_parquet: ok
#     to_parquet, one list empty: ArrowNotImplementedError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --target "$folder" \
    geopandas==1.2.0 pyogrio==0.13.0 pandas==3.1.1 numpy==2.4.6 shapely==2.2.0 pyarrow==26.0.1
cd "$folder"
PYTHONPATH=$folder "${PYTHON:-python3}" -W ignore - <<'PYTHON'
import json
from importlib.metadata import version

import geopandas


def outcome(work) -> str:
    try:
        work()
    except Exception as error:
        return type(error).__name__
    return "ok"


def read(*lists):
    features = [{"type": "Feature", "geometry": None, "properties": {"tags": tags}} for tags in lists]
    with open("tags.geojson", "w") as file:
        json.dump({"type": "FeatureCollection", "features": features}, file)
    return geopandas.read_file("tags.geojson")


print("geopandas", version("geopandas"), "pyogrio", version("pyogrio"))
full, one_empty = read(["bridge", "river"], ["park"]), read(["bridge", "river"], [])
found = {
    "type of a list": type(full.tags[0]).__name__,
    "to_json": outcome(full.to_json),
    "to_parquet": outcome(lambda: full.to_parquet("full.parquet")),
    "to_parquet, one list empty": outcome(lambda: one_empty.to_parquet("empty.parquet")),
}
for what, seen in found.items():
    print(f"  {what}: {seen}")
assert list(found.values()) == ["ndarray", "TypeError", "ok", "ArrowNotImplementedError"], "the behaviour has changed"
PYTHON
