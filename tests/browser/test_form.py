"""What goes into the form and what of it is sent: hashtags, pasted images, too much of everything, other scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.browser.cdp import Page
from tests.browser.test_page import text_of
from tests.browser.test_trouble import ADVICE, CROP, opened

ANSWER = {
    "places": [{"place": "here", "probability": 0.6}], "confident": True, "granularity": "place",
    "modalities": ["text"], "unread": [], "level": 0.9, "prediction_set": None,
}  # fmt: skip
REASONS = {
    "place": "here", "text": "a walk", "hashtags": [], "parts": [], "modalities": [], "images": [], "evidence": [],
    "notes": [], "whole": {"probability": 0.5}, "nothing": {"probability": 0.5},
}  # fmt: skip
# Notes the hashtags of each question and answers it here, or with what `window.given` holds for its path
NOTED = """
window.told = []; window.sent = 0; window.given = %s;
window.fetch = ((real) => (path, options) => {
  if (!options?.body) { return real(path, options); }
  window.sent += 1;
  if (path === '/predict') { window.told.push([options.body.get('text'), options.body.get('hashtags')]); }
  return Promise.resolve(new Response(JSON.stringify(window.given[path])));
})(window.fetch)
"""
EXAMPLES = """
window.fetch = ((real) => (path, options) => path === '/examples'
  ? Promise.resolve(new Response(JSON.stringify(%s))) : real(path, options))(window.fetch)
