"""What the routes answer, asked as a client does."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from postplace import Post, PostLocator
from postplace.server.limits import RequestLimits

Client = Any


def test_health_says_which_switches_are_on(client: Client) -> None:
    async def run() -> dict[str, Any]:
        async with client() as ask:
            found: dict[str, Any] = (await ask.get("/health")).json()
            return found

    found = asyncio.run(run())
    assert (found["status"], found["granularity"], found["fine"], found["home"]) == ("ok", "district", False, False)


def test_one_post_as_the_locator_says(client: Client, served: PostLocator, picture: bytes) -> None:
    async def run() -> dict[str, Any]:
        async with client(fine=True) as ask:
            form = {"text": "the glass floor", "hashtags": "skydeck 看海", "top_k": "3", "level": "0.8"}
            answer = await ask.post("/predict", data=form, files=[("images", ("a.jpg", picture, "image/jpeg"))])
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

    found = asyncio.run(run())
    post = Post("x", text="the glass floor", hashtags=("skydeck", "看海"), images=(picture,))
    (wanted,) = served.predict([post], top_k=3, level=0.8)
    assert [place["place"] for place in found["places"]] == [r.place.name for r in wanted.ranked]
    assert found["places"][0]["probability"] == pytest.approx(wanted.ranked[0].probability, abs=1e-5)
    assert found["used"] == ["text", "hashtags", "image"]
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


def test_many_lines_in_order(client: Client, picture: bytes) -> None:
    image = base64.b64encode(picture).decode()
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
    assert found[3]["used"] == ["image"]
    assert all(answer["granularity"] == "district" for answer in found if "error" not in answer)


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
