"""Records with something wrong in them, drawn by a seed: every one must end as a post, or in a reason that is counted.

`POSTPLACE_MUTATIONS=100000 pytest tests/posts -k mutated` tries as many a source as the environment says.
"""

from __future__ import annotations

import copy
import csv
import json
import math
import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from postplace.posts.dump import AGAIN, Dump

NUMBER = int(os.environ.get("POSTPLACE_MUTATIONS", 2_000))

STRANGE: tuple[object, ...] = (
    *(None, "", " ", "x", "0", "-1", "无", "nan", "1e400", "4.45457E+15", "\ud83d", "a\0b", "\u200b", "#", "../../etc"),
    *(0, -1, 1, 0.5, 10**12, 10**19, 10**400, 1e300, math.nan, math.inf, True, False),
    *(
        [],
        {},
        [[]],
        [None],
        [{}],
        ["x", 3],
        {"x": {"y": []}},
        {"id": "x"},
        "x" * 5000,
        "2022-13-45 99:99",
        "8377-01-01",
    ),
    *("https://[broken", "https://example.org/a,b.jpg", "[{'a': 1}]", "一" * 300),
)


def mutated_records(
    samples: Sequence[dict[str, Any]],
    set_id: Callable[[dict[str, Any], str], None],
    *,
    number: int = NUMBER,
    seed: int = 0,
) -> Iterator[object]:
    """As many records, each one of the samples with an id of its own; four in five of them are damaged or repeated."""
    draw = random.Random(seed)
    earlier: object = None
    for count in range(number):
        record: Any = copy.deepcopy(draw.choice(samples))
        set_id(record, str(4_700_000_000_000_000 + count))
        kind = draw.randrange(10)
        if kind == 0 and earlier is not None:
            yield copy.deepcopy(earlier)
            continue
        if kind == 1:
            yield copy.deepcopy(draw.choice(STRANGE))
            continue
        for _ in range(0 if kind < 4 else draw.choice((1, 1, 2, 4, 12))):
            mutate(record, draw)
        earlier = record
        yield record


def mutate(value: Any, draw: random.Random) -> None:
    """One change somewhere in nested objects and lists, in place."""
    while True:
        keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = draw.choice(keys)
        if isinstance(value[key], dict | list) and value[key] and draw.random() < 0.7:
            value = value[key]
            continue
        break
    change = draw.randrange(4)
    if change == 0:
        del value[key]
    elif change == 1 and isinstance(value, dict):
        value[f"{key}_"] = value.pop(key)
    elif change == 2:
        other = draw.choice(keys)
        value[key], value[other] = value[other], value[key]
    else:
        value[key] = copy.deepcopy(draw.choice(STRANGE))


def write_lines(path: Path, records: Iterator[object]) -> None:
    """A JSON value a line; some lines are no JSON at all."""
    with path.open("w", encoding="utf-8") as file:
        for count, record in enumerate(records):
            line = json.dumps(record)
            file.write((line[: len(line) // 2] + "~" if count % 97 == 96 else line) + "\n")


def write_list(path: Path, records: Iterator[object], *, before: str = "[", after: str = "]") -> None:
    """A JSON list, within what stands before and after it."""
    with path.open("w", encoding="utf-8") as file:
        file.write(before)
        file.writelines((", " if count else "") + json.dumps(record) + "\n" for count, record in enumerate(records))
        file.write(after)


def write_table(path: Path, header: Sequence[str], records: Iterator[object], *, seed: int = 0) -> None:
    """A CSV with a row a record, as texts: some rows are too short or too long, some cells no UTF-8."""
    draw = random.Random(seed)
    with path.open("w", encoding="utf-8-sig", errors="surrogatepass", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(header)
        for record in records:
            if not isinstance(record, dict):
                rows.writerow([str(record)[:1000] or "x"])
                continue
            row = ["" if record.get(key) is None else str(record.get(key))[:5000] for key in header]
            rows.writerow(row[: draw.randrange(1, len(row))] if draw.random() < 0.05 else row)


def assert_every_record_ends(dump: Dump, *, number: int = NUMBER, refused_share: float = 0.05) -> None:
    """Records in = posts + refused + repeated + those that are counted as no posts."""
    posts = sum(1 for _ in dump)
    tally = dump.tally
    assert tally.records == number, tally.counts
    assert tally.posts == posts > number / 10, tally.counts
    assert tally.refused_count > number * refused_share, tally.counts
    assert tally.left_out[AGAIN] > 0, tally.counts
    assert tally.left_out.total() >= tally.refused_count + tally.left_out[AGAIN]
