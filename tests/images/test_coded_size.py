"""Sizes in AV1 and HEVC data, read from headers that are written bit by bit; what is cut short is refused."""

from __future__ import annotations

import pytest

from postplace.images.coded_size import Bits, NotParsed, av1_frames, hevc_frames, hevc_pixels, hevc_unit

# profile 000, still picture 1, reduced 1, level 00000; 4 bits each for width and height, of which 9 - 1 and 5 - 1
STILL = "000 1 1 00000 0011 0011 1000 0100"


def packed(*bits: str) -> bytes:
    """Noughts and ones, with spaces between, as bytes; filled up with noughts."""
    digits = "".join(bits).replace(" ", "")
    digits += "0" * (-len(digits) % 8)
    return int(digits, 2).to_bytes(len(digits) // 8, "big")


def av1_unit(kind: int, body: bytes = b"") -> bytes:
    return bytes([kind << 3 | 2, len(body)]) + body


def golomb(value: int) -> str:
    binary = f"{value + 1:b}"
    return "0" * (len(binary) - 1) + binary


# --- bits


def test_bits_are_taken_across_bytes() -> None:
    bits = Bits(b"\xa5\x0f\xff")  # 10100101 00001111 11111111
    assert [bits.take(width) for width in (3, 9, 0, 11)] == [0b101, 0b001010000, 0, 0b11111111111]
    assert bits.take(1) == 1
    with pytest.raises(NotParsed, match="ends early"):
        bits.take(1)


def test_numbers_of_varying_length() -> None:
    bits = Bits(packed("1 010 011 00100 00111 0001010"))
    assert [bits.exp_golomb() for _ in range(6)] == [0, 1, 2, 3, 6, 9]
    assert Bits(bytes(4) + b"\x80" + bytes(4)).exp_golomb() == 2**32 - 1
    for wrong, message in ((b"\0", "ends early"), (bytes(6), "more than 32 bits")):
        with pytest.raises(NotParsed, match=message):
            Bits(wrong).exp_golomb()


# --- AV1


def test_the_largest_frame_and_how_many() -> None:
    still, larger = packed(STILL), packed("000 1 1 00000 0011 0011 1111 1111")  # 16 x 16
    assert av1_frames(av1_unit(1, still) + av1_unit(6)) == (9 * 5, 1)
    # a temporal delimiter is no frame; a frame header and a frame are
    data = av1_unit(2) + av1_unit(1, larger) + av1_unit(3) + av1_unit(1, still) + av1_unit(6)
    assert av1_frames(data) == (16 * 16, 2)


def test_a_unit_with_an_extension_a_long_length_and_none() -> None:
    header = packed(STILL)
    extended = bytes([1 << 3 | 4 | 2, 0, len(header)]) + header
    padded = bytes([15 << 3 | 2, 0b1000_0010, 0b0000_0001]) + bytes(130)  # 2 + 1 * 128 bytes
    to_the_end = bytes([6 << 3]) + bytes(9)
    assert av1_frames(padded + extended + to_the_end) == (9 * 5, 1)


@pytest.mark.parametrize(
    "middle",
    [
        # no timing, no display delay; one operating point: idc, and a level of up to 7 (no tier)
        "0 0 00000 000000000000 00111",
        # a level above 7 has a tier; display delay: 1, and 4 bits of the point
        "0 1 00000 000000000000 01000 0 1 1010",
        # timing of 64 bits with a picture interval of 1 (1), no decoder model; two points
        f"1 {'0' * 64} 1 1 0 0 00001 000000000000 00000 000000000001 00000",
        # and with a decoder model: 5 bits of 9 - 1, 42 others; the point has 2 * 9 + 1
        f"1 {'0' * 64} 0 1 01000 {'0' * 42} 0 00000 000000000000 00000 1 {'1' * 19}",
    ],
)
def test_the_whole_header_of_a_sequence(middle: str) -> None:
    header = packed("000 0 0", middle, "1010 1001 11101111111 1000011011")  # 11 bits of 1920 - 1, 10 of 540 - 1
    assert av1_frames(av1_unit(1, header)) == (1920 * 540, 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no sequence header"),
        (av1_unit(6), "no sequence header"),
        (av1_unit(1, packed(STILL)[:2]), "ends early"),
        (av1_unit(1, packed(STILL))[:-1], "beyond the end"),
        (bytes([1 << 3 | 4]), "beyond the end"),
        (bytes([1 << 3 | 2]) + b"\xff" * 9, "a length without end"),
        (av1_unit(2) * 5000, "too many units"),
    ],
)
def test_av1_data_that_is_not_what_it_says(data: bytes, message: str) -> None:
    with pytest.raises(NotParsed, match=message):
        av1_frames(data)


