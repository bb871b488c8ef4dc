#!/usr/bin/env bash
# People expect of a list of stop words that what it drops says nothing of a place.
# The English one holds codes of countries and cities, some numbers and common parts of names, but not their siblings:
# "Line 10" and "in the UK" vanish, "Line 11" becomes "11", `sh` and `bj` go, `gz` and `nyc` stay.
# Seen with stopwordsiso 0.7.1 (1,298 English entries). Discussed: https://github.com/stopwords-iso/stopwords-iso/issues/21
# Output seen:
#   stopwordsiso 0.7.1 1298 English entries
#     'in the uk' without stop words: []
#     'la' without stop words: []
#     'high line' without stop words: []
#     'old mill' without stop words: []
#     'line 10' without stop words: []
#     'line 11' without stop words: ['11']
#     'sh bj sz cd tj' without stop words: []
#     'gz hz nyc' without stop words: ['gz', 'hz', 'nyc']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --target "$folder" stopwordsiso==0.7.1
PYTHONPATH=$folder "${PYTHON:-python3}" - <<'PYTHON'
from importlib.metadata import version

import stopwordsiso

listed = stopwordsiso.stopwords("en")
print("stopwordsiso", version("stopwordsiso"), len(listed), "English entries")
for phrase, left in {
    "in the uk": [],
    "la": [],
    "high line": [],
    "old mill": [],
    "line 10": [],
    "line 11": ["11"],
    "sh bj sz cd tj": [],
    "gz hz nyc": ["gz", "hz", "nyc"],
}.items():
    found = [word for word in phrase.split() if word not in listed]
    print(f"  {phrase!r} without stop words: {found}")
    assert found == left, "the behaviour has changed"
PYTHON
