"""The page in a real browser: a post from its images to an edit and back, by mouse, by keyboard, on a phone."""

from __future__ import annotations

import hashlib
import http.server
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from tests.browser.cdp import Page

from postplace.server.page_routes import TileSource

TEXT = "😊 sunset at the harbour 在码头 with the glass floor"
CONTRASTS = (Path(__file__).parent / "contrast.js").read_text()
# What is drawn later than what asks for it
DRAWN = "document.querySelector('#map .dot') && document.querySelector('#map .scale text')"
THUMBNAILS_SEEN = "[...document.querySelectorAll('#thumbnails img')].every((own) => own.naturalWidth > 0)"
HEAT_PAINTED = "[...document.querySelectorAll('.heat canvas')].every((own) => own.width > 300)"


def ask(tab: Page, address: str, text: str = TEXT) -> None:
    """Load the page, type, and wait for an answer."""
    tab.go(f"{address}/")
    tab.wait_for("document.querySelector('.chips li')")
    tab.click("#text")
    tab.type(text)
    tab.click("#ask")
    tab.wait_for("document.querySelector('.ranked')")


def others(tab: Page, address: str) -> list[str]:
    """What was asked of anyone but the service; the page's own blobs are nobody else's."""
    own = urlsplit(address).netloc
    parts = [urlsplit(asked) for asked in tab.requests]
    return [part.geturl() for part in parts if part.scheme not in ("blob", "data") and part.netloc != own]


def text_of(tab: Page, selector: str) -> str:
    return str(tab.run(f"document.querySelector({selector!r})?.innerText ?? ''")).replace("\xa0", " ")


def share_of(tab: Page, name: str) -> str:
    """The probability beside a place of the list."""
    named = f"(own) => own.querySelector('.called').innerText === {name!r}"
    rows = "[...document.querySelectorAll('.ranked > li')]"
    return str(tab.run(f"{rows}.find({named})?.querySelector('.share').innerText ?? ''"))


def test_from_images_to_an_edit_and_back(tab: Page, address: str, images: list[Path], screenshots: Path) -> None:
    tab.go(f"{address}/")
    tab.wait_for("document.querySelector('.example')")
    tab.screenshot(screenshots / "1-nothing-asked.png")
    tab.drop("#drop", images)
    tab.wait_for("document.querySelectorAll('#thumbnails img').length === 2")
    tab.wait_for(THUMBNAILS_SEEN)
    tab.click("#text")
    tab.type(TEXT)
    tab.click("#hashtags")
    tab.type("skydeck 打工人 码头工人")
    tab.click("#ask")
    tab.wait_for("document.querySelector('.ranked')")
    best = text_of(tab, ".ranked .called")
    assert best.startswith("district")
    assert "text, hashtags and images" in text_of(tab, ".verdict")
    tab.wait_for(DRAWN)  # in the frame after the one that shows the list
    assert tab.run("document.querySelector('#map .ring') !== null")
    assert tab.run("document.querySelector('#map .scale text').textContent").endswith(("km", "m"))
    assert best in text_of(tab, "#status")
    before = share_of(tab, best)
    tab.screenshot(screenshots / "2-answer.png")

    tab.click("#explain")
    tab.wait_for("document.querySelector('.marked')")
    tab.wait_for("[...document.querySelectorAll('.heat canvas')].filter((own) => own.width > 300).length === 2")
    assert "在码头" in text_of(tab, ".marked p")
    assert tab.run("document.querySelector('.marked p').textContent") == TEXT  # marks move no letter
    marks = tab.run("[...document.querySelectorAll('.marked p mark')].map((own) => own.textContent)")
    assert marks
    assert set(marks) <= {"在", "码头", "在码头", *TEXT.split()}  # an emoji, two halves to a script, moves no mark
    assert tab.run("document.querySelectorAll('.marked .tags li').length") == 3
    assert tab.run("document.activeElement.id") == "why-title"

    tab.click("#advise")
    tab.wait_for("document.querySelector('.suggestions')")
    tab.screenshot(screenshots / "3-explained-and-advised.png")
    tab.click(".take")
    tab.wait_for("document.querySelector('.compared')")
    tab.wait_for("document.querySelector('.marked')")  # explained again, as it was before
    assert best in text_of(tab, ".compared")
    assert share_of(tab, best) != before
    assert tab.run("document.activeElement.id") == "undo"
    tab.screenshot(screenshots / "4-edit-taken.png")
    tab.click("#undo")
    tab.wait_for("document.getElementById('undo').hidden && document.querySelector('.marked')")
    assert share_of(tab, best) == before
    assert tab.run("document.getElementById('text').value") == TEXT
    assert tab.run("document.querySelectorAll('#thumbnails img').length") == 2
    assert tab.errors == []
    assert others(tab, address) == []


