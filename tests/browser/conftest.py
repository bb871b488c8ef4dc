"""A service with its page, and a real browser to look at it with."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.browser.cdp import Connection, Page, browser, find_browser

from postplace import Post, PostLocator
from postplace.server.app_factory import assemble
from postplace.server.batching import Batching
from postplace.server.examples import Example
from postplace.server.limits import RequestLimits
from postplace.server.page_routes import TileSource
from postplace.server.running import make_server, serve
from postplace.server.service import make_service

ROOT = Path(__file__).parents[2]
EXAMPLE = Example("a walk along the harbour", ("skydeck",), (), "district 1")


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where images of the page are kept: $POSTPLACE_SCREENSHOTS, else a folder that is not committed."""
    folder = Path(os.environ.get("POSTPLACE_SCREENSHOTS") or ROOT / "build" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def connection() -> Iterator[Connection]:
    """A browser; without one the tests are skipped, or with POSTPLACE_BROWSER=required fail."""
    path = find_browser()
    if path is None:
        reason = "no Chromium is installed (Debian: apt-get install chromium)"
        if os.environ.get("POSTPLACE_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    with browser(path) as found:
        yield found


@pytest.fixture
def tab(connection: Connection) -> Iterator[Page]:
    """A tab of a desktop's size."""
    page = Page.open(connection)
    page.size(1280, 900)
    yield page
    page.close()


@pytest.fixture(scope="session")
def run(posts: list[Post], cache: Path) -> PostLocator:
    """A run that answers at once."""
    return PostLocator("place", "logistic", cache=cache, device="cpu").fit(posts)


@pytest.fixture(scope="session")
def serving(run: PostLocator) -> Iterator[Callable[..., str]]:
    """`serving(tiles=...)` -> the address of a service over a real socket, with its page; it ends with the session."""
    with ExitStack() as stack:

        def start(
            tiles: TileSource | None = None, tokens: tuple[bytes, ...] = (), examples: tuple[Example, ...] = (EXAMPLE,)
        ) -> str:
            limits, batching = RequestLimits(body_s=120.0, send_s=120.0), Batching(answer_s=120.0)
            service = make_service(run, fine=False, home=False, limits=limits, batching=batching)
            app = assemble(service, tokens=tokens, tiles=tiles, examples=examples)
            return stack.enter_context(running(app))

        yield start


@pytest.fixture(scope="session")
def address(serving: Callable[..., str]) -> str:
    """The address of a service without tiles."""
    return serving()


@pytest.fixture
def images(city: Path) -> list[Path]:
    """Two images of the generated city."""
    return sorted((city.parent / "images").glob("*.jpg"))[:2]


@contextmanager
def running(app: Any) -> Iterator[str]:
    """An application served in a thread."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = make_server(app, host="127.0.0.1", port=port)
    thread = threading.Thread(target=lambda: asyncio.run(serve(app, server)), daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)
