"""A service around the small run, asked in this process."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from postplace import PostLocator
from postplace.server.app_factory import assemble
from postplace.server.batching import Batching
from postplace.server.examples import Example
from postplace.server.limits import RequestLimits
from postplace.server.page_routes import TileSource
from postplace.server.service import Service, make_service

Client = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def served(place_run: Path) -> PostLocator:
    """The run, loaded."""
    return PostLocator.load(place_run, device="cpu")


@pytest.fixture(scope="session")
def make(served: PostLocator) -> Callable[..., Service]:
    """`make(fine=True)` -> a service."""

    def made(
        fine: bool = False,
        home: bool = False,
        limits: RequestLimits = RequestLimits(),  # noqa: B008
        batching: Batching = Batching(),  # noqa: B008
        transfer_model: PostLocator | None = None,
    ) -> Service:
        return make_service(
            served, fine=fine, home=home, limits=limits, batching=batching, transfer_model=transfer_model
        )

    return made


@pytest.fixture(scope="session")
def client(make: Callable[..., Service]) -> Client:
    """`async with client(limits=...) as ask:` asks a service of its own; errors of the service are raised here."""

    @asynccontextmanager
    async def asking(
        tokens: tuple[bytes, ...] = (),
        hosts: Any = None,
        tiles: TileSource | None = None,
        examples: tuple[Example, ...] = (),
        **options: Any,
    ) -> AsyncIterator[httpx.AsyncClient]:
        service = make(**options)
        app = assemble(service, tokens=tokens, hosts=hosts, tiles=tiles, examples=examples)
        await service.start()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as ask:
            yield ask
        await service.stop()

    return asking


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A small JPEG."""
    values = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(values).save(file, "JPEG")
    return file.getvalue()
