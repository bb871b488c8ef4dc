"""A bar with a rate on stderr, for work that takes longer than a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Show = Callable[[Sequence[Sequence[Any]], str, int], Iterable[Sequence[Any]]]


@contextmanager
def progress_bars(wanted: bool) -> Iterator[Show]:
    """A function that hands out batches and shows a bar with a rate on stderr; when not wanted, it only hands out.

    The function takes batches, a name, and how many items they hold in all.
    """
    if not wanted:
        yield lambda batches, name, total: batches
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")
    bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))

    def advance(task: TaskID, batches: Sequence[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        started, done = time.monotonic(), 0
        for batch in batches:
            yield batch
            done += len(batch)
            rate = f"{done / max(time.monotonic() - started, 1e-9):.3g}/s"
            bar.update(task, advance=len(batch), rate=rate)

    def show(batches: Sequence[Sequence[Any]], name: str, total: int) -> Iterable[Sequence[Any]]:
        if not total:
            return batches
        bar.start()  # not before there is something to show: an empty bar would leave an empty line
        return advance(bar.add_task(name, total=total, rate=""), batches)

    try:
        yield show
    finally:
        if bar.tasks:
            bar.stop()
