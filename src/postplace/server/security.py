"""Who may ask, and what a browser is asked to forbid."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path

from postplace.errors import BadOption
from postplace.server.asgi import App, Receive, Scope, Send, send_record

SHORTEST_TOKEN = 16
OPEN_PATHS = frozenset({"/health", "/"})  # what a container asks without a token, and where one is typed in
OPEN_FOLDER = "/page/"  # the page's files, the same for all
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
Headers = tuple[tuple[bytes, bytes], ...]
HEADERS: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(), camera=(), microphone=()"),
    (b"cache-control", b"no-store"),
)


def content_policy(tiles: str | None = None) -> str:
    """What a browser may load: the service's own files, and images of one other origin where the owner named it.

    >>> "https://tiles.example" in content_policy("https://tiles.example")
    True
    """
    images = "img-src 'self' blob: data:" + (f" {tiles}" if tiles else "")
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; {images}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def security_headers(tiles: str | None = None) -> Headers:
    """What stands on every answer, whoever gives it: the service, a refusal before it, a fault.

    >>> dict(security_headers())[b"cache-control"]
    b'no-store'
    """
    return ((b"content-security-policy", content_policy(tiles).encode()), *HEADERS)


def read_tokens(path: Path) -> tuple[bytes, ...]:
    """The digests of the tokens in a file, one a line, `#` before a remark. Raises BadOption without a good one."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise BadOption("token_file", f"{path} cannot be read", "give a text file with one token a line") from error
    tokens = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not tokens or min(map(len, tokens)) < SHORTEST_TOKEN:
        problem = f"{path} holds no token, or one of fewer than {SHORTEST_TOKEN} letters"
        raise BadOption("token_file", problem, "write one long random token a line")
    return tuple(_digest(token.encode()) for token in tokens)


def known_token(header: bytes, tokens: Sequence[bytes]) -> bool:
    """Whether an Authorization header carries one of the tokens; takes as long for a near miss as for any.

    >>> known_token(b"Bearer one", [_digest(b"one")]), known_token(b"Basic one", [_digest(b"one")])
    (True, False)
    """
    scheme, _, token = header.partition(b" ")
    given = _digest(token.strip())
    matches = [hmac.compare_digest(given, known) for known in tokens]  # all of them, so that the time tells nothing
    return scheme.lower() == b"bearer" and any(matches)


class Guarded:
    """ASGI: 401 without a known token, 403 for another site's page or host."""

    def __init__(self, app: App, *, tokens: Sequence[bytes] = (), hosts: frozenset[str] | None = None) -> None:
        self.app, self.tokens, self.hosts = app, tokens, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        headers = dict(scope["headers"])
        if problem := self._foreign(headers):
            await send_record(send, 403, _record(problem))
        elif self.tokens and not _open(scope["path"]) and not self._known(headers):
            problem = ("authorization", "no known token", "send the header Authorization: Bearer TOKEN")
            await send_record(send, 401, _record(problem), headers={"www-authenticate": "Bearer"})
        else:
            await self.app(scope, receive, send)

    def _known(self, headers: Mapping[bytes, bytes]) -> bool:
        return known_token(headers.get(b"authorization", b""), self.tokens)

    def _foreign(self, headers: Mapping[bytes, bytes]) -> tuple[str, str, str] | None:
        """A page of another site asking through somebody's browser: by its origin, or by a name it gave this host."""
        host = headers.get(b"host", b"").decode("latin-1").lower()
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if self.hosts is not None and host.rpartition(":")[0] not in self.hosts and host not in self.hosts:
            return "host", "is another name than this service listens to", "ask 127.0.0.1 or localhost"
        if origin and origin.partition("://")[2] != host:
            return "origin", "is another site", "ask from the service's own page, or without a browser"
        return None


def _open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _record(problem: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("where", "found", "remedy"), problem, strict=True))
