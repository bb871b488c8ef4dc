"""An image with its regions drawn over it: blue where they speak for the place, orange where against."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from postplace.explain.explanation import Effect
from postplace.images.regions import to_pixels

LONGEST_SIDE = 640  # of the drawing, in pixels
FOR, AGAINST = (0, 114, 178), (213, 94, 0)  # of Okabe and Ito: told apart by the colour-blind
STRONGEST = 150  # opacity, of 255, of the region that moved the answer most
LEAST_NAMED = 0.25  # of the strongest: a region below has no number and no frame
FADED = 0.85  # how far the image goes towards grey: a blue sky would hide blue, a brick wall orange


def overlay(image: Image.Image, effects: Sequence[Effect], *, strongest: float) -> Image.Image:
    """The image, at most 640 pixels a side, with its regions tinted by their share of `strongest` nats.

    The regions' numbers, in nats, stand in them: a colour alone says nothing to those who do not see it.
    """
    drawn = image.convert("RGB")
    drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    if max(drawn.size) < LONGEST_SIDE:
        scale = LONGEST_SIDE / max(drawn.size)
        width, height = drawn.size
        drawn = drawn.resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.LANCZOS)
    tint = Image.new("RGBA", drawn.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(tint)
    for effect in effects:
        if effect.part.box is not None and strongest > 0:
            _draw(pen, to_pixels(effect.part.box, drawn.size), effect.log_odds, effect.log_odds / strongest)
    faded = Image.blend(drawn, drawn.convert("L").convert("RGB"), FADED)
    return Image.alpha_composite(faded.convert("RGBA"), tint).convert("RGB")


def _draw(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], nats: float, share: float) -> None:
    left, top, right, bottom = box
    if right <= left or bottom <= top:
        return
    colour = FOR if nats > 0 else AGAINST
    strength = min(1.0, abs(share))
    pen.rectangle((left, top, right - 1, bottom - 1), fill=(*colour, round(STRONGEST * strength)))
    if strength < LEAST_NAMED:
        return
    pen.rectangle((left, top, right - 1, bottom - 1), outline=(*colour, 255), width=2)
    size = max(9, min(20, (right - left) // 4))
    middle = ((left + right) / 2, (top + bottom) / 2)
    font = ImageFont.load_default(size)
    pen.text(middle, f"{nats:+.2f}", "white", font=font, anchor="mm", stroke_width=2, stroke_fill=(0, 0, 0, 255))