def test_the_keyboard_alone(tab: Page, address: str, screenshots: Path) -> None:
    tab.go(f"{address}/")
    tab.wait_for("document.querySelector('.example')")
    tab.press("Tab")
    assert text_of(tab, ":focus") == "Skip to the post"
    tab.press("Enter")
    seen = walk(tab, "#text")
    tab.type(TEXT)
    seen += walk(tab, "#ask")
    assert [name for name in seen if name in ("#hashtags", "#choose")] == ["#hashtags", "#choose"]
    tab.press("Enter")
    tab.wait_for("document.querySelector('.ranked')")
    walk(tab, "#map svg")
    tab.wait_for(DRAWN)
    tab.frames()  # then it stands still: only the key moves it
    before = tab.run("document.querySelector('#map .dot').getAttribute('transform')")
    tab.press("ArrowLeft")
    tab.wait_for(f"document.querySelector('#map .dot').getAttribute('transform') !== {before!r}")
    walk(tab, ".ranked button")
    tab.screenshot(screenshots / "5-keyboard.png")
    tab.press("Enter")
    tab.wait_for("document.querySelector('.marked') && document.activeElement.id === 'why-title'")
    assert walk(tab, "#advise")[-4:] == ["#hide-place", "#max-edits", "#beyond-km", "#advise"]
    tab.press("Enter")
    tab.wait_for("document.activeElement.id === 'advice-title'")
    assert tab.run("document.querySelector('.take') !== null"), "this post has nothing to hide: take another one here"
    walk(tab, ".take")
    tab.press("Space")
    tab.wait_for("document.querySelector('.compared') && document.activeElement.id === 'undo'")
    assert tab.run("document.getElementById('text').value") != TEXT
    tab.press("Enter")
    tab.wait_for("document.getElementById('undo').hidden")
    assert tab.run("document.getElementById('text').value") == TEXT
    assert tab.errors == []


def walk(tab: Page, selector: str) -> list[str]:
    """Tab until an element has the focus, which is to be seen on every one; what was passed."""
    passed: list[str] = []
    for _ in range(40):
        tab.press("Tab")
        assert tab.run(
            "(() => { const own = getComputedStyle(document.activeElement);"
            "return own.outlineStyle !== 'none' && parseFloat(own.outlineWidth) >= 2; })()"
        ), f"no focus to be seen on {text_of(tab, ':focus')!r}"
        passed.append(f"#{tab.run('document.activeElement.id')}")
        if tab.run(f"document.activeElement.matches({selector!r})"):
            return passed
    raise AssertionError(f"{selector} is not reached: {passed}")


def test_an_input_method_is_not_interrupted(tab: Page, address: str) -> None:
    tab.go(f"{address}/")
    tab.wait_for("document.querySelector('.example')")
    tab.click("#hashtags")
    tab.call("Input.imeSetComposition", text="wai", selectionStart=3, selectionEnd=3)
    tab.press("Enter")
    assert not any(asked.endswith("/predict") for asked in tab.requests)
    tab.type("外滩")
    assert tab.run("document.getElementById('hashtags').value") == "外滩"
    tab.run("new Promise((done) => setTimeout(done, 100))")
    tab.press("Enter")
    tab.wait_for("document.querySelector('.ranked')")
    assert tab.errors == []


def test_escape_gives_up(tab: Page, address: str) -> None:
    ask(tab, address)
    tab.call(
        "Network.emulateNetworkConditions", offline=False, latency=60_000, downloadThroughput=-1, uploadThroughput=-1
    )  # no answer comes before the key
    tab.run("document.getElementById('explain').click()")
    tab.press("Escape")
    tab.wait_for("document.getElementById('status').textContent === 'Given up.'")
    assert tab.run("document.querySelector('.marked') === null")


