"""What comes in and goes out, as OpenAPI shows it, each with an example."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Granularity = Literal["place", "cell", "district", "category"]
TAGS = "Separated by spaces or commas, or a JSON list; to them come those typed in the text, but not to an empty list."
LEVEL = (
    "How often set and circle cover the true place, on average over new users (or venues) like those held out in "
    "training, each counting the same however many posts it has; not: for that share of all posts. "
    "Where districts are shown, the next of 0.5, 0.8, 0.9, 0.95 and 0.99 is taken."
)
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]

ANSWER: dict[str, Any] = {
    "id": "post",
    "modalities": ["text", "image"],
    "confident": True,
    "places": [
        {"place": "district 2", "probability": 0.81, "latitude": 29.2, "longitude": 123.4, "radius_km": 2.0},
        {"place": "district 1", "probability": 0.19, "latitude": 29.17, "longitude": 123.45, "radius_km": 4.0},
    ],
    "level": 0.9,
    "coverage_over": "users",
    "prediction_set": ["district 2", "district 1"],
    "prediction_circle": {"latitude": 29.19, "longitude": 123.43, "radius_km": 7.0},
    "granularity": "district",
    "fine": False,
    "home": False,
    "unread": [],
}
PROBLEM: dict[str, Any] = {
    "where": "top_k",
    "found": "'many' is not a whole number",
    "remedy": "give a number from 1 to 100",
}


class Options(BaseModel):
    """What may be asked of an answer."""

    model_config = ConfigDict(extra="forbid")

    top_k: int = Field(5, ge=1, le=100, description="How many places.", examples=[3])
    level: float = Field(0.9, ge=0.5, le=0.99, description=LEVEL)
    min_confidence: Share = Field(0.0, description="Below this probability there is not enough to tell.")


class AnsweredPlace(BaseModel):
    """A place, cell, district or category; coordinates and the radius that holds a district, where there are any."""

    place: str
    probability: Share
    latitude: float | None = None
    longitude: float | None = None
    radius_km: float | None = None


class Circle(BaseModel):
    """What holds the true point as often as `level` says, on average over what `coverage_over` says."""

    latitude: float
    longitude: float
    radius_km: float


class Extent(BaseModel):
    """How far text or hashtags were read, in one of the ways they are: the first `read` of `total` units."""

    of: Literal["text", "hashtags", "text and hashtags"]
    unit: Literal["characters", "words", "tokens"]
    read: int
    total: int


class NotRead(BaseModel):
    """What of the post had no part in the answer: not harmless, only not read."""

    said: str = Field(description="In words.")
    extents: list[Extent] = Field(description="Each way in which a side is read of which something was cut off.")
    images: int = Field(description="How many could not be read.")
    modalities: list[str] = Field(description="What the post has and this run does not look at.")
    links: int = Field(0, description="How many links the text has: none is read.")
    mentions: int = Field(0, description="How many @mentions the text has: none is read.")


class Answer(BaseModel):
    """Where a post was probably made. `fine` and `home` are the switches the service was started with."""

    model_config = ConfigDict(json_schema_extra={"examples": [ANSWER]})

    id: str
    modalities: list[str] = Field(description="What the post had to go by: text, hashtags, image.")
    confident: bool = Field(description="False where the best is less probable than min_confidence.")
    places: list[AnsweredPlace]
    level: float | None = Field(None, description="What `prediction_set` and `prediction_circle` were made for.")
    coverage_over: Literal["users", "posts"] | None = Field(
        None,
        description="What coverage is the average over: users (or venues), each counting the same, or posts.",
    )
    caveat: str | None = Field(None, description="Why they are wide, where too few users were held out.")
    prediction_set: list[str] | None = None
    prediction_circle: Circle | None = None
    granularity: Granularity
    fine: bool = Field(description="Whether places themselves are shown, or districts of several.")
    home: bool = Field(description="Whether classes that say where somebody lives are shown.")
    unread: list[str] = Field(default=[], description="Why images could not be read, one reason each.")
    not_read: NotRead | None = Field(
        None, description="What of the rest was not read, such as the end of a long text; left out where all was."
    )


class PostAsRead(BaseModel):
    """The post as it was read, which spans and numbers of images are about."""

    text: str
    hashtags: list[str]
    images: list[int] = Field(description="Which of the images that were sent could be read, from 0.")
    granularity: Granularity
    fine: bool
    home: bool


class Problem(BaseModel):
    """Why there is no answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [PROBLEM]})

    where: str
    found: str
    remedy: str


class Health(BaseModel):
    """That the service answers, and how."""

    status: Literal["ok"] = "ok"
    version: str = Field(examples=["0.1.0"])
    model: str = Field(examples=["mrlf"])
    target: str = Field(examples=["place"])
    classes: int = Field(examples=[12])
    granularity: str = Field(examples=["district"])
    fine: bool
    home: bool
