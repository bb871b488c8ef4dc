"""The ASGI application around a service, and the routes about one run.

A further group of routes is a router of its own, given to `make_app`; `app_factory.py` gives it those that there are.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from postplace.errors import PostplaceError
from postplace.server.http_errors import Refusal, refuse
from postplace.server.limits import LimitedBodies
from postplace.server.metrics import FAULT, Watched, fault_location
from postplace.server.openapi import ENDS, add_refusals, form_body, lines_answer, lines_body, problems
from postplace.server.parsing import (
    Question,
    check_encoding,
    count_lines,
    http_status,
    invalid,
    read_form,
    read_line,
    split_lines,
)
from postplace.server.schemas import Answer, Health, Options
from postplace.server.security import OPEN_PATHS, Guarded, security_headers
from postplace.server.service import Service, unless_gone

LOG = logging.getLogger("postplace.server")
LINES = "/batch_predict"


def make_app(
    service: Service,
    *,
    tokens: Sequence[bytes] = (),
    hosts: frozenset[str] | None = None,
    routers: Sequence[APIRouter] = (),
    tiles: str | None = None,
) -> Watched:
    """The whole service as one ASGI application. `hosts`: the names it may be asked by, if not any; `tiles`: the one
    other origin that its page may load images from.

    Routes find the service in `request.app.state.service`.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        yield
        await service.stop()

    app = FastAPI(
        title="postplace",
        version=version("postplace"),
        description="From a social post to the place it was made. No post is kept, no address is opened.",
        lifespan=lifespan,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    for router in (routes(service), *routers):
        app.include_router(router)
    for kind, handler in ((Refusal, _refused), (PostplaceError, _wrong), (ClientDisconnect, _gone)):
        app.add_exception_handler(kind, handler)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _not_there)
    app.add_exception_handler(Exception, _fault)
    app.openapi_schema = add_refusals(app.openapi(), tokens=bool(tokens), open_paths=OPEN_PATHS)
    limited = LimitedBodies(app, limits=service.limits, long_paths=frozenset({LINES}))
    service.metrics.held.set_function(lambda: limited.held)
    paths = frozenset(app.openapi()["paths"]) | {"/", "/metrics", "/openapi.json"}
    guarded = Guarded(limited, tokens=tokens, hosts=hosts)
    watched = Watched(guarded, metrics=service.metrics, routes=paths, headers=security_headers(tiles))
    service.batcher.others = lambda: watched.in_flight > 1  # one client alone does not wait for others
    return watched


def routes(service: Service) -> APIRouter:
    """The routes about one run."""
    router = APIRouter()
    limits = service.limits
    form = form_body(Options, images=limits.images, letters=limits.letters, top_k=3)

    @router.get("/health")
    async def health() -> Health:
        """Whether the service answers, and which switches it was started with."""
        generalisation, places = service.generalisation, service.locator.predictor.places
        return Health(
            version=version("postplace"),
            model=service.locator.entry.name,
            target=places.target,
            classes=len(places),
            granularity=generalisation.granularity,
            fine=generalisation.fine,
            home=generalisation.home,
        )

    @router.post(
        "/predict",
        response_model=Answer,
        response_model_exclude_none=True,
        responses=problems(*ENDS),
        openapi_extra=form,
    )
    async def predict(request: Request) -> Answer:
        """Where one post was probably made."""
        service.batcher.check_room()
        question = await read_form(request, limits, Options)
        return await unless_gone(request, service.answer(question))

    @router.post(
        LINES,
        response_class=StreamingResponse,
        responses={**problems(408, 413, 415, 422, 429), 200: lines_answer()},
        openapi_extra=lines_body(),
    )
    async def batch_predict(request: Request, options: Annotated[Options, Query()]) -> StreamingResponse:
        """One answer a line, in the order given; a bad line is answered with its number and what is wrong with it.

        Images are base64 in `images`.
        """
        service.batcher.check_room()
        check_encoding(request)
        body = await request.body()
        check_encoding(request, body)
        if (lines := count_lines(body)) > limits.lines:
            raise refuse(413, "body", f"has {lines:,} lines", f"give at most {limits.lines:,} a request")
        return StreamingResponse(_answers(service, split_lines(body), options), media_type="application/x-ndjson")

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


async def _answers(service: Service, lines: Iterable[bytes], options: Options) -> AsyncIterator[str]:
    """Lines of answers in the order of the questions, a batch of them in work at a time."""
    waiting: deque[asyncio.Task[str]] = deque()
    try:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                waiting.append(asyncio.create_task(_answer_line(service, number, line, options)))
            if len(waiting) > 2 * service.batcher.batching.size:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()


async def _answer_line(service: Service, number: int, line: bytes, options: Options) -> str:
    """The line of an answer: the answer with its number, or that number and what is wrong."""
    where = f"line {number}"
    try:
        name, post, pixels = await asyncio.to_thread(read_line, line, where=where, limits=service.limits)
        answer = await service.answer(Question(post, options, pixels), name=name, patient=True)
        record = answer.model_dump(exclude_unset=True)
    except Refusal as refusal:
        record = {"error": refusal.record}
    except Exception as error:
        if isinstance(error, PostplaceError) and http_status(error) != 500:
            record = {"error": {"where": error.where, "found": error.found, "remedy": error.remedy}}
        else:
            LOG.error("a line failed: %s", fault_location(error))
            record = {"error": {**FAULT, "where": where}}
    return json.dumps({"line": number, **record}, ensure_ascii=False) + "\n"


async def _refused(_: Request, error: Exception) -> Response:
    refusal = error if isinstance(error, Refusal) else refuse(422, "request", "cannot be read", "see /openapi.json")
    return JSONResponse(refusal.record, refusal.status, refusal.headers)


async def _wrong(request: Request, error: Exception) -> Response:
    if not isinstance(error, PostplaceError):
        return await _refused(request, error)
    if (status := http_status(error)) == 500:
        raise error  # a fault of the service: reported and logged as any other
    where, remedy = (text.replace("`", "") for text in (error.where, error.remedy))
    return await _refused(request, refuse(status, where, error.found, remedy))


async def _invalid(request: Request, error: Exception) -> Response:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": "cannot be read"}
    return await _refused(request, invalid(first, known=Options.model_fields))


async def _not_there(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    found = {404: "is not there", 405: "does not take this method"}.get(status, "cannot be answered")
    refusal = refuse(status, "path", found, "see /openapi.json for what is there")
    headers = (error.headers if isinstance(error, HTTPException) else None) or {}  # of a 405: what is allowed
    return JSONResponse(refusal.record, status, headers)


async def _fault(_: Request, __: Exception) -> Response:
    return JSONResponse(FAULT, 500)  # what was raised goes on to `Watched`, which logs its kind


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it
