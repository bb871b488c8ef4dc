"""An image, from a path or from bytes -> RGB, upright, without metadata, within limits."""

from __future__ import annotations

import re
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError, features

from postplace.errors import BadImage, BadPost, one_line
from postplace.images.measured import MeasuredBytes, check_pieces, is_short_directory

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # an MPO is opened as a JPEG; nothing else is tried
MANY_MISSING = 10  # so many images, none of which is there: the folder is wrong, not the images
_READABLE = "give a JPEG, PNG, WebP, GIF, BMP or TIFF image"
_ORIENTATION_TAG = 0x0112
_TILE_WIDTH_TAG, _TILE_HEIGHT_TAG = 322, 323  # a small TIFF may claim a tile that fills the memory
_MOST_SCANS = 100  # a progressive JPEG has about ten; each costs a pass over all pixels, however short it is
_MOST_EXIF = 200_000  # of letters, where it is written as a text
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


# Stores and runs that do not say with what they were made were made with the exact versions of constraints.txt
UNSAID = "Pillow 13.0.0, libjpeg-turbo 3.2.0, libwebp 1.6.0, libtiff 4.7.2"


@cache
def decoder() -> str:
    """What turns files into pixels here, and resizes them, with its versions: another one may give other values."""
    named = {"libjpeg-turbo": "libjpeg_turbo", "libwebp": "webp", "libtiff": "libtiff"}
    versions = {name: features.version(feature) for name, feature in named.items() if features.check(feature)}
    return ", ".join([f"Pillow {version('pillow')}", *(f"{name} {own}" for name, own in versions.items())])


def of_pixels(fingerprint: str) -> str:
    """A fingerprint of what is made of decoded images: what decodes them belongs to it.

    Where that is what every store was made with so far it is not said, so that those stay what they are.
    """
    return fingerprint if decoder() == UNSAID else f"{fingerprint}; decoded by {decoder()}"


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest image that is opened: width times height (Pillow takes no more than 178,956,970), and file size."""

    max_pixels: int = 50_000_000
    max_bytes: int = 50_000_000


DEFAULT = Limits()


def read_bytes(image: Path | bytes, limits: Limits = DEFAULT) -> bytes:
    """The encoded image, as it is in the file; raises `BadImage` for a missing or an overlong one."""
    where = _name(image)
    if isinstance(image, bytes):
        data = image
        _check_bytes(len(data), where, limits)
        return data
    try:
        status = image.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadImage(where, "is not a file", "give the path of an image")
        _check_bytes(status.st_size, where, limits)
        with image.open("rb") as file:
            data = file.read(limits.max_bytes + 1)  # the file may grow meanwhile
    except FileNotFoundError:
        raise BadImage(where, "does not exist", "check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise BadImage(where, problem, "check the path and the permissions") from error
    _check_bytes(len(data), where, limits)
    return data


def decode(
    image: Path | bytes, *, limits: Limits = DEFAULT, target: int | None = None, name: str | None = None
) -> Image.Image:
    """An image in mode RGB: upright by its EXIF orientation, without any metadata, on white where it is transparent.

    `target`: the smaller side that will be wanted, in pixels. A larger JPEG is then decoded at a half, a quarter or an
    eighth of its size, never below `target`, which is several times faster; nothing is resized otherwise.
    `name`: what to call bytes in an error; "uploaded image" if not given.
    An animation gives its first frame. Raises `BadImage` for whatever cannot be decoded within `limits`.
    """
    where = name or _name(image)
    with _told(where, limits):
        return _decode(read_bytes(image, limits), where, limits, target)


def check_header(image: bytes, *, limits: Limits = DEFAULT, name: str | None = None) -> int:
    """The pixels of an image by its header; none is decoded. Raises `BadImage` for none, or one beyond `limits`."""
    where = name or _name(image)
    with _told(where, limits):
        data = read_bytes(image, limits)
        if not data:
            raise _empty(where)
        with _opened(data, where) as opened:
            _check_header(opened, where, limits)
            return opened.width * opened.height


@contextmanager
def _told(where: str, limits: Limits) -> Iterator[None]:
    """Whatever a format reader raises becomes a `BadImage`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large images and odd metadata; the limits are ours
            yield
    except BadImage as error:
        raise BadImage(where, error.found, error.remedy) from error.__cause__
    except UnidentifiedImageError:
        raise BadImage(where, "is not an image of a known format, or is damaged", _READABLE) from None
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d+", str(error))  # Pillow's own bound; it says how many there are
        problem = f"has {int(pixels[0]):,} pixels" if pixels else "has too many pixels"
        raise BadImage(where, problem, _smaller(limits.max_pixels, "pixels")) from error
    except Exception as error:  # hostile bytes make the format readers raise nearly anything, MemoryError included
        reason = one_line(error, most=80)
        raise BadImage(where, f"is damaged or cut short ({reason})", "save or download the image again") from error


