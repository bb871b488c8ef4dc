#!/usr/bin/env bash
# People expect the nearest town of a position to be the nearest in kilometres.
# reverse_geocode searches a k-d tree of latitudes and longitudes, as if a degree were as long east as north and the map
# ended at 180 degrees: around Dresden one position in seven gets another town, near Tromsø and on Fiji it is far off.
# Seen with reverse_geocode 1.6.6, whose page says "nearest neighbour": https://pypi.org/project/reverse-geocode/
# Output seen:
#   reverse_geocode 1.6.6
#     (69.6, 18.4): Moen, 53 km; nearest is Tromsø, 22 km
#     (-16.8, -179.95): Tubou, 200 km; nearest is Labasa, 84 km
#     around Dresden: another town than the nearest for 16 of 121 positions
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --target "$folder" \
    reverse_geocode==1.6.6 scipy==1.17.1 numpy==2.4.6
PYTHONPATH=$folder "${PYTHON:-python3}" - <<'PYTHON'
import gzip
import json
from importlib.metadata import version
from pathlib import Path

import numpy
import reverse_geocode

with gzip.open(Path(reverse_geocode.__file__).with_name("geocode.gz")) as file:
    towns = json.load(file)
latitudes, longitudes = numpy.radians([(town["latitude"], town["longitude"]) for town in towns]).T


def kilometres(position):
    latitude, longitude = numpy.radians(position)
    half = numpy.sin((latitudes - latitude) / 2) ** 2
    half += numpy.cos(latitude) * numpy.cos(latitudes) * numpy.sin((longitudes - longitude) / 2) ** 2
    return 2 * 6371.0088 * numpy.arcsin(numpy.sqrt(half))


def compare(position):
    """The town of the library and the nearest one, each with its distance."""
    distances, said = kilometres(position), reverse_geocode.get(position)
    (index,) = [i for i, town in enumerate(towns) if all(town[key] == said[key] for key in ("latitude", "longitude"))][:1]
    nearest = int(distances.argmin())
    return said["city"], distances[index], towns[nearest]["city"], distances[nearest]


print("reverse_geocode", version("reverse_geocode"))
found = []
for position in [(69.6, 18.4), (-16.8, -179.95)]:
    city, far, nearest, near = compare(position)
    found.append((city, nearest))
    print(f"  {position}: {city}, {far:.0f} km; nearest is {nearest}, {near:.0f} km")
grid = [(51.05 + 0.06 * row, 13.74 + 0.09 * column) for row in range(-5, 6) for column in range(-5, 6)]
others = sum(far - near > 0.001 for _, far, _, near in map(compare, grid))
print(f"  around Dresden: another town than the nearest for {others} of {len(grid)} positions")
assert found == [("Moen", "Tromsø"), ("Tubou", "Labasa")] and others > 0, "the behaviour has changed"
PYTHON
