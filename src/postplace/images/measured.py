"""Hostile headers: bytes that cost Pillow, which reads headers in Python, seconds for a megabyte.

A file may be all markers of a JPEG, chunks of a PNG or blocks of a GIF, each a few bytes long, or claim directories of
values that are unpacked one by one. What would be done is counted before it is done.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator

from postplace.errors import BadImage

READS = 4096  # of a file of any length, and one more for each `BYTES_A_READ`
BYTES_A_READ = 128
_MOST_TABLE_BYTES = 16_384  # of a JPEG, in what is taken apart number by number; a few hundred are usual
_MOST_RESOURCES = 10_000  # of Photoshop, in a JPEG
_MOST_PROFILES = 4  # of a PNG: each may unpack to a megabyte
_MOST_RUN_BYTES = 1_000_000  # of a BMP of runs, which is decoded in Python
_MOST_ENTRIES = 4096  # of a TIFF directory
_MOST_VALUES = 100_000  # of an entry, where they become numbers
_AS_BYTES = (1, 2, 6, 7)  # types of values that stay bytes
_EXIF = b"Exif\0\0"
_MARKER = re.compile(rb"\xff([^\xff])", re.DOTALL)
_ALONE = frozenset({0x00, 0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)})  # markers without a length, as Pillow has them
_TABLES = frozenset({0xDB, *range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_SCAN, _APP1, _APP13 = 0xDA, 0xE1, 0xED


class MeasuredBytes(io.BytesIO):
    """An image's bytes, which refuse to be read in too many pieces."""

    def __init__(self, data: bytes, where: str) -> None:
        super().__init__(data)
        self._where, self._left = where, most_reads(data)

    def read(self, size: int | None = -1, /) -> bytes:
        """See io.BytesIO. Raises BadImage."""
        self._left -= 1
        if self._left < 0:
            raise _bad(self._where, "is cut into too many pieces")
        return super().read(size)


def check_pieces(data: bytes, where: str) -> None:
    """Raise BadImage for bytes whose header would cost more than an image's does; nothing is decoded."""
    if data.startswith(b"\xff\xd8"):
        _check_jpeg(data, where)
    elif data.startswith(b"\x89PNG") and data.count(b"iCCP") > _MOST_PROFILES:
        raise _bad(where, f"is a PNG of more than {_MOST_PROFILES} colour profiles")
    elif data.startswith(b"BM") and data[30:31] in (b"\1", b"\2") and len(data) > _MOST_RUN_BYTES:
        raise _bad(where, f"is a BMP of runs of more than {_MOST_RUN_BYTES:,} bytes")
    elif data[:2] in (b"II", b"MM") and not is_short_directory(data):
        raise _bad(where, f"is a TIFF of more than {_MOST_ENTRIES:,} entries, or {_MOST_VALUES:,} values in one")


def is_short_directory(data: bytes) -> bool:
    """Whether the first directory of a TIFF, or of Exif's, is no longer than one may be; True for what is cut short.

    >>> tiff = [b"II*\\0" + struct.pack("<IH", 8, rows) + bytes(12 * rows) for rows in (4096, 4097)]
    >>> [is_short_directory(one) for one in tiff]
    [True, False]
    """
    while data.startswith(_EXIF):
        data = data[len(_EXIF) :]
    order, large = "<" if data[:2] == b"II" else ">", data[2:3] == b"+"
    try:
        (start,) = struct.unpack_from(order + ("Q" if large else "I"), data, 8 if large else 4)
        (entries,) = struct.unpack_from(order + ("Q" if large else "H"), data, start)
        table = struct.Struct(order + ("HHQ8x" if large else "HHI4x"))
        for row in range(min(entries, _MOST_ENTRIES)):
            _, kind, values = table.unpack_from(data, start + (8 if large else 2) + row * table.size)
            if kind not in _AS_BYTES and values > _MOST_VALUES:
                return False
    except (struct.error, OverflowError):
        return True  # whoever reads it says so
    return int(entries) <= _MOST_ENTRIES


def _check_jpeg(data: bytes, where: str) -> None:
    tables = resources = 0
    exif = bytearray()
    for marker, start, end in _segments(data):
        if marker in _TABLES:
            tables += end - start
        elif marker == _APP13:
            resources += data.count(b"8BIM", start, end)
        elif marker == _APP1 and data.startswith(_EXIF, start):
            exif += data[start + len(_EXIF) : end]  # Pillow, too, takes several as one
    if tables > _MOST_TABLE_BYTES:
        raise _bad(where, f"is a JPEG of more than {_MOST_TABLE_BYTES:,} bytes of tables")
    if resources > _MOST_RESOURCES:
        raise _bad(where, f"is a JPEG of more than {_MOST_RESOURCES:,} resources of Photoshop")
    if not is_short_directory(bytes(exif)):
        raise _bad(where, f"is a JPEG of more than {_MOST_ENTRIES:,} Exif entries, or {_MOST_VALUES:,} values in one")


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The marker, start and end of a JPEG's segments before the first scan, as far as they may be read."""
    at = 2
    for _ in range(most_reads(data)):
        marker = _MARKER.search(data, at)
        if marker is None or 0 < marker[1][0] < 0xC0 or marker[1][0] == _SCAN:
            return
        at = marker.end()
        if marker[1][0] not in _ALONE:
            end = at + max(2, int.from_bytes(data[at : at + 2], "big"))
            yield marker[1][0], at + 2, end
            at = end


def most_reads(data: bytes) -> int:
    """In how many pieces an image's bytes may be read."""
    return READS + len(data) // BYTES_A_READ


def _bad(where: str, found: str) -> BadImage:
    return BadImage(where, found, "save the image again")