def check_folder(unread: Sequence[Path], *, read: int) -> None:
    """Raise BadPost where many images are named and not one of them is there; `unread`: all but those `read`."""
    if read or len(unread) < MANY_MISSING or any(path.exists() for path in unread):
        return
    problem = f"not one of the {len(unread)} images named is there, for example {unread[0]}"
    remedy = (
        "put the images back where they were; relative paths begin at the folder of the posts file, absolute ones do "
        "not move with it: after a move of the images import them again"
    )
    raise BadPost("images", problem, remedy)


def _decode(data: bytes, where: str, limits: Limits, target: int | None) -> Image.Image:
    if not data:
        raise _empty(where)
    with _opened(data, where) as opened:
        _check_header(opened, where, limits)
        if opened.format in ("JPEG", "MPO"):
            if data.count(b"\xff\xda") > _MOST_SCANS:
                raise BadImage(where, f"is a JPEG of more than {_MOST_SCANS} scans", "save the image again")
            if target is not None:
                opened.draft("RGB", (target, target))
        opened.load()
        _check_pixels(opened.size, where, limits)
        image = _rgb(opened)
        orientation = _orientation(opened)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    image.info = {}  # EXIF, GPS, ICC, XMP and comments all live here
    return image


def _opened(data: bytes, where: str) -> Image.Image:
    check_pieces(data, where)
    return Image.open(MeasuredBytes(data, where), formats=FORMATS)


def _check_header(opened: Image.Image, where: str, limits: Limits) -> None:
    _check_pixels(opened.size, where, limits)
    tags = getattr(opened, "tag_v2", {})  # of a TIFF
    _check_pixels((int(tags.get(_TILE_WIDTH_TAG, 0)), int(tags.get(_TILE_HEIGHT_TAG, 0))), where, limits)


def _empty(where: str) -> BadImage:
    return BadImage(where, "is empty", "save or download the image again")


def _rgb(image: Image.Image) -> Image.Image:
    """A new image in mode RGB: transparent parts on white, more than 8 bits brought to 8."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        return white
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey values of 16 bits, 32 bits or floats -> 8 bits; floats up to 1 count as fractions."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    largest = float(values.max())
    usual = 65535.0 if image.mode != "F" else 1.0 if largest <= 1 else 255.0
    white = max(largest, usual)
    return Image.fromarray(np.clip(values * (255 / white), 0, 255).astype(np.uint8))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none that can be read."""
    exif = image.info.get("exif", b"")
    if len(image.info.get("Raw profile type exif", "")) > _MOST_EXIF or not is_short_directory(exif):
        return 1  # reading it would cost more than the image
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF raises nearly anything; the pixels are sound all the same
        return 1


def _name(image: Path | bytes) -> str:
    return "uploaded image" if isinstance(image, bytes) else str(image)


def _check_bytes(size: int, where: str, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise BadImage(where, f"has {size:,} bytes", _smaller(limits.max_bytes, "bytes"))


def _check_pixels(size: tuple[int, int], where: str, limits: Limits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise BadImage(where, f"has {width:,} x {height:,} pixels", _smaller(limits.max_pixels, "pixels"))


def _smaller(most: int, unit: str) -> str:
    return f"make the image smaller: at most {most:,} {unit}"
