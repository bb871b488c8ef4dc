"""What is given up does not come back, and no answer stands beside a post that it is not about."""

from __future__ import annotations

import json

from tests.browser.cdp import Page
from tests.browser.test_form import ANSWER, REASONS, noted
from tests.browser.test_page import text_of
from tests.browser.test_trouble import CROP, opened

# Answers wait until `window.let(path)`, and cannot be given up by the browser
HELD = """
window.given = %s; window.waiting = {};
window.let = (path) => window.waiting[path]();
window.fetch = (path, options) => new Promise((done) => {
  window.waiting[path] = () => done(new Response(JSON.stringify(window.given[path])));
});
"""
LATE = """
window.fetch = ((real) => (path, options) => path === '/page/settings.json'
  ? new Promise((done) => { window.learn = () => done(real(path, options)); }) : real(path, options))(window.fetch)
"""
WAIT = "new Promise((done) => setTimeout(done, 300))"
EMPTY = "document.querySelector('.ranked, .marked, .suggestions, .verdict') === null"
GONE = f"{EMPTY} && document.getElementById('map').hidden && document.getElementById('why').hidden"


def answered(tab: Page, address: str) -> None:
    """The page with an answer, given inside it."""
    opened(tab, address)
    noted(tab)
    tab.run("document.getElementById('ask').click()")
    tab.wait_for("document.querySelector('.ranked')")


def test_what_speaks_for_it_does_not_come_after_clear(tab: Page, address: str) -> None:
    answered(tab, address)
    tab.run(HELD % json.dumps({"/explain": REASONS}))
    tab.run("document.getElementById('explain').click()")
    tab.wait_for("window.waiting['/explain']")
    tab.run("document.getElementById('clear').click(); window.let('/explain')")
    tab.run(WAIT)
    assert tab.run(GONE)
    assert text_of(tab, "#problem") == ""
    assert tab.errors == []


def test_a_question_that_waits_for_the_service_to_tell_what_it_is_can_be_given_up(tab: Page, address: str) -> None:
    tab.call("Page.addScriptToEvaluateOnNewDocument", source=LATE)
    tab.go(f"{address}/")
    tab.wait_for("window.learn")
    tab.run("document.getElementById('text').value = 'a walk'; document.getElementById('ask').click()")
    tab.press("Escape")
    tab.wait_for("document.getElementById('status').textContent === 'Given up.'")
    tab.run("window.learn()")
    tab.wait_for("document.querySelector('.chips li')")
    tab.run(WAIT)
    assert tab.run(EMPTY)
    assert not any(asked.endswith("/predict") for asked in tab.requests)
    tab.run("document.getElementById('ask').click()")
    tab.wait_for("document.querySelector('.ranked')")


def test_an_edit_that_is_under_way_can_be_given_up(tab: Page, address: str) -> None:
    opened(tab, address)
    noted(tab, **CROP)
    tab.run("""
    const held = new DataTransfer();
    held.items.add(new File(['x'], 'a.jpg', { type: 'image/jpeg' }));
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: held, bubbles: true, cancelable: true }));
    window.createImageBitmap = () => new Promise((done) => {
      window.draw = () => done(Object.assign(document.createElement('canvas'), { close() {} }));
    });
    document.getElementById('ask').click();
    """)
    tab.wait_for("document.getElementById('advise')")
    tab.run("document.getElementById('advise').click()")
    tab.wait_for("document.querySelector('.take')")
    tab.run("document.querySelector('.take').click()")
    tab.wait_for("window.draw")
    tab.run("document.getElementById('clear').click(); window.draw()")
    tab.run(WAIT)
    assert tab.run("document.querySelectorAll('#thumbnails li').length") == 0
    assert tab.run("document.getElementById('undo').hidden")
    assert tab.run("window.told.length") == 1
    assert tab.run(GONE)
    assert text_of(tab, "#problem") == ""


def test_no_answer_is_left_where_the_next_one_fails(tab: Page, address: str) -> None:
    answered(tab, address)
    tab.run("window.fetch = () => Promise.reject(new TypeError('network error'))")
    tab.run("document.getElementById('text').value = 'another'; document.getElementById('ask').click()")
    tab.wait_for("document.querySelector('#problem .problem')")
    assert tab.run(GONE)


def test_no_answer_is_left_where_the_next_one_is_given_up(tab: Page, address: str) -> None:
    answered(tab, address)
    tab.run(HELD % json.dumps({"/predict": ANSWER}))
    tab.run("document.getElementById('text').value = 'another'; document.getElementById('ask').click()")
    tab.wait_for("window.waiting['/predict']")
    assert tab.run("document.querySelector('.ranked').closest('[inert]') !== null")  # no "Why?" about the one before
    tab.press("Escape")
    tab.run("window.let('/predict')")
    tab.wait_for(f"{GONE} && !document.querySelector('[inert]')")
    tab.run(WAIT)
    assert tab.run(GONE)
    assert tab.run("document.querySelector('[inert]')") is None
    assert text_of(tab, "#status") == "Given up."


def test_no_answer_is_left_where_an_edit_leaves_nothing(tab: Page, address: str) -> None:
    answered(tab, address)
    tab.run("document.getElementById('advise').click()")
    tab.wait_for("document.querySelector('.take')")
    tab.run("document.querySelector('.take').click()")  # no text, no hashtag, no image
    tab.wait_for("document.querySelector('#problem .problem')")
    assert "is empty" in text_of(tab, "#problem")
    assert tab.run(GONE)
    assert not tab.run("document.getElementById('undo').hidden")
