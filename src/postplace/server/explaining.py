"""POST /explain: what gave one post away, at the level that the service shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from postplace.explain import Explanation, OpenedPost, explain, open_post
from postplace.server.jobs import LIMIT, check_place, job_route
from postplace.server.parsing import Question
from postplace.server.redaction import RedactedLocator
from postplace.server.schemas import NotRead, PostAsRead, Share
from postplace.server.service import Service

LARGEST_GRID = 8

EXPLAINED: dict[str, Any] = {
    "id": "post",
    "place": "district 2",
    "answer": "district 2",
    "method": "occlusion",
    "unit": "nats",
    "whole": {"probability": 0.81, "log_odds": 1.45},
    "nothing": {"probability": 0.5, "log_odds": 0.0},
    "modalities": [{"kind": "modality", "name": "hashtags", "log_odds": 1.45, "probability": 0.31}],
    "parts": [{"kind": "hashtag", "name": "river", "log_odds": 1.2, "probability": 0.25}],
    "evidence": [],
    "notes": [],
    "text": "sunset over the old bridge",
    "hashtags": ["river", "evening"],
    "images": [],
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
    grid: int = Field(4, ge=1, le=LARGEST_GRID, description="Rows and columns of regions that an image is cut into.")


class ClassProbability(BaseModel):
    """A probability and its log-odds in nats."""

    probability: Share
    log_odds: float


class Effect(BaseModel):
    """How much a part moved the answer. Spans are in characters of `text`, boxes in shares of an image's sides."""

    kind: Literal["modality", "word", "characters", "hashtag", "image", "region"]
    name: str
    field: Literal["text", "image_text"] | None = None
    start: int | None = None
    end: int | None = None
    image: int | None = Field(None, description="Which of the readable images, from 0; see `images`.")
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


class Explained(PostAsRead):
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

    def work(
        run: RedactedLocator, _: RedactedLocator | None, question: Question[ExplainOptions]
    ) -> tuple[Explanation, OpenedPost]:
        options = question.options
        opened = open_post(run, replace(question.post, user=options.user))
        return explain(run, opened, place=check_place(run, options.place), grid=options.grid, limit=LIMIT), opened

    what = "What gave the place of one post away."
    return job_route(service, "explain", work, options=ExplainOptions, answer=Explained, description=what, grid=4)
