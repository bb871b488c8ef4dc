"""What an image file says of itself without being decoded: whether it opens, and whether it carries a GPS position."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Literal

GPS_TAG = 0x8825
Header = Literal["missing", "unreadable", "gps", "plain"]


def header(path: Path) -> Header:
    """ "missing" or "unreadable" files, files with a position in their EXIF ("gps"), and the rest ("plain")."""
    from PIL import Image

    if not path.is_file():
        return "missing"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                return "gps" if image.getexif().get_ifd(GPS_TAG) else "plain"
    except Exception:  # a hostile header may raise anything; whatever it is, the file cannot be used
        return "unreadable"
