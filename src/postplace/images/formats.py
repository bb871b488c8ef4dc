"""Which images are read, and what a file that is none of them is, by its first bytes."""

from __future__ import annotations

import re
from importlib.util import find_spec

from PIL import features

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # an MPO is opened as a JPEG; nothing else is tried
READABLE = "give a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF image"
AGAIN = "save or download the image again"
_CONVERT = "save it as JPEG or PNG"
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_MOST_BRANDS = 64
_LOOKED_AT = 1024  # bytes of a text, for what kind of text it is
_OTHERS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\x0a", "is JPEG XL", _CONVERT),
    (b"\0\0\0\x0cJXL ", "is JPEG XL", _CONVERT),
    (b"\0\0\0\x0cjP  ", "is JPEG 2000", _CONVERT),
    (b"\xff\x4f\xff\x51", "is JPEG 2000", _CONVERT),
    (b"8BPS", "is a Photoshop document", _CONVERT),
    (b"\x1a\x45\xdf\xa3", "is a video", "give a frame of it as JPEG"),
    (b"\0\x05\x16\x07", "is what macOS keeps beside a file, not the file", "give the file whose name has no '._'"),
    (b"version https://git-lfs", "is a pointer of Git LFS, not the image", "fetch it: git lfs pull"),
    (b"\x1f\x8b", "is compressed by gzip", "unpack it: gunzip"),
    (b"PK\x03\x04", "is a ZIP archive", "unpack it"),
)
_BEFORE = (
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*"  # each comment can end in one place alone: no backtracking
)
_WEB_PAGE = re.compile(_BEFORE + rb"<(?:!doctype\s+html|html|head|body|title|script)\b", re.I | re.S)
_DRAWING = re.compile(_BEFORE + rb"(?:<!doctype\s+svg[^>]*>\s*)?<svg\b", re.I | re.S)


def is_heic(data: bytes) -> bool:
    """Whether these are the first bytes of HEIC (HEVC in HEIF): the brands of its file type box say so.

    >>> is_heic(b"\\0\\0\\0\\x14ftypheic\\0\\0\\0\\0mif1"), is_heic(b"\\0\\0\\0\\x14ftypavif\\0\\0\\0\\0mif1")
    (True, False)
    """
    brands = _brands(data)
    return bool(brands & _HEIC_BRANDS) and not brands & _AVIF_BRANDS


def is_avif(data: bytes) -> bool:
    """Whether these are the first bytes of AVIF."""
    return bool(_brands(data) & _AVIF_BRANDS)


def reads_heic() -> bool:
    """Whether the library that reads HEIC is installed."""
    return find_spec("pillow_heif") is not None


def unreadable_kind(data: bytes) -> tuple[str, str]:
    """What bytes that no reader takes are, as far as the first of them tell, and what to do."""
    if is_heic(data):
        if not reads_heic():
            return "is HEIC, an iPhone's format", "pip install 'postplace[heic]', or save it as JPEG"
        return "is damaged HEIC", AGAIN
    if is_avif(data):
        if not features.check("avif"):
            return "is AVIF, which the installed Pillow does not read", "pip install 'pillow>=11.3', or save it as JPEG"
        return "is damaged AVIF", AGAIN
    if data[4:8] == b"ftyp" or (data[:4] == b"RIFF" and data[8:12] == b"AVI "):
        return "is a video, or an image of a kind that is not read", "give a frame of it as JPEG"
    for start, found, remedy in _OTHERS:
        if data.startswith(start):
            return found, remedy
    if data[:2] in (b"II", b"MM") and data[2:4] in (b"*\0", b"\0*", b"+\0", b"\0+"):
        return "is a TIFF or a camera's raw file of a kind that is not read, or is damaged", _CONVERT
    if not data[:_LOOKED_AT].strip(b"\0"):
        return "begins with nothing but zeros, as an unfinished download does", AGAIN
    return _kind_of_text(data[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n"))


def _kind_of_text(text: bytes) -> tuple[str, str]:
    if _WEB_PAGE.match(text):
        return "is a web page, as servers send it where an image is gone or refused", "download the image again"
    if _DRAWING.match(text):
        return "is an SVG drawing", "save it as PNG"
    if text.startswith((b"{", b"[")):
        return "is JSON, as servers send it where an image is gone or refused", "download the image again"
    return "is not an image of a known format, or is damaged", READABLE


def _brands(data: bytes) -> frozenset[bytes]:
    """The major and the compatible brands of a file type box (ISO/IEC 14496-12, 4.3); none where there is no such."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(data[:4], "big"), len(data), 16 + 4 * _MOST_BRANDS)
    return frozenset({data[8:12], *(data[at : at + 4] for at in range(16, end, 4))})
