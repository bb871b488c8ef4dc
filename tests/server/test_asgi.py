"""An answer that needs no framework."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from postplace.server.asgi import Message, send_record


def sent(record: dict[str, str], **options: Any) -> list[Message]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run(send_record(send, 429, record, **options))
    return messages


def test_a_record_is_sent_as_json_with_its_length_in_bytes() -> None:
    start, body = sent({"where": "外滩"})
    headers = dict(start["headers"])
    assert (start["type"], start["status"]) == ("http.response.start", 429)
    assert json.loads(body["body"]) == {"where": "外滩"}
    assert headers[b"content-length"] == str(len(body["body"])).encode()
    assert headers[b"content-type"] == b"application/json"


def test_further_headers_are_sent_in_lower_case() -> None:
    start, _ = sent({}, headers={"Retry-After": "5"})
    assert (b"retry-after", b"5") in start["headers"]
    assert len(start["headers"]) == 3
