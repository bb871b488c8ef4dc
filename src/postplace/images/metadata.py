"""What an image file says of itself: whether it is read, whether all of it is there, whether it has a position."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from postplace.errors import BadImage
from postplace.images.decode import GPS_TAG as GPS_TAG
from postplace.images.decode import look

Header = Literal["missing", "unreadable", "gps", "cut short", "plain"]


def header(image: Path | bytes) -> Header:
    """ "missing" or "unreadable" files, with a position in their EXIF ("gps"), without their end, and the rest.

    `look` decides what is unreadable, as it does for whoever decodes the image: "plain" ones are decoded, but for
    damage that their pixels alone show. An image with a position that is cut short counts as "gps".
    """
    if isinstance(image, Path) and not image.is_file():
        return "missing"
    try:
        seen = look(image)
    except BadImage:
        return "unreadable"
    return "gps" if seen.has_gps else "cut short" if seen.cut_short else "plain"
