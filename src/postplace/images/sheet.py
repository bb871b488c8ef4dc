"""A sheet to look at: images before, with their people marked, and after, with what was decided beside each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from postplace.errors import NotEnoughData

CELL = 220  # pixels of the longer side of an image
_GAP, _TEXT = 14, 250  # pixels between cells, and of the column of words
_PAPER, _INK, _PALE, _PERSON = (255, 255, 255), (34, 34, 40), (140, 140, 148), (226, 40, 60)
_UNKNOWN = "\uffff"  # no character: a font draws what it draws for those that it does not have
_WIDE_FONTS = (  # of Linux, macOS and Windows: European letters, then with Chinese
    "DejaVuSans.ttf", "Arial.ttf",
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf", "PingFang.ttc",
    "Hiragino Sans GB.ttc", "STHeiti Light.ttc", "Arial Unicode.ttf", "msyh.ttc", "simhei.ttf", "simsun.ttc",
)  # fmt: skip
_HEADINGS = ("before", "people", "after", "")


Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Row(NamedTuple):
    """An image, its people (H, W), what became of it (None where it was dropped), and words beside it."""

    before: Image.Image
    mask: NDArray[np.bool_]
    after: Image.Image | None
    caption: str


def contact_sheet(rows: Sequence[Row | tuple[Image.Image, NDArray[np.bool_], Image.Image | None, str]]) -> Image.Image:
    """One row an image: before, its people in red, after, and the caption; raises NotEnoughData for no rows."""
    if not rows:
        raise NotEnoughData("contact sheet", "has no images to show", "give at least one")
    made = [Row(*row) for row in rows]
    heights = [max(90, _fitted(row.before.size)[1]) + _GAP for row in made]
    sheet = Image.new("RGB", (_GAP + 3 * (CELL + _GAP) + _TEXT, 40 + sum(heights)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, heading in enumerate(_HEADINGS):
        draw.text((_GAP + column * (CELL + _GAP), 12), heading, fill=_PALE, font=_font(15))
    top = 40
    for row, height in zip(made, heights, strict=True):
        _draw_row(sheet, draw, row, top)
        top += height
    return sheet


def _draw_row(sheet: Image.Image, draw: ImageDraw.ImageDraw, row: Row, top: int) -> None:
    size = _fitted(row.before.size)
    for column, image in enumerate((row.before, _marked(row.before, row.mask), row.after)):
        left = _GAP + column * (CELL + _GAP)
        if image is None:
            draw.rectangle((left, top, left + size[0] - 1, top + size[1] - 1), outline=_PALE)
            draw.text((left + size[0] / 2, top + size[1] / 2), "dropped", fill=_PALE, font=_font(15), anchor="mm")
        else:
            sheet.paste(image.convert("RGB").resize(size, Image.Resampling.LANCZOS), (left, top))
    left = _GAP + 3 * (CELL + _GAP)
    words, font = legible(row.caption)
    for index, line in enumerate(_wrapped(words, font)):
        draw.text((left, top + 20 * index), line, fill=_INK, font=font)


def _marked(image: Image.Image, mask: NDArray[np.bool_]) -> Image.Image:
    """The image in grey with the people in red: colours of the image cannot be taken for the mark."""
    grey = image.convert("L").convert("RGB")
    red = Image.blend(grey, Image.new("RGB", image.size, _PERSON), 0.6)
    return Image.composite(red, grey, Image.fromarray(mask.astype(np.uint8) * 255))


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    scale = CELL / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def legible(words: str) -> tuple[str, Font]:
    """The words and a font that has all their characters; what no font here has is written as its code point."""
    missing = {
        font: {c for c in words if not c.isspace() and not _has(font, c)} for font in (_font(15), *_wide_fonts(15))
    }
    font = min(missing, key=lambda font: len(missing[font]))
    escaped = {c: c.encode("ascii", "backslashreplace").decode() for c in missing[font]}
    return "".join(escaped.get(c, c) for c in words), font


def _wrapped(words: str, font: Font | None = None) -> list[str]:
    """The words in at most four lines that fit: broken at spaces, a long file name without its middle."""
    font = font or _font(15)
    lines: list[str] = []
    for paragraph in words.splitlines():
        line = ""
        for word in (_shortened(word, font) for word in paragraph.split()):
            longer = f"{line} {word}".strip()
            if _fits(longer, font):
                line = longer
            else:
                lines.append(line)
                line = word
        lines.append(line)
    return lines[:4]


def _shortened(word: str, font: Font) -> str:
    kept, short = len(word), word
    while kept > 4 and not _fits(short, font):
        kept -= 1
        short = f"{word[: kept // 2]}…{word[len(word) - kept + kept // 2 :]}"
    return short


def _fits(line: str, font: Font) -> bool:
    return font.getlength(line) <= _TEXT - _GAP


def _has(font: Font, character: str) -> bool:
    return bytes(font.getmask(character)) != bytes(font.getmask(_UNKNOWN))


@lru_cache
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


@lru_cache
def _wide_fonts(size: int) -> tuple[Font, ...]:
    """Those of the fonts that this machine has."""
    fonts = []
    for name in _WIDE_FONTS:
        with suppress(OSError):
            fonts.append(ImageFont.truetype(name, size))
    return tuple(fonts)
