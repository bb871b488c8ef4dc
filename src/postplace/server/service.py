"""What the routes work with: the run, the queue in front of it, and what of its answers is told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request

from postplace.locator import PostLocator
from postplace.post import Prediction
from postplace.server.batching import Batcher, Batching
from postplace.server.discretion import Discretion
from postplace.server.limits import RequestLimits
from postplace.server.metrics import Metrics
from postplace.server.reading import Question
from postplace.server.refusals import refuse

Result = TypeVar("Result")
Told = tuple[Prediction, tuple[str, ...]]  # the whole ranking, and why pictures could not be read


@dataclass
class Service:
    """One run, served. `lists` counts the requests of many lines in work."""

    locator: PostLocator
    discretion: Discretion
    limits: RequestLimits
    metrics: Metrics
    batcher: Batcher[Question, Told]
    lists: int = 0

    async def answer(self, question: Question, *, name: str = "post", patient: bool = False) -> dict[str, Any]:
        """The answer to one post, under that id."""
        prediction, unread = await self.batcher.ask(question, patient=patient)
        self.metrics.unread.inc(len(unread))
        options = question.options
        told = self.discretion.tell(prediction, top_k=options.top_k, min_confidence=options.min_confidence)
        return {**told, "id": name, "unread": list(unread)}


def make_service(locator: PostLocator, *, fine: bool, home: bool, limits: RequestLimits, batching: Batching) -> Service:
    """A service around a loaded run; its encoders are loaded already."""
    locator.workers = 0  # pictures are decoded in the threads that answer: no process a batch
    metrics = Metrics()
    discretion = Discretion(locator.fitted.places, fine=fine, home=home)

    def answer(questions: Sequence[Question]) -> list[Told]:
        return answer_all(locator, questions)

    batcher = Batcher[Question, Told](answer, batching, seen=metrics.batch)
    metrics.queue.set_function(lambda: batcher.length)
    return Service(locator, discretion, limits, metrics, batcher)


def answer_all(locator: PostLocator, questions: Sequence[Question]) -> list[Told]:
    """Every question's whole ranking, encoded in one batch (one for each level that is asked for)."""
    found: dict[int, Told] = {}
    levels = {question.options.level for question in questions}
    for level in levels:
        rows = [row for row, question in enumerate(questions) if question.options.level == level]
        posts = [questions[row].post for row in rows]
        predictions, broken = locator.answer(posts, top_k=len(locator.fitted.places), level=level)
        reasons: dict[str, list[str]] = {}
        for picture in broken:
            reasons.setdefault(picture.post_id, []).append(picture.reason)
        for row, prediction in zip(rows, predictions, strict=True):
            found[row] = prediction, tuple(reasons.get(prediction.post_id, ()))
    return [found[row] for row in range(len(questions))]


async def unless_gone(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """What `work` gives; it is cancelled when the client goes away, and costs nothing more."""
    task, gone = asyncio.create_task(work), asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise refuse(499, "client", "has gone", "ask again")
    finally:
        task.cancel()
        gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
