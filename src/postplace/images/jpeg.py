"""How far a JPEG goes: its scans up to the end of the image, whatever film, second image or junk stands behind it.

The markers are those of ITU-T T.81, table B.1, taken in the order in which libjpeg takes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from PIL import Image

START = b"\xff\xd8"
END = b"\xff\xd9"
MOST_MISSING = 0.15  # of the rows, of a JPEG that is cut short and read all the same
_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])", re.DOTALL)  # without those that stand alone
_SCAN, _STOP = 0xDA, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_KNOWN = (_FRAMES | {0xC4, 0xCC, *range(0xDA, 0xDE), *range(0xE0, 0xF0), 0xFE}) - {_STOP}
_ALL_COEFFICIENTS = 2**64 - 1  # of a block of 8 x 8
_GREY = (127, 128)  # what libjpeg fills in where nothing is left to decode


@dataclass(slots=True)
class Extent:
    """What stands between the start of a JPEG and its end.

    `buffered`: whether the decoder holds the coefficients of all pixels in memory, as it does for more than one scan.
    `reducible`: whether it can be decoded at a fraction of its size. `end`: where the image's data ends; `whole`:
    whether the marker of the end stands there. `covered`: which coefficients, as bits, were begun of each component.
    """

    scans: int = 0
    buffered: bool = False
    reducible: bool = True
    end: int = 0
    whole: bool = False
    components: int = 0
    covered: dict[int, int] = field(default_factory=dict)

    @property
    def cut_short(self) -> bool:
        """Whether image data begins and its end is not there."""
        return self.scans > 0 and not self.whole

    @property
    def lacks_scans(self) -> bool:
        """Whether whole scans are missing, without which a colour is not there, or all is blurred."""
        return sum(bits == _ALL_COEFFICIENTS for bits in self.covered.values()) < self.components


def measure_jpeg(data: bytes, *, most_scans: int, most_pieces: int) -> Extent | None:
    """How far the first image of these bytes goes; None for one of more segments than `most_pieces`.

    No more than one scan beyond `most_scans` is looked for.

    >>> scan = b"\\xff\\xda\\0\\x02" + b"data"
    >>> measure_jpeg(START + scan + END + scan * 9, most_scans=5, most_pieces=9).scans
    1
    """
    extent, at = Extent(), len(START)
    for _ in range(most_pieces):
        marker = _MARKER.search(data, at)
        extent.end = len(data) if marker is None else marker.start()
        if marker is None:
            return extent
        code, start = marker[1][0], marker.end()
        if code == _STOP:
            extent.whole = True
            return extent
        length = int.from_bytes(data[start : start + 2], "big")
        if code not in _KNOWN or length < 2 or start + length > len(data):
            return extent
        if code in _FRAMES:
            extent.components = data[start + 7] if length > 7 else 0
            extent.buffered |= code in _PROGRESSIVE
            extent.reducible &= code not in _LOSSLESS
        elif code == _SCAN:
            _add_scan(extent, data[start + 2 : start + length])
            if extent.scans > most_scans:
                return extent
            if extent.components and not extent.buffered:
                return _after_the_only_scan(extent, data, start + length)
        at = start + length
    return None


def _after_the_only_scan(extent: Extent, data: bytes, at: int) -> Extent:
    """The image ends at the first marker, whatever that is: where no end stands there, it may be in a trailer."""
    marker = _MARKER.search(data, at)
    extent.end = len(data) if marker is None else marker.start()
    extent.whole = marker is not None and marker[1][0] == _STOP
    return extent


def _add_scan(extent: Extent, header: bytes) -> None:
    extent.scans += 1
    count = header[0] if header else 0
    extent.buffered |= count < extent.components
    if len(header) >= 3 + 2 * count:
        first, last = header[1 + 2 * count], min(header[2 + 2 * count], 63)
        bits = _ALL_COEFFICIENTS & ((2 << last) - 1) & ~((1 << first) - 1)
        for name in header[1 : 1 + 2 * count : 2]:
            extent.covered[name] = extent.covered.get(name, 0) | bits


def lower_part_is_missing(image: Image.Image) -> bool:
    """Whether more than `MOST_MISSING` of a decoded JPEG, at its lower end, is the grey of what was not there."""
    top = int(image.height * (1 - MOST_MISSING))
    extrema = image.crop((0, top, image.width, image.height)).getextrema()
    pairs = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(_GREY[0] <= pair[0] and pair[1] <= _GREY[1] for pair in pairs)
