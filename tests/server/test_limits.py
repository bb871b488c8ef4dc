"""Every limit, and what hostile clients send: an answer below 500, no trace, and the next client is served."""

from __future__ import annotations

import asyncio
import io
import json
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from PIL import Image

from postplace.errors import BadRun, PostplaceError
from postplace.server.app import make_app
from postplace.server.batching import Batching
from postplace.server.limits import RequestLimits
from postplace.server.service import Service

Client = Any
Files = list[tuple[str, Any]]


def post(client: Client, files: Files, **options: Any) -> tuple[int, dict[str, Any]]:
    """The status and the body of one form; the service still answers after it."""

    async def run() -> tuple[int, dict[str, Any]]:
        async with client(**options) as ask:
            answer = await ask.post("/predict", files=files)
            assert (await ask.get("/health")).status_code == 200
            assert "Traceback" not in answer.text
            return answer.status_code, answer.json()

    return asyncio.run(run())


def image(data: bytes, name: str = "a.jpg") -> tuple[str, Any]:
    return "images", (name, data, "image/jpeg")


def bomb(side: int) -> bytes:
    """A PNG of side x side black pixels, some kilobytes long."""
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    return file.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


SMALL = RequestLimits(body_bytes=100_000, image_bytes=20_000, images=2, pixels=10_000, letters=500, hashtags=5)


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ([image(b"x" * 30_000)], 413),
        ([image(b"x" * 200_000)], 413),
        ([image(bomb(4000))], 422),
        ([image(png_claiming(65_535, 65_535))], 422),
        ([image(png_claiming(2**31 - 1, 2**31 - 1))], 422),
        ([image(b"GIF89a" + b"\0" * 20)], 422),
        ([image(b"no image")], 422),
        ([image(b"")], 422),
        ([image(bomb(8))] * 3, 413),
        ([("text", (None, "a" * 501))], 413),
        ([("text", (None, "a" * 5000))], 413),
        ([("hashtags", (None, " ".join(f"t{n}" for n in range(6))))], 413),
        ([("hashtags", (None, "tag"))] * 10_000, 413),
        ([("text", (None, " ".join(f"#t{n}" for n in range(99))))], 413),
        ([("top_k", (None, "many"))], 422),
        ([("top_k", (None, "0"))], 422),
        ([("level", (None, "nan"))], 422),
        ([("min_confidence", (None, "inf"))], 422),
        ([("text", (None, "a")), ("text", (None, "b"))], 422),
        ([("text", ("a.txt", b"a"))], 422),
        ([("images", (None, "/etc/passwd"))], 422),
        ([("images", (None, "http://127.0.0.1/a.jpg"))], 422),
        ([("place", (None, "here"))], 422),
        ([image(b"\xff\xd8\xff\xe0" + b"\0" * 50)], 422),
    ],
)
def test_what_is_too_much_or_wrong_is_refused(client: Client, files: Files, status: int) -> None:
    found, problem = post(client, files, limits=SMALL)
    assert found == status, problem
    assert set(problem) == {"where", "found", "remedy"}


def test_names_of_files_are_nothing_but_names(client: Client, photo: bytes) -> None:
    names = ["../../etc/passwd", "/etc/shadow", "a\\b.jpg", "C:\\x.jpg", "%00.jpg", "é" * 200, "http://x/y.jpg"]
    for name in names:
        assert post(client, [image(photo, name)])[0] == 200


def test_a_image_that_is_something_else_too(client: Client, photo: bytes) -> None:
    """A JPEG with a ZIP, a script and a page behind it is a JPEG; nothing else in it is looked at."""
    polyglot = photo + b"PK\x03\x04<script>alert(1)</script>%PDF-1.4"
    status, answer = post(client, [image(polyglot, "a.html")])
    assert (status, answer["modalities"]) == (200, ["image"])


