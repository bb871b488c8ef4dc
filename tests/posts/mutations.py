"""Records that are changed at random, to see that an importer ends each as a post, a refusal or a counted reason."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

ODD: Sequence[Any] = (
    *(None, True, 0, -1, 1e300, float("nan"), 10**30, 4.45457e15, "", " ", "0", "x" * 300, "\ud800", "\0", "../a"),
    *("1e9", "2022-13-45", "yesterday", "12345678901234567890", "<b>", "&#xD800;", "🌉", "a,b", "https://x/%zz"),
    *([], [None], [[]], [{}], {}, {"id": None}, {"type": "Point", "coordinates": ["x"]}, [1, 2, 3], ["a", 7]),
)


def mutated(record: dict[str, Any], rng: random.Random) -> Any:
    """A copy with one to three changes somewhere in it: a value replaced or removed, a key renamed, a list doubled."""
    changed: Any = copy.deepcopy(record)
    for _ in range(rng.randint(1, 3)):
        holder, key = rng.choice(list(_places(changed)) or [(None, None)])
        if holder is None:
            return rng.choice(ODD)
        action = rng.random()
        if action < 0.6:
            holder[key] = copy.deepcopy(rng.choice(ODD))
        elif action < 0.8 or isinstance(holder, list):
            del holder[key]
        elif action < 0.9:
            holder[f"{key}_"] = holder.pop(key)
        else:
            holder[key] = [holder[key], holder[key]]
    return rng.choice(ODD) if rng.random() < 0.02 else changed


def many(make: Callable[[int], dict[str, Any]], count: int, *, seed: int) -> Iterator[Any]:
    """Records of which half are mutated and some come twice."""
    rng = random.Random(seed)
    for number in range(count):
        record = make(number if rng.random() < 0.95 else rng.randrange(count))
        yield mutated(record, rng) if rng.random() < 0.5 else record


def as_lines(records: Iterator[Any], seed: int) -> Iterator[str]:
    """Each record as a line of JSON, a few of them damaged as text."""
    rng = random.Random(seed)
    for record in records:
        line = json.dumps(record)
        if rng.random() < 0.02:
            cut = rng.randrange(1, len(line) + 1)
            line = rng.choice([line[:cut], line[cut:] or "}", line[: cut - 1] + "\x00" + line[cut:]])
        yield line if line.strip() else "x"


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every key of every object and every number of every list, with what holds it."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for key, inner in items:
        yield value, key
        yield from _places(inner)
