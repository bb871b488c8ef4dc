"""The page and what is drawn on images."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from postplace import Post, PostLocator
from postplace.explain import AttentionMap, Effect, Neighbour, explain
from postplace.explain.overlay import AGAINST, FOR, LONGEST_SIDE, overlay
from postplace.explain.page import page
from postplace.explain.parts import region_parts

Toy = Callable[..., PostLocator]
Square = Callable[..., bytes]
HOSTILE = "<script>alert('x')</script> & \"lighthouse\" onload=x >"


class Elements(HTMLParser):
    """What stands in a page: tags, attributes, whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(text: str) -> Elements:
    """The elements of a page."""
    found = Elements()
    found.feed(text)
    return found


def test_a_page_asks_for_nothing_runs_nothing_and_shows_what_was_written(toy: Toy, square: Square) -> None:
    post = Post("1", text=HOSTILE, hashtags=("<b>",), images=(square(red=(0, 0, 9, 9)),))
    locator = toy(lambda text, tags, red: 2.0 * ("lighthouse" in text) - 1.0 * ("onload" in text) + red / 50)
    found = explain(locator, post)
    maps = (AttentionMap("fuse", np.full((2, 1, 2), 0.5, dtype=np.float32), ("<i>",), ("a", "b")),)
    text = page(locator, post, replace(found, attention=maps, notes=("a <note>",)))
    elements = read(text)
    assert elements.open == []
    assert not {"script", "link", "iframe", "b>"} & set(elements.tags)
    assert not any(name.startswith("on") for name, _ in elements.attributes)
    sources = [value for name, value in elements.attributes if name in ("src", "href")]
    assert sources
    assert all(str(value).startswith("data:image/jpeg;base64,") for value in sources)
    assert "http" not in re.sub("http-equiv", "", text)
    assert "&lt;" in text
    assert "<script" not in text
    assert " &gt;</span>" in text  # what stands behind the last word
    assert "#&lt;b&gt;" in text
    assert "prefers-color-scheme:dark" in text
    (shaded,) = re.findall(r'<mark class=for style="--a:(0\.\d\d)" title="\+2\.000 nats">lighthouse</mark>', text)
    assert float(shaded) == 0.7
    assert re.search(r'<mark class=against style="[^"]*" title="-1.000 nats">onload</mark>', text)
    assert "<li>a &lt;note&gt;</li>" in text
    assert "explains nothing by itself" in text


def test_other_scripts_run_their_own_way(toy: Toy) -> None:
    """Each text and each hashtag by itself; the name of a place turns no sentence around."""
    locator = toy(lambda text, tags, red: 2.0 * ("ميناء" in text))
    post = Post("1", text="ميناء", image_text="a harbour", hashtags=("ميناء",))
    text = page(locator, post, explain(locator, post))
    assert re.search(r"<span dir=auto><mark[^>]*>ميناء</mark></span> <span dir=auto>a harbour</span>", text)
    assert "<span class=tag dir=auto>#ميناء</span>" in text
    assert re.search(r"<h1>Why <bdi>[^<]+</bdi>\?</h1>", text)


def test_a_reader_of_the_screen_is_told_what_a_table_is_of(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 2.0 * ("lighthouse" in text))
    post = Post("1", text="the lighthouse")
    near = (Neighbour("2", "there", 0.5),)
    maps = (AttentionMap("fuse", np.full((2, 1, 2), 0.5, dtype=np.float32), ("a",), ("b", "c")),)
    text = page(locator, post, replace(explain(locator, post), evidence=near, attention=maps))
    tables = re.findall(r"<table>.*?</table>", text, flags=re.DOTALL)
    assert len(tables) == 4
    for table in tables:
        assert re.search(r"<caption>[^<]+</caption>", table)
        heads = re.findall(r"<th\b([^>]*)>(.*?)</th>", table)
        assert heads
        assert all("scope=" in attributes and name for attributes, name in heads)


def test_regions_are_tinted_by_what_they_gave() -> None:
    grey = Image.new("RGB", (64, 32), (128, 128, 128))
    for_it, against, nothing, half = region_parts(1, 2)
    effects = [Effect(for_it, 2.0, 0.1), Effect(against, -2.0, -0.1), Effect(nothing, 0.0, 0.0), Effect(half, 1.0, 0.0)]
    drawn = np.asarray(overlay(grey, effects, strongest=2.0)).astype(int)
    assert drawn.shape == (LONGEST_SIDE // 2, LONGEST_SIDE, 3)
    inside = {name: drawn[y, x] for name, (y, x) in {"for": (20, 20), "against": (20, 340), "none": (180, 20)}.items()}
    share = 150 / 255
    assert np.abs(inside["for"] - ((1 - share) * 128 + share * np.array(FOR))).max() <= 2
    assert np.abs(inside["against"] - ((1 - share) * 128 + share * np.array(AGAINST))).max() <= 2
    assert inside["none"].tolist() == [128, 128, 128]
    weaker = (1 - share / 2) * 128 + share / 2 * np.array(FOR)
    assert np.abs(drawn[180, 340] - weaker).max() <= 2
    assert (drawn[0:160, 0:320] == 255).any()  # the number, in white
    assert not (drawn[160:, :320] == 255).any()


def test_a_tiny_and_a_thin_image_can_be_drawn() -> None:
    for size in ((1, 1), (1, 900), (2000, 3)):
        drawn = overlay(Image.new("RGB", size), [Effect(part, 1.0, 0.1) for part in region_parts(1, 4)], strongest=1.0)
        assert max(drawn.size) == LONGEST_SIDE


def test_images_lose_their_metadata(toy: Toy) -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    Image.new("RGB", (30, 30), "red").save(file, format="JPEG", exif=exif)
    assert b"secret place" in file.getvalue()
    locator, post = toy(lambda *_: 0.0), Post("1", images=(file.getvalue(),))
    assert "secret" not in page(locator, post, explain(locator, post))
