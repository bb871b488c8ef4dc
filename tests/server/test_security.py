"""Tokens, headers, other sites' pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from postplace.errors import BadOption
from postplace.server.batching import Batcher
from postplace.server.http_errors import refuse
from postplace.server.limits import RequestLimits
from postplace.server.metrics import Metrics, Watched
from postplace.server.security import LOOPBACK, content_policy, known_token, read_tokens, security_headers
from postplace.server.service import Service

Client = Any
TOKEN = "a-long-random-token-of-the-owner"


def test_tokens(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# ours\n{TOKEN}\n\n{TOKEN}-2\n")
    tokens = read_tokens(file)

    async def run() -> list[int]:
        async with client(tokens=tokens) as ask:
            headers = ["", f"Bearer {TOKEN}", f"bearer {TOKEN}-2", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer "]
            asked = [await ask.get("/metrics", headers={"authorization": header}) for header in headers]
            refused = await ask.post("/predict", files={"text": (None, "a")})
            assert refused.headers["www-authenticate"] == "Bearer"
            assert (await ask.get("/health")).status_code == 200
            return [refused.status_code, *(answer.status_code for answer in asked)]

    assert asyncio.run(run()) == [401, 401, 200, 200, 401, 401, 401]


@pytest.mark.parametrize("content", ["", "# nothing\n", "short\n"])
def test_a_file_without_a_good_token(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokens").write_text(content)
    with pytest.raises(BadOption, match="token_file"):
        read_tokens(tmp_path / "tokens")
    with pytest.raises(BadOption, match="cannot be read"):
        read_tokens(tmp_path / "none")


def test_an_empty_token_is_none() -> None:
    assert not known_token(b"Bearer ", ())


def test_the_openapi_says_who_may_ask(client: Client) -> None:
    async def run() -> list[Any]:
        async with client(tokens=(b"x" * 32,)) as closed, client() as opened:
            assert (await closed.get("/openapi.json")).status_code == 401
            return [(await opened.get("/openapi.json")).json(), closed._transport.app.app.app.app.openapi()]

    without, found = asyncio.run(run())
    assert found["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    for path in ("/predict", "/batch_predict", "/explain", "/advise"):
        own = found["paths"][path]["post"]
        assert own["security"] == [{"token": []}]
        assert {"401", "403", "503"} <= set(own["responses"])
        assert "401" not in without["paths"][path]["post"]["responses"]
    assert "security" not in found["paths"]["/health"]["get"]
    assert "securitySchemes" not in without["components"]
    content = found["paths"]["/batch_predict"]["post"]["responses"]["200"]["content"]
    assert list(content) == ["application/x-ndjson"]
    first, second = map(json.loads, content["application/x-ndjson"]["example"].splitlines())
    assert (first["line"], second["line"], set(second)) == (1, 2, {"line", "error"})


def test_a_wrong_method_is_told_the_right_one(client: Client) -> None:
    async def run() -> tuple[int, str]:
        async with client() as ask:
            answer = await ask.get("/predict")
            return answer.status_code, answer.headers["allow"]

    assert asyncio.run(run()) == (405, "POST")


def test_headers_are_on_every_answer(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tokens").write_text(TOKEN)
    named = {"authorization": f"Bearer {TOKEN}"}
    small = RequestLimits(letters=100, body_bytes=5000, body_s=0.5)

    async def slow() -> AsyncIterator[bytes]:
        yield b"--b"
        await asyncio.sleep(0.7)

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    def busy(_: object) -> None:
        raise refuse(429, "service", "is full", "ask again later", retry_s=1)

    async def run() -> list[httpx.Response]:
        async with client(tokens=read_tokens(tmp_path / "tokens"), hosts=LOOPBACK, limits=small) as ask:
            form, kind = {"files": {"text": (None, "a")}}, {"content-type": "multipart/form-data; boundary=b"}
            found = [await ask.get(path, headers=named) for path in ("/", "/health", "/page/style.css", "/metrics")]
            found += [await ask.post(path, headers=named, **form) for path in ("/predict", "/batch_predict")]
            found += [await ask.post("/predict", **form), await ask.get("/health", headers={"host": "elsewhere"})]
            found += [await ask.get(path, headers=named) for path in ("/nowhere", "/predict")]
            wrong: list[dict[str, Any]] = [{"content": content, "headers": kind} for content in (b"no form", slow())]
            wrong += [{"content": b"-"}, {"files": {"text": (None, "a" * 6000)}}, {"files": {"top_k": (None, "x")}}]
            for sent in wrong:
                found.append(await ask.post("/predict", **{**sent, "headers": named | sent.get("headers", {})}))
            with monkeypatch.context() as full:
                full.setattr(Batcher, "check_room", busy)
                found.append(await ask.post("/predict", headers=named, **form))
            monkeypatch.setattr(Service, "answer", fail)
            found.append(await ask.post("/predict", headers=named, **form))
            ask._transport.app.stopping = True
            return [*found, await ask.get("/health")]

    found = asyncio.run(run())
    statuses = [200] * 6 + [401, 403, 404, 405, 400, 408, 415, 413, 422, 429, 500, 503]
    assert [answer.status_code for answer in found] == statuses
    for answer in found:
        for name, value in security_headers():
            assert answer.headers.get_list(name.decode()) == [value.decode()], (answer.status_code, name)
    assert "unsafe-inline" not in content_policy()


def test_a_fault_outside_the_routes_has_the_headers_too() -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError

    app = Watched(fail, metrics=Metrics(), routes=frozenset(), headers=security_headers("https://tiles.example"))

    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as ask:
            return await ask.get("/")

    answer = asyncio.run(run())
    assert answer.status_code == 500
    assert "https://tiles.example" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_of_other_sites_are_refused(client: Client) -> None:
    async def run() -> list[int]:
        async with client(hosts=LOOPBACK) as ask:
            asked = [
                {},
                {"origin": "http://127.0.0.1"},
                {"host": "localhost:8000"},
                {"host": "[::1]:8000"},
                {"origin": "https://elsewhere.example"},
                {"origin": "null"},
                {"host": "elsewhere.example"},
                {"host": "elsewhere.example", "origin": "http://elsewhere.example"},
            ]
            return [(await ask.get("/health", headers=headers)).status_code for headers in asked]

    assert asyncio.run(run()) == [200, 200, 200, 200, 403, 403, 403, 403]
