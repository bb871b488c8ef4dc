"""The application with all of its routes: answers, explanations, advice and the page."""

from __future__ import annotations

from collections.abc import Sequence

from postplace.server.advising import advise_routes
from postplace.server.app import make_app
from postplace.server.examples import Example
from postplace.server.explaining import explain_routes
from postplace.server.metrics import Watched
from postplace.server.page_routes import TileSource, page_routes
from postplace.server.service import Service


def assemble(
    service: Service,
    *,
    tokens: Sequence[bytes] = (),
    hosts: frozenset[str] | None = None,
    tiles: TileSource | None = None,
    examples: Sequence[Example] = (),
) -> Watched:
    """The whole of it around a service."""
    page = page_routes(service, tiles=tiles, tokens=bool(tokens), examples=examples)
    routers = [explain_routes(service), advise_routes(service), page]
    return make_app(service, tokens=tokens, hosts=hosts, routers=routers, tiles=None if tiles is None else tiles.origin)
