"""An image, from a path or from bytes -> RGB, upright, without metadata, within limits."""

from __future__ import annotations

import hashlib
import re
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from PIL import Image, JpegImagePlugin, UnidentifiedImageError, features

from postplace.errors import BadImage, BadPost, one_line
from postplace.images.depth import eight_bits, has_deep_colours, is_deep, stretched
from postplace.images.formats import AGAIN, FORMATS, is_avif, is_heic, reads_heic, unreadable_kind
from postplace.images.heif import check_frames
from postplace.images.jpeg import END, MOST_MISSING, START, Extent, lower_part_is_missing, measure_jpeg
from postplace.images.measured import MeasuredBytes, check_pieces, is_short_directory, most_reads

MANY_MISSING = 10  # so many images, none of which is there: the folder is wrong, not the images
GPS_TAG = 0x8825
_ORIENTATION_TAG = 0x0112
_LOOKED_AT = 8  # pixels of the smaller side, where an image is decoded only to see whether it can be
_TILE_WIDTH_TAG, _TILE_HEIGHT_TAG = 322, 323  # a small TIFF may claim a tile that fills the memory
_MOST_SCANS = 100  # a progressive JPEG has about ten; each costs a pass over all pixels, however short it is
_REDUCED = 8  # a JPEG can be decoded at an eighth of its width and height
_ONE_SCAN, _MANY_SCANS = 4, 2  # times the limit of pixels, where a JPEG is decoded smaller: row by row, or held whole
_BEFORE = b"\0 \t\r\n\xef\xbb\xbf"  # what a web server's script may have sent before the image
_MOST_BEFORE = 64
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


def from_pixels(fingerprint: str) -> str:
    """A fingerprint of what is made of decoded images: what decodes them belongs to it.

    Where that is what every store was made with so far it is not said, so that those stay what they are.
    """
    return fingerprint if decoder() == UNSAID else f"{fingerprint}; decoded by {decoder()}"


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest image that is decoded, in pixels (width times height), and the largest file, in bytes.

    A JPEG, which can be decoded at a half, a quarter or an eighth of its width and height, may have four times as many
    pixels (twice as many where it is progressive, as its coefficients are then held in memory) and is decoded smaller.
    """

    max_pixels: int = 50_000_000
    max_bytes: int = 100_000_000


DEFAULT = Limits()


class RefusedImage(bytes):
    """Stands in a post for an image that was looked at and refused: whoever reads it raises the same `BadImage`.

    So the numbers of the other images stay, and nobody opens under wider limits what narrower ones refused.
    """

    found: str
    remedy: str

    @classmethod
    def of(cls, content: bytes, error: BadImage) -> RefusedImage:
        """In the place of that content, of which it keeps a digest alone."""
        refused = cls(hashlib.blake2b(content, digest_size=16).digest())
        refused.found, refused.remedy = error.found, error.remedy
        return refused


def read_bytes(image: Path | bytes, limits: Limits = DEFAULT) -> bytes:
    """The encoded image, as it is in the file; raises `BadImage` for a missing or an overlong one."""
    where = _name(image)
    if isinstance(image, RefusedImage):
        raise BadImage(where, image.found, image.remedy)
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
    eighth of its size, never below `target`, which is several times faster; one of more pixels than `limits` has is
    decoded as small as brings it below them. Nothing is resized otherwise.
    `name`: what to call bytes in an error; "uploaded image" if not given.
    An animation gives its first frame. A JPEG that lacks its end, and no more than `MOST_MISSING` of its rows, is read;
    see `is_cut_short`. Raises `BadImage` for whatever cannot be decoded within `limits`.
    """
    where = name or _name(image)
    with _told(where, limits):
        return _decode(read_bytes(image, limits), where, limits, target)


@dataclass(frozen=True, slots=True)
class Looked:
    """What an image's header says; `cut_short` as `is_cut_short` has it."""

    pixels: int
    has_gps: bool
    cut_short: bool


def look(image: Path | bytes, *, limits: Limits = DEFAULT) -> Looked:
    """What an image says of itself. Raises `BadImage` where `decode` does, but for damage that only pixels show.

    No pixel is decoded but those of a file that ends before its end, which is read or refused by what is left.
    """
    where = _name(image)
    with _told(where, limits):
        data = read_bytes(image, limits)
        with _opened(data, where, limits) as (opened, _):
            seen = Looked(opened.width * opened.height, _has_gps(opened), is_cut_short(data))
        if seen.cut_short or not _has_its_end(data):
            _decode(data, where, limits, _LOOKED_AT)
    return seen


