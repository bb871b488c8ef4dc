"""The page where something goes wrong, or two things happen at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from tests.browser.cdp import Page
from tests.browser.test_page import text_of

CROP = {
    "edits": [{"kind": "crop", "description": "crop image 1", "part": {"image": 0, "box": [0, 0, 0.5, 1]}}],
    "text": "", "hashtags": [], "probability": 0.1, "answer": "there", "loss": 0.2, "reached": True,
}  # fmt: skip
ADVICE = {
    "place": "here", "before": {"probability": 0.9, "answer": "here"}, "suggestions": [CROP], "reached": True,
    "notes": [], "images": [0],
}  # fmt: skip
ADVISED = """
window.told = []; window.answers = %s;
window.fetch = ((real) => (path, options) => {
  if (path !== '/advise') { return real(path, options); }
  window.told.push(options.body.get('beyond_km'));
  return Promise.resolve(new Response(JSON.stringify(window.answers.shift())));
})(window.fetch)
"""
TRANSPARENT = """
(async () => {
  const { edited } = await import('/page/js/edits.js');
  const drawn = document.createElement('canvas');
  drawn.width = drawn.height = 8;
  const blob = await new Promise((done) => drawn.toBlob(done, 'image/png'));
  const edits = [{ kind: 'blur region', part: { image: 0, box: [0, 0, 0.5, 0.5] } }];
  const after = await edited({ edits, text: '', hashtags: [] }, { images: [{ blob, name: 'clear.png' }], sent: [0] });
  const pen = drawn.getContext('2d');
  pen.drawImage(await createImageBitmap(after.images[0].blob), 0, 0);
  return [1, 6].flatMap((at) => [...pen.getImageData(at, at, 1, 1).data]);
})()
"""
LOST = """
window.fetch = ((real) => (path, options) => {
  const example = { text: 'a walk', hashtags: [], images: ['/nowhere.jpg'] };
  return path === '/examples' ? Promise.resolve(new Response(JSON.stringify([example]))) : real(path, options);
})(window.fetch)
"""
NEVER = """
window.fetch = (path, { signal }) => new Promise((_, reject) => {
  signal.addEventListener('abort', () => reject(signal.reason));
})
"""
SLOW = """
window.fetch = (path, { signal }) => Promise.resolve(new Response(new ReadableStream({ start(body) {
  window.cut = () => body.error(new TypeError('network error'));
  signal.addEventListener('abort', () => body.error(signal.reason));
} })))
"""
LIVING = """
window.living = new Set();
for (const [name, then] of [['createObjectURL', 'add'], ['revokeObjectURL', 'delete']]) {
  const real = URL[name].bind(URL);
  URL[name] = (given) => { const found = real(given); window.living[then](found ?? given); return found; };
}
"""


def opened(tab: Page, address: str, text: str = "a walk at the harbour") -> None:
    """The page, with a text in its form."""
    tab.go(f"{address}/")
    tab.wait_for("document.querySelector('.chips li')")
    tab.run(f"document.getElementById('text').value = {text!r}")


def test_advice_that_cannot_be_taken_says_so(tab: Page, address: str, tmp_path: Path) -> None:
    """A TIFF is read by the service and by no Chromium; an answer of another kind than expected is told too."""
    Image.new("RGB", (40, 40), "red").save(tmp_path / "shot.tif")
    opened(tab, address)
    tab.drop("#drop", [tmp_path / "shot.tif"])
    tab.wait_for("document.querySelector('#thumbnails .no-preview')")
    tab.click("#ask")
    tab.wait_for("document.getElementById('advise')")
    tab.run(ADVISED % json.dumps([ADVICE, {}]))
    tab.click("#advise")
    tab.wait_for("document.querySelector('.take')")
    tab.click(".take")
    tab.wait_for("document.querySelector('#problem .problem')")
    tab.wait_for("document.getElementById('problem').innerText.includes('shot.tif')")
    assert "take another suggestion" in text_of(tab, "#problem")
    tab.wait_for("!document.querySelector('.take').disabled && !document.body.classList.contains('busy')")
    tab.wait_for_value("document.activeElement.className", "take")  # it was disabled meanwhile
    assert tab.errors == []
    tab.click("#advise")
    tab.wait_for("document.getElementById('problem').innerText.includes('load the page again')")


def test_kilometres_may_be_the_goal(tab: Page, address: str) -> None:
    opened(tab, address)
    tab.click("#ask")
    tab.wait_for("document.getElementById('advise')")
    tab.run(ADVISED % json.dumps([ADVICE, ADVICE]))
    tab.click("#advise")
    tab.wait_for("document.querySelector('.take')")
    tab.run("document.getElementById('beyond-km').value = '5'")
    tab.click("#advise")
    tab.wait_for("window.told.length === 2 && !document.body.classList.contains('busy')")
    assert tab.run("[...window.told, document.getElementById('beyond-km').value]") == [None, "5", "5"]


def test_transparent_parts_of_an_edited_image_are_white(tab: Page, address: str) -> None:
    opened(tab, address)
    assert tab.run(TRANSPARENT) == [255] * 8


def test_a_token_and_enter_ask_and_show_the_examples(tab: Page, serving: Callable[..., str]) -> None:
    token = "a-long-random-token-of-the-owner"
    opened(tab, serving(tokens=(hashlib.sha256(token.encode()).digest(),)))
    tab.click("#token")
    tab.type(token)
    tab.press("Enter")
    tab.wait_for("document.querySelector('.ranked') && document.querySelector('.example')")
    assert text_of(tab, "#problem") == ""


def test_an_example_whose_image_is_lost_says_so(tab: Page, address: str) -> None:
    tab.call("Page.addScriptToEvaluateOnNewDocument", source=LOST)
    opened(tab, address)
    tab.wait_for("document.querySelector('.example')")
    tab.click(".example")
    tab.wait_for("document.querySelector('#problem .problem')")
    assert "is not there" in text_of(tab, "#problem")


def test_the_page_is_busy_until_the_last_of_what_is_asked_ends(tab: Page, address: str) -> None:
    """The first question is given up for the second; what is said meanwhile does not lie in what is busy."""
    opened(tab, address)
    tab.run(NEVER)
    tab.run("document.getElementById('ask').click(); document.getElementById('ask').click()")
    tab.run("new Promise((done) => setTimeout(done, 50))")
    assert tab.run("document.body.classList.contains('busy')")
    assert tab.run("document.querySelector('[aria-busy]').getAttribute('aria-busy')") == "true"
    assert tab.run("document.querySelector('[aria-busy] #verdict') !== null")
    assert tab.run("document.querySelector('[aria-busy] [role=status], [aria-busy] [role=alert]') === null")
    tab.press("Escape")
    tab.wait_for("!document.body.classList.contains('busy')")
    assert tab.run("document.querySelector('[aria-busy]').getAttribute('aria-busy')") == "false"


def test_an_answer_can_be_given_up_until_its_last_byte(tab: Page, address: str) -> None:
    """Its headers are there and its body is not; a body that breaks off is told as an answer that never came."""
    opened(tab, address)
    tab.run(SLOW)
    tab.click("#ask")
    tab.wait_for("window.cut && document.body.classList.contains('busy')")
    tab.press("Escape")
    tab.wait_for("!document.body.classList.contains('busy')")
    assert text_of(tab, "#problem") == ""
    tab.run("window.cut = null")
    tab.click("#ask")
    tab.wait_for("window.cut && document.body.classList.contains('busy')")
    tab.run("window.cut()")
    tab.wait_for("document.querySelector('#problem .problem')")
    assert "cannot be reached" in text_of(tab, "#problem")
    assert tab.errors == []


def test_what_was_not_learned_of_the_service_is_asked_for_again(tab: Page, address: str, images: list[Path]) -> None:
    tab.call("Network.setBlockedURLs", urls=["*settings.json"])
    tab.go(f"{address}/")
    tab.wait_for("document.querySelector('#problem .problem')")
    assert "cannot be reached" in text_of(tab, "#problem")
    tab.drop("#drop", images)
    tab.wait_for("document.getElementById('problem').innerText.includes('load the page again')")
    tab.call("Network.setBlockedURLs", urls=[])
    tab.run("document.getElementById('text').value = 'a walk at the harbour'")
    tab.click("#ask")
    tab.wait_for("document.querySelector('.ranked') && document.querySelector('.example')")
    assert text_of(tab, "#problem") == ""


def test_images_that_are_removed_are_not_held(tab: Page, address: str, images: list[Path]) -> None:
    tab.call("Page.addScriptToEvaluateOnNewDocument", source=LIVING)
    opened(tab, address)
    tab.drop("#drop", images)
    tab.wait_for("document.querySelectorAll('#thumbnails img').length === 2")
    assert tab.run("window.living.size") == 2
    tab.click(".remove")
    tab.wait_for("document.querySelectorAll('#thumbnails img').length === 1")
    tab.click(".remove")
    tab.wait_for_value("window.living.size", 0)
