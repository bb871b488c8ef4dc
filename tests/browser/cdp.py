"""A browser driven over the DevTools protocol through a pipe: no further package, no port that another could reach.

Protocol: https://chromedevtools.github.io/devtools-protocol/ ; messages are JSON, a zero byte after each.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT_S = 180.0  # for one thing to happen; the machine may be busy
OPTIONS = (
    "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-extensions", "--disable-sync", "--no-default-browser-check", "--mute-audio", "--hide-scrollbars",
    "--force-color-profile=srgb", "--lang=en-US", "about:blank",
)  # fmt: skip


class BrowserError(Exception):
    """What the browser says is wrong, or that it says nothing."""


def find_browser() -> str | None:
    """The path of a Chromium on this machine."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Connection:
    """A running browser: commands go in, answers and events come out."""

    def __init__(self, path: str, profile: Path) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        actions = [
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            # the pipe's ends may themselves be 3 and 4: first out of the way
            (os.POSIX_SPAWN_DUP2, to_browser, 103),
            (os.POSIX_SPAWN_DUP2, from_browser, 104),
            (os.POSIX_SPAWN_DUP2, 103, 3),
            (os.POSIX_SPAWN_DUP2, 104, 4),
        ]
        command = [path, f"--user-data-dir={profile}", *OPTIONS]
        environment = {**os.environ, "HOME": str(profile)}
        self.pid = os.posix_spawn(path, command, environment, file_actions=actions, setsid=True)
        os.close(to_browser)
        os.close(from_browser)
        self._number, self._rest = 0, b""
        self.heard: list[Callable[[dict[str, Any]], None]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """The result of a command. Raises BrowserError where the browser refuses it or says nothing."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._write, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + WAIT_S
        while True:
            answer = self.listen(until - time.monotonic())
            if answer is None:
                raise BrowserError(f"{method}: no answer within {WAIT_S:g} s")
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result

    def listen(self, seconds: float) -> dict[str, Any] | None:
        """The next message within that time, events given to who listens."""
        until = time.monotonic() + seconds
        while b"\0" not in self._rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                return None
            if not (data := os.read(self._read, 1_000_000)):
                raise BrowserError("the browser has ended")
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            for hear in self.heard:
                hear(message)
        return message

    def close(self) -> None:
        """End the browser and all of its processes."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self._write)
        os.close(self._read)


@contextmanager
def browser(path: str) -> Iterator[Connection]:
    """A browser with a profile of its own."""
    with TemporaryDirectory(prefix="postplace-browser-", ignore_cleanup_errors=True) as profile:
        connection = Connection(path, Path(profile))
        try:
            yield connection
        finally:
            connection.close()


# The middle of an element that is in view, at the same place for a while, and not covered by another
STILL = """(async () => {
  let before = null, same = 0;
  for (let tries = 0; tries < 200; tries++) {
    const one = document.querySelector(%s);
    if (!one) return null;
    one.scrollIntoView({block: "center", behavior: "instant"});
    const box = one.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const top = document.elementFromPoint(x, y);
    const free = top && (one.contains(top) || top.contains(one));
    same = before && free && Math.abs(before[0] - x) < 1 && Math.abs(before[1] - y) < 1 ? same + 1 : 0;
    before = [x, y];
    if (same >= 3) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  return before;
})()"""


@dataclass
class Page:
    """A tab of the browser. `errors`: what the console held against it; `requests`: every address that it asked for."""

    connection: Connection
    session: str
    context: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, connection: Connection) -> Page:
        """A new, empty tab in a context of its own."""
        context = connection.call("Target.createBrowserContext")["browserContextId"]
        target = connection.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = connection.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = cls(connection, session, context)
        connection.heard.append(page._hear)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        return page

    def close(self) -> None:
        """Close the tab and its context."""
        self.connection.heard.remove(self._hear)
        self.connection.call("Target.disposeBrowserContext", browserContextId=self.context)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command to this tab."""
        return self.connection.call(method, self.session, **params)

    def run(self, script: str) -> Any:
        """The value of an expression; promises are waited for."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return found["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Until an expression is true, or an element there."""
        until = time.monotonic() + WAIT_S
        while not self.run(f"Boolean({script})"):
            if time.monotonic() > until:
                raise BrowserError(f"never: {script}; the page says {self.run('document.body.innerText')!r}")
            self.connection.listen(0.05)

    def wait_for_value(self, script: str, value: Any) -> None:
        """Until an expression has that value; what it has instead is told where it never does."""
        until = time.monotonic() + WAIT_S
        while (found := self.run(script)) != value:
            if time.monotonic() > until:
                raise BrowserError(f"never {value!r}: {script}; it is {found!r}")
            self.connection.listen(0.05)

    def frames(self, many: int = 3) -> None:
        """Until that many frames are drawn: what observes a size draws again in the frame after it is seen."""
        self.run(f"""(async () => {{
          for (let drawn = 0; drawn < {many}; drawn += 1) {{ await new Promise(requestAnimationFrame); }}
        }})()""")

    def go(self, address: str) -> None:
        """Load an address; the page before it may still answer for a while."""
        self.run("window.left = true")
        self.call("Page.navigate", url=address)
        self.wait_for("!window.left && document.readyState === 'complete'")

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """The window's inner size in pixels."""
        scale = 2 if phone else 1
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )

    def prefer(self, **features: str) -> None:
        """What the reader prefers, such as prefers_color_scheme="dark"."""
        told = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=told)

    def press(self, key: str, *, times: int = 1, modifiers: int = 0) -> None:
        """A key, down and up; `modifiers`: 2 for Ctrl, 8 for Shift."""
        text = {"Enter": "\r", "Space": " "}.get(key, key if len(key) == 1 else "")
        name = " " if key == "Space" else key
        code = {"Enter": 13, "Tab": 9, "Escape": 27, "Space": 32}.get(key, ord(key[0].upper()))
        common = {"key": name, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        for _ in range(times):
            kind = "keyDown" if text and not modifiers & 2 else "rawKeyDown"
            self.call("Input.dispatchKeyEvent", type=kind, **common, **({"text": text} if kind == "keyDown" else {}))
            self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Text as a keyboard or an input method writes it."""
        self.call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """The middle of the first element that fits, brought into view."""
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drop(self, selector: str, files: list[Path]) -> None:
        """Files from outside, dragged over an element and dropped there."""
        x, y = self.middle(selector)
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def middle(self, selector: str) -> tuple[float, float]:
        """Where an element is, once it has come to rest: images that arrive late move what is below them."""
        found = self.run(STILL % json.dumps(selector))
        if found is None:
            raise BrowserError(f"{selector} is not there")
        return float(found[0]), float(found[1])

    def screenshot(self, path: Path) -> None:
        """The whole page as a PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        self.run("window.scrollTo(0, 0)")
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _hear(self, message: dict[str, Any]) -> None:
        if message.get("sessionId") != self.session:
            return
        method, params = message["method"], message["params"]
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(" ".join(str(one.get("value", one.get("description"))) for one in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            entry = params["entry"]
            self.errors.append(f"{entry['text']} {entry.get('url', '')}")
