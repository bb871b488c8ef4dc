"""What the routes work with: the run, the queue in front of it, and what of its answers is shown."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Event
from typing import Any, TypeVar

from starlette.requests import Request

from postplace.inference.options import PredictOptions
from postplace.locator import PostLocator
from postplace.schema import Post, Prediction
from postplace.server.batching import Batcher, Batching
from postplace.server.http_errors import refuse
from postplace.server.limits import RequestLimits
from postplace.server.metrics import Metrics
from postplace.server.parsing import Question
from postplace.server.redaction import RedactedLocator, Redaction
from postplace.server.schemas import Answer, Options
from postplace.server.spatial_generalisation import SpatialGeneralisation

Result = TypeVar("Result")
RankedAnswer = tuple[Prediction, tuple[str, ...]]  # the whole ranking, and why images could not be read
Job = Callable[[], Any]
_DOT = "R0lGODlhAQABAIAAAAAAAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="  # a GIF of one pixel
TOY = Post("toy", text="a walk by the river, 在江边散步", hashtags=("river", "江边"), images=(b64decode(_DOT),))
SLOW_MOST = 8  # explanations and advice that may wait
SLOW_TIMES = 3  # as long as an answer may they take


@dataclass
class Service:
    """One run, served. `slow` does what takes seconds, one at a time."""

    locator: PostLocator
    generalisation: SpatialGeneralisation
    limits: RequestLimits
    metrics: Metrics
    batcher: Batcher[Question[Options], RankedAnswer]
    slow: Batcher[Job, Any]
    transfer_model: PostLocator | None = None

    async def start(self) -> None:
        """Begin to answer, once what is loaded at a first post is loaded."""
        for locator in (self.locator, *([] if self.transfer_model is None else [self.transfer_model])):
            await asyncio.to_thread(answer_all, locator, [Question(TOY, Options.model_validate({}))])
        await self.batcher.start()
        await self.slow.start()

    async def stop(self) -> None:
        """End; whoever still waits is refused."""
        await self.slow.stop()
        await self.batcher.stop()

    async def answer(self, question: Question[Options], *, name: str = "post", patient: bool = False) -> Answer:
        """The answer to one post, under that id."""
        level = self.generalisation.level(question.options.level)
        options = question.options.model_copy(update={"level": level})
        prediction, unread = await self.batcher.ask(replace(question, options=options), patient=patient)
        self.metrics.unread.inc(len(unread))
        prediction = replace(prediction, not_read=replace(prediction.not_read, images=0))  # they have their own key
        record = self.generalisation.generalise(prediction, top_k=options.top_k, min_confidence=options.min_confidence)
        return Answer.model_validate({**record, "id": name, "unread": list(unread)})

    async def run_slowly(self, work: Callable[[RedactedLocator, RedactedLocator | None], Result]) -> Result:
        """What `work` gives, from views of the run and of the transfer model; it ends early if nobody waits for it."""
        gone = Event()
        run = RedactedLocator(self.redaction, gone)
        transfer_model = None if self.transfer_redaction is None else RedactedLocator(self.transfer_redaction, gone)
        try:
            result: Result = await self.slow.ask(lambda: work(run, transfer_model))
            return result
        finally:
            gone.set()

    @cached_property
    def redaction(self) -> Redaction:
        """The run as the service shows it."""
        return Redaction.of(self.locator, self.generalisation)

    @cached_property
    def transfer_redaction(self) -> Redaction | None:
        """The transfer model as the service shows it."""
        other = self.transfer_model
        return None if other is None else Redaction.of(other, self.generalisation, transfer=True)


def make_service(
    locator: PostLocator,
    *,
    fine: bool,
    home: bool,
    limits: RequestLimits,
    batching: Batching,
    transfer_model: PostLocator | None = None,
) -> Service:
    """A service around a loaded run. `transfer_model`: a run that attacks what is advised, without guiding it.

    Raises BadOption for a run of which nothing would be shown, and for a transfer model with other classes.
    """
    locator.encoder_pair.workers = 0  # images are decoded in the threads that answer: no process a batch
    metrics = Metrics()
    generalisation = SpatialGeneralisation(locator.predictor.places, fine=fine, home=home)

    def answer(questions: Sequence[Question[Options]]) -> list[RankedAnswer]:
        return answer_all(locator, questions)

    batcher = Batcher[Question[Options], RankedAnswer](
        answer, batching, seen=metrics.batch, weigh=lambda question: question.pixels
    )
    alone = Batching(size=1, most=min(SLOW_MOST, batching.most), answer_s=SLOW_TIMES * batching.answer_s)
    slow = Batcher[Job, Any](lambda jobs: [job() for job in jobs], alone)
    metrics.queue.set_function(lambda: batcher.length)
    metrics.slow_queue.set_function(lambda: slow.length)
    service = Service(locator, generalisation, limits, metrics, batcher, slow, transfer_model)
    _ = service.redaction, service.transfer_redaction  # raise now, not at the first request
    return service


def answer_all(locator: PostLocator, questions: Sequence[Question[Options]]) -> list[RankedAnswer]:
    """Every question's whole ranking, encoded in one batch."""
    posts = [question.post for question in questions]
    levels = [question.options.level for question in questions]
    predictions, broken, _ = locator.answer(posts, PredictOptions(len(locator.predictor.places), levels))
    reasons: dict[str, list[str]] = {}
    for image in broken:
        reasons.setdefault(image.post_id, []).append(image.reason)
    alike = Counter(post.id for post in posts)  # of the same post asked twice every reason is reported twice
    reasons_of_one = {
        name: tuple(reason for reason, times in Counter(read).items() for _ in range(times // alike[name]))
        for name, read in reasons.items()
    }
    return [(prediction, reasons_of_one.get(prediction.post_id, ())) for prediction in predictions]


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