def check_header(image: bytes, *, limits: Limits = DEFAULT, name: str | None = None) -> int:
    """The pixels of an image by its header; none is decoded. Raises `BadImage` for none, or one beyond `limits`."""
    where = name or _name(image)
    with _told(where, limits), _opened(read_bytes(image, limits), where, limits) as (opened, _):
        return opened.width * opened.height


def is_cut_short(data: bytes) -> bool:
    """Whether a file is a JPEG without its end: what is there of it is read, and the rest is grey.

    Where a film or a second image stands behind the end of the first, that one is whole.
    """
    extent = _extent(_begun(data))
    return extent is not None and extent.cut_short


def decoding_version(data: bytes) -> str:
    """What decides the pixels of this file beside `decoder()`; empty for those read as version 0.1.0 read them.

    It belongs to the key of what is stored of a file: what was stored by an earlier way of reading it is not found.
    """
    if is_avif(data):
        return f"AVIF by {features.version('avif')}"
    if is_heic(data):
        return f"HEIC by pillow-heif {version('pillow-heif')}" if reads_heic() else ""
    deep_png = data.startswith(b"\x89PNG") and data[24:25] == b"\x10"
    if deep_png or data[:2] in (b"II", b"MM"):
        return "white by the bits in use"  # of 16 bits and more; a TIFF of 8 bits has the same pixels as before
    return ""


