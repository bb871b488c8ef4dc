"""POST /explain: as the explanation says, at the level that the service tells, and nothing beyond it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
import pytest

from postplace import Post, PostLocator
from postplace.explain import OpenedPost, explain, variants
from postplace.features.batch import Vocabularies
from postplace.images.decode import decode
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place
from postplace.server import explaining, jobs
from postplace.server.batching import Batching
from postplace.server.http_errors import Refusal
from postplace.server.redaction import RedactedLocator, Redaction, redact_classes, without_names
from postplace.server.service import Service
from postplace.server.spatial_generalisation import SpatialGeneralisation
from postplace.text.tokens import LENGTHS
from postplace.text.vocabulary import Vocabulary

Client = Any


def explained(client: Client, form: dict[str, str], files: Any = None, **options: Any) -> tuple[int, dict[str, Any]]:
    """The status and the body of one form."""

    async def run() -> tuple[int, dict[str, Any]]:
        async with client(**options) as ask:
            answer = await ask.post("/explain", data=form, files=files or [("images", ("", b""))])
            return answer.status_code, answer.json()

    return asyncio.run(run())


def test_as_the_explanation_says(client: Client, served: PostLocator, photo: bytes) -> None:
    form = {"text": "the glass floor", "hashtags": "skydeck 看海", "grid": "2"}
    status, found = explained(client, form, [("images", ("a.jpg", photo, "image/jpeg"))], fine=True)
    assert status == 200, found
    post = Post("x", text="the glass floor", hashtags=("skydeck", "看海"), images=(photo,))
    wanted = explain(served, post, grid=2)
    assert (found["place"], found["answer"]) == (wanted.place, wanted.answer)
    parts = {(part["kind"], part["name"]): part["log_odds"] for part in found["parts"]}
    assert parts == {(e.part.kind, e.part.name): pytest.approx(e.log_odds, abs=1e-4) for e in wanted.parts}
    assert sum(part["kind"] == "region" for part in found["parts"]) == 4
    assert (found["text"], found["hashtags"], found["images"]) == ("the glass floor", ["skydeck", "看海"], [0])


def test_of_a_long_post_as_many_parts_are_looked_at_as_the_service_promises(client: Client, photo: bytes) -> None:
    """All of its 56 words are read, for they are short; with 64 regions there are more parts than the limit."""
    form = {"text": " ".join(f"w{n}" for n in range(56)), "hashtags": "skydeck", "grid": "8"}
    status, found = explained(client, form, [("images", ("a.jpg", photo, "image/jpeg"))])
    assert status == 200, found
    kinds = [part["kind"] for part in found["parts"] if part["kind"] != "characters"]
    assert (len(kinds), kinds.count("hashtag")) == (jobs.LIMIT, 1)
    assert {kinds.count("word"), kinds.count("region")} == {47, 48}
    assert f"{56 - kinds.count('word')} of 56 words were not looked at (limit 96)" in found["notes"]


def test_places_are_told_as_districts_and_no_training_post_is(client: Client, served: PostLocator) -> None:
    status, found = explained(client, {"text": "the glass floor", "hashtags": "skydeck"})
    assert status == 200, found
    text = json.dumps(found, ensure_ascii=False)
    assert not any(place.name in text for place in served.fitted.places.places)
    assert (found["granularity"], found["evidence"]) == ("district", [])
    assert found["place"].startswith("district")


def test_a_district_is_believed_in_as_an_answer_says(client: Client) -> None:
    async def run() -> tuple[dict[str, Any], dict[str, Any]]:
        async with client() as ask:
            files = {"text": (None, "the glass floor")}
            return (await ask.post("/predict", files=files)).json(), (await ask.post("/explain", files=files)).json()

    told, why = asyncio.run(run())
    assert why["answer"] == told["places"][0]["place"]
    assert why["whole"]["probability"] == pytest.approx(told["places"][0]["probability"], abs=1e-5)
    gains = sum(modality["log_odds"] for modality in why["modalities"])
    assert gains == pytest.approx(why["whole"]["log_odds"] - why["nothing"]["log_odds"], abs=1e-4)


def test_a_place_that_is_not_told_is_unknown(client: Client, served: PostLocator) -> None:
    name = served.fitted.places.places[0].name
    status, found = explained(client, {"text": "a walk", "place": name})
    assert (status, found["where"]) == (422, "place")
    assert name not in json.dumps(found, ensure_ascii=False)
    assert explained(client, {"text": "a walk", "place": name}, fine=True)[0] == 200
    assert explained(client, {"text": "a walk", "place": "district 1"})[1]["place"] == "district 1"


def test_whose_post_it_is_may_be_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    def noted(run: Any, opened: OpenedPost, **options: Any) -> Any:
        seen.append(opened.post.user)
        return explain(run, opened, **options)

    monkeypatch.setattr(explaining, "explain", noted)
    for form in ({"text": "a walk", "user": "ann"}, {"text": "a walk"}):
        assert explained(client, form)[0] == 200
    assert seen == ["ann", None]


@pytest.mark.parametrize("form", [{"text": ""}, {"grid": "9"}, {"grid": "x"}, {"top_k": "3"}, {"place": "x" * 300}])
def test_what_is_wrong_is_refused(client: Client, form: dict[str, str]) -> None:
    status, found = explained(client, {"text": "a walk", **form})
    assert status == 422, found
    assert set(found) == {"where", "found", "remedy"}


def test_images_that_break_off_keep_the_numbers_of_the_others(client: Client, photo: bytes) -> None:
    files = [("images", ("a.jpg", data, "image/jpeg")) for data in (photo[: len(photo) // 2], photo)]
    status, found = explained(client, {"grid": "1"}, files)
    assert (status, found["images"]) == (200, [1])
    assert any("image 1 could not be read" in note for note in found["notes"])


def test_a_full_queue_refuses(make: Callable[..., Service]) -> None:
    service = make(batching=Batching(most=1))
    free = Event()

    async def run() -> int:
        await service.start()
        first = asyncio.create_task(service.run_slowly(lambda run, transfer_model: free.wait(10)))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(service.run_slowly(lambda run, transfer_model: True))
        await asyncio.sleep(0.01)
        with pytest.raises(Refusal) as refused:
            service.slow.check_room()
        free.set()
        assert list(await asyncio.gather(first, second)) == [True, True]
        await service.stop()
        return refused.value.status

    assert asyncio.run(run()) == 429


def test_whoever_has_gone_costs_no_more(make: Callable[..., Service]) -> None:
    service = make()
    gone = Event()
    run = RedactedLocator(service.redaction, gone)
    gone.set()
    with pytest.raises(Refusal) as refused:
        explain(run, Post("x", text="a walk"))
    assert refused.value.status == 499


def test_whoever_goes_meanwhile_costs_one_batch_more(
    make: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Event()
    encoded: list[int] = []
    run = RedactedLocator(make().redaction, gone)

    def encode(posts: Any, **_: Any) -> None:
        encoded.append(len(posts))
        gone.set()

    monkeypatch.setattr(variants, "encode_posts", encode)
    with pytest.raises(Refusal):
        explain(run, Post("x", text=" ".join(f"w{n}" for n in range(65))))  # as many as are read, by their letters
    assert encoded == [variants.AT_ONCE]


def test_images_are_decoded_once_to_be_taken_apart(
    client: Client, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[object] = []

    def counted(image: bytes, **given: Any) -> Any:
        decoded.append(image)
        return decode(image, **given)

    monkeypatch.setattr(variants, "decode", counted)
    files = [("images", ("a.jpg", photo, "image/jpeg"))]
    assert explained(client, {"grid": "1"}, files)[0] == 200
    assert len(decoded) == 1


def test_withheld_classes_leave_no_trace() -> None:
    kinds = PlaceVocabulary("category", (Place("home"), Place("food"), Place("travel")))
    told = redact_classes(SpatialGeneralisation(kinds))
    assert [place.name for place in told.places.places] == ["food", "travel"]
    rows = np.array([[h, 0.3 * (1 - h), 0.7 * (1 - h)] for h in (0.0, 0.5, 0.99, 1.0)])
    assert told.merge(rows).round(6).tolist() == [[0.3, 0.7]] * 3 + [[0.5, 0.5]]
    assert redact_classes(SpatialGeneralisation(kinds, home=True)).everything
    assert not told.everything


def test_evidence_is_for_those_who_are_told_everything(served: PostLocator) -> None:
    fitted = replace(served.fitted, evidence=object())  # type: ignore[arg-type]  # only whether it is there counts
    locator = PostLocator.__new__(PostLocator)
    locator._fitted = fitted
    for name in ("entry", "plan", "encoder_pair"):
        setattr(locator, name, getattr(served, name))
    for fine, there in ((False, False), (True, True)):
        generalisation = SpatialGeneralisation(fitted.places, fine=fine)
        assert (Redaction.of(locator, generalisation).view.evidence is not None) == there


def test_no_tag_that_names_a_place_is_suggested() -> None:
    words = Vocabulary(("at", "lighthouse"))
    tags = Vocabulary(("capelighthouse", "sunset", "atcapelighthouse2", "cape"))
    known = Vocabularies(Vocabulary(("a",)), words, tags, 10, 10, 10)
    told = without_names(known, ["Cape Lighthouse", "Old Mill"])
    assert told.hashtags.items == ("sunset", "cape")
    assert told.words.items == ("at", "lighthouse")


def test_words_that_were_not_read_are_told_without_an_effect(client: Client) -> None:
    words = [f"word{n}" for n in range(LENGTHS["max_words"] + 90)]
    _, found = explained(client, {"text": " ".join(words)})
    told = [part["name"] for part in found["not_read"]["parts"]]
    assert told[-90:] == words[-90:]
    assert not any("log_odds" in part for part in found["not_read"]["parts"])
    assert not {part["name"] for part in found["parts"]} & set(told)
    assert found["notes"][0] == found["not_read"]["said"]
    _, whole = explained(client, {"text": "a walk"})
    assert "not_read" not in whole
