"""POST /advise: which few edits of one post hide where it was made, at the level that the service shows."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from postplace.explain import Advice, OpenedPost, advise, open_whole
from postplace.server.jobs import LIMIT, check_place, job_route
from postplace.server.parsing import Question
from postplace.server.redaction import RedactedLocator
from postplace.server.schemas import NotRead, PostAsRead, Share
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
    "queries": 31,
    "notes": [],
    "text": "sunset over the old bridge",
    "hashtags": ["river", "evening"],
    "images": [],
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
    """The view of what was cut off, by itself."""

    reached: bool = Field(description="Whether the place is hidden there.")


class Goal(BaseModel):
    """When the place counts as hidden."""

    below: float | None = None
    beyond_km: float | None = None
    unanswered: bool
    description: str


class EditedPart(BaseModel):
    """What of the post is edited; boxes are in shares of an image's sides, of a crop they are what is kept."""

    kind: Literal["word", "hashtag", "image", "region"]
    name: str
    field: Literal["text", "image_text"] | None = None
    start: int | None = None
    end: int | None = None
    image: int | None = Field(None, description="Which of the readable images, from 0; see `images`.")
    box: tuple[float, float, float, float] | None = Field(None, description="Left, top, right, bottom.")


class Edit(BaseModel):
    """One edit."""

    kind: Literal[
        "hide hashtag", "replace hashtag", "generalise hashtag", "hide words", "reword", "blur region", "crop",
        "drop image",
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
    reached: bool = Field(description="Whether the goal is reached; with a transfer model, for both models.")
    transfer_view: AttackerView | None = Field(None, description="What a model has that did not guide the search.")


class Advised(PostAsRead):
    """Sets of edits, best first; docs/adviser.md says what the numbers are."""

    model_config = ConfigDict(json_schema_extra={"examples": [ADVISED]})

    id: str
    protect: Literal["place", "category"]
    place: str
    goal: Goal
    before: AttackerView
    transfer_before: AttackerView | None = Field(None, description="What the transfer model has of the post as it is.")
    without_hashtags: AttackerView | None = Field(None, description="What is left without any hashtag.")
    reached: bool
    suggestions: list[Suggestion]
    queries: int = Field(description="How many edited posts were given to the model.")
    notes: list[str]
    not_read: NotRead | None = Field(None, description="What was not read; left out where all was.")
    rest: Rest | None = None


def advise_routes(service: Service) -> APIRouter:
    """The route about what to change."""
    target: Literal["place", "category"] = "category" if service.generalisation.granularity == "category" else "place"

    def work(
        run: RedactedLocator, transfer_model: RedactedLocator | None, question: Question[AdviseOptions]
    ) -> tuple[Advice, OpenedPost]:
        opened, options = open_whole(run, question.post), question.options
        advice = advise(
            run,
            opened,
            protect=options.protect or target,
            place=check_place(run, options.place),
            below=options.below,
            beyond_km=options.beyond_km,
            max_edits=options.max_edits,
            transfer_model=transfer_model,
            limit=LIMIT,
        )
        return advice, opened

    what = "What to change in one post so that it no longer gives its place away."
    return job_route(service, "advise", work, options=AdviseOptions, answer=Advised, description=what, max_edits=2)