"""
TAGS = ["上海，你好", "dinner;drinks", "a、b", "old bridge", "river"]


def noted(tab: Page, **advised: Any) -> None:
    """Answer questions inside the page; `advised`: what a suggestion gives instead of CROP."""
    suggestion = {**CROP, "edits": [{"kind": "drop hashtag", "description": "hide #c", "part": {}}], **advised}
    tab.run(NOTED % json.dumps({"/predict": ANSWER, "/advise": {**ADVICE, "suggestions": [suggestion]}}))


def taken(tab: Page) -> None:
    """Ask, ask for advice, and take it."""
    tab.run("document.getElementById('ask').click()")
    tab.wait_for("document.getElementById('advise')")
    tab.run("document.getElementById('advise').click()")
    tab.wait_for("document.querySelector('.take')")
    tab.run("document.querySelector('.take').click()")
    tab.wait_for("window.told.length === 2 && document.querySelector('.compared')")


def test_hashtags_of_an_edit_are_sent_as_they_were_given(tab: Page, address: str) -> None:
    opened(tab, address)
    noted(tab, text="a walk", hashtags=TAGS)
    taken(tab)
    text, sent = tab.run("window.told[1]")
    assert (text, json.loads(sent)) == ("a walk", TAGS)
    shown = tab.run("document.getElementById('hashtags').value")
    assert shown == "#上海，你好# #dinner;drinks# #a、b# #old bridge# river"
    tab.click("#hashtags")
    tab.run("document.getElementById('hashtags').setSelectionRange(99, 99)")
    tab.type(" more")  # from here on it is what somebody typed
    tab.run("document.getElementById('ask').click()")
    tab.wait_for("window.told.length === 3")
    assert tab.run("window.told[2][1]") == f"{shown} more"


def test_the_last_hashtag_that_is_hidden_leaves_none(tab: Page, address: str) -> None:
    """The text of the edit is taken as it is told."""
    opened(tab, address, "at #a #b")
    noted(tab, text="at #a #b", hashtags=[])
    tab.run("document.getElementById('hashtags').value = 'c'")
    taken(tab)
    assert tab.run("window.told") == [["at #a #b", "c"], ["at #a #b", "[]"]]
    assert tab.run("document.getElementById('hashtags').placeholder") == "none, nor from the text"
    tab.run("document.getElementById('undo').click()")
    tab.wait_for("window.told.length === 3")
    assert tab.run("window.told[2]") == ["at #a #b", "c"]
    assert tab.run("document.getElementById('hashtags').placeholder") == ""


def test_a_hashtag_typed_after_the_last_one_was_hidden_is_not_kept_from_the_service(tab: Page, address: str) -> None:
    """That there are none was said of the text as the edit left it."""
    opened(tab, address, "a walk #a")
    noted(tab, text="a walk", hashtags=[])
    taken(tab)
    assert tab.run("window.told[1]") == ["a walk", "[]"]
    tab.run("document.getElementById('text').focus(); document.getElementById('text').setSelectionRange(99, 99)")
    tab.type(" #b")
    tab.run("document.getElementById('ask').click()")
    tab.wait_for("window.told.length === 3")
    assert tab.run("window.told[2]") == ["a walk #b", None]
    assert tab.run("document.getElementById('hashtags').placeholder") == ""


def test_hashtags_that_are_left_empty_are_not_sent(tab: Page, address: str) -> None:
    opened(tab, address, "at #a")
    noted(tab)
    tab.run("document.getElementById('ask').click()")
    tab.wait_for("window.told.length === 1")
    assert tab.run("window.told[0]") == ["at #a", None]


def test_hashtags_of_an_example_are_sent_as_they_were_given(tab: Page, address: str) -> None:
    example = {"text": "a walk", "hashtags": TAGS, "images": []}
    tab.call("Page.addScriptToEvaluateOnNewDocument", source=EXAMPLES % json.dumps([example]))
    opened(tab, address)
    tab.wait_for("document.querySelector('.example')")
    noted(tab)
    tab.run("document.querySelector('.example').click()")
    tab.wait_for("window.told.length === 1")
    assert json.loads(tab.run("window.told[0][1]")) == TAGS


def test_images_that_are_too_much_together_are_told_before_they_are_sent(tab: Page, address: str) -> None:
    opened(tab, address)
    noted(tab)
    tab.run("""
    const held = new DataTransfer();
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) {
      held.items.add(new File([new Uint8Array(8e6)], name, { type: 'image/jpeg' }));
    }
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: held, bubbles: true, cancelable: true }));
    """)
    tab.wait_for("document.querySelectorAll('#thumbnails li').length === 3")
    tab.run("document.getElementById('ask').click()")
    tab.wait_for("document.querySelector('#problem .problem') || window.sent")
    assert tab.run("window.sent") == 0
    assert "has 24.0 MB" in text_of(tab, "#problem")
    assert "less than 20.0 MB together" in text_of(tab, "#problem")
    tab.run("document.querySelector('.remove').click(); document.getElementById('ask').click()")
    tab.wait_for("window.sent === 1")
    assert text_of(tab, "#problem") == ""


@pytest.mark.parametrize(
    ("focus", "words", "added"), [("text", "words", 0), ("text", "", 1), ("choose", "words", 1), ("level", "words", 1)]
)
def test_a_paste_with_words_goes_into_the_field(tab: Page, address: str, focus: str, words: str, added: int) -> None:
    """Office programs put an image of the words beside them."""
    opened(tab, address)
    prevented = tab.run(f"""(() => {{
      const held = new DataTransfer();
      held.items.add(new File(['x'], 'image.png', {{ type: 'image/png' }}));
      if ({json.dumps(words)}) {{ held.setData('text/plain', {json.dumps(words)}); }}
      const event = new ClipboardEvent('paste', {{ clipboardData: held, bubbles: true, cancelable: true }});
      return !document.getElementById({focus!r}).dispatchEvent(event);
    }})()""")
    assert prevented == bool(added)
    assert tab.run("document.querySelectorAll('#thumbnails li').length") == added


def test_other_scripts_run_their_own_way(tab: Page, address: str, screenshots: Path) -> None:
    example = {"text": "نزهة عند الميناء!", "hashtags": [], "images": []}
    tab.call("Page.addScriptToEvaluateOnNewDocument", source=EXAMPLES % json.dumps([example]))
    opened(tab, address, "غروب الشمس at the harbour!")
    place = {"place": "حي 1", "probability": 0.6, "latitude": 31.0, "longitude": 121.0}
    tab.run(NOTED % json.dumps({"/predict": {**ANSWER, "places": [place], "prediction_set": ["حي 1", "حي 2"]}}))
    tab.run("document.getElementById('hashtags').value = 'ميناء'; document.getElementById('ask').click()")
    tab.wait_for("document.querySelector('.ranked') && document.querySelector('.example')")
    direction = "(name) => getComputedStyle(document.querySelector(name)).direction"
    names = ["#text", "#hashtags", ".verdict strong", ".called", ".example .words"]
    assert tab.run(f"{json.dumps(names)}.map({direction})") == ["rtl"] * len(names)
    tab.screenshot(screenshots / "12-right-to-left.png")
    shown = json.dumps({**REASONS, "text": "غروب", "hashtags": ["ميناء"]})
    tab.run(
        "import('/page/js/explanation.js')"
        f".then(({{ showReasons }}) => void showReasons({shown}, {{ ask: () => {{}} }}))"
    )
    assert tab.run(f"['.marked p', '.tags li'].map({direction})") == ["rtl"] * 2


def test_no_emoji_is_cut_in_two(tab: Page, address: str) -> None:
    opened(tab, address)
    shortened = (
        "import('/page/js/format.js').then(({ shortened }) => [41, 40].map((many) => shortened('😊'.repeat(many))))"
    )
    assert tab.run(shortened) == ["😊" * 39 + "…", "😊" * 40]
    name = tab.run("""
    import('/page/js/drawing.js').then(({ drawing }) => {
      const places = [{ number: 0, place: 'a' + '😊'.repeat(26), probability: 0.3, latitude: 0, longitude: 0 }];
      const view = { x: 0.5, y: 0.5, zoom: 3 };
      const parts = drawing({ places, circle: null }, { view, width: 1200, height: 600, tiled: true, selected: null });
      return parts.find((part) => part.classList.contains('name')).textContent;
    })""")
    assert name == "a" + "😊" * 24 + "…"


NOT_READ = {
    "said": "read: the first 2 of 3 words of the text; the rest had no influence on this answer", "extents": [],
    "images": 0, "modalities": [],
    "parts": [{"kind": "word", "name": "bund", "field": "text", "start": 7, "end": 11}],
}  # fmt: skip


def test_what_was_not_read_is_told_struck_out_and_not_called_safe(tab: Page, address: str) -> None:
    opened(tab, address, "a walk bund")
    hidden = {**ADVICE, "suggestions": [], "reached": True, "not_read": NOT_READ}
    given = {
        "/predict": {**ANSWER, "not_read": NOT_READ},
        "/explain": {**REASONS, "text": "a walk bund", "not_read": NOT_READ},
        "/advise": hidden,
    }
    tab.run(NOTED % json.dumps(given))
    tab.run("document.getElementById('ask').click()")
    tab.wait_for("document.getElementById('advise')")
    assert "Read: the first 2 of 3 words of the text" in text_of(tab, "#verdict")
    tab.run("document.getElementById('explain').click()")
    tab.wait_for("document.querySelector('s.not-read')")
    assert text_of(tab, "s.not-read") == "bund"
    tab.run("document.getElementById('advise').click()")
    tab.wait_for("document.getElementById('advice-content').textContent.includes('Of what was read')")
    assert "Nothing needs to change" not in text_of(tab, "#advice-content")
    rest = {"probability": 0.9, "answer": "here", "reached": False}
    tab.run(f"window.given['/advise'] = {json.dumps({**hidden, 'reached': False, 'rest': rest})}")
    tab.run("document.getElementById('advise').click()")
    tab.wait_for("document.getElementById('advice-content').textContent.includes('Take the place out of it')")
