"""Worker processes that run one task, without importing the user's script; replaced when one of them dies.

They end with the process that they work for, also when that is killed in the middle of their work.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from functools import lru_cache
from typing import Any, TypeVar

IDLE_SECONDS = 30.0  # a worker process without work leaves after so long, also when this one was killed
WATCH_SECONDS = 1.0

_NOTHING: Any = object()

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerPool:
    """`workers` processes for one picklable task (None: one fewer than the cores), started when first needed."""

    def __init__(self, task: Callable[..., Any], *, workers: int | None = None) -> None:
        from loky import cpu_count

        self.workers = max(1, cpu_count() - 1) if workers is None else workers
        self._task = task
        self._executor: Any = None

    def submit(self, *arguments: Any) -> Any:
        """A future of the task's result; it raises loky's BrokenProcessPool if a worker died meanwhile."""
        from loky.process_executor import BrokenProcessPool

        if self._executor is None:
            self._executor = self._start()
        try:
            return self._executor.submit(_with_parent, os.getpid(), self._task, *arguments)
        except BrokenProcessPool:
            self.close()
            self._executor = self._start()
            return self._executor.submit(_with_parent, os.getpid(), self._task, *arguments)

    def result_or(self, otherwise: Any, *arguments: Any) -> Any:
        """The task's result, or `otherwise` if the worker died of it."""
        from loky.process_executor import BrokenProcessPool

        try:
            return self.submit(*arguments).result()
        except BrokenProcessPool:
            return otherwise

    def close(self) -> None:
        """End the processes at once, whatever they are at."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=True)

    def _start(self) -> Any:
        from loky import ProcessPoolExecutor

        return ProcessPoolExecutor(self.workers, timeout=IDLE_SECONDS, initializer=_leave_interrupts)


def map_in_workers(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int | None,
    ahead: Callable[[int], int],
    retry: Callable[[Item, WorkerPool], Result],
) -> Generator[Result]:
    """The task's result for each item, in order; closing the generator stops the workers.

    `ahead` says, of the number of workers, how many items are under way at most, so that memory stays bounded. With one
    worker that dies everything under way is lost: `retry` is then given each of these items, and a pool of one process
    that has nothing else to do, so that what dies there is the cause (see `WorkerPool.result_or`).
    """
    from loky.process_executor import BrokenProcessPool

    under_way: deque[tuple[Item, Any]] = deque()
    rest = iter(items)
    with closing(WorkerPool(task, workers=workers)) as pool, closing(WorkerPool(task, workers=1)) as spare:
        while True:
            while len(under_way) < ahead(pool.workers):
                item = next(rest, _NOTHING)
                if item is _NOTHING:
                    break
                under_way.append((item, pool.submit(item)))
            if not under_way:
                return
            item, future = under_way.popleft()
            try:
                yield future.result()
            except BrokenProcessPool:
                yield retry(item, spare)


def _leave_interrupts() -> None:
    """A terminal interrupts the whole group: who is worked for ends the workers, without tracebacks of theirs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _with_parent(parent: int, task: Callable[..., Any], *arguments: Any) -> Any:
    """The task's result, unless that process ends before."""
    _end_with(parent)
    return task(*arguments)


@lru_cache(maxsize=1)
def _end_with(parent: int) -> None:
    """Watch, from now on, for the end of that process: what a worker does then reaches nobody, and holds the cores."""
    if os.name != "posix" or os.getppid() != parent:
        return  # elsewhere the number of a parent stays when it is gone

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="watches the parent").start()
