"""What explanations and advice are as plain data, so that an editor completes the keys of a `to_dict`.

The service validates the same keys with pydantic (`server/explaining.py`, `server/advising.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

from postplace.truncation import UnreadRecord

if TYPE_CHECKING:
    from postplace.explain.edits import EditKind
    from postplace.explain.explanation import Method
    from postplace.explain.parts import Field, Kind, Modality
    from postplace.images.regions import Box


class PartDocument(TypedDict):
    """A `Part`: what does not apply to its kind is left out."""

    kind: Kind
    name: str
    field: NotRequired[Field]
    start: NotRequired[int]
    end: NotRequired[int]
    image: NotRequired[int]
    box: NotRequired[Box]
    of: NotRequired[Modality]


class EffectDocument(PartDocument):
    """An `Effect`: the part's own keys, nats of log-odds and a difference of probabilities."""

    log_odds: float
    probability: float


class ProbabilityDocument(TypedDict):
    """A `ClassProbability`."""

    probability: float
    log_odds: float


class NeighbourDocument(TypedDict):
    """A `Neighbour`."""

    id: str
    place: str
    similarity: float


class AttentionDocument(TypedDict):
    """An `AttentionMap`: `weights` (N, M), the mean over heads."""

    name: str
    queries: list[str]
    keys: list[str]
    weights: list[list[float]]


class NotReadDocument(UnreadRecord):
    """What was not read, with its words and hashtags."""

    parts: list[PartDocument]


class ExplanationDocument(TypedDict):
    """An `Explanation`."""

    id: str
    place: str
    answer: str
    method: Method
    unit: str
    whole: ProbabilityDocument
    nothing: ProbabilityDocument
    modalities: list[EffectDocument]
    parts: list[EffectDocument]
    evidence: list[NeighbourDocument]
    attention: list[AttentionDocument]
    notes: list[str]
    not_read: NotRequired[NotReadDocument]


class EditDocument(TypedDict):
    """An `Edit`."""

    kind: EditKind
    description: str
    part: PartDocument
    replacement: NotRequired[str]


class AttackerViewDocument(TypedDict):
    """An `AttackerView`."""

    probability: float
    answer: str
    expected_km: float | None


class RestDocument(AttackerViewDocument):
    """What is seen in what was cut off, by itself, and whether the place is hidden there."""

    reached: bool


class GoalDocument(TypedDict):
    """A `Goal`, without the place."""

    below: float | None
    beyond_km: float | None
    unanswered: bool
    description: str


class SuggestionDocument(AttackerViewDocument):
    """A `Suggestion`: the view's own keys, the edits, the text and the hashtags after them."""

    edits: list[EditDocument]
    text: str
    hashtags: list[str]
    loss: float
    reached: bool
    transfer_view: AttackerViewDocument | None


class AdviceDocument(TypedDict):
    """An `Advice`."""

    id: str
    protect: str
    place: str
    goal: GoalDocument
    before: AttackerViewDocument
    transfer_before: AttackerViewDocument | None
    without_hashtags: AttackerViewDocument | None
    reached: bool
    suggestions: list[SuggestionDocument]
    queries: int
    notes: list[str]
    not_read: NotRequired[UnreadRecord]
    rest: NotRequired[RestDocument]
