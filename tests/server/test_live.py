"""`postplace serve` in a process of its own, over a real socket: what hostile clients send, and how it ends.

The list goes to every POST route twice; answers are of the second time, and memory may not grow between the two.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from postplace.server.security import security_headers

FORMS = {"/predict": ("top_k", "1"), "/explain": ("grid", "1"), "/advise": ("max_edits", "1")}  # an option of each
LINES = "/batch_predict"
POST = (*FORMS, LINES)
TOKEN = "a-token-for-the-tests-alone"
SECRET = "Zanzibar7731"  # stands in posts and names of files: neither an answer nor the log may have it
QUOTED = "Quetzal7732"  # stands where a refusal may quote it to whoever sent it: the log may not have it
SECONDS = 5  # for a request to be sent
LIMITS = {"body-mb": 1, "image-mb": 1, "megapixels": 1, "lines": 20, "seconds": SECONDS}
MEGABYTE = 1_000_000
Sent = dict[str, Any]  # what httpx is given


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def outcome(self) -> str:
        """The status; of a 200 also whether a line or an image was told as bad."""
        if self.status != 200:
            return str(self.status)
        first = json.loads((self.text.splitlines() or ['{"error": "no line"}'])[0])
        unread = bool(first.get("unread")) or any("could not be read" in note for note in first.get("notes", ()))
        return "200" + (" error" if "error" in first else " unread" if unread else "")


@dataclass(frozen=True)
class Live:
    """The process, its port and its log."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(self, method: str, path: str, sent: Sent) -> Answer:
        """One well-formed request on a connection of its own, with the token unless `sent` has another."""
        headers = {"authorization": f"Bearer {TOKEN}", **sent.get("headers", {})}
        given = {**sent, "headers": {name: value for name, value in headers.items() if value}}
        if callable(given.get("content")):
            given["content"] = given["content"]()
        given |= {"timeout": 60, "trust_env": False, "verify": False}  # to read certificates takes longer than to ask
        answer = httpx.request(method, f"http://127.0.0.1:{self.port}{path}", **given)
        return Answer(answer.status_code, answer.headers, answer.text)

    def connect(self, data: bytes) -> socket.socket:
        """A connection that these bytes were sent on."""
        own = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        own.sendall(data)
        return own

    def memory(self, name: str = "VmRSS") -> float:
        """Bytes that it holds (VmRSS), or has held at most (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (found,) = re.findall(rf"{name}:\s+(\d+) kB", status)
        return 1024.0 * int(found)


def ended(own: socket.socket) -> Answer:
    """The first answer on a connection, which is then closed."""
    with own:
        answer = HTTPResponse(own)
        answer.begin()
        text = answer.read().decode()
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)


@pytest.fixture(scope="module")
def live(place_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The command with small limits; it is ready to be asked."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "tokens.txt").write_text(f"# one\n{TOKEN}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "postplace", "serve", str(place_run), f"--port={port}", "--device=cpu"]
    command += [f"--token-file={folder / 'tokens.txt'}", *(f"--max-{name}={most}" for name, most in LIMITS.items())]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    started = Live(process, port, folder / "log")
    until = time.monotonic() + 180
    while True:
        try:
            started.connect(b"").close()
            break
        except ConnectionError:
            assert process.poll() is None, started.log.read_text()
            assert time.monotonic() < until, "it does not answer"
            time.sleep(0.05)
    yield started
    process.kill()
    process.wait()


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks, whatever its header says."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    parts = [(b"IHDR", header), *chunks, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big") for kind, data in parts
    )


@cache
def bombs() -> dict[str, bytes]:
    """Small files that are large once they are opened, by what is large."""
    file = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(file, "PNG")
    hole, pixels = zlib.compress(bytes(200 * MEGABYTE), 6), zlib.compress(bytes(8 * 25))
    return {
        "pixels": file.getvalue(),
        "a header": png(2**31 - 1, 2**31 - 1, (b"IDAT", pixels)),
        "rows": png(8, 8, (b"IDAT", hole)),
        "a remark": png(8, 8, (b"zTXt", b"k\0\0" + hole), (b"IDAT", pixels)),
    }


def image(data: bytes, name: str = f"{SECRET}.jpg") -> tuple[str, Any]:
    return "images", (name, data, "image/jpeg")


def text(value: str, name: str = "text") -> tuple[str, Any]:
    return name, (None, value)


def form(body: bytes | Callable[[], Iterator[bytes]], kind: str = "multipart/form-data; boundary=b") -> Sent:
    """A body that httpx would not make."""
    return {"content": body, "headers": {"content-type": kind}}


PART = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
LARGE = f"{SECRET} ".encode() * 120_000  # 1.6 MB
MORE = f"PK\3\4<script>{SECRET}</script>%PDF-1.4".encode()
NAMES = (f"../../etc/{SECRET}", f"/etc/{SECRET}", f"C:\\{SECRET}", f"%00{SECRET}.jpg", f"http://x/{SECRET}", "é" * 200)


def hostile_forms(photo: bytes, path: str) -> dict[str, tuple[Sent, str]]:
    """What is sent to a route that takes one post, and what comes of it."""
    told = {"pixels": "200 unread", "a header": "200 unread", "rows": "200", "a remark": "200 unread"}
    fine, secret, (option, least) = text("a walk"), text(SECRET), FORMS[path]
    cheap, names = text(least, option), NAMES if path == "/predict" else ()
    return {
        **{f"a bomb: {kind}": ({"files": [fine, cheap, image(data)]}, told[kind]) for kind, data in bombs().items()},
        "10,000 hashtags": ({"files": [text(f"{SECRET} " * 10_000, "hashtags")]}, "413"),
        "10,000 fields": ({"files": [text(SECRET, "hashtags")] * 10_000}, "413"),
        "200 hashtags in the text": ({"files": [text(" ".join(f"#{SECRET}{n}" for n in range(200)))]}, "413"),
        "a huge part": ({"files": [text(f"{SECRET} " * 60_000)]}, "413"),
        "too large": ({"files": [image(LARGE)]}, "413"),
        "too large, of no length told": (form(partial(pieces, PART + LARGE + b"\r\n--b--\r\n")), "413"),
        "too many images": ({"files": [image(photo)] * 9}, "413"),
        "an option of another kind": ({"files": [secret, text(QUOTED, option)]}, "422"),
        "an unknown field": ({"files": [secret, text(SECRET, QUOTED)]}, "422"),
        "an option in the address": ({"files": [secret], "params": {QUOTED: SECRET}}, "422"),
        "a text that is a file": ({"files": [("text", (SECRET, SECRET))]}, "422"),
        "an image that is a path": ({"files": [text(f"/etc/{SECRET}", "images")]}, "422"),
        "an image that is an address": ({"files": [text(f"http://127.0.0.1/{SECRET}", "images")]}, "422"),
        "gzip": ({"files": [secret], "headers": {"content-encoding": "gzip"}}, "415"),
        "JSON": ({"json": {"text": SECRET}}, "415"),
        "nothing": ({}, "415"),
        **{f"a name {number}": ({"files": [cheap, image(photo, name)]}, "200") for number, name in enumerate(names)},
        "letters that are none": (form(PART + b"\xff\xfe a walk \x80\r\n--b--\r\n"), "200"),
        "an image and more": ({"files": [cheap, image(photo + MORE, NAMES[0])]}, "200"),
        "a page that begins as an image": ({"files": [image(f"GIF89a/*{SECRET}*/<script>".encode())]}, "422"),
        "half an image": ({"files": [fine, cheap, image(photo[: len(photo) // 2])]}, "200 unread"),
        "no end": (form(PART + SECRET.encode()), "400"),
        "no form": (form(SECRET.encode()), "400"),
        "no boundary": (form(PART, "multipart/form-data"), "400"),
        "a part without a name": (form(b"--b\r\nContent-Disposition: form-data\r\n\r\na\r\n--b--\r\n"), "400"),
    }


def line(**record: Any) -> Sent:
    return {"content": json.dumps(record, ensure_ascii=False).encode()}


def hostile_lines(photo: bytes) -> dict[str, tuple[Sent, str]]:
    """The same for the route of many lines: a line that is bad is answered as such."""
    told = {"pixels": "200 unread", "a header": "200 unread", "rows": "200", "a remark": "200 unread"}
    coded = {kind: base64.b64encode(data).decode() for kind, data in bombs().items()}
    large = (1 + 51 * MEGABYTE // len(LARGE)) * LARGE
    return {
        **{f"a bomb: {kind}": (line(text=SECRET, images=[data]), told[kind]) for kind, data in coded.items()},
        "10,000 hashtags": (line(hashtags=[SECRET] * 10_000), "200 error"),
        "200 hashtags": (line(hashtags=[f"{SECRET}{n}" for n in range(200)]), "200 error"),
        "a long text": (line(text=LARGE.decode()), "200 error"),
        "too large": ({"content": large}, "413"),
        "too large, of no length told": ({"content": partial(pieces, large)}, "413"),
        "too many lines": ({"content": b"{}\n" * 21}, "413"),
        "deep": ({"content": b"[" * 100_000}, "200 error"),
        "no JSON": ({"content": f'{{"text": "{SECRET}'.encode()}, "200 error"),
        "letters that are none": ({"content": b'{"text": "\xff\xfe"}'}, "200 error"),
        "no record": ({"content": b"7"}, "200 error"),
        "a text of another kind": (line(text={QUOTED: 1}), "200 error"),
        "images of another kind": (line(images=[7]), "200 error"),
        "an image that is a path": (line(images=[f"/etc/{SECRET}"]), "200 error"),
        "an image that is an address": (line(images=[f"http://127.0.0.1/{SECRET}"]), "200 error"),
        "an unknown key": (line(text=SECRET, **{QUOTED: 1}), "200 error"),
        "an option of another kind": ({**line(text=SECRET), "params": {"top_k": QUOTED}}, "422"),
        "an unknown option": ({**line(text=SECRET), "params": {QUOTED: "1"}}, "422"),
        "half an image": (line(images=[base64.b64encode(photo[: len(photo) // 2]).decode()]), "200 unread"),
        "an image and more": (line(images=[base64.b64encode(photo + MORE).decode()]), "200"),
        "gzip": ({"content": gzip.compress(SECRET.encode())}, "415"),
        "gzip that says so": ({**line(text=SECRET), "headers": {"content-encoding": "gzip"}}, "415"),
        "a form": ({"files": [text(SECRET)]}, "200 error"),
        "nothing": ({}, "200 error"),
    }


def strangers(path: str) -> dict[str, tuple[Sent, str]]:
    """A good request of somebody who may not ask."""
    good = line(text=SECRET) if path == LINES else {"files": [text(SECRET)]}
    return {
        "no token": ({**good, "headers": {"authorization": ""}}, "401"),
        "a wrong token": ({**good, "headers": {"authorization": f"Bearer {QUOTED}-{TOKEN}"}}, "401"),
        "another scheme": ({**good, "headers": {"authorization": f"Basic {TOKEN}"}}, "401"),
        "a foreign host": ({**good, "headers": {"host": f"{QUOTED}.example"}}, "403"),
        "a foreign page": ({**good, "headers": {"origin": f"https://{QUOTED}.example"}}, "403"),
    }


def pieces(body: bytes, size: int = 65_536) -> Iterator[bytes]:
    """A body that is sent without its length."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def head(path: str, *lines: str) -> bytes:
    """The first line and the headers of a raw request."""
    kind = "application/x-ndjson" if path == LINES else "multipart/form-data; boundary=b"
    own = [f"POST {path} HTTP/1.1", *lines, f"Authorization: Bearer {TOKEN}", f"Content-Type: {kind}"]
    return "\r\n".join([*own, "Connection: close", "", ""]).encode()


