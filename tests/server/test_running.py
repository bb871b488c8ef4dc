"""The process around the application, over a real socket: how it stops, and how long it is patient."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvicorn

from postplace.server import limits, running
from postplace.server.asgi import App, Receive, Scope, Send
from postplace.server.limits import LimitedBodies, RequestLimits, SlowReader
from postplace.server.metrics import Metrics, Watched
from postplace.server.running import make_server, serve
from postplace.server.security import security_headers

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


Asking = Callable[[int, Watched, uvicorn.Server], Awaitable[None]]


def served(client: Asking) -> None:
    """Run `client(port, app, server)` beside a server whose answers take 0.4 s; both must end."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(0.4)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
            await send({"type": "http.response.body", "body": b"done"})
            return
        while (kind := (await receive())["type"].removeprefix("lifespan.")) in ("startup", "shutdown"):
            await send({"type": f"lifespan.{kind}.complete"})
            if kind == "shutdown":
                return

    around(slow, client)


def around(answering: App, client: Asking) -> None:
    """As `served`, with an application of any kind."""

    async def run() -> None:
        app = Watched(answering, metrics=Metrics(), routes=frozenset())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = make_server(app, host="127.0.0.1", port=port)
        task = asyncio.create_task(serve(app, server))
        while not server.started:
            await asyncio.sleep(0.01)
        await client(port, app, server)
        server.should_exit = True
        await asyncio.wait_for(task, 10)

    asyncio.run(run())


async def asked(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def test_a_stop_finishes_what_is_in_flight_and_refuses_the_rest() -> None:
    async def client(port: int, app: Watched, server: uvicorn.Server) -> None:
        first = asyncio.create_task(asked(port, GET))
        await asyncio.sleep(0.1)
        server.handle_exit(signal.SIGTERM, None)
        late = await asked(port, GET)
        assert late.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 5" in late
        assert (await first).endswith(b"done")
        assert app.in_flight == 0

    served(client)


def test_headers_that_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "HEADERS_S", 0.2)

    async def client(port: int, _: Watched, __: uvicorn.Server) -> None:
        assert await asked(port, b"GET / HTTP/1.1\r\nX-Slow: ") == b""
        assert await asked(port, b"") == b""
        assert (await asked(port, GET)).endswith(b"done")  # 0.4 s of answering are not its fault

    served(client)


def test_headers_without_measure() -> None:
    async def client(port: int, _: Watched, __: uvicorn.Server) -> None:
        answer = await asked(port, b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
        assert answer.startswith(b"HTTP/1.1 400 ")
        head, body = answer.split(b"\r\n\r\n")
        assert {name + b": " + value for name, value in security_headers()} <= set(head.split(b"\r\n"))
        assert body == b"Invalid HTTP request received."

    served(client)


async def alive(scope: Scope, receive: Receive, send: Send) -> bool:
    """Whether it is a request; all else is answered."""
    if scope["type"] == "http":
        return True
    while (kind := (await receive())["type"].removeprefix("lifespan.")) in ("startup", "shutdown"):
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            break
    return False


async def unread(port: int, server: uvicorn.Server) -> None:
    """Ask, read nothing, and wait until the service has dropped the connection."""
    with socket.socket() as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        own.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(own, ("127.0.0.1", port))
        await loop.sock_sendall(own, GET)
        until = loop.time() + 10
        while not server.server_state.connections:
            await asyncio.sleep(0.01)
        while server.server_state.connections:
            assert loop.time() < until, "it holds the connection"
            await asyncio.sleep(0.02)


def test_who_does_not_read_a_long_answer_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        if await alive(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})

    bounded = LimitedBodies(endless, limits=RequestLimits(send_s=0.3), long_paths=frozenset({"/"}))

    async def client(port: int, app: Watched, server: uvicorn.Server) -> None:
        for _ in range(RequestLimits().many + 1):
            await unread(port, server)
        assert (app.in_flight, bounded.lists) == (0, 0)

    with caplog.at_level("INFO", logger="postplace.server"):
        around(bounded, client)
    assert "does not read its answer" in caplog.text


def test_who_does_not_read_the_end_of_an_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "UNREAD_S", 0.3)

    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        if await alive(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": bytes(20_000_000)})

    async def client(port: int, _: Watched, server: uvicorn.Server) -> None:
        await unread(port, server)
        monkeypatch.setattr(running, "UNREAD_S", 30.0)
        assert len(await asked(port, GET)) > 20_000_000  # who reads gets it all

    around(whole, client)


def test_a_reader_that_is_slow_all_the_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.05 s for each message are in time; for all of them there are 0.12 s and 0.01 s more for each."""
    monkeypatch.setattr(limits, "LINE_S", 0.01)
    sent: list[object] = []

    async def listed(scope: Scope, receive: Receive, send: Send) -> None:
        for number in range(100):
            await send({"type": "http.response.body", "body": b"a", "more_body": number < 99})

    async def slowly(message: object) -> None:
        await asyncio.sleep(0.05)
        sent.append(message)

    async def nothing() -> dict[str, object]:
        return {"type": "http.request", "more_body": False}

    aborted: list[bool] = []
    scope = {"type": "http", "path": "/", "state": {"abort": lambda: aborted.append(True)}}
    bounded = LimitedBodies(listed, limits=RequestLimits(send_s=0.12), long_paths=frozenset({"/"}))
    with pytest.raises(SlowReader):
        asyncio.run(bounded(scope, nothing, slowly))
    assert 0 < len(sent) < 5
    assert aborted == [True]
    assert bounded.lists == 0
