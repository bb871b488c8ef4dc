"""Seconds to find nearly equal texts over those of their MinHash signatures alone (datasketch), and how both grow.

Texts of three kinds: `template` differ in a number alone, `free` are random words, `half` are free texts of which half
repeat another, every second of these with two words changed. Seconds are those of the processor, so that other work on
the machine hardly moves them. Bar: at most 5 times the signatures, and with more texts at most 1.5 times that ratio.

usage: python benchmarks/near_texts.py [--texts 10000,100000] [--kinds template,free,half]
"""

from __future__ import annotations

import argparse
import resource
import time
import zlib
from collections.abc import Sequence

import numpy as np
from datasketch import MinHash

from postplace.splitting.near_texts import cluster_texts, normalised

RATIO, GROWTH = 5.0, 1.5
WORDS = [f"w{number}" for number in range(50_000)]


def main() -> None:
    """Print one line a kind and number of texts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", default="10000,100000")
    parser.add_argument("--kinds", default="template,free,half")
    options = parser.parse_args()
    for kind in options.kinds.split(","):
        before = None
        for number in map(int, options.texts.split(",")):
            texts = made(kind, number)
            started = time.process_time()
            found = cluster_texts(texts, np.arange(number), min_similarity=0.8)
            took = time.process_time() - started
            ratio = took / signatures(texts)
            holds = ratio <= RATIO and (before is None or ratio <= GROWTH * before)
            clusters, stock = len(set(found.labels.tolist())), int((found.stock >= 0).sum())
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{kind:<9} {number:>9,} texts: {took:7.1f} s, {ratio:.1f} x signatures alone; {clusters:,} clusters, "
                f"{stock:,} texts of stock sentences; peak {memory:,.0f} MB "
                f"(bar <= {RATIO:.0f} x, and <= {GROWTH} x that of fewer texts: {'holds' if holds else 'MISSED'})",
                flush=True,
            )
            before = ratio


def made(kind: str, number: int) -> list[str]:
    """So many texts of a kind, the same at every call."""
    rng = np.random.default_rng(0)
    if kind == "template":
        start = "I am at the central railway station of the city of Dresden, track"
        return [f"{start} {track}" for track in rng.integers(10**6, size=number)]
    if kind == "free":
        return words(rng, number)
    texts = words(rng, number - number // 2)
    repeats = [texts[index] for index in rng.integers(len(texts), size=number // 2)]
    edited = [" ".join([*text.split()[:-2], "one", "two"]) if row % 2 else text for row, text in enumerate(repeats)]
    return [*texts, *edited]


def words(rng: np.random.Generator, number: int) -> list[str]:
    """Texts of twenty random words."""
    return [" ".join(WORDS[index] for index in row) for row in rng.integers(len(WORDS), size=(number, 20)).tolist()]


def signatures(texts: Sequence[str]) -> float:
    """Seconds that datasketch takes for the signatures of the different texts, which any search by MinHash needs."""
    started = time.process_time()
    empty = MinHash(num_perm=80, hashfunc=zlib.crc32)
    for text in dict.fromkeys(map(normalised, texts)):
        sketch = empty.copy()
        sketch.update_batch([text[start : start + 3].encode() for start in range(len(text) - 2)])
    return time.process_time() - started


if __name__ == "__main__":
    main()