def malformed(path: str) -> dict[str, tuple[bytes, str]]:
    """What httpx would not send."""
    host = "Host: 127.0.0.1"
    return {
        "no host": (head(path), "400"),
        "a negative length": (head(path, host, "Content-Length: -1"), "400"),
        "two lengths": (head(path, host, "Content-Length: 1", "Content-Length: 2") + b"aa", "400"),
        "chunks that are none": (head(path, host, "Transfer-Encoding: chunked") + QUOTED.encode() + b"\r\n", "400"),
        "endless headers": (head(path, host)[:-2] + b"X-Long: " + QUOTED.encode() * 4000, "400"),
        "a header with a zero": (head(path, host, f"X-Zero: {QUOTED}\0"), "400"),
        "another protocol": (b"\x16\x03\x01" + QUOTED.encode() + b"\r\n\r\n", "400"),
        "a longer path": (head(f"{path}/../../etc/{QUOTED}", host, "Content-Length: 0"), "404"),
    }


@dataclass(frozen=True)
class Told:
    """What came of the list: every answer by route and case, what was expected, and the bytes held meanwhile."""

    answers: dict[tuple[str, str], Answer]
    expected: dict[tuple[str, str], str]
    before: float
    once: float
    twice: float
    most: float


@pytest.fixture(scope="module")
def told(live: Live, photo: bytes) -> Told:
    """All of it, twice; those who send slowly do so meanwhile."""
    requests: dict[tuple[str, str], Callable[[], Answer]] = {}
    expected: dict[tuple[str, str], str] = {}

    def raw(data: bytes) -> Answer:
        return ended(live.connect(data))

    for path in POST:
        cases = (hostile_lines(photo) if path == LINES else hostile_forms(photo, path)) | strangers(path)
        for name, (sent, outcome) in cases.items():
            requests[path, name], expected[path, name] = partial(live.ask, "POST", path, sent), outcome
        for name, (data, outcome) in malformed(path).items():
            requests[path, name], expected[path, name] = partial(raw, data), outcome
        good = {"files": [text("a walk"), text(*FORMS[path][::-1]), image(photo)]} if path in FORMS else line(text="a")
        assert live.ask("POST", path, good).outcome == "200"
    before = live.memory()
    slow = {path: live.connect(head(path, "Host: 127.0.0.1", "Content-Length: 500") + b"--b\r\n") for path in POST}
    for ask in requests.values():
        ask()
    once = live.memory()
    answers = {case: ask() for case, ask in requests.items()}
    twice = live.memory()
    for path, own in slow.items():
        answers[path, "a slow sender"], expected[path, "a slow sender"] = ended(own), "408"
    return Told(answers, expected, before, once, twice, live.memory("VmHWM"))


