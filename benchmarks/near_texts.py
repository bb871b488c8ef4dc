"""Seconds to find nearly equal texts over those of their MinHash signatures alone (datasketch), and how both grow.

Texts of three kinds: `template` differ in a number alone, `free` are random words, `half` are free texts of which half
repeat another, every second of these with two words changed. Of each the numbers of texts in --texts; the bar is that
ten times the texts take at most 15 times as long, and all kinds at most 5 times their signatures.

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

from postplace.posts.near_texts import cluster_texts, normalised

RATIO, GROWTH = 5.0, 15.0
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
            started = time.perf_counter()
            found = cluster_texts(texts, np.arange(number), min_similarity=0.8)
            took = time.perf_counter() - started
            alone = signatures(texts)
            growth = "" if before is None else f", {took / before[1]:.1f} x those of {before[0]:,}"
            holds = took <= RATIO * alone and (before is None or took <= GROWTH * before[1] * number / before[0] / 10)
            clusters, stock = len(set(found.labels.tolist())), int((found.stock >= 0).sum())
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{kind:<9} {number:>9,} texts: {took:7.1f} s, {took / alone:.1f} x signatures alone ({alone:.1f} s)"
                f"{growth}; {clusters:,} clusters, {stock:,} texts of stock sentences; peak {memory:,.0f} MB "
                f"(bar <= {RATIO:.0f} x and growth <= {GROWTH:.0f} x a tenfold: {'holds' if holds else 'MISSED'})",
                flush=True,
            )
            before = number, took


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
    started = time.perf_counter()
    empty = MinHash(num_perm=80, hashfunc=zlib.crc32)
    for text in dict.fromkeys(map(normalised, texts)):
        sketch = empty.copy()
        sketch.update_batch([text[start : start + 3].encode() for start in range(len(text) - 2)])
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
