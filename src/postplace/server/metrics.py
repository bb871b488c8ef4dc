"""What the service counts of itself, and its log: routes, statuses and times; never a content or a name."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from postplace.server.asgi import App, Message, Receive, Scope, Send, send_record
from postplace.server.limits import SlowReader

LOG = logging.getLogger("postplace.server")
METHODS = ("GET", "POST", "HEAD", "OPTIONS")
FAULT = {"where": "service", "found": "failed at this request", "remedy": "tell who runs it when this happened"}
_STOPPING = {"where": "service", "found": "is stopping", "remedy": "ask again later"}
_LAST = {"retry-after": "5", "connection": "close"}


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter("postplace_requests", "Answers", ("route", "method", "status"), registry=registry)
        self.seconds = Histogram("postplace_request_seconds", "Time to answer", ("route",), registry=registry)
        self.posts = Counter("postplace_posts", "Posts answered", registry=registry)
        self.batches = Histogram(
            "postplace_batch_posts", "Posts answered at once", buckets=(1, 2, 4, 8, 16, 32, 64), registry=registry
        )
        self.unread = Counter("postplace_unread_images", "Images that could not be read", registry=registry)
        self.queue = Gauge("postplace_queue_posts", "Posts waiting", registry=registry)
        self.slow_queue = Gauge(
            "postplace_slow_queue_posts", "Posts waiting to be explained or advised", registry=registry
        )
        self.held = Gauge("postplace_held_bytes", "Bytes of bodies being read or answered", registry=registry)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)

    def batch(self, size: int) -> None:
        """One batch of so many posts goes to the model."""
        self.batches.observe(size)
        self.posts.inc(size)


class Watched:
    """ASGI, outermost: counts and logs each request, refuses new ones while stopping, lets no trace out.

    `headers` stand on every answer, its own refusals and faults too.
    """

    def __init__(
        self, app: App, *, metrics: Metrics, routes: frozenset[str], headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        self.app, self.metrics, self.routes, self.headers = app, metrics, routes, headers
        self.in_flight, self.stopping = 0, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        route = scope["path"] if scope["path"] in self.routes else "other"
        method = scope["method"] if scope["method"] in METHODS else "other"
        status, started = 0, time.monotonic()

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", []), *self.headers]}
            await send(message)

        self.in_flight += 1
        try:
            if self.stopping:
                await send_record(send_counted, 503, _STOPPING, headers=_LAST)
            else:
                await self.app(scope, receive, send_counted)
        except SlowReader:
            LOG.info("%s %s: the client does not read its answer", method, route)
        except Exception as error:
            LOG.error("%s %s failed: %s", method, route, fault_location(error))
            if not status:
                await send_record(send_counted, 500, FAULT, headers=_LAST)
        finally:
            self.in_flight -= 1
            seconds = time.monotonic() - started
            self.metrics.requests.labels(route, method, str(status)).inc()
            self.metrics.seconds.labels(route).observe(seconds)
            LOG.info("%s %s %d %.0f ms", method, route, status, 1000 * seconds)


def fault_location(error: BaseException) -> str:
    """The type of an error and where it was raised: what it says may hold a post's content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" at {trace.tb_frame.f_code.co_qualname}, line {trace.tb_lineno}"
    return f"{type(error).__name__}{where}"
