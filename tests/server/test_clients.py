"""Several clients at once, over HTTP, and what stays of their posts: nothing."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import Any

import httpx
import pytest

from postplace.explain import explain
from postplace.server import explaining
from postplace.server import service as service_file
from postplace.server.batching import Batching
from postplace.server.service import TOY, answer_all

Client = Any
SECRET = "Zanzibar7731"


def form(text: str, **more: Any) -> dict[str, Any]:
    return {"files": [("text", (None, text)), *((name, (None, value)) for name, value in more.items())]}


async def metric(ask: httpx.AsyncClient, name: str) -> float:
    """One of the numbers of /metrics."""
    (found,) = re.findall(rf"(?m)^{name} (\S+)$", (await ask.get("/metrics")).text)
    return float(found)


def test_two_clients_share_a_batch_and_each_gets_its_own_answer(client: Client) -> None:
    texts = ("the glass floor", "a walk by the river, 在江边散步")

    async def slowly() -> AsyncIterator[bytes]:
        """The second one's form, whole when the first one has long been in the queue."""
        yield b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
        await asyncio.sleep(0.2)
        yield texts[1].encode() + b"\r\n--b--\r\n"

    async def run() -> None:
        async with client(batching=Batching(wait_s=1.0)) as ask:
            kind = {"content-type": "multipart/form-data; boundary=b"}
            second = ask.post("/predict", content=slowly(), headers=kind)
            both = await asyncio.gather(ask.post("/predict", **form(texts[0])), second)
            assert await metric(ask, "postplace_batch_posts_count") == 1
            assert await metric(ask, "postplace_posts_total") == 2
            for text, together in zip(texts, both, strict=True):
                alone = (await ask.post("/predict", **form(text))).json()
                told = together.json()
                assert [place["place"] for place in told["places"]] == [place["place"] for place in alone["places"]]
                assert told["places"][0]["probability"] == pytest.approx(alone["places"][0]["probability"], abs=1e-4)
            assert await metric(ask, "postplace_batch_posts_count") == 3  # one after the other they share none

    asyncio.run(run())


def test_full_queues_refuse_and_say_when_to_come_back(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, free = threading.Semaphore(0), threading.Event()

    def blocked(locator: Any, questions: Any) -> Any:
        if questions[0].post is not TOY:
            begun.release()
            free.wait(60)
        return answer_all(locator, questions)

    def blocked_too(*given: Any, **options: Any) -> Any:
        begun.release()
        free.wait(60)
        return explain(*given, **options)

    monkeypatch.setattr(service_file, "answer_all", blocked)
    monkeypatch.setattr(explaining, "explain", blocked_too)

    async def fill(ask: httpx.AsyncClient, path: str, waiting: str) -> list[asyncio.Task[httpx.Response]]:
        """One in work and one that waits, which is all that may."""
        first = asyncio.create_task(ask.post(path, **form("a walk")))
        assert await asyncio.to_thread(begun.acquire, timeout=60)
        second = asyncio.create_task(ask.post(path, **form("a walk")))
        while await metric(ask, waiting) < 1:
            await asyncio.sleep(0.01)
        return [first, second]

    async def run() -> tuple[list[httpx.Response], list[httpx.Response]]:
        async with client(batching=Batching(size=1, most=1, wait_s=0.0, answer_s=100.0)) as ask:
            tasks = await fill(ask, "/predict", "postplace_queue_posts")
            tasks += await fill(ask, "/explain", "postplace_slow_queue_posts")
            paths = ("/predict", "/batch_predict", "/explain", "/advise")
            refused = [await ask.post(path, **form("a walk")) for path in paths]
            free.set()
            return refused, [await task for task in tasks]

    refused, answered = asyncio.run(run())
    for answer in refused:
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert set(answer.json()) == {"where", "found", "remedy"}
    assert [answer.status_code for answer in answered] == [200] * 4


def test_a_large_upload_stays_off_the_disk(client: Client, photo: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    rollover = SpooledTemporaryFile.rollover

    def noted(file: Any) -> None:
        written.append(file)
        rollover(file)

    monkeypatch.setattr(SpooledTemporaryFile, "rollover", noted)
    large = photo + bytes(5_000_000)

    async def run() -> dict[str, Any]:
        async with client() as ask:
            answer = await ask.post("/predict", files=[("images", ("a.jpg", large)), ("images", ("b.jpg", large))])
            found: dict[str, Any] = answer.json()
            return found

    found = asyncio.run(run())
    assert (found["modalities"], found["unread"]) == (["image"], [])
    assert written == []


def test_no_request_leaves_its_content_in_the_log(
    client: Client, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    images = [
        ("images", (f"{SECRET}.jpg", photo)),
        ("images", (SECRET, photo[: len(photo) // 2] + SECRET.encode())),
    ]

    async def run() -> list[int]:
        async with client() as ask:
            found = []
            for path, option in (("/predict", "top_k"), ("/explain", "grid"), ("/advise", "max_edits")):
                whole = [*form(SECRET, hashtags=SECRET, **{option: "1"})["files"], *images]
                found.append(await ask.post(path, files=whole, headers={"x-name": SECRET}))
            line = json.dumps({"id": SECRET, "text": SECRET, "hashtags": [SECRET]})
            found.append(await ask.post("/batch_predict", content=f'{line}\n{{"{SECRET}": 1}}'))
            found.append(await ask.post("/predict", **form(SECRET, **{SECRET: SECRET})))
            found.append(await ask.get(f"/{SECRET}?{SECRET}"))
            return [answer.status_code for answer in found]

    with caplog.at_level("INFO"):
        assert asyncio.run(run()) == [200, 200, 200, 200, 422, 404]
    records = [record for record in caplog.records if not record.name.startswith("http")]  # the client's own
    said = "\n".join(record.getMessage() for record in records)
    assert "POST /predict 200" in said
    assert SECRET not in said
    assert not any(record.exc_info for record in records)
