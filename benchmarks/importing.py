"""Importing an Instaloader dump without pictures, on one core: posts a second (bar: >= 3,000), peak memory (bar: flat).

The reference is a bare loop over the same files that only unpacks and parses them (`lzma`, `json.loads`); whole imports
(read, check, write Parquet) and bare loops alternate, and the medians count. Seconds are the processor's, of this one
process: other work on the machine does not count. Memory is the peak resident size of a process that imports.
The files are packed with xz preset 0, which unpacks as fast as Instaloader's and packs twenty times faster.
usage: python benchmarks/importing.py [--posts 100000] [--memory-posts 20000 100000] [--rounds 3] [--folders 100]
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from postplace.posts.instaloader import instaloader_dump
from postplace.posts.table import write_posts

RATE_BAR, MEMORY_BAR = 3_000, 1.1
WORDS = (
    "夜景",
    "外滩",
    "coffee",
    "火锅",
    "周末",
    "with",
    "friends",
    "at",
    "the",
    "old",
    "bridge",
    "#bund",
    "#夜景#",
    "😀",
)


def main() -> None:
    """Print one line a number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--memory-posts", type=int, nargs=2, default=(20_000, 100_000))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folders", type=int, default=100)
    parser.add_argument("--measure-memory", type=Path, help=argparse.SUPPRESS)  # in a process of its own
    options = parser.parse_args()
    if options.measure_memory is not None:
        write_posts(instaloader_dump(options.measure_memory), options.measure_memory.with_suffix(".parquet"))
        print(highest_resident())
        return
    with suppress(AttributeError):  # only Linux has it
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        size = make_dump(whole, options.posts, folders=options.folders)
        print(f"{options.posts} posts in {options.folders} folders, {size:.0f} bytes of JSON each", flush=True)
        rate(whole, options.posts, rounds=options.rounds)
        memory(Path(folder), whole, options)


def rate(dump: Path, posts: int, *, rounds: int) -> None:
    """Posts a second, and beside the bare loop."""
    out = dump.with_suffix(".parquet")
    ours, read, bare = [], [], []
    for _ in range(rounds):
        bare.append(seconds(lambda: bare_loop(dump)))
        read.append(seconds(lambda: sum(1 for _ in instaloader_dump(dump))))
        ours.append(seconds(lambda: write_posts(instaloader_dump(dump), out)))
    whole, reading, reference = (posts / statistics.median(times) for times in (ours, read, bare))
    print(
        f"import {whole:.0f} posts/s ({verdict(whole >= RATE_BAR, f'>= {RATE_BAR}')}), reading alone {reading:.0f}; "
        f"bare lzma + json.loads {reference:.0f}, ratio {whole / reference:.2f}",
        flush=True,
    )


def memory(folder: Path, whole: Path, options: argparse.Namespace) -> None:
    """Peak memory at two sizes."""
    peaks = []
    for count in options.memory_posts:
        dump = whole if count == options.posts else folder / str(count)
        if dump is not whole:
            make_dump(dump, count, folders=max(1, options.folders * count // options.posts))
        command = [sys.executable, __file__, "--measure-memory", str(dump)]
        peaks.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        print(f"peak memory while {count} posts are imported: {peaks[-1]:.0f} MB", flush=True)
    each = (peaks[1] - peaks[0]) * 2**20 / max(1, options.memory_posts[1] - options.memory_posts[0])
    ratio = peaks[1] / peaks[0]
    print(f"ratio {ratio:.2f}, {each:.0f} bytes a post ({verdict(ratio <= MEMORY_BAR, f'<= {MEMORY_BAR}')})")


def highest_resident() -> float:
    """The peak resident size of this process in MB; `getrusage` would count what its parent held when it forked."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def bare_loop(dump: Path) -> None:
    """Unpack and parse every file, and nothing else."""
    for path in dump.rglob("*.json.xz"):
        json.loads(lzma.decompress(path.read_bytes()))


def make_dump(dump: Path, posts: int, *, folders: int) -> float:
    """Posts without pictures as Instaloader writes them, and the mean size of their JSON."""
    rng = random.Random(0)
    size = 0
    for number in range(posts):
        folder = dump / f"%{213385402 + number % folders}"
        folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps(structure(number, rng), separators=(",", ":")).encode()
        size += len(content)
        packed = lzma.compress(content, check=lzma.CHECK_NONE, preset=0)
        (folder / f"{number:07d}_UTC.json.xz").write_bytes(packed)
    return size / posts


def structure(number: int, rng: random.Random) -> dict[str, object]:
    """The metadata of a post."""
    addresses = [f"https://scontent.example/v/t51.2885-15/{rng.getrandbits(1200):x}_n.jpg" for _ in range(3)]
    node = {
        "__typename": "GraphImage",
        "id": str(2934512345678901234 + number),
        "shortcode": f"C{number:010d}",
        "dimensions": {"height": 1350, "width": 1080},
        "display_url": addresses[0],
        "display_resources": [{"src": address, "config_width": 640, "config_height": 800} for address in addresses],
        "edge_media_to_caption": {"edges": [{"node": {"text": " ".join(rng.choices(WORDS, k=rng.randint(3, 40)))}}]},
        "edge_media_to_comment": {"count": rng.randint(0, 99)},
        "edge_media_preview_like": {"count": rng.randint(0, 9999)},
        "is_video": False,
        "location": {"id": str(number % 100), "name": "Old Bridge", "slug": "old-bridge", "lat": 31.2, "lng": 121.5},
        "owner": {"id": str(17841400000 + number % 5000), "username": f"user{number % 5000}"},
        "taken_at_timestamp": 1_600_000_000 + number,
    }
    return {"node": node, "instaloader": {"version": "4.16", "node_type": "Post"}}


def seconds(run: Callable[[], object]) -> float:
    """Processor time of one run."""
    started = time.process_time()
    run()
    return time.process_time() - started


def verdict(holds: bool, bar: str) -> str:
    """For the end of a line."""
    return f"bar {bar}: {'holds' if holds else 'MISSED'}"


if __name__ == "__main__":
    main()
