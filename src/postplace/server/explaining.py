"""POST /explain: what gave one post away, at the level that the service tells; slow jobs go one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from postplace.errors import BadOption
from postplace.explain import Advice, Explanation, OpenedPost, explain, open_post
from postplace.schema import Post
from postplace.server.parsing import read_form
from postplace.server.redaction import RedactedLocator
from postplace.server.schemas import ENDS, Granularity, NotRead, Share, form_body, problems
from postplace.server.service import Service, unless_gone

LARGEST_GRID = 8
LIMIT = 96  # parts taken away one at a time: a service has others to answer
Work = Callable[[RedactedLocator, RedactedLocator | None], tuple[Explanation | Advice, OpenedPost]]

EXPLAINED: dict[str, Any] = {
    "id": "post",
    "place": "district 2",
    "answer": "district 2",
    "method": "occlusion",
    "unit": "nats",
    "whole": {"probability": 0.81, "log_odds": 1.45},
    "nothing": {"probability": 0.5, "log_odds": 0.0},
    "modalities": [{"kind": "hashtags", "name": "hashtags", "log_odds": 1.45, "probability": 0.31}],
    "parts": [{"kind": "hashtag", "name": "river", "log_odds": 1.2, "probability": 0.25}],
    "evidence": [],
    "notes": [],
    "text": "sunset over the old bridge",
    "hashtags": ["river", "evening"],
    "pictures": [],
    "granularity": "district",
    "fine": False,
    "home": False,
}


class ExplainOptions(BaseModel):
    """What may be asked of an explanation."""

    place: str | None = Field(None, max_length=200, description="Why this one? Left out: the answer's own.")
    user: str | None = Field(
        None, max_length=200, description="Whose post it is: training posts of the same user are then not shown."
    )
    grid: int = Field(4, ge=1, le=LARGEST_GRID, description="Rows and columns of regions that a picture is cut into.")


class ClassProbability(BaseModel):
    """A probability and its log-odds in nats."""

    probability: Share
    log_odds: float


class Effect(BaseModel):
    """How much a part moved the answer. Spans are in characters of `text`, boxes in shares of a picture's sides."""

    kind: Literal["text", "hashtags", "image", "word", "characters", "hashtag", "picture", "region"]
    name: str
    field: Literal["text", "image_text"] | None = None
    start: int | None = None
    end: int | None = None
    image: int | None = Field(None, description="Which of the readable pictures, from 0; see `pictures`.")
    box: tuple[float, float, float, float] | None = Field(None, description="Left, top, right, bottom.")
    log_odds: float = Field(description="Of the place, with this part minus without it, in nats.")
    probability: float = Field(description="The same in probability.")


class Neighbour(BaseModel):
    """A training post like the asked one."""

    id: str
    place: str
    similarity: float


class UnreadPart(BaseModel):
    """A word or hashtag that was not read: nothing is known of its effect. Spans are in characters of `text`."""

    kind: Literal["word", "hashtag"]
    name: str
    field: Literal["text", "image_text"] | None = None
    start: int | None = None
    end: int | None = None


class NotReadParts(NotRead):
    """What of the post had no part in the answer, with its words and hashtags."""

    parts: list[UnreadPart]


class ReadPost(BaseModel):
    """The post as it was read, which spans and numbers of pictures are about."""

    text: str
    hashtags: list[str]
    pictures: list[int] = Field(description="Which of the pictures that were sent could be read, from 0.")
    granularity: Granularity
    fine: bool
    home: bool


class Explained(ReadPost):
    """What made the run believe in `place`; docs/explanations.md says what the numbers are."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXPLAINED]})

    id: str
    place: str
    answer: str
    method: Literal["occlusion"]
    unit: Literal["nats"]
    whole: ClassProbability
    nothing: ClassProbability = Field(description="Of a post with nothing in it.")
    modalities: list[Effect]
    parts: list[Effect]
    evidence: list[Neighbour] = Field(description="Training posts most like it; with the switch `fine` alone.")
    notes: list[str]
    not_read: NotReadParts | None = Field(None, description="What was not read; left out where all was.")


def explain_routes(service: Service) -> APIRouter:
    """The route about why."""
    router = APIRouter()
    limits = service.limits
    form = form_body(ExplainOptions, pictures=limits.pictures, letters=limits.letters, grid=4)

    @router.post(
        "/explain",
        response_model=Explained,
        response_model_exclude_none=True,
        responses=problems(*ENDS),
        openapi_extra=form,
    )
    async def explain_post(request: Request) -> dict[str, Any]:
        """What gave the place of one post away."""
        service.slow.check_room()
        asked = await read_form(request, limits, ExplainOptions)

        def work(run: RedactedLocator, _: RedactedLocator | None) -> tuple[Explanation, OpenedPost]:
            opened = open_post(run, replace(asked.post, user=asked.options.user))
            place = known_place(run, asked.options.place)
            return explain(run, opened, place=place, grid=asked.options.grid, limit=LIMIT), opened

        return await told_slowly(service, request, asked.post, work)

    return router


async def told_slowly(service: Service, request: Request, post: Post, work: Work) -> dict[str, Any]:
    """What `work` finds of a post as plain data, with the post as it was read, unless the client goes."""
    found, opened = await unless_gone(request, service.ask_slowly(work))
    return {**found.to_json(), "id": "post", **as_read(service, post, opened)}


def known_place(run: RedactedLocator, name: str | None) -> str | None:
    """A class by the name it is told under. Raises BadOption, which names no other."""
    names = [place.name for place in run.predictor.places.places]
    if name is not None and name not in names:
        raise BadOption("place", "is none that this service tells", f"give one of an answer, such as {names[0]!r}")
    return name


def as_read(service: Service, post: Post, opened: OpenedPost) -> dict[str, Any]:
    """What spans and numbers of pictures are about, and the switches."""
    told = service.discretion
    kept = {id(image) for image in opened.post.images}
    return {
        "text": opened.post.text,
        "hashtags": list(opened.post.hashtags),
        "pictures": [number for number, image in enumerate(post.images) if id(image) in kept],
        "granularity": told.granularity,
        "fine": told.fine,
        "home": told.home,
    }
