"""What schemathesis makes of the OpenAPI: never a 5xx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from postplace.server.app import make_app
from postplace.server.service import Service

schemathesis = pytest.importorskip("schemathesis")


@pytest.fixture(scope="session")
def api(make: Callable[..., Service]) -> Any:
    """The schema of a service that answers in this process."""
    return schemathesis.openapi.from_asgi("/openapi.json", make_app(make()))


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_makes_it_fail(case: Any) -> None:
    answer = case.call()
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
