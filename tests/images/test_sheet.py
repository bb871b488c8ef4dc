"""A sheet to look at."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFont

from postplace.errors import NotEnoughData
from postplace.images import sheet as sheet_module
from postplace.images.sheet import CELL, contact_sheet, legible

BLUE = Image.new("RGB", (40, 20), (0, 0, 200))
LEFT = np.arange(40)[None, :].repeat(20, axis=0) < 20


def column(sheet: Image.Image, index: int) -> Image.Image:
    """The image in a column of the first row."""
    left = 14 + index * (CELL + 14)
    return sheet.crop((left, 40, left + CELL, 40 + CELL // 2))


def test_before_people_and_after_stand_side_by_side() -> None:
    after = Image.new("RGB", (40, 20), (0, 200, 0))
    sheet = contact_sheet([(BLUE, LEFT, after, "here")])
    before, people, filled = (column(sheet, index) for index in range(3))
    assert before.getpixel((10, 10)) == (0, 0, 200)
    assert filled.getpixel((10, 10)) == (0, 200, 0)
    red, green, blue = np.asarray(people)[50, 20]
    assert red > 2 * max(green, blue), "the person is marked in red"
    red, green, blue = np.asarray(people)[50, 200]
    assert red == green == blue, "the rest is grey"


def test_a_dropped_image_leaves_its_place_empty() -> None:
    after = np.asarray(column(contact_sheet([(BLUE, LEFT, None, "gone")]), 2))
    assert (after[2:20, 2:-2] == 255).all()
    assert (after[0] == after[0, 0]).all()
    assert after[0, 0, 0] < 255, "a thin frame"


def test_every_row_has_its_height() -> None:
    tall = Image.new("RGB", (20, 40))
    none = np.zeros((40, 20), dtype=np.bool_)
    one = contact_sheet([(tall, none, tall, "a")])
    two = contact_sheet([(tall, none, tall, "a"), (BLUE, LEFT, BLUE, "b")])
    assert one.height == 40 + CELL + 14
    assert two.height == one.height + CELL // 2 + 14
    assert two.width == one.width


@pytest.mark.parametrize("words", ["x" * 300, "a name: 0.31 cleaned " * 9, "\n" * 30, ""])
def test_no_caption_runs_out_of_the_sheet(words: str) -> None:
    sheet = np.asarray(contact_sheet([(BLUE, LEFT, BLUE, words)]))
    assert (sheet[:, -10:] == 255).all()
    assert (sheet[-4:] == 255).all()


def test_the_decision_survives_a_long_name() -> None:
    from postplace.images.sheet import _wrapped

    lines = _wrapped("f" * 200 + ".jpg\npeople 31.0 %\ndropped")
    assert lines[0].endswith(".jpg")
    assert "…" in lines[0]
    assert lines[1:] == ["people 31.0 %", "dropped"]
    assert _wrapped("f" * 200 + ".jpg: 0.31 cleaned")[-1] == "0.31 cleaned"


def test_a_chinese_name_is_never_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_module, "_wide_fonts", lambda size: ())
    assert legible("Bund 1.jpg: 0.31") == ("Bund 1.jpg: 0.31", sheet_module._font(15))
    words, font = legible("外滩 1.jpg: 0.31")
    assert words == r"\u5916\u6ee9 1.jpg: 0.31"
    assert font is sheet_module._font(15)


def test_a_font_of_the_system_that_has_the_characters_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = ImageFont.load_default(16)
    monkeypatch.setattr(sheet_module, "_wide_fonts", lambda size: (chinese,))
    monkeypatch.setattr(sheet_module, "_has", lambda font, character: font is chinese or character.isascii())
    assert legible("外滩.jpg") == ("外滩.jpg", chinese)
    assert legible("bund.jpg") == ("bund.jpg", sheet_module._font(15))


def test_no_images_is_said() -> None:
    with pytest.raises(NotEnoughData, match="no images"):
        contact_sheet([])
