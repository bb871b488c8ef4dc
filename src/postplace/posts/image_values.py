"""Images of a post that are given as objects of other libraries -> their bytes as a file, or a path.

Taken are bytes in any wrapping, a mapping with `bytes` and `path` as Hugging Face's datasets have it, images of Pillow,
and arrays of pixels as NumPy has them.
"""

from __future__ import annotations

import base64
import io
import os
import reprlib
from collections.abc import Mapping
from typing import Any

from postplace.errors import one_line

_CHANNELS = (3, 4)  # RGB, and with transparency
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_TIFF_MODES = ("I", "F")  # of 32 bits
_QUICK = 1  # the level of compression: the bytes stay in memory
_PIXELS = "give pixels as uint8 of shape (height, width, 3), or the path of an image"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


class NoImage(Exception):
    """What was found in a value, and the remedy."""


def image_value(value: object) -> str | bytes | None:
    """One image -> its path as it was given, or its bytes; None where a mapping is all null.

    Raises NoImage for anything else.

    >>> image_value({"bytes": b"a PNG", "path": "a.png"}), image_value(bytearray(b"a PNG"))
    (b'a PNG', b'a PNG')
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return _of_data_address(value) if is_data_address(value) else value
    if isinstance(value, os.PathLike):
        return str(value)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, Mapping):
        return _of_mapping(value)
    if is_pixels(value):
        return _of_pixels(value)
    if callable(getattr(value, "save", None)) and hasattr(value, "mode") and hasattr(value, "getexif"):
        return _of_pillow(value)
    remedy = "give its bytes, as `file.read()` gives them" if hasattr(value, "read") else "give the path of an image"
    raise NoImage(f"{_repr(value)} is not a path", remedy)


def is_pixels(value: object) -> bool:
    """Whether a value is an array of numbers of two or more axes, so one image, or several, and no list of paths."""
    dtype = getattr(value, "dtype", None)
    return getattr(value, "ndim", 0) > 1 and getattr(dtype, "kind", "O") != "O"


def is_data_address(text: str) -> bool:
    """Whether a text is an address that holds the image itself (RFC 2397)."""
    return text[:64].lstrip().lower().startswith("data:image/")


def _of_data_address(text: str) -> bytes:
    head, _, coded = text.partition(",")
    try:
        if not head.lower().endswith(";base64"):
            raise ValueError
        return base64.b64decode("".join(coded.split()), validate=True)
    except ValueError:
        found = f"{_repr(text)} is a data: address, but not in base64"
        raise NoImage(found, "give data:image/jpeg;base64,..., or the path of an image") from None


def _of_mapping(value: Mapping[Any, Any]) -> str | bytes | None:
    if not {"bytes", "path"} & set(value):
        keys = ", ".join(map(str, list(value)[:5]))
        raise NoImage(
            f"an object with the keys {keys} is not an image", "give its path, or an object with bytes or path"
        )
    for key in ("bytes", "path"):
        found = value.get(key)
        if found is not None:
            return image_value(found)
    return None


def _of_pixels(value: Any) -> bytes:
    from PIL import Image

    shape = tuple(value.shape)
    flat = len(shape) == 2 or (len(shape) == 3 and shape[2] in _CHANNELS)
    if str(value.dtype) != "uint8" or not flat or 0 in shape:
        raise NoImage(f"an array of {value.dtype} of shape {shape} is not an image", _PIXELS)
    return _file(Image.fromarray(value), "PNG", compress_level=_QUICK)


def _of_pillow(value: Any) -> bytes:
    try:
        if value.mode in _TIFF_MODES:
            return _file(value, "TIFF")
        image = value if value.mode in _PNG_MODES else value.convert("RGB")
        return _file(image, "PNG", compress_level=_QUICK, exif=value.getexif())
    except Exception as error:  # an image of Pillow decodes only now, and may be closed or damaged
        found = f"an image of Pillow cannot be read ({one_line(error, most=80)})"
        raise NoImage(found, "give the path of the image, or its bytes") from error


def _repr(value: object) -> str:
    return " ".join(_SHORT.repr(value).split())


def _file(image: Any, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