@contextmanager
def _told(where: str, limits: Limits) -> Iterator[None]:
    """Whatever a format reader raises becomes a `BadImage`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large images and odd metadata; the limits are ours
            yield
    except BadImage as error:
        raise BadImage(where, error.found, error.remedy) from error.__cause__
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d+", str(error))  # Pillow's own bound; it says how many there are
        problem = f"has {int(pixels[0]):,} pixels" if pixels else "has too many pixels"
        raise BadImage(where, problem, _smaller(limits.max_pixels, "pixels")) from error
    except Exception as error:  # hostile bytes make the format readers raise nearly anything, MemoryError included
        reason = one_line(error, most=80)
        raise BadImage(where, f"is damaged or cut short ({reason})", AGAIN) from error


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
    with _opened(data, where, limits) as (opened, extent):
        if extent is not None:
            _reduce(opened, target, limits)
        deep_colours = has_deep_colours(opened)
        opened.load()
        _check_pixels(opened.size, where, limits.max_pixels)
        if extent is not None and extent.cut_short and lower_part_is_missing(opened):
            found = f"is damaged or cut short (more than {MOST_MISSING:.0%} of it is missing, at its lower end)"
            raise BadImage(where, found, AGAIN)
        image = _rgb(stretched(opened, lambda: _open(data, where)) if deep_colours else opened)
        orientation = _orientation(opened)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    image.info = {}  # EXIF, GPS, ICC, XMP and comments all live here
    return image


@contextmanager
def _opened(data: bytes, where: str, limits: Limits) -> Iterator[tuple[Image.Image, Extent | None]]:
    """An image whose header is within the limits, and how far it goes where it is a JPEG; no pixel is decoded."""
    if not data:
        raise BadImage(where, "is empty", AGAIN)
    data = _begun(data)
    check_pieces(data, where)
    extent = _extent(data)
    if extent is None and data.startswith(START):
        raise BadImage(where, "is cut into too many pieces", "save the image again")
    if extent is not None and extent.scans > _MOST_SCANS:
        raise BadImage(where, f"is a JPEG of more than {_MOST_SCANS} scans", "save the image again")
    if extent is not None and extent.cut_short:
        if extent.lacks_scans:
            raise BadImage(where, "is damaged or cut short (whole scans of it are missing)", AGAIN)
        data = (
            data[: extent.end].rstrip(b"\xff") + END
        )  # with an end the decoder gives what there is, without it nothing
    if (is_avif(data) and features.check("avif")) or (is_heic(data) and reads_heic()):
        check_frames(data, where, most_pixels=limits.max_pixels)
        data = data[:8] + data[8:12].replace(b"avis", b"avif") + data[12:]  # of an animation the still image is taken
    with _open(data, where) as opened:
        _check_header(opened, extent, where, limits)
        yield opened, extent


def _open(data: bytes, where: str) -> Image.Image:
    file = MeasuredBytes(data, where)
    try:
        if is_heic(data) and reads_heic():
            return _open_heic(file)
        return Image.open(file, formats=[name for name in FORMATS if name != "AVIF" or features.check("avif")])
    except Image.DecompressionBombError:
        if not data.startswith(START):
            raise
        file.seek(0)  # Pillow's bound is for what is decoded whole: of a JPEG that is decoded smaller `limits` decide
        return JpegImagePlugin.JpegImageFile(file)
    except UnidentifiedImageError:
        raise BadImage(where, *unreadable_kind(data)) from None


def _begun(data: bytes) -> bytes:
    """The data from the start of a JPEG on, where no more than blanks, zeros or a byte order mark stand before it."""
    start = data.find(START + b"\xff", 0, _MOST_BEFORE)
    return data[start:] if start > 0 and not data[:start].strip(_BEFORE) else data


def _extent(data: bytes) -> Extent | None:
    if not data.startswith(START):
        return None
    return measure_jpeg(data, most_scans=_MOST_SCANS, most_pieces=most_reads(data))


def _open_heic(file: MeasuredBytes) -> Image.Image:
    from pillow_heif import HeifImageFile  # not registered in Pillow: that would change it for the whole process

    try:
        opened: Image.Image = HeifImageFile(file)  # type: ignore[no-untyped-call]
    except SyntaxError as error:
        raise UnidentifiedImageError(str(error)) from error
    return opened


def _reduce(opened: Image.Image, target: int | None, limits: Limits) -> None:
    """Have a JPEG decoded smaller: near to `target`, and no larger than the limits."""
    width, height = wanted = opened.size
    if target is not None:
        wanted = (target, target)
    scale = 1
    while scale < _REDUCED and -(-width // scale) * -(-height // scale) > limits.max_pixels:
        scale *= 2
    if target is not None or scale > 1:
        opened.draft("RGB", (min(wanted[0], max(1, width // scale)), min(wanted[1], max(1, height // scale))))


def _check_header(opened: Image.Image, extent: Extent | None, where: str, limits: Limits) -> None:
    most = limits.max_pixels
    if extent is not None and extent.reducible:
        most *= _MANY_SCANS if extent.buffered else _ONE_SCAN
    _check_pixels(opened.size, where, most)
    pixels = opened.width * opened.height
    if extent is not None and extent.scans * pixels > _MOST_SCANS * limits.max_pixels:
        raise BadImage(where, f"is a JPEG of {extent.scans} scans of {pixels:,} pixels", "save the image again")
    tags = getattr(opened, "tag_v2", {})  # of a TIFF
    tile = (int(tags.get(_TILE_WIDTH_TAG, 0)), int(tags.get(_TILE_HEIGHT_TAG, 0)))
    _check_pixels(tile, where, limits.max_pixels)


def _rgb(image: Image.Image) -> Image.Image:
    """A new image in mode RGB: transparent parts on white, more than 8 bits brought to 8."""
    if is_deep(image):
        image = eight_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        return white
    return image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none that can be read."""
    try:
        exif = _exif(image)
        return 1 if exif is None else int(exif.get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF raises nearly anything; the pixels are sound all the same
        return 1


def _exif(image: Image.Image) -> Image.Exif | None:
    """An image's EXIF; None where reading it would cost more than the image, or fails."""
    raw = image.info.get("exif") or b""  # pillow-heif says None where there is none
    if len(image.info.get("Raw profile type exif", "")) > _MOST_EXIF or not is_short_directory(raw):
        return None
    try:
        return image.getexif()
    except Exception:
        return None


def _has_gps(image: Image.Image) -> bool:
    try:
        exif = _exif(image)
        return exif is not None and bool(exif.get_ifd(GPS_TAG))
    except Exception:
        return False


def _has_its_end(data: bytes) -> bool:
    """Whether a file is as long as it says, as far as PNG and RIFF (WebP) say it."""
    if data.startswith(b"\x89PNG"):
        return data.rfind(b"IEND") > 0
    if data[:4] == b"RIFF":
        return len(data) >= int.from_bytes(data[4:8], "little") + 8
    return True


def _name(image: Path | bytes) -> str:
    return "uploaded image" if isinstance(image, bytes) else str(image)


def _check_bytes(size: int, where: str, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise BadImage(where, f"has {size:,} bytes", _smaller(limits.max_bytes, "bytes"))


def _check_pixels(size: tuple[int, int], where: str, most: int) -> None:
    width, height = size
    if width * height > most:
        raise BadImage(where, f"has {width:,} x {height:,} pixels", _smaller(most, "pixels"))


def _smaller(most: int, unit: str) -> str:
    return f"make the image smaller: at most {most:,} {unit}"
