"""The process: uvicorn around the application, patience that ends, and a stop that finishes what is in flight."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from postplace.server.metrics import Watched
from postplace.server.security import security_headers

HEADERS_S = 10.0  # for the first line and the headers of a request
HEADER_BYTES = 32_768
STOP_S = 60.0
UNREAD_S = 20.0  # for a client to read the rest of an answer once its connection is to be closed
IDLE_S = 15  # longer than usual clients keep a connection: whoever closes first must not do so while the other asks


class PatientProtocol(H11Protocol):
    """Closes a connection whose request has no end of headers after `HEADERS_S`; uvicorn itself would wait for ever.

    So it would for the reader of an answer when it closes: that is ended after `UNREAD_S`, and by the `abort` in the
    scope's state.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}
        self._arm()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        super().data_received(data)
        if not self._idle:
            self._disarm()
        elif self._deadline is None:
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._disarm()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """See H11Protocol."""
        super().on_response_complete()
        self._end()

    def send_400_response(self, msg: str) -> None:
        """See H11Protocol: what is no HTTP never reaches the application, yet its answer has the same headers."""
        if self._idle or not self.cycle.response_started:
            headers_of_text = ((b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"))
            headers = (name + b": " + value for name, value in (*headers_of_text, *security_headers()))
            self.transport.write(b"\r\n".join([b"HTTP/1.1 400 Bad Request", *headers, b"", msg.encode()]))
        self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """See H11Protocol."""
        super().timeout_keep_alive_handler()
        self._end()

    def _end(self) -> None:
        if self.transport.is_closing():
            asyncio.get_running_loop().call_later(UNREAD_S, self.transport.abort)

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _arm(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(HEADERS_S, self._give_up)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self._idle and not self.transport.is_closing():
            self.transport.close()
            self._end()


def run(app: Watched, *, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM: then new requests get 503, those in flight are finished; a second one ends it."""
    asyncio.run(serve(app, make_server(app, host=host, port=port)))


def make_server(app: Watched, *, host: str, port: int) -> uvicorn.Server:
    """A server that logs no request, whose first signal only asks the application to stop."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = app.stopping
        app.stopping = True

    server.handle_exit = stop  # type: ignore[method-assign, assignment]
    return server


async def serve(app: Watched, server: uvicorn.Server) -> None:
    """Serve until the application was asked to stop and nothing is in flight any more."""
    waiter = asyncio.create_task(_exit_when_done(app, server))
    try:
        await server.serve()
    finally:
        waiter.cancel()


async def _exit_when_done(app: Watched, server: uvicorn.Server) -> None:
    while not app.stopping:
        await asyncio.sleep(0.05)
    until = time.monotonic() + STOP_S
    while app.in_flight and time.monotonic() < until:
        await asyncio.sleep(0.05)
    server.should_exit = True
