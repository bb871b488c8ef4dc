"""How large the frames are that AV1 and HEVC data would be decoded to, by their sequence headers alone.

What a file says of its size and what its data says may differ; decoders take memory for the latter.
Sources: AV1 Bitstream & Decoding Process Specification, 5.3 to 5.5; ITU-T H.265, 7.3.1.2, 7.3.2.2 and 7.3.3.
"""

from __future__ import annotations

from collections.abc import Iterator

_SEQUENCE_HEADER, _FRAME_HEADER, _FRAME = 1, 3, 6  # types of an AV1 unit
_SPS, _LAST_VCL = 33, 31  # types of a HEVC unit: the sequence parameter set; up to here slices of a frame
_MOST_UNITS = 4096  # of an image or a tile
_PROFILE_BITS, _LEVEL_BITS = 88, 8


class NotParsed(ValueError):
    """Data that is not what its format says."""


class Bits:
    """Reads numbers of any width from bytes; raises NotParsed at the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, width: int) -> int:
        """The next `width` bits as a number.

        >>> bits = Bits(b"\\xa0")
        >>> bits.take(1), bits.take(2)
        (1, 1)
        """
        start, end = self._at, self._at + width
        if end > 8 * len(self._data):
            raise NotParsed("ends early")
        self._at = end
        whole = int.from_bytes(self._data[start // 8 : -(-end // 8)], "big")
        return (whole >> (-end % 8)) & ((1 << width) - 1)

    def exp_golomb(self) -> int:
        """The next number of varying length (Exp-Golomb of order 0), up to 32 bits.

        >>> Bits(b"\\x28").exp_golomb()
        4
        """
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise NotParsed("a number of more than 32 bits")
        return (1 << zeros) - 1 + self.take(zeros)


def av1_frames(data: bytes) -> tuple[int, int]:
    """The pixels of the largest frame that AV1 data may hold, and how many frames. Raises NotParsed."""
    pixels = frames = 0
    for kind, unit in _av1_units(data):
        if kind == _SEQUENCE_HEADER:
            pixels = max(pixels, _av1_pixels(Bits(unit)))
        elif kind in (_FRAME_HEADER, _FRAME):
            frames += 1
    if not pixels:
        raise NotParsed("no sequence header")
    return pixels, frames


def hevc_frames(data: bytes, *, length_bytes: int) -> tuple[int, int]:
    """As `av1_frames`, of HEVC data whose units have their length before them; 0 pixels where no header is in it."""
    pixels = frames = at = 0
    for _ in range(_MOST_UNITS):
        if at >= len(data):
            return pixels, frames
        start = at + length_bytes
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data) or at <= start:
            raise NotParsed("a unit beyond the end")
        kind, layer = hevc_unit(data[start : start + 2])
        if layer == 0 and kind == _SPS:
            pixels = max(pixels, hevc_pixels(data[start:at]))
        elif layer == 0 and kind <= _LAST_VCL:
            frames += bool(data[start + 2 : start + 3] >= b"\x80")  # the first slice of a frame
    raise NotParsed("too many units")


def hevc_unit(head: bytes) -> tuple[int, int]:
    r"""The type and the layer of a HEVC unit, by its first two bytes.

    >>> hevc_unit(b"\x42\x01")
    (33, 0)"""
    word = int.from_bytes(head[:2].ljust(2, b"\0"), "big")
    return (word >> 9) & 63, (word >> 3) & 63


def hevc_pixels(unit: bytes) -> int:
    """The pixels of a frame by a sequence parameter set; 0 for another unit. Raises NotParsed."""
    if hevc_unit(unit)[0] != _SPS:
        return 0
    bits = Bits(unit[2:200].replace(b"\0\0\3", b"\0\0"))  # its size stands in its first bytes
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + _PROFILE_BITS + _LEVEL_BITS)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    bits.take(2 * (8 - layers) if layers else 0)
    for profile, level in present:
        bits.take(profile * _PROFILE_BITS + level * _LEVEL_BITS)
    bits.exp_golomb()
    if bits.exp_golomb() == 3:  # 4:4:4
        bits.take(1)
    return bits.exp_golomb() * bits.exp_golomb()


def _av1_units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The type of each unit, and its first bytes."""
    at = 0
    for _ in range(_MOST_UNITS):
        if at >= len(data):
            return
        head = data[at]
        at += 2 if head & 4 else 1
        size = len(data) - at
        if head & 2:
            size, at = _leb128(data, at)
        if size < 0 or at + size > len(data):
            raise NotParsed("a unit beyond the end")
        yield (head >> 3) & 15, data[at : at + min(size, 4096)]
        at += size
    raise NotParsed("too many units")


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for number, byte in enumerate(data[at : at + 8]):
        value |= (byte & 127) << (7 * number)
        if byte < 128:
            return value, at + number + 1
    raise NotParsed("a length without end")


def _av1_pixels(bits: Bits) -> int:
    bits.take(4)  # profile, still picture
    if bits.take(1):  # the reduced header of a still picture
        bits.take(5)
    else:
        _skip_operating_points(bits)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(across) + 1) * (bits.take(down) + 1)


def _skip_operating_points(bits: Bits) -> None:
    delay_bits = 0
    if bits.take(1):  # timing
        bits.take(64)
        if bits.take(1):
            bits.exp_golomb()
        if bits.take(1):  # the decoder's model
            delay_bits = bits.take(5) + 1
            bits.take(42)
    display_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if display_delay and bits.take(1):
            bits.take(4)