def test_a_image_that_breaks_off_is_told_and_the_post_goes_on(client: Client, photo: bytes) -> None:
    status, answer = post(client, [("text", (None, "a walk")), image(photo[: len(photo) // 2])])
    assert (status, answer["modalities"], len(answer["unread"])) == (200, ["text"], 1)


def test_a_post_with_nothing_in_it(client: Client) -> None:
    status, answer = post(client, [("text", (None, " "))])
    assert (status, answer["places"], answer["confident"]) == (200, [], False)


TEXT = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=b", TEXT + b'\xff\xfe\x80\r\n--b--\r\n'),
        ("multipart/form-data; boundary=b; charset=rot13", TEXT + b'a\r\n--b--\r\n'),
        ("multipart/form-data; boundary=b; charset=hex", TEXT + b'zz\r\n--b--\r\n'),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\na\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"no form"),
        ("multipart/form-data; boundary=b", TEXT + b'no end'),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=" + "b" * 300, b"long boundary"),
        ("application/json", b"{}"),
        ("", b""),
    ],
)  # fmt: skip
def test_forms_that_are_none(client: Client, kind: str, body: bytes) -> None:
    async def run() -> None:
        async with client() as ask:
            answer = await ask.post("/predict", content=body, headers={"content-type": kind})
            assert answer.status_code < 500, answer.text
            assert "Traceback" not in answer.text

    asyncio.run(run())


def test_a_form_that_breaks_off_is_not_taken_for_a_whole_one(client: Client) -> None:
    whole = TEXT + b'a walk\r\n--b\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\nhalf'

    async def run() -> list[int]:
        async with client() as ask:
            headers = {"content-type": "multipart/form-data; boundary=b"}
            bodies = (whole, whole[: whole.find(b"--b\r\nContent", 5)], TEXT + b"a walk\r\n--b--")
            return [(await ask.post("/predict", content=body, headers=headers)).status_code for body in bodies]

    assert asyncio.run(run()) == [400, 400, 200]


def test_a_stream_longer_than_it_said(client: Client) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n'
        for _ in range(50):
            yield b"x" * 10_000

    async def run() -> int:
        async with client(limits=SMALL) as ask:
            headers = {"content-type": "multipart/form-data; boundary=b", "content-length": "10"}
            return int((await ask.post("/predict", content=endless(), headers=headers)).status_code)

    assert asyncio.run(run()) == 413


@pytest.mark.parametrize("path", ["/predict", "/batch_predict"])
def test_a_slow_sender(client: Client, path: str) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"--b\r\n"
        await asyncio.sleep(0.5)
        yield b"--b--\r\n"

    async def run() -> int:
        async with client(limits=RequestLimits(body_s=0.1)) as ask:
            headers = {"content-type": "multipart/form-data; boundary=b"}
            return int((await ask.post(path, content=slow(), headers=headers)).status_code)

    assert asyncio.run(run()) == 408


def test_bodies_that_are_too_much_together(client: Client) -> None:
    async def run() -> tuple[int, str]:
        async with client(limits=RequestLimits(held_bytes=1000)) as ask:
            answer = await ask.post("/predict", files={"text": (None, "a" * 2000)})
            return answer.status_code, answer.headers["retry-after"]

    assert asyncio.run(run()) == (429, "2")


def test_wrong_methods_and_paths(client: Client) -> None:
    async def run() -> list[int]:
        async with client() as ask:
            paths = ["/predict", "/../../etc/passwd", "/%2e%2e/x", "/predict/", "/" + "a" * 5000, "/docs", "/redoc"]
            return [(await ask.get(path)).status_code for path in paths]

    assert set(asyncio.run(run())) <= {404, 405, 307}


def test_a_client_that_has_gone_costs_nothing(make: Callable[..., Service]) -> None:
    """Ten posts whose clients go away while the first batch is in work: the model never sees them."""
    service = make(batching=Batching(size=1, wait_s=0.0))
    app = make_app(service)
    body = TEXT + b"a walk\r\n--b--\r\n"

    async def ask(gone: asyncio.Event) -> list[Any]:
        sent: list[Any] = []
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            for message in messages:
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"content-type", b"multipart/form-data; boundary=b")]
        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers, "query_string": b""}
        await app(
            {**scope, "http_version": "1.1", "scheme": "http", "server": ("t", 80), "root_path": ""}, receive, send
        )
        return sent

    async def run() -> None:
        gone, stays = asyncio.Event(), asyncio.Event()
        asked = [asyncio.create_task(ask(gone)) for _ in range(10)]
        await asyncio.sleep(0.05)
        gone.set()
        await asyncio.sleep(0.05)
        assert service.batcher.length == 0
        await service.batcher.start()
        answer = await ask(stays)
        assert answer[0]["status"] == 200
        assert {sent[0]["status"] for sent in [await task for task in asked]} == {499}
        await service.batcher.stop()

    asyncio.run(run())
    text = service.metrics.text().decode()
    assert "postplace_posts_total 1.0" in text


def test_a_stopping_service_refuses(make: Callable[..., Service]) -> None:
    import httpx

    app = make_app(make())
    app.stopping = True

    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as ask:
            return await ask.get("/health")

    answer = asyncio.run(run())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("a secret walk"),
        BadRun("/secret/run", "is damaged", "copy the secret run again"),
        PostplaceError("secret encoder", "out of memory", "give a smaller batch"),
    ],
)
def test_a_fault_is_no_trace_and_logs_no_content(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise fault

    async def ask_lines() -> dict[str, Any]:
        async with client() as ask:
            answer = await ask.post("/batch_predict", content='{"text": "a secret walk"}')
            found: dict[str, Any] = json.loads(answer.text)["error"]
            return found

    monkeypatch.setattr(Service, "answer", fail)
    with caplog.at_level("INFO", logger="postplace.server"):
        status, problem = post(client, [("text", (None, "a secret walk"))])
        of_a_line = asyncio.run(ask_lines())
    assert (status, problem["found"]) == (500, "failed at this request")
    assert of_a_line == {**problem, "where": "line 1"}
    assert caplog.text.count(f"failed: {type(fault).__name__}") == 2
    assert "secret" not in caplog.text + json.dumps([problem, of_a_line])
