"""The routes of what takes seconds, explanations and advice: one job at a time, given up when its client goes away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from postplace.errors import BadOption
from postplace.explain import Advice, Explanation, OpenedPost
from postplace.schema import Post
from postplace.server.openapi import ENDS, form_body, problems
from postplace.server.parsing import Question, read_form
from postplace.server.redaction import RedactedLocator
from postplace.server.schemas import PostAsRead
from postplace.server.service import Service, unless_gone
from postplace.server.spatial_generalisation import SpatialGeneralisation

LIMIT = 96  # parts taken away one at a time: a service has others to answer
Options = TypeVar("Options", bound=BaseModel)
# What a job does with views of the run and of the transfer model (None without one), and a question
Work = Callable[[RedactedLocator, RedactedLocator | None, Question[Options]], tuple[Explanation | Advice, OpenedPost]]


def job_route(
    service: Service,
    name: str,
    work: Work[Options],
    *,
    options: type[Options],
    answer: type[PostAsRead],
    description: str,
    **example: int,
) -> APIRouter:
    """`POST /{name}`: a form with a post and `options` -> an `answer`; `example`: some options, for OpenAPI."""
    router, limits = APIRouter(), service.limits

    async def run_job(request: Request) -> PostAsRead:
        service.slow.check_room()
        question = await read_form(request, limits, options)
        job = service.run_slowly(lambda run, transfer_model: work(run, transfer_model, question))
        result, opened = await unless_gone(request, job)
        as_read = _post_as_read(question.post, opened, service.generalisation)
        return answer.model_validate({**result.to_dict(), "id": "post", **as_read.model_dump()})

    router.add_api_route(
        f"/{name}",
        run_job,
        methods=["POST"],
        name=f"{name}_post",
        description=description,
        response_model=answer,
        response_model_exclude_none=True,
        responses=problems(*ENDS),
        openapi_extra=form_body(options, images=limits.images, letters=limits.letters, **example),
    )
    return router


def check_place(run: RedactedLocator, name: str | None) -> str | None:
    """A class by the name that the service gives it. Raises BadOption, which names no other."""
    names = [place.name for place in run.predictor.places.places]
    if name is not None and name not in names:
        raise BadOption("place", "is none that this service shows", f"give one of an answer, such as {names[0]!r}")
    return name


def _post_as_read(post: Post, opened: OpenedPost, switches: SpatialGeneralisation) -> PostAsRead:
    read = {id(image) for image in opened.post.images}
    granularity: Any = switches.granularity
    return PostAsRead(
        text=opened.post.text,
        hashtags=list(opened.post.hashtags),
        images=[number for number, image in enumerate(post.images) if id(image) in read],
        granularity=granularity,
        fine=switches.fine,
        home=switches.home,
    )
