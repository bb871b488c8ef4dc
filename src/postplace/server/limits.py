"""What a client may send: bytes, images, pixels, counts and time, held to while the request is read.

What a client says of its length is never believed: the stream itself is counted. All bodies together have a bound too,
so that memory has one.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from postplace.server.asgi import App, Message, Receive, Scope, Send, send_record
from postplace.server.http_errors import Refusal, refuse

OTHER_BYTES = 65_536  # of a body that no route reads
LINE_S = 0.1
DISCARD_S = 2.0  # so long what a refused client still sends is read, so that it gets to read why


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """The largest request that is read. Bytes are those of the body as it is sent; seconds are of the whole body."""

    body_bytes: int = 20_000_000
    lines_bytes: int = 50_000_000  # of /batch_predict
    held_bytes: int = 200_000_000  # all bodies being read or answered together
    image_bytes: int = 10_000_000
    images: int = 8
    pixels: int = 25_000_000
    post_pixels: int = 100_000_000  # of all images of a post together, and of a batch of posts
    letters: int = 10_000  # of a text, and of all hashtags together
    hashtags: int = 100
    lines: int = 1_000
    body_s: float = 20.0
    send_s: float = 20.0  # a client that does not read its answer; of a long one, and `LINE_S` more for each line
    many: int = 4  # requests of many lines at once


class SlowReader(Exception):
    """A client that does not read its answer: the connection is given up."""


class LimitedBodies:
    """ASGI: counts what is read and how long it takes; 413, 408, or 429 where all bodies together are too many.

    Of requests for `long_paths` no more than `limits.many` are in work, from before their body is read to the end.
    """

    def __init__(self, app: App, *, limits: RequestLimits, long_paths: frozenset[str]) -> None:
        self.app, self.limits, self.long_paths = app, limits, long_paths
        self.held = self.lists = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(self, receive, most=self._most(scope["path"]))
        sender = _Sender(send, scope, limits=self.limits)

        async def send_in_time(message: Message) -> None:
            if message["type"] == "http.response.start" and not await body.discard():
                message = {**message, "headers": [*message.get("headers", []), (b"connection", b"close")]}
            await sender.send(message)

        is_list = scope["path"] in self.long_paths
        if is_list and self.lists >= self.limits.many:
            refusal = self._too_many()
            await send_record(send_in_time, refusal.status, refusal.record, headers=refusal.headers)
            return
        self.lists += is_list
        try:
            await self.app(scope, body.receive, send_in_time)
        finally:
            self.held -= body.read
            self.lists -= is_list

    def _too_many(self) -> Refusal:
        found = f"{self.limits.many} requests of many lines are in work"
        return refuse(429, "service", found, "ask again after Retry-After", retry_s=5)

    def _most(self, path: str) -> int:
        if path in self.long_paths:
            return self.limits.lines_bytes
        return self.limits.body_bytes if path.startswith("/") and path.count("/") == 1 else OTHER_BYTES


class _Sender:
    """One request's answer as it goes out; the time that its client lets it wait adds up."""

    def __init__(self, send: Send, scope: Scope, *, limits: RequestLimits) -> None:
        self._send, self._left = send, limits.send_s
        self._abort = (scope.get("state") or {}).get("abort")

    async def send(self, message: Message) -> None:
        """Send on; gives the connection up and raises SlowReader where the client reads too slowly."""
        started = time.monotonic()
        try:
            await asyncio.wait_for(self._send(message), max(0.0, self._left))
        except TimeoutError:
            if self._abort is not None:  # closing it would wait for what is not read
                self._abort()
            raise SlowReader from None
        self._left += LINE_S - (time.monotonic() - started)


class _Body:
    """One request's body as it comes in."""

    def __init__(self, owner: LimitedBodies, receive: Receive, *, most: int) -> None:
        self._owner, self._receive, self._most = owner, receive, most
        self._until = time.monotonic() + owner.limits.body_s
        self.read, self._whole = 0, False

    async def receive(self) -> Message:
        """The next message; raises a Refusal where it is one too many, too large or too late."""
        if self._whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._until - time.monotonic()))
        except TimeoutError:
            problem = f"was not sent within {self._owner.limits.body_s:g} s"
            raise refuse(408, "body", problem, "send it faster, or send less") from None
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        size = len(message.get("body", b""))
        self.read += size
        self._owner.held += size
        if self.read > self._most:
            raise refuse(413, "body", f"has more than {self._most:,} bytes", "send smaller or fewer images, or posts")
        if self._owner.held > self._owner.limits.held_bytes:
            raise refuse(429, "service", "is reading as much as it can hold", "ask again later", retry_s=2)
        return message

    async def discard(self) -> bool:
        """Read on without keeping anything, for a while; whether the body has ended."""
        until, more = time.monotonic() + DISCARD_S, self._most
        while not self._whole and more > 0:
            try:
                message = await asyncio.wait_for(self._receive(), max(0.0, until - time.monotonic()))
            except TimeoutError:
                break
            more -= len(message.get("body", b""))
            self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        return self._whole
