"""The process around the application, over a real socket: how it stops, and how long it is patient."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable

import pytest

from postplace.server import running
from postplace.server.asgi import Receive, Scope, Send
from postplace.server.metrics import Metrics, Watched
from postplace.server.running import make_server, serve

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def served(client: Callable[[int, Watched, Callable[[], None]], Awaitable[None]]) -> None:
    """Run `client(port, app, stop)` beside a server whose answers take 0.4 s; both must end."""

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

    async def run() -> None:
        app = Watched(slow, metrics=Metrics(), routes=frozenset())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = make_server(app, host="127.0.0.1", port=port)
        task = asyncio.create_task(serve(app, server))
        while not server.started:
            await asyncio.sleep(0.01)
        await client(port, app, lambda: server.handle_exit(signal.SIGTERM, None))
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
    async def client(port: int, app: Watched, stop: Callable[[], None]) -> None:
        first = asyncio.create_task(asked(port, GET))
        await asyncio.sleep(0.1)
        stop()
        late = await asked(port, GET)
        assert late.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 5" in late
        assert (await first).endswith(b"done")
        assert app.in_flight == 0

    served(client)


def test_headers_that_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "HEADERS_S", 0.2)

    async def client(port: int, _: Watched, __: Callable[[], None]) -> None:
        assert await asked(port, b"GET / HTTP/1.1\r\nX-Slow: ") == b""
        assert await asked(port, b"") == b""
        assert (await asked(port, GET)).endswith(b"done")  # 0.4 s of answering are not its fault

    served(client)


def test_headers_without_measure() -> None:
    async def client(port: int, _: Watched, __: Callable[[], None]) -> None:
        answer = await asked(port, b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
        assert answer.startswith(b"HTTP/1.1 400")

    served(client)
