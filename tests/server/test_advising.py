"""POST /advise: as the adviser says, at the level that the service tells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from postplace import Post, PostLocator
from postplace.errors import BadOption
from postplace.explain import advise
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place
from postplace.server.batching import Batching
from postplace.server.jobs import LIMIT
from postplace.server.limits import RequestLimits
from postplace.server.service import Service, make_service
from postplace.text.tokens import LENGTHS

Client = Any
FORM = {"text": "the glass floor", "hashtags": "skydeck 看海", "max_edits": "1"}


def advised(client: Client, form: dict[str, str], **options: Any) -> tuple[int, dict[str, Any]]:
    """The status and the body of one form."""

    async def run() -> tuple[int, dict[str, Any]]:
        async with client(**options) as ask:
            answer = await ask.post("/advise", data=form, files=[("images", ("", b""))])
            return answer.status_code, answer.json()

    return asyncio.run(run())


def test_as_the_adviser_says(client: Client, served: PostLocator) -> None:
    status, found = advised(client, FORM, fine=True)
    assert status == 200, found
    post = Post("x", text="the glass floor", hashtags=("skydeck", "看海"))
    wanted = advise(served, post, max_edits=1, limit=LIMIT)
    assert (found["place"], found["reached"], found["queries"]) == (wanted.place, wanted.reached, wanted.queries)
    told = [[edit["description"] for edit in own["edits"]] for own in found["suggestions"]]
    assert told == [[edit.describe() for edit in own.edits] for own in wanted.suggestions]
    assert (found["text"], found["hashtags"], found["images"]) == ("the glass floor", ["skydeck", "看海"], [])


def test_places_are_told_as_districts(client: Client, served: PostLocator) -> None:
    status, found = advised(client, FORM | {"max_edits": "2"})
    assert status == 200, found
    text = json.dumps(found, ensure_ascii=False)
    assert not any(place.name in text for place in served.fitted.places.places)
    assert (found["granularity"], found["protect"]) == ("district", "place")
    assert found["place"].startswith("district")


def test_the_transfer_model_is_reported_before_and_after_each_edit(client: Client, served: PostLocator) -> None:
    """The transfer_model is a copy of the run here: it has what the run has."""
    other = PostLocator.__new__(PostLocator)
    other.__dict__.update(served.__dict__)
    status, found = advised(client, FORM, fine=True, transfer_model=other)
    assert status == 200, found
    assert found["transfer_before"] == pytest.approx(found["before"], abs=2e-6)  # asked in another batch, and rounded
    assert found["suggestions"]
    for suggestion in found["suggestions"]:
        view = {key: suggestion[key] for key in found["before"]}
        assert suggestion["transfer_view"] == pytest.approx(view, abs=2e-6)
    _, alone = advised(client, FORM, fine=True)
    assert "transfer_before" not in alone
    assert "transfer_view" not in alone["suggestions"][0]


def test_a_transfer_model_answers_in_the_same_words(make: Callable[..., Service], served: PostLocator) -> None:
    options: dict[str, Any] = {"fine": False, "home": False, "limits": RequestLimits(), "batching": Batching()}
    other = PostLocator.__new__(PostLocator)
    other.__dict__.update(served.__dict__)
    service = make_service(served, transfer_model=other, **options)
    assert service.transfer_redaction is not None
    assert service.transfer_redaction.classes.places == service.redaction.classes.places
    stranger = PostLocator.__new__(PostLocator)
    stranger.__dict__.update(served.__dict__)
    stranger._fitted = replace(served.fitted, places=PlaceVocabulary("place", (Place("a"), Place("b"))))
    with pytest.raises(BadOption, match="transfer_model"):
        make_service(served, transfer_model=stranger, **options)
    north = [replace(place, latitude=place.latitude and place.latitude - 1) for place in served.fitted.places.places]
    stranger._fitted = replace(served.fitted, places=PlaceVocabulary("place", tuple(north)))
    with pytest.raises(BadOption, match="lie elsewhere"):
        make_service(served, transfer_model=stranger, **options)
    fewer = served.fitted.places.places[:-1]
    stranger._fitted = replace(served.fitted, places=PlaceVocabulary("place", fewer))
    with pytest.raises(BadOption, match="has no class"):
        make_service(served, transfer_model=stranger, **options)


def test_a_run_of_homes_alone_needs_to_be_told_so(served: PostLocator) -> None:
    options: dict[str, Any] = {"fine": False, "limits": RequestLimits(), "batching": Batching()}
    homes = PostLocator.__new__(PostLocator)
    homes.__dict__.update(served.__dict__)
    homes._fitted = replace(served.fitted, places=PlaceVocabulary("category", (Place("home"), Place("dormitory"))))
    with pytest.raises(BadOption, match="home"):
        make_service(homes, home=False, **options)
    make_service(homes, home=True, **options)


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ({"max_edits": "9"}, "max_edits"),
        ({"below": "1"}, "below"),
        ({"below": "nan"}, "below"),
        ({"beyond_km": "inf"}, "beyond_km"),
        ({"protect": "category"}, "protect"),
        ({"protect": "user"}, "protect"),
        ({"place": "Nowhere"}, "place"),
        ({"grid": "4"}, "form"),
        ({"text": " ", "hashtags": " "}, "advise"),
    ],
)
def test_what_is_wrong_is_refused(client: Client, form: dict[str, str], where: str) -> None:
    status, found = advised(client, FORM | form)
    assert (status, found["where"]) == (422, where)
    assert "--" not in found["remedy"]  # that is the command line's word for it


def test_what_was_cut_off_is_told_and_asked_about_alone(client: Client) -> None:
    text = " ".join(f"word{n}" for n in range(LENGTHS["max_words"] + 90))
    status, found = advised(client, {"text": text, "below": "0.999"})
    assert status == 200, found
    assert not any("nothing needs to change" in note for note in found["notes"])
    assert found["not_read"]["said"] in found["notes"]
    assert set(found["rest"]) >= {"probability", "answer", "reached"}
    _, whole = advised(client, {"text": "a walk", "below": "0.999"})
    assert not {"not_read", "rest"} & set(whole)
