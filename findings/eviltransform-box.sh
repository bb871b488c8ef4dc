#!/usr/bin/env bash
# People expect a conversion between GCJ-02 and WGS84 to leave positions outside of China where they are.
# eviltransform asks a box (72.004 to 137.8347 E, 0.8293 to 55.8271 N) for "in China", and so moves Seoul, Hanoi and more.
# Seen with eviltransform 0.1.1. Discussed: https://github.com/googollee/eviltransform/issues/45
# Output seen:
#   eviltransform 0.1.1 gcj2wgs_exact: metres moved
#     Shanghai     482
#     Seoul        457
#     Osaka        544
#     Hanoi        442
#     Delhi        481
#     Singapore    168
#     Tokyo          0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --target "$folder" eviltransform==0.1.1
PYTHONPATH=$folder "${PYTHON:-python3}" - <<'PYTHON'
from importlib.metadata import version

import eviltransform

cities = {
    "Shanghai": (31.2304, 121.4737, 482),
    "Seoul": (37.5665, 126.9780, 457),
    "Osaka": (34.6937, 135.5023, 543),
    "Hanoi": (21.0285, 105.8542, 441),
    "Delhi": (28.6139, 77.2090, 481),
    "Singapore": (1.3521, 103.8198, 167),
    "Tokyo": (35.6800, 139.7600, 0),
}
print("eviltransform", version("eviltransform"), "gcj2wgs_exact: metres moved")
moved = {}
for city, (latitude, longitude, _) in cities.items():
    there = eviltransform.gcj2wgs_exact(latitude, longitude)
    moved[city] = eviltransform.distance(latitude, longitude, *there)
    print(f"  {city:10}{moved[city]:6.0f}")
assert all(abs(moved[city] - metres) <= 2 for city, (_, _, metres) in cities.items()), "the behaviour has changed"
PYTHON