def test_a_phone(tab: Page, address: str, images: list[Path], screenshots: Path) -> None:
    tab.size(360, 740, phone=True)
    tab.prefer(prefers_reduced_motion="reduce")
    tab.go(f"{address}/")
    tab.wait_for("document.querySelector('.chips li')")
    tab.drop("#drop", images[:1])
    tab.wait_for(f"document.querySelectorAll('#thumbnails img').length === 1 && {THUMBNAILS_SEEN}")
    tab.click("#text")
    tab.type(TEXT + " averyveryveryverylongwordthathasnospacesinit" * 2)
    tab.click("#ask")
    tab.wait_for("document.querySelector('.ranked')")
    tab.wait_for("document.getElementById('answer').getBoundingClientRect().top < 740")  # scrolled to by itself
    tab.click("#explain")
    tab.wait_for("document.querySelector('.marked')")
    tab.click("#advise")
    tab.wait_for("document.querySelector('.suggestions')")
    tab.wait_for(HEAT_PAINTED)  # before, a canvas is narrower
    tab.wait_for(DRAWN)
    tab.screenshot(screenshots / "6-phone.png")
    assert tab.run("document.documentElement.scrollWidth") <= 360
    small = tab.run(
        "[...document.querySelectorAll('button')].filter((own) => own.offsetParent)"
        ".map((own) => [own.innerText, own.offsetHeight]).filter(([, height]) => height < 24)"
    )
    assert small == []
    assert tab.errors == []


