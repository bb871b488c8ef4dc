"""Encoding posts over the bare encoders: pictures and sentences a second (bars: >= 0.85), peak memory (bar: flat).

The bare rate is that of the encoder alone on ready tensors, or on cleaned sentences, in the same batches at the same
threads; both sides alternate and the median of the pairs' ratios is printed. Memory is the peak resident size of this
process and of its workers, less the vectors themselves, while two numbers of pictures are encoded.
usage: python benchmarks/encoding.py [--images 384] [--sentences 3000] [--memory-images 1000 5000] [--rounds 3]
A number of 0 leaves its line out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from postplace import Post
from postplace.encoders.bundled import bundled_image_encoder, bundled_text_encoder
from postplace.encoders.encoder import ImageEncoder, TextEncoder
from postplace.features.extraction import encode_posts
from postplace.images.decode import decode

RATE_BAR, MEMORY_BAR = 0.85, 1.1
BATCH = 32
WORDS = ("夜景", "外滩", "咖啡", "火锅", "周末", "with", "friends", "at", "the", "old", "bridge", "so", "good", "café")


def main() -> None:
    """Print one line a number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=384)
    parser.add_argument("--large-images", type=int, default=96, help="12-megapixel JPEGs")
    parser.add_argument("--sentences", type=int, default=3000)
    parser.add_argument("--memory-images", type=int, nargs=2, default=(1000, 5000))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure-memory", type=int, help=argparse.SUPPRESS)  # in a process of its own
    options = parser.parse_args()
    if options.measure_memory is not None:
        print(json.dumps(peak_while_encoding(options.measure_memory)))
        return
    text, image = bundled_text_encoder(), bundled_image_encoder()
    if options.sentences:
        sentences(text, image, count=options.sentences, rounds=options.rounds)
    for count, side in ((options.images, (128, 128)), (options.large_images, (4000, 3000))):
        if count:
            pictures(text, image, count=count, side=side, rounds=options.rounds)
    if any(options.memory_images):
        memory(*options.memory_images)


def sentences(text: TextEncoder, image: ImageEncoder, *, count: int, rounds: int) -> None:
    """Sentences a second."""
    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(WORDS, size=rng.integers(3, 40))) + f" {row}" for row in range(count)]
    posts = [Post(str(row), text=line) for row, line in enumerate(lines)]

    def whole() -> None:
        with tempfile.TemporaryDirectory() as store:
            encode_posts(posts, text_encoder=text, image_encoder=image, store_folder=Path(store))

    def bare() -> None:
        for start in range(0, count, 256):
            text.encode(lines[start : start + 256])

    compare("sentences", count, whole=whole, bare=bare, rounds=rounds)


def pictures(text: TextEncoder, image: ImageEncoder, *, count: int, side: tuple[int, int], rounds: int) -> None:
    """Pictures a second."""
    with tempfile.TemporaryDirectory() as folder:
        paths = draw(Path(folder), count, side=side)
        posts = [Post(str(row), images=(path,)) for row, path in enumerate(paths)]
        ready = np.stack([image.prepare(decode(path)) for path in paths[:BATCH]])

        def whole() -> None:
            with tempfile.TemporaryDirectory() as store:
                encode_posts(posts, text_encoder=text, image_encoder=image, store_folder=Path(store), batch_size=BATCH)

        def bare() -> None:
            for start in range(0, count, BATCH):
                image.encode(ready[: min(BATCH, count - start)])

        compare(f"pictures of {side[0]} x {side[1]}", count, whole=whole, bare=bare, rounds=rounds)


def compare(name: str, count: int, *, whole: Callable[[], None], bare: Callable[[], None], rounds: int) -> None:
    """Time both, turn by turn, after a first turn that loads and warms up."""
    ours, theirs = [], []
    for _ in range(rounds + 1):
        ours.append(count / seconds(whole))
        theirs.append(count / seconds(bare))
    ours, theirs = ours[1:], theirs[1:]
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    ratio = statistics.median(ratios)
    print(
        f"{name}: {statistics.median(ours):.0f} a second, bare encoder {statistics.median(theirs):.0f}, ratio "
        f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}; {verdict(ratio >= RATE_BAR, f'>= {RATE_BAR}')})",
        flush=True,
    )


def memory(few: int, many: int) -> None:
    """Peak memory with few and with many pictures, each in a process of its own."""
    peaks = []
    for count in (few, many):
        command = [sys.executable, __file__, "--measure-memory", str(count)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        peaks.append(found["peak"] - found["vectors"])
        print(
            f"memory with {count} pictures: {found['parent']:.0f} MB here, {found['workers']:.0f} MB in workers, at "
            f"the highest moment {found['peak']:.0f} MB, of which vectors {found['vectors']:.0f} MB",
            flush=True,
        )
    ratio = peaks[1] / peaks[0]
    print(f"memory without the vectors: ratio {ratio:.2f} ({verdict(ratio <= MEMORY_BAR, f'<= {MEMORY_BAR}')})")


def peak_while_encoding(count: int) -> dict[str, float]:
    """Megabytes: highest of this process, of all workers, of both together; and what the vectors take."""
    text, image = bundled_text_encoder(), bundled_image_encoder()
    image.encode(np.zeros((BATCH, 224, 224, 3), dtype=np.uint8))
    peaks = {"parent": 0.0, "workers": 0.0, "peak": 0.0}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            own, workers = resident("self"), sum(map(resident, children()))
            for name, value in (("parent", own), ("workers", workers), ("peak", own + workers)):
                peaks[name] = max(peaks[name], value)

    with tempfile.TemporaryDirectory() as folder:
        paths = draw(Path(folder), count, side=(128, 128))
        posts = [Post(str(row), images=(path,)) for row, path in enumerate(paths)]
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        encoded = encode_posts(posts, text_encoder=text, image_encoder=image, store_folder=Path(folder) / "store")
        done.set()
        watcher.join()
    arrays = (encoded.image_vectors, encoded.text_vectors, encoded.hashtag_vectors)
    return {**peaks, "vectors": sum(array.nbytes for array in arrays) / 1e6}


def children() -> list[str]:
    """Process ids of the direct children of this process, as Linux lists them."""
    found = []
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found += (thread / "children").read_text().split()
    return found


def resident(process: str) -> float:
    """Megabytes of a process's resident memory; 0 if it is gone."""
    with suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096 / 1e6
    return 0.0


def draw(folder: Path, count: int, *, side: tuple[int, int]) -> list[Path]:
    """Different JPEGs: noise at a fortieth of the size, enlarged."""
    rng = np.random.default_rng(0)
    paths = []
    for row in range(count):
        small = rng.integers(0, 256, (max(8, side[1] // 40), max(8, side[0] // 40), 3), dtype=np.uint8)
        path = folder / f"{row}.jpg"
        Image.fromarray(small).resize(side).save(path, quality=85)
        paths.append(path)
    return paths


def seconds(run: Callable[[], None]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def verdict(holds: bool, bar: str) -> str:
    """For the end of a line."""
    return f"bar {bar}: {'holds' if holds else 'MISSED'}"


if __name__ == "__main__":
    main()
