"""What schemathesis makes of the OpenAPI, through hypothesis alone: never a 5xx, and what fits is answered."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from postplace.server.app_factory import assemble
from postplace.server.service import Service

schemathesis = pytest.importorskip("schemathesis")
GET, POST = ("/health", "/examples"), ("/predict", "/batch_predict", "/explain", "/advise")
ROUNDS = 20  # of requests as the schema allows them, until one is answered: a random `place` is none of the run
OPERATIONS = (*((path, "GET") for path in GET), *((path, "POST") for path in POST))


def lines(_: Any, value: Any) -> bytes:
    """A text as it is, anything else as one JSON line."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else json.dumps(value, default=str).encode()


schemathesis.serializer("application/x-ndjson")(lines)


@pytest.mark.parametrize("wrong", [False, True])
def test_no_request_makes_it_fail(make: Callable[..., Service], wrong: bool) -> None:
    mode = schemathesis.GenerationMode.NEGATIVE if wrong else schemathesis.GenerationMode.POSITIVE
    schema = schemathesis.openapi.from_asgi("/openapi.json", assemble(make()))
    statuses: Counter[tuple[str, int]] = Counter()
    for path, method in OPERATIONS:
        if wrong and path in GET:  # nothing can be wrong with it
            continue

        @given(case=schema[path][method].as_strategy(generation_mode=mode))
        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def ask(case: Any) -> None:
            answer = case.call(timeout=180)  # a busy machine is no fault
            statuses[case.operation.path, answer.status_code] += 1
            assert answer.status_code < 500, answer.text
            assert "Traceback" not in answer.text

        for _ in range(1 if wrong else ROUNDS):
            ask()
            if statuses[path, 200]:
                break
    asked = {path for path, status in statuses if wrong or status == 200}
    assert asked >= set(POST), statuses


@pytest.mark.parametrize("path", POST)
def test_the_example_of_the_openapi_is_answered(client: Any, path: str) -> None:
    async def run() -> tuple[int, str]:
        async with client() as ask:
            content = (await ask.get("/openapi.json")).json()["paths"][path]["post"]["requestBody"]["content"]
            ((kind, body),) = content.items()
            example = body["example"]
            if isinstance(example, str):
                answer = await ask.post(path, content=example, headers={"content-type": kind})
            else:
                answer = await ask.post(path, files=[(name, (None, str(value))) for name, value in example.items()])
            return answer.status_code, answer.text

    status, text = asyncio.run(run())
    assert status == 200, text
