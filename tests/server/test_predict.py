"""What the routes answer, asked as a client does."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from postplace import Post, PostLocator
from postplace.features.encoder_pair import EncoderPair
from postplace.server import service as service_file
from postplace.server.limits import RequestLimits
from postplace.server.parsing import Question
from postplace.server.schemas import Options
from postplace.server.service import TOY, Service, answer_all
from postplace.text.tokens import LENGTHS

Client = Any


def test_health_says_which_switches_are_on(client: Client) -> None:
    async def run() -> dict[str, Any]:
        async with client() as ask:
            found: dict[str, Any] = (await ask.get("/health")).json()
            return found

    found = asyncio.run(run())
    assert (found["status"], found["granularity"], found["fine"], found["home"]) == ("ok", "district", False, False)


def test_one_post_as_the_locator_says(client: Client, served: PostLocator, photo: bytes) -> None:
    async def run() -> dict[str, Any]:
        async with client(fine=True) as ask:
            form = {"text": "the glass floor", "hashtags": "skydeck 看海", "top_k": "3", "level": "0.8"}
            answer = await ask.post("/predict", data=form, files=[("images", ("a.jpg", photo, "image/jpeg"))])
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

    found = asyncio.run(run())
    post = Post("x", text="the glass floor", hashtags=("skydeck", "看海"), images=(photo,))
    (wanted,) = served.predict([post], top_k=3, level=0.8)
    assert [place["place"] for place in found["places"]] == [r.place.name for r in wanted.ranked]
    assert found["places"][0]["probability"] == pytest.approx(wanted.ranked[0].probability, abs=1e-5)
    assert found["modalities"] == ["text", "hashtags", "image"]
    assert (found["granularity"], found["fine"], found["home"], found["level"]) == ("place", True, False, 0.8)


def test_places_are_told_as_districts(client: Client, served: PostLocator) -> None:
    async def run() -> dict[str, Any]:
        async with client() as ask:
            answer = await ask.post("/predict", files={"text": (None, "the glass floor")})
            found: dict[str, Any] = answer.json()
            return found

    found = asyncio.run(run())
    text = json.dumps(found, ensure_ascii=False)
    assert not any(place.name in text for place in served.fitted.places.places)
    assert found["granularity"] == "district"
    assert sum(place["probability"] for place in found["places"]) == pytest.approx(1.0, abs=1e-4)
    assert all(round(place["latitude"], 2) == place["latitude"] for place in found["places"])


def test_a_level_is_one_of_a_few_unless_places_themselves_are_told(client: Client) -> None:
    async def run(fine: bool) -> tuple[float, float]:
        async with client(fine=fine) as ask:
            form = {"text": (None, "the glass floor"), "level": (None, "0.83")}
            one = (await ask.post("/predict", files=form)).json()
            line = (await ask.post("/batch_predict?level=0.83", content=b'{"text": "the glass floor"}')).json()
            return one["level"], line["level"]

    assert asyncio.run(run(fine=False)) == (0.9, 0.9)
    assert asyncio.run(run(fine=True)) == (0.83, 0.83)


def test_many_lines_in_order(client: Client, photo: bytes) -> None:
    image = base64.b64encode(photo).decode()
    posts: list[Any] = [{"id": f"p{n}", "text": f"walk number {n}"} for n in range(40)]
    posts[3] = {"id": "p3", "images": [image]}
    lines = [json.dumps(post) for post in posts]
    lines[7], lines[9], lines[11] = '{"broken', '{"images": ["/etc/passwd"]}', '"no record"'
    lines[13] = json.dumps({"images": ["http://127.0.0.1/a.jpg"]})
    body = "\n".join(lines).encode() + b"\n\xff\xfe{}\n" + b"[" * 5000

    async def run() -> list[dict[str, Any]]:
        async with client() as ask:
            answer = await ask.post("/batch_predict?top_k=2", content=body)
            assert answer.status_code == 200
            return [json.loads(line) for line in answer.text.splitlines()]

    found = asyncio.run(run())
    assert [answer["line"] for answer in found] == list(range(1, 43))
    bad = {answer["line"] for answer in found if "error" in answer}
    assert bad == {8, 10, 12, 14, 41, 42}
    assert [a["id"] for a in found if "id" in a] == [f"p{n}" for n in range(40) if n not in (7, 9, 11, 13)]
    assert found[3]["modalities"] == ["image"]
    assert all(answer["granularity"] == "district" for answer in found if "error" not in answer)


@pytest.mark.parametrize("line", ['{"text": "a", "hashtag": ["b"]}', '{"text": "a", "top_k": 3}'])
def test_a_key_that_no_post_has_is_refused(client: Client, line: str) -> None:
    truth = '{"text": "a", "place": "b", "category": "c", "latitude": 1, "longitude": 2, "user": "d", "time": 3}'

    async def run() -> list[dict[str, Any]]:
        async with client() as ask:
            answer = await ask.post("/batch_predict", content=f"{line}\n{truth}")
            return [json.loads(line) for line in answer.text.splitlines()]

    wrong, right = asyncio.run(run())
    assert list(json.loads(line))[1] in wrong["error"]["found"]
    assert "give id, text, hashtags, images" in wrong["error"]["remedy"]
    assert "error" not in right


def test_an_option_that_is_none_is_refused(client: Client) -> None:
    async def run() -> list[Any]:
        async with client() as ask:
            lines = await ask.post("/batch_predict?topk=2", content=b"{}")
            form = {"text": (None, "a")}
            return [lines, *[await ask.post(f"{path}?top_k=2", files=form) for path in ("/predict", "/explain")]]

    lines, *forms = asyncio.run(run())
    assert (lines.status_code, lines.json()["found"]) == (422, "'topk' is none of them")
    assert lines.json()["remedy"] == "give top_k, level, min_confidence"
    for answer in forms:
        assert (answer.status_code, answer.json()["where"]) == (422, "query")
        assert "top_k" in answer.json()["found"]


def test_posts_of_many_levels_are_encoded_once(served: PostLocator, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = [Post(str(n), text=f"walk number {n}") for n in range(4)]
    levels = [0.8, 0.9, 0.8, 0.6]
    wanted = [served.predict([post], top_k=99, level=level)[0] for post, level in zip(posts, levels, strict=True)]
    calls: list[int] = []
    encode = EncoderPair.encode

    def counted(self: EncoderPair, posts: Any, **options: Any) -> Any:
        calls.append(len(posts))
        return encode(self, posts, **options)

    monkeypatch.setattr(EncoderPair, "encode", counted)
    asked = [Question(post, Options(top_k=1, level=n, min_confidence=0)) for post, n in zip(posts, levels, strict=True)]
    found = answer_all(served, asked)
    assert calls == [4]
    for (prediction, unread), own in zip(found, wanted, strict=True):
        assert unread == ()
        assert prediction.region is not None
        assert own.region is not None
        assert (prediction.region.level, prediction.region.places) == (own.region.level, own.region.places)
        assert [r.place for r in prediction.ranked] == [r.place for r in own.ranked]


def test_the_same_post_twice_in_a_batch_tells_each_broken_image_once(served: PostLocator, photo: bytes) -> None:
    broken = Post("broken", images=(b"no image", photo, b"nor is this"))
    asked = [Question(post, Options.model_validate({})) for post in (broken, TOY, broken)]
    reasons = [unread for _, unread in answer_all(served, asked)]
    assert [len(unread) for unread in reasons] == [2, 0, 2]
    assert reasons[0] == reasons[2]


def test_a_service_that_has_started_has_answered_a_toy_post_that_nobody_counts(
    make: Callable[..., Service], served: PostLocator, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, asked = make(), []

    def noted(locator: PostLocator, questions: Any) -> Any:
        asked.append((locator, [question.post for question in questions]))
        return answer_all(locator, questions)

    monkeypatch.setattr(service_file, "answer_all", noted)

    async def run() -> None:
        await service.start()
        await service.stop()

    asyncio.run(run())
    assert asked == [(served, [TOY])]
    assert "postplace_posts_total 0.0" in service.metrics.text().decode()
    ((prediction, unread),) = answer_all(served, [Question(TOY, Options.model_validate({}))])
    assert (prediction.modalities, unread) == (("text", "hashtags", "image"), ())


def test_too_many_lines(client: Client) -> None:
    async def run() -> int:
        async with client(limits=RequestLimits(lines=2)) as ask:
            return int((await ask.post("/batch_predict", content=b"{}\n{}\n{}\n")).status_code)

    assert asyncio.run(run()) == 413


def test_openapi_has_examples_and_no_outside_script(client: Client) -> None:
    async def run() -> None:
        async with client() as ask:
            schema = (await ask.get("/openapi.json")).json()
            assert set(schema["paths"]) == {"/health", "/predict", "/batch_predict", "/explain", "/advise", "/examples"}
            assert "example" in schema["paths"]["/predict"]["post"]["requestBody"]["content"]["multipart/form-data"]
            assert schema["components"]["schemas"]["Answer"]["examples"]
            assert (await ask.get("/docs")).status_code == 404

    asyncio.run(run())


def test_metrics_hold_no_content(client: Client) -> None:
    async def run() -> str:
        async with client() as ask:
            await ask.post("/predict", files={"text": (None, "a secret walk")})
            await ask.get("/a-secret-path")
            return str((await ask.get("/metrics")).text)

    found = asyncio.run(run())
    assert 'postplace_requests_total{method="POST",route="/predict",status="200"} 1.0' in found
    assert "secret" not in found


def test_how_far_a_long_post_was_read_is_told(client: Any) -> None:
    async def run(text: str) -> dict[str, Any]:
        async with client() as ask:
            answer = await ask.post("/predict", data={"text": text}, files=[("images", ("", b""))])
            found: dict[str, Any] = answer.json()
            return found

    words = " ".join(f"word{n}" for n in range(LENGTHS["max_words"] + 90))
    found = asyncio.run(run(words))["not_read"]
    assert found["extents"][1] == {
        "of": "text", "unit": "words", "read": LENGTHS["max_words"], "total": LENGTHS["max_words"] + 90
    }  # fmt: skip
    assert found["said"].endswith("the rest had no influence on this answer")
    assert "not_read" not in asyncio.run(run("a walk"))
