#!/usr/bin/env bash
# People expect the same words of a place in traditional and in simplified characters.
# jieba's own dictionary knows few traditional words: the Bund of Shanghai becomes 上 / 海外 ("overseas") / 灘.
# Converted by OpenCC before, both ways of writing give the same words, with as many characters.
# Seen with jieba 0.42.1 and OpenCC 1.4.2. Discussed: https://github.com/fxsjy/jieba/issues/25
# Output seen:
#   jieba 0.42.1 OpenCC 1.4.2
#     上海外灘: 上 / 海外 / 灘; after t2s: 上海 / 外滩
#     臺北車站: 臺 / 北車 / 站; after t2s: 台北 / 车站
#     東方明珠: 東方 / 明珠; after t2s: 东方明珠
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --target "$folder" jieba==0.42.1 OpenCC==1.4.2
TMPDIR=$folder PYTHONPATH=$folder "${PYTHON:-python3}" -W ignore - <<'PYTHON'
import logging
from importlib.metadata import version

import jieba
from opencc import OpenCC

jieba.setLogLevel(logging.CRITICAL)
simplified = OpenCC("t2s").convert
expected = {
    "上海外灘": (["上", "海外", "灘"], ["上海", "外滩"]),
    "臺北車站": (["臺", "北車", "站"], ["台北", "车站"]),
    "東方明珠": (["東方", "明珠"], ["东方明珠"]),
}
print("jieba", version("jieba"), "OpenCC", version("opencc"))
for place, (as_written, after) in expected.items():
    found = jieba.lcut(place), jieba.lcut(simplified(place))
    print(f"  {place}: {' / '.join(found[0])}; after t2s: {' / '.join(found[1])}")
    assert found == (as_written, after), "the behaviour has changed"
PYTHON