@pytest.mark.parametrize("part", [".dot.best text", ".dot:not(.best) text", ".name", ".scale text", ".degrees"])
def test_letters_on_the_map_are_measured(tab: Page, address: str, part: str) -> None:
    """As faint as the lines of the map, or as the dot that they stand on, each of them is found."""
    ask(tab, address)
    tab.wait_for(f"document.querySelector('#map {part}')")  # the list stands before the map is drawn
    faint = "var(--main)" if part == ".dot.best text" else "var(--grid)"
    # in one script: where the map is drawn anew in between, its letters are as they were
    found = tab.run(f"""
    window.lost = [...document.querySelectorAll('#map {part}')].map((own) => own.textContent.slice(0, 40));
    document.querySelectorAll('#map {part}').forEach((own) => own.style.setProperty('fill', '{faint}'));
    {CONTRASTS}""")
    assert tab.run("window.lost.length") > 0
    assert [text for text, *_ in found] == tab.run("window.lost")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_letters_stand_out(tab: Page, address: str, images: list[Path], screenshots: Path, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: contrast of 4.5, of large letters 3; measured on every text that is shown."""
    tab.prefer(prefers_color_scheme=scheme)
    tab.go(f"{address}/")
    tab.wait_for("document.querySelector('.example')")
    tab.drop("#drop", images)
    tab.wait_for("document.querySelectorAll('#thumbnails img').length === 2")
    ask_here = "document.getElementById('text').value = 'a walk at the harbour'; document.getElementById('ask').click()"
    tab.run(ask_here)
    tab.wait_for("document.querySelector('.ranked')")
    tab.click("#explain")
    tab.wait_for("document.querySelector('.marked')")
    tab.click("#advise")
    tab.wait_for("document.querySelector('#advice-content .hint')")
    tab.wait_for("document.activeElement.id === 'advice-title'")
    tab.wait_for("document.querySelectorAll('#map text').length > 3")
    assert tab.run(CONTRASTS) == []
    tab.screenshot(screenshots / f"7-{scheme}.png")
    assert tab.errors == []


def test_tiles_that_cannot_be_loaded(tab: Page, serving: Callable[..., str], screenshots: Path) -> None:
    address = serving(tiles=TileSource("https://tiles.invalid/{z}/{x}/{y}.png", "© nobody"))
    ask(tab, address)
    tab.wait_for("document.querySelector('.map-note:not([hidden])')")
    tab.wait_for("document.querySelector('#map .graticule')")
    assert tab.run("document.querySelectorAll('.tiles img').length") == 0
    tab.screenshot(screenshots / "8-tiles-blocked.png")
    assert {urlsplit(asked).netloc for asked in others(tab, address)} == {"tiles.invalid"}
    assert all("tiles.invalid" in error for error in tab.errors), tab.errors  # the browser tells of lost images


def test_tiles_of_the_owner(tab: Page, serving: Callable[..., str], screenshots: Path) -> None:
    with tile_server() as (ground, asked):
        address = serving(tiles=TileSource(ground + "/{z}/{x}/{y}.png", "© the ground"))
        ask(tab, address)
        tab.wait_for("document.querySelectorAll('.tiles img.there').length > 3")
        tab.run("new Promise((done) => setTimeout(done, 400))")
        tab.screenshot(screenshots / "9-tiles.png")
        assert text_of(tab, ".attribution") == "© the ground"
        assert tab.run("document.querySelector('#map .graticule') === null")
        assert asked
        assert set(asked.values()) == {f"{address}/"}  # whose page, and nothing of it
        assert {urlsplit(other).netloc for other in others(tab, address)} == {urlsplit(ground).netloc}
        assert tab.errors == []


def test_problems_say_what_to_do(tab: Page, address: str, tmp_path: Path, screenshots: Path) -> None:
    tab.go(f"{address}/")
    tab.wait_for("document.querySelector('.chips li')")
    tab.click("#ask")
    tab.wait_for("document.querySelector('#problem .problem')")
    assert "give a text, hashtags or an image" in text_of(tab, "#problem")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no image")
    tab.drop("#drop", [broken])
    tab.wait_for("document.querySelector('#thumbnails .no-preview')")
    tab.click("#ask")
    tab.wait_for("document.getElementById('problem').innerText.includes('image 1')")
    tab.screenshot(screenshots / "10-problem.png")
    tab.click("#text")
    tab.type("a walk")  # with words beside it the post is answered, and the image is said to be unread
    tab.click("#ask")
    tab.wait_for("document.querySelector('.ranked')")
    tab.wait_for("document.getElementById('verdict').innerText.includes('1 image could not be read')")
    assert text_of(tab, "#problem") == ""
    tab.click(".remove")
    tab.wait_for("document.querySelectorAll('#thumbnails li').length === 0")
    tab.click("#ask")
    tab.wait_for("!document.getElementById('verdict').innerText.includes('could not be read')")


def test_not_enough_to_tell(tab: Page, address: str, screenshots: Path) -> None:
    tab.go(f"{address}/")
    tab.wait_for("document.querySelector('.chips li')")
    tab.run("document.getElementById('confidence').value = 90")
    tab.click("#text")
    tab.type("hm")
    tab.press("Enter", modifiers=2)
    tab.wait_for("document.querySelector('.unsure')")
    assert "below the 90 %" in text_of(tab, ".unsure")
    assert text_of(tab, "#status").startswith("Not enough to tell")
    tab.screenshot(screenshots / "11-not-enough.png")


def test_a_token_and_an_example(tab: Page, serving: Callable[..., str]) -> None:
    token = "a-long-random-token-of-the-owner"
    address = serving(tokens=(hashlib.sha256(token.encode()).digest(),))
    tab.go(f"{address}/")
    tab.wait_for("!document.getElementById('token-field').hidden")
    tab.click("#text")
    tab.type("a walk")
    tab.click("#ask")
    tab.wait_for("document.querySelector('#problem .problem')")
    assert tab.run("document.activeElement.id") == "token"
    tab.type(token)
    tab.press("Tab")
    tab.wait_for("document.querySelector('.example')")
    tab.click(".example")
    tab.wait_for("document.querySelector('.ranked')")
    assert tab.run("document.getElementById('text').value") == "a walk along the harbour"
    tab.wait_for("document.querySelector('.compared')")
    assert "district 1" in text_of(tab, ".compared")


@contextmanager
def tile_server() -> Iterator[tuple[str, dict[str, str]]]:
    """A server of plain tiles: its address, and the Referer of each path it was asked for."""
    asked: dict[str, str] = {}
    file = io.BytesIO()
    tile = Image.new("RGB", (256, 256), (214, 226, 208))
    tile.paste((176, 200, 220), (0, 0, 256, 60))
    tile.paste((240, 240, 235), (120, 0, 132, 256))
    tile.save(file, "PNG")

    class Tiles(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked[self.path] = self.headers.get("Referer", "")
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(file.getvalue())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
