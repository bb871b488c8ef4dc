"""POST /advise: which few edits of one post hide where it was made, at the level that the service tells."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from postplace.explain import Advice, OpenedPost, advise, open_whole
from postplace.server.explaining import LIMIT, ReadPost, known_place, told_slowly
from postplace.server.parsing import read_form
from postplace.server.redaction import RedactedLocator
from postplace.server.schemas import ENDS, NotRead, Share, form_body, problems
from postplace.server.service import Service

MOST_EDITS = 3

ADVISED: dict[str, Any] = {
    "id": "post",
    "protect": "place",
    "place": "district 2",
    "goal": {
        "below": 0.2,
        "unanswered": True,
        "description": "not the answer, and less probable than 0.2",
    },
    "before": {"probability": 0.81, "answer": "district 2", "expected_km": 1.2},
    "reached": True,
    "suggestions": [
        {
            "edits": [
                {
                    "kind": "hide hashtag",
                    "description": "leave out the hashtag #river",
                    "part": {"kind": "hashtag", "name": "river"},
                }
            ],
            "text": "sunset over the old bridge",
            "hashtags": ["evening"],
            "probability": 0.12,
            "answer": "district 1",
            "expected_km": 4.9,
            "loss": 0.11,
            "reached": True,
        }
    ],
    "asked": 31,
    "notes": [],
    "text": "sunset over the old bridge",
    "hashtags": ["river", "evening"],
    "pictures": [],
    "granularity": "district",
    "fine": False,
    "home": False,
}


class AdviseOptions(BaseModel):
    """What may be asked of the adviser."""

    protect: Literal["place", "category"] | None = Field(None, description="The run's own target; left out: that.")
    place: str | None = Field(None, max_length=200, description="What is to be hidden. Left out: the answer.")
    below: float | None = Field(None, gt=0.0, lt=1.0, description="Hidden is what is less probable than this.")
    beyond_km: float | None = Field(
        None, gt=0.0, le=20_000.0, description="Or what is expected to be missed by so many km."
    )
    max_edits: int = Field(2, ge=1, le=MOST_EDITS, description="Edits of a suggestion.")


class AttackerView(BaseModel):
    """What an attacker has of a post: how probable the place is, the answer, the km it is expected to be off."""

    probability: Share
    answer: str
    expected_km: float | None = None


class Rest(AttackerView):
    """What is seen in what was cut off, asked about alone."""

    reached: bool = Field(description="Whether the place is hidden there.")


class Goal(BaseModel):
    """When the place counts as hidden."""

    below: float | None = None
    beyond_km: float | None = None
    unanswered: bool
    description: str


class EditedPart(BaseModel):
    """What of the post is edited; boxes are in shares of a picture's sides, of a crop they are what is kept."""

    kind: Literal["word", "hashtag", "picture", "region"]
    name: str
    field: Literal["text", "image_text"] | None = None
    start: int | None = None
    end: int | None = None
    image: int | None = Field(None, description="Which of the readable pictures, from 0; see `pictures`.")
    box: tuple[float, float, float, float] | None = Field(None, description="Left, top, right, bottom.")


class Edit(BaseModel):
    """One edit."""

    kind: Literal[
        "hide hashtag", "replace hashtag", "generalise hashtag", "hide words", "reword", "blur region", "crop",
        "drop picture",
    ]  # fmt: skip
    description: str
    part: EditedPart
    replacement: str | None = None


class Suggestion(AttackerView):
    """A set of edits, the text and hashtags after them, and what is left to see."""

    edits: list[Edit]
    text: str
    hashtags: list[str]
    loss: Share = Field(description="Of meaning, 0 to 1.")
    reached: bool = Field(description="Whether the goal is reached; with a judge, for both systems.")
    judged: AttackerView | None = Field(None, description="What a system has that did not guide the search.")


class Advised(ReadPost):
    """Sets of edits, best first; docs/adviser.md says what the numbers are."""

    model_config = ConfigDict(json_schema_extra={"examples": [ADVISED]})

    id: str
    protect: Literal["place", "category"]
    place: str
    goal: Goal
    before: AttackerView
    judged_before: AttackerView | None = Field(None, description="What the judge has of the post as it is.")
    every_tag: AttackerView | None = Field(None, description="What is left without any hashtag.")
    reached: bool
    suggestions: list[Suggestion]
    asked: int = Field(description="How many edited posts the run was asked about.")
    notes: list[str]
    not_read: NotRead | None = Field(None, description="What was not read; left out where all was.")
    rest: Rest | None = None


def advise_routes(service: Service) -> APIRouter:
    """The route about what to change."""
    router = APIRouter()
    limits = service.limits
    form = form_body(AdviseOptions, pictures=limits.pictures, letters=limits.letters, max_edits=2)
    target: Literal["place", "category"] = "category" if service.discretion.granularity == "category" else "place"

    @router.post(
        "/advise",
        response_model=Advised,
        response_model_exclude_none=True,
        responses=problems(*ENDS),
        openapi_extra=form,
    )
    async def advise_post(request: Request) -> dict[str, Any]:
        """What to change in one post so that it no longer gives its place away."""
        service.slow.check_room()
        asked = await read_form(request, limits, AdviseOptions)

        def work(run: RedactedLocator, judge: RedactedLocator | None) -> tuple[Advice, OpenedPost]:
            opened, options = open_whole(run, asked.post), asked.options
            found = advise(
                run,
                opened,
                protect=options.protect or target,
                place=known_place(run, options.place),
                below=options.below,
                beyond_km=options.beyond_km,
                max_edits=options.max_edits,
                judge=judge,
                limit=LIMIT,
            )
            return found, opened

        return await told_slowly(service, request, asked.post, work)

    return router