def test_each_is_answered_as_it_should_be(told: Told) -> None:
    found = {case: answer.outcome for case, answer in told.answers.items()}
    assert {case: own for case, own in found.items() if own != told.expected[case]} == {}
    assert {path for path, _ in found} == set(POST)


def test_no_answer_has_a_trace_or_a_content(told: Told) -> None:
    for case, answer in told.answers.items():
        for word in ("Traceback", 'File "', "failed at this request", SECRET):
            assert word not in answer.text, (case, answer.text)


def test_refusals_have_the_three_parts_of_an_error(told: Told) -> None:
    for case, answer in told.answers.items():
        if answer.status != 200 and answer.headers["content-type"] == "application/json":
            assert set(json.loads(answer.text)) == {"where", "found", "remedy"}, case


def test_every_answer_has_the_security_headers(told: Told) -> None:
    for case, answer in told.answers.items():
        for name, value in security_headers():
            assert answer.headers.get(name.decode()) == value.decode(), (case, name)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_does_not_grow(told: Told) -> None:
    """Opened, the bombs are 200 to 430 MB each; the largest body that may be read is 50 MB."""
    assert told.once < 1.3 * told.before
    assert told.twice < 1.1 * told.once
    assert told.most < told.before + 150 * MEGABYTE


def test_a_stop_finishes_what_is_in_flight_refuses_the_rest_and_the_log_has_no_content(live: Live, told: Told) -> None:
    body = PART + f"{SECRET}\r\n--b--\r\n".encode()
    own = live.connect(head("/predict", "Host: 127.0.0.1", "Expect: 100-continue", f"Content-Length: {len(body)}"))
    assert own.recv(1000).startswith(b"HTTP/1.1 100 ")  # it has begun to read the form
    live.process.send_signal(signal.SIGTERM)
    until = time.monotonic() + SECONDS / 2
    while (late := live.ask("POST", "/predict", {"files": [text(SECRET)]})).status == 200:
        assert time.monotonic() < until, "it goes on"
    assert (late.status, late.headers["retry-after"]) == (503, "5")
    assert all(late.headers[name.decode()] == value.decode() for name, value in security_headers())
    own.sendall(body)
    assert ended(own).outcome == "200"
    assert live.process.wait(15) == 0
    log = live.log.read_text()
    assert "POST /predict 413" in log  # it is the log
    assert "POST /predict 503" in log
    for word in ("Traceback", "ERROR", SECRET, QUOTED, TOKEN):
        assert word not in log
