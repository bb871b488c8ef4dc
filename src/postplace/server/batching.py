"""Requests of different clients answered in one batch, by a few threads, from a queue that has an end.

The first request of a batch waits a few ms for others; while the threads are busy the queue fills by itself. A request
whose client has gone is taken out before it costs anything.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from postplace.server.http_errors import Refusal, refuse

Item = TypeVar("Item")
Answer = TypeVar("Answer")
SLOWEST_RETRY_S = 60


@dataclass(frozen=True, slots=True)
class Batching:
    """How many are answered at once, how long the first waits for others, how many may wait, on how many threads."""

    size: int = 16
    wait_s: float = 0.004
    most: int = 64
    threads: int = 1
    answer_s: float = 30.0
    heaviest: int = 100_000_000  # of a batch of several, by what the items weigh


class Batcher(Generic[Item, Answer]):
    """`answer` gets a list of items in a thread and gives as many answers; `ask` is one item's way through it."""

    def __init__(
        self,
        answer: Callable[[Sequence[Item]], Sequence[Answer]],
        batching: Batching = Batching(),
        *,
        seen: Callable[[int], None] = lambda size: None,
        weigh: Callable[[Item], int] = lambda item: 0,
    ) -> None:
        self._answer, self.batching, self._seen, self._weigh = answer, batching, seen, weigh
        self.others: Callable[[], bool] = lambda: True  # whether anyone else may be about to ask
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._arrived, self._room = asyncio.Event(), asyncio.Event()
        self._threads = ThreadPoolExecutor(batching.threads, thread_name_prefix="postplace-answer")
        self._runners: list[asyncio.Task[None]] = []
        self._rate = 0.0  # items a second, as measured

    async def start(self) -> None:
        """Begin to answer."""
        self._runners = [asyncio.create_task(self._run()) for _ in range(self.batching.threads)]

    async def stop(self) -> None:
        """End; whoever still waits is refused."""
        for runner in self._runners:
            runner.cancel()
        await asyncio.gather(*self._runners, return_exceptions=True)
        while self._waiting:
            _, future = self._waiting.popleft()
            if not future.done():
                future.set_exception(refuse(503, "service", "is stopping", "ask again later", retry_s=5))
        self._threads.shutdown(wait=True, cancel_futures=True)

    @property
    def length(self) -> int:
        """How many wait and are still wanted."""
        return sum(not future.done() for _, future in self._waiting)

    def check_room(self) -> None:
        """Refuse with 429 where the queue is full."""
        if len(self._waiting) >= self.batching.most and self.length >= self.batching.most:
            raise self._busy(f"{self.batching.most} posts are waiting")

    async def ask(self, item: Item, *, patient: bool = False) -> Answer:
        """The answer to one item. Cancelling it takes it out.

        `patient` waits for room and for the answer, however long others take, instead of being refused, and leaves half
        of the queue to those who would be.
        """
        while patient and self.length >= max(1, self.batching.most // 2):
            self._room.clear()
            await self._room.wait()
        self.check_room()
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        entry = item, future
        self._waiting.append(entry)
        self._arrived.set()
        try:
            return await asyncio.wait_for(future, None if patient else self.batching.answer_s)
        except TimeoutError:
            raise self._busy(f"no answer within {self.batching.answer_s:g} s") from None
        finally:
            with suppress(ValueError):  # it is gone from there when it was answered
                self._waiting.remove(entry)

    def _busy(self, problem: str) -> Refusal:
        seconds = math.ceil(self.length / self._rate) if self._rate else 1
        return refuse(
            429, "service", problem, "ask again after Retry-After", retry_s=max(1, min(seconds, SLOWEST_RETRY_S))
        )

    async def _run(self) -> None:
        while True:
            batch = await self._gather()
            if not batch:
                continue
            self._seen(len(batch))
            started = time.monotonic()
            await self._answer_all(batch)
            rate = self.batching.threads * len(batch) / max(time.monotonic() - started, 1e-6)
            self._rate = rate if not self._rate else 0.8 * self._rate + 0.2 * rate

    async def _gather(self) -> list[tuple[Item, asyncio.Future[Answer]]]:
        """The next batch; empty where another runner took it or nobody wants it any more."""
        await self._arrived.wait()
        if len(self._waiting) < self.batching.size and self.others():
            await asyncio.sleep(self.batching.wait_s)
        batch: list[tuple[Item, asyncio.Future[Answer]]] = []
        weight = 0
        while self._waiting and len(batch) < self.batching.size:
            item, future = self._waiting[0]
            weight += 0 if future.done() else self._weigh(item)
            if batch and weight > self.batching.heaviest:
                break
            self._waiting.popleft()
            if not future.done():  # else its client has gone
                batch.append((item, future))
        if not self._waiting:
            self._arrived.clear()
        self._room.set()
        return batch

    async def _answer_all(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        """Answer a batch; where it fails, each alone, so that one item cannot take others down with it."""
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._threads, self._answer, [item for item, _ in batch])
        except Exception as error:  # whatever a hostile post makes a library raise
            if len(batch) == 1:
                if not batch[0][1].done():
                    batch[0][1].set_exception(error)
                return
            for one in batch:
                if not one[1].done():
                    await self._answer_all([one])
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
