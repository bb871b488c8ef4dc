"""More than 8 bits a value: what is white, and that nothing becomes black."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from postplace.features.image_keys import image_key
from postplace.images.decode import decode

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)  # 8 bits: every shade


def png16(values: Any) -> bytes:
    """A PNG of 16 bits a value (H, W, 1 to 4)."""
    high, wide, channels = values.shape
    rows = b"".join(b"\0" + values[row].astype(">u2").tobytes() for row in range(high))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", wide, high, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff(values: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, "TIFF", **options)
    return file.getvalue()


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_grey_of_so_many_bits_in_16_is_what_it_is_in_8(bits: int) -> None:
    values = (RAMP.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    for data in (png16(values[..., None]), tiff(values)):
        found = np.asarray(decode(data), int)[..., 0]
        assert np.abs(found - RAMP).max() <= 1


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_colours_of_so_many_bits_in_16_are_what_they_are_in_8(channels: int, bits: int) -> None:
    values = (RAMP.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    layers = [values, values.T, values[::-1], np.full_like(values, 65535)][:channels]
    expected = np.dstack([RAMP, RAMP.T, RAMP[::-1]]).astype(int)
    found = np.asarray(decode(png16(np.dstack(layers))), int)
    assert np.abs(found - expected).max() <= 1


def test_colours_of_16_bits_in_tiff() -> None:
    values = np.dstack([RAMP, RAMP.T, RAMP[::-1]]).astype(np.uint32) * 4095 // 255
    values = values.astype("<u2")
    entries = [(256, 4, 16), (257, 4, 16), (258, 3, 16), (259, 3, 1), (262, 3, 2), (273, 4, 1000), (277, 3, 3),
               (278, 4, 16), (279, 4, values.nbytes)]  # fmt: skip
    rows = b"".join(
        struct.pack("<HHII", tag, kind, 3 if tag == 258 else 1, 500 if tag == 258 else value)
        for tag, kind, value in entries
    )
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + rows + bytes(4)
    data = head.ljust(500, b"\0") + struct.pack("<3H", 16, 16, 16)
    found = np.asarray(decode(data.ljust(1000, b"\0") + values.tobytes()), int)
    assert np.abs(found - np.dstack([RAMP, RAMP.T, RAMP[::-1]])).max() <= 1


@pytest.mark.parametrize(("bits", "most"), [(16, 0), (12, 17)])
def test_grey_with_transparency_of_12_bits_in_16_is_not_black(bits: int, most: int) -> None:
    values = (RAMP.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    found = np.asarray(decode(png16(np.dstack([values, np.full_like(values, 65535)]))), int)
    assert np.abs(found - RAMP[..., None]).max() <= most


def test_a_dark_image_of_8_bits_stays_dark() -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((4, 4, 3), 3, np.uint8)).save(file, "PNG")
    assert decode(file.getvalue()).getpixel((0, 0)) == (3, 3, 3)
    assert decode(png16(np.zeros((2, 2, 3), np.uint16))).getpixel((0, 0)) == (0, 0, 0)
    assert decode(png16(np.zeros((2, 2, 1), np.uint16))).getpixel((0, 0)) == (0, 0, 0)


def test_tiff_without_a_sign_is_white_where_it_is_largest() -> None:
    values = np.array([[0, 2**31, 2**32 - 1]], np.uint32)
    signed, unsigned = (struct.pack("<HHIHH", 339, 3, 1, sign, 0) for sign in (2, 1))
    data = tiff(values.view(np.int32)).replace(signed, unsigned)
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.mode == "I"
        assert opened.tag_v2[339] in (1, (1,))  # type: ignore[attr-defined]
    assert np.asarray(decode(data))[0, :, 0].tolist() == [0, 127, 255]


def test_tiff_of_16_bits_whose_white_is_zero() -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    data = tiff(np.array([[0, 65535]], np.uint16), tiffinfo=tags)
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.tag_v2[262] == 0  # type: ignore[attr-defined]
    assert np.asarray(decode(data))[0, :, 0].tolist() == [255, 0]


def test_what_was_stored_of_deep_images_by_an_earlier_version_is_not_found() -> None:
    """Of them alone: ordinary images keep their keys, and so their vectors."""
    import hashlib

    def plain(data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=16).digest()

    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP"):
        file = io.BytesIO()
        Image.fromarray(RAMP).save(file, format)
        assert image_key(file.getvalue()) == plain(file.getvalue())
    for data in (png16(RAMP[..., None].astype(np.uint16)), tiff(RAMP.astype(np.float32))):
        assert image_key(data) != plain(data)