# --- HEVC


def sps(width: int, height: int, *, layers: str = "000", sublayers: str = "", chroma: str = golomb(1)) -> bytes:
    """A sequence parameter set: its head, 4 bits, layers, 1 bit, profile and level, sublayers, id, chroma, size."""
    start = f"0000 {layers} 1 {'1' * 96} {sublayers} {golomb(0)} {chroma}"
    return b"\x42\x01" + packed(start, golomb(width), golomb(height))


def units(*each: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in each)


def test_the_type_and_the_layer_of_a_unit() -> None:
    assert hevc_unit(b"\x26\x01") == (19, 0)  # 0 010011 000000 001
    assert hevc_unit(b"\x43\xf9") == (33, 63)
    assert hevc_unit(b"\x40") == (32, 0)
    assert hevc_unit(b"") == (0, 0)


def test_the_pixels_of_a_sequence_parameter_set() -> None:
    assert hevc_pixels(sps(640, 360)) == 640 * 360
    assert hevc_pixels(sps(640, 360, chroma=golomb(3) + "0")) == 640 * 360  # 4:4:4 has one bit more
    # two layers below the highest: one with profile and level, one with a level alone; 6 pairs of noughts fill up
    sublayers = "11 01" + "00" * 6 + "1" * 96 + "1" * 8
    assert hevc_pixels(sps(640, 360, layers="010", sublayers=sublayers)) == 640 * 360
    assert hevc_pixels(b"\x40\x01" + sps(640, 360)[2:]) == 0
    with pytest.raises(NotParsed, match="ends early"):
        hevc_pixels(sps(640, 360)[:-3])


def test_bytes_that_keep_a_start_code_from_appearing_are_taken_out() -> None:
    plain = b"\x42\x01" + packed(f"0000 000 1 {'0' * 96}", golomb(0), golomb(1), golomb(640), golomb(360))
    assert hevc_pixels(plain) == 640 * 360
    assert hevc_pixels(plain.replace(bytes(2), b"\0\0\3")) == 640 * 360


def test_frames_are_counted_by_their_first_slice_in_the_lowest_layer() -> None:
    first, other, upper, prefix = b"\x26\x01\x80", b"\x26\x01\x7f", b"\x26\x09\x80", b"\x4e\x01\x80"
    assert hevc_frames(units(sps(64, 32), first, other, upper, prefix, first), length_bytes=4) == (64 * 32, 2)
    assert hevc_frames(units(sps(8, 8), sps(64, 32)), length_bytes=4) == (64 * 32, 0)
    assert hevc_frames(b"\0\3\x26\x01\x80", length_bytes=2) == (0, 1)
    assert hevc_frames(b"", length_bytes=4) == (0, 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0\0\0\4\x26\x01\x80", "beyond the end"),
        (bytes(4), "beyond the end"),  # a unit of no bytes would never end
        (units(b"\x4e\x01") * 5000, "too many units"),
    ],
)
def test_hevc_data_that_is_not_what_it_says(data: bytes, message: str) -> None:
    with pytest.raises(NotParsed, match=message):
        hevc_frames(data, length_bytes=4)
