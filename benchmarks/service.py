"""The service beside the locator that it serves, in the same run: throughput, latency, overload.

- throughput of 32 clients over the rate of `predict` on the same posts in one call (bar: >= 0.8);
- p50 of one client's post with one image over the locator's own time (bar: <= 1.5);
- twice the capacity for some minutes: only 200 and 429, and no growth of memory.

The clients run in a process of their own; they share the cores with the service.
usage: OMP_NUM_THREADS=1 python benchmarks/service.py [--minutes 1] [--posts 256] [--run RUN] [--threads 1]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from postplace import Post, PostLocator, make_city, read_posts

CLIENTS = 32
MOST = 128  # requests in flight in the overload: more would only keep the client's own process busy
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Print one line a bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--posts", type=int, default=256)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        posts, run = _prepare(Path(folder), options.run, options.posts)
        locator = PostLocator.load(run, device="cpu")
        one = next(post for post in posts if post.text and post.hashtags and len(post.images) == 1)
        locator.predict(posts[:8])
        own = _p50_own(locator, one)
        offline = max(_rate_own(locator, posts) for _ in range(2))
        del locator
        port = _free_port()
        command = [sys.executable, "-m", "postplace", "serve", str(run), "--port", str(port), "--device", "cpu"]
        server = subprocess.Popen([*command, "--threads", str(options.threads)], stderr=subprocess.DEVNULL)
        try:
            asyncio.run(_measure(f"http://127.0.0.1:{port}", server.pid, posts, one, own, offline, options.minutes))
        finally:
            server.terminate()
            print(f"stopped with code {server.wait(timeout=90)}")


async def _measure(
    url: str, pid: int, posts: Sequence[Post], one: Post, own: float, offline: float, minutes: float
) -> None:
    forms = [_form(post) for post in posts]
    limits = httpx.Limits(max_connections=256, max_keepalive_connections=256)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as ask:
        await _until_there(ask)
        times = [await _timed(ask, _form(one)) for _ in range(45)][5:]
        p50 = statistics.median(times)
        _tell(
            "one client's post with one image", f"p50 {1e3 * p50:.1f} ms over {1e3 * own:.1f} ms", p50 / own, "<=", 1.5
        )
        rate = max([await _throughput(ask, forms) for _ in range(2)])
        found = f"{rate:.1f} posts/s over {offline:.1f}"
        _tell(f"{CLIENTS} clients", found, rate / offline, ">=", 0.8)
        await _overload(ask, forms, 2 * rate, minutes, pid)


async def _throughput(ask: httpx.AsyncClient, forms: Sequence[dict[str, Any]]) -> float:
    rest = iter(forms)

    async def client() -> None:
        for form in rest:
            answer = await ask.post("/predict", **form)
            assert answer.status_code == 200, answer.text

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return len(forms) / (time.perf_counter() - started)


async def _overload(
    ask: httpx.AsyncClient, forms: Sequence[dict[str, Any]], rate: float, minutes: float, pid: int
) -> None:
    """Posts at that rate whatever the answers; the memory after a tenth of the time, and at the end.

    A post that would be one in flight too many is not sent, and counted: the rate that was reached is told.
    """
    statuses: Counter[int | str] = Counter()
    pending: set[asyncio.Task[None]] = set()

    async def send(form: dict[str, Any]) -> None:
        try:
            statuses[(await ask.post("/predict", **form)).status_code] += 1
        except httpx.HTTPError as error:
            statuses[type(error).__name__] += 1

    started, due, sent, early = time.perf_counter(), 0, 0, 0.0
    while (passed := time.perf_counter() - started) < 60 * minutes:
        if not early and passed > 6 * minutes:
            early = _memory_mb(pid)
        while due < passed * rate:
            due += 1
            if len(pending) < MOST:
                task = asyncio.create_task(send(forms[due % len(forms)]))
                pending.add(task)
                task.add_done_callback(pending.discard)
                sent += 1
        await asyncio.sleep(0.01)
    late = _memory_mb(pid)
    await asyncio.gather(*pending)
    holds = set(statuses) <= {200, 429}
    told = ", ".join(f"{status}: {count}" for status, count in statuses.most_common())
    reached = f"{sent / 60 / minutes:.0f} of {rate:.0f} posts/s"
    print(
        f"{minutes:g} minutes at {reached}: {told} (bar: only 200 and 429: {'holds' if holds else 'MISSED'}); "
        f"memory {early:.0f} MB after a tenth, {late:.0f} MB at the end"
    )


def _prepare(folder: Path, run: Path | None, count: int) -> tuple[list[Post], Path]:
    """Posts whose pictures are in memory, and a run."""
    make_city(folder / "city", posts=max(300, count), seed=0)
    posts = read_posts(folder / "city" / "posts.jsonl")
    if run is None:
        run = folder / "run"
        PostLocator(settings={"max_epochs": 1}, cache=folder / "vectors", device="cpu").fit(posts).save(run)
    loaded = [replace(post, images=tuple(_bytes(image) for image in post.images)) for post in posts]
    return [post for post in loaded if post.text or post.hashtags or post.images][:count], run


def _bytes(image: Path | bytes) -> bytes:
    return image if isinstance(image, bytes) else image.read_bytes()


def _form(post: Post) -> dict[str, Any]:
    files: list[tuple[str, Any]] = [("text", (None, post.text)), ("hashtags", (None, " ".join(post.hashtags)))]
    return {"files": [*files, *(("images", ("p.jpg", image)) for image in post.images)]}


def _p50_own(locator: PostLocator, post: Post) -> float:
    times = []
    for _ in range(45):
        started = time.perf_counter()
        locator.predict([post])
        times.append(time.perf_counter() - started)
    return statistics.median(times[5:])


def _rate_own(locator: PostLocator, posts: Sequence[Post]) -> float:
    started = time.perf_counter()
    locator.predict(posts)
    return len(posts) / (time.perf_counter() - started)


async def _timed(ask: httpx.AsyncClient, form: dict[str, Any]) -> float:
    started = time.perf_counter()
    answer = await ask.post("/predict", **form)
    assert answer.status_code == 200, answer.text
    return time.perf_counter() - started


async def _until_there(ask: httpx.AsyncClient) -> None:
    for _ in range(600):
        try:
            if (await ask.get("/health")).status_code == 200:
                return
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise SystemExit("the service did not start")


def _tell(what: str, found: str, ratio: float, sign: str, bar: float) -> None:
    holds = ratio <= bar if sign == "<=" else ratio >= bar
    print(f"{what}: {found}, ratio {ratio:.2f} (bar {sign} {bar}: {'holds' if holds else 'MISSED'})", flush=True)


def _memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
