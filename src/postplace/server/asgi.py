"""The types of an ASGI application, and an answer that needs no framework."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def send_record(
    send: Send, status: int, record: Mapping[str, str], *, headers: Mapping[str, str] | None = None
) -> None:
    """Answer with a record as JSON."""
    body = json.dumps(record).encode()
    named = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    pairs = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
