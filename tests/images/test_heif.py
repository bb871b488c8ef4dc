"""AVIF and HEIC are read; what would cost more than an image is refused before it is decoded."""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from postplace.errors import BadImage
from postplace.images.coded_size import NotParsed, av1_frames, hevc_frames
from postplace.images.decode import Limits, decode, look
from postplace.images.formats import reads_heic
from postplace.images.heif import check_frames

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
needs_heic = pytest.mark.skipif(not reads_heic(), reason="the extra heic is not installed")
BOTH = [pytest.param("AVIF", marks=needs_avif), pytest.param("HEIF", marks=needs_heic)]


def quarters(mode: str = "RGB") -> Image.Image:
    """Red, green over blue, yellow: 128 x 64."""
    image = Image.new("RGB", (128, 64), "red")
    for colour, at in (("lime", (64, 0)), ("blue", (0, 32)), ("yellow", (64, 32))):
        image.paste(Image.new("RGB", (64, 32), colour), at)
    return image.convert(mode)


def encoded(format: str, image: Image.Image | None = None, **options: Any) -> bytes:
    file = io.BytesIO()
    image = image or quarters()
    if format == "HEIF":
        from pillow_heif import from_pillow

        heif = from_pillow(image)
        for other in options.pop("append_images", ()):
            heif.add_from_pillow(other)
        options.pop("save_all", None)
        heif.save(file, **options)
    else:
        image.save(file, format, **options)
    return file.getvalue()


def near(image: Image.Image, expected: Image.Image) -> bool:
    return bool(np.abs(np.asarray(image, int) - np.asarray(expected.convert("RGB"), int)).mean() < 6)


@pytest.mark.parametrize("format", BOTH)
def test_an_image_is_read(format: str) -> None:
    data = encoded(format, quality=90)
    assert near(decode(data), quarters())
    assert (look(data).pixels, look(data).has_gps) == (128 * 64, False)
    assert near(decode(encoded(format, quarters("L"), quality=90)), quarters("L"))


@pytest.mark.parametrize("format", BOTH)
def test_transparent_parts_become_white(format: str) -> None:
    image = quarters("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 64, 32))
    white = quarters()
    white.paste("white", (0, 0, 64, 32))
    assert near(decode(encoded(format, image, quality=95)), white)


@pytest.mark.parametrize("format", BOTH)
def test_several_images_give_the_first(format: str) -> None:
    data = encoded(format, quality=90, save_all=True, append_images=[Image.new("RGB", (128, 64))] * 3)
    assert near(decode(data), quarters())


@needs_avif
@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    of_png = io.BytesIO()
    quarters().save(of_png, "PNG", exif=exif)
    assert near(decode(encoded("AVIF", quality=90, exif=exif)), decode(of_png.getvalue()))


@pytest.mark.parametrize("format", BOTH)
def test_a_position_is_seen_and_dropped(format: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    data = encoded(format, exif=exif.tobytes())
    assert look(data).has_gps
    assert decode(data).info == {}


@needs_heic
def test_heic_of_many_tiles_is_read() -> None:
    image = quarters().resize((512, 256))
    file = io.BytesIO()
    from pillow_heif import from_pillow

    from_pillow(image).save(file, quality=90, tile_size=128)
    assert near(decode(file.getvalue()), image)


@pytest.mark.parametrize("format", BOTH)
def test_the_limits_hold(format: str) -> None:
    data = encoded(format)
    assert decode(data, limits=Limits(max_pixels=128 * 64)).size == (128, 64)
    with pytest.raises(BadImage, match="pixels"):
        decode(data, limits=Limits(max_pixels=128 * 64 - 1))
    with pytest.raises(BadImage, match="has 8,192 pixels in a frame, 8,192 in all; make the image smaller"):
        check_frames(data, "here", most_pixels=2000)


@pytest.mark.parametrize("format", BOTH)
def test_a_size_that_the_data_does_not_have_is_refused_before_it_is_decoded(format: str) -> None:
    """A file that calls itself small, and whose frames are not."""
    data = encoded(format, Image.new("RGB", (1024, 1024)))
    at = data.index(b"ispe")
    small = data[: at + 8] + (16).to_bytes(4, "big") * 2 + data[at + 16 :]
    with pytest.raises(BadImage, match="pixels in a frame"):
        decode(small, limits=Limits(max_pixels=100_000))


@pytest.mark.parametrize("format", BOTH)
def test_damaged_files_are_refused_or_read(format: str) -> None:
    data = encoded(format)
    for at in range(0, len(data), 3):
        for piece in (b"\xff\xff", bytes(4), b"\x7f"):
            try:
                image = decode(data[:at] + piece + data[at + len(piece) :], limits=Limits(max_pixels=100_000))
            except BadImage:
                continue
            assert image.width * image.height <= 100_000
    for end in range(0, len(data), 5):
        with pytest.raises(BadImage):
            decode(data[: min(end, len(data) - 20)])


def test_items_that_are_made_of_themselves_are_refused() -> None:
    def box(kind: bytes, body: bytes) -> bytes:
        return (8 + len(body)).to_bytes(4, "big") + kind + body

    infe = box(b"infe", b"\2\0\0\0\0\1\0\0grid\0")
    meta = box(b"pitm", bytes(4) + b"\0\1") + box(b"iinf", bytes(4) + b"\0\1" + infe)
    meta += box(b"iref", bytes(4) + box(b"dimg", b"\0\1\0\2\0\1\0\1"))
    data = box(b"ftyp", b"avif\0\0\0\0avifmif1") + box(b"meta", bytes(4) + meta)
    with pytest.raises(BadImage, match="too many parts"):
        check_frames(data, "here", most_pixels=1000)


def test_files_of_endless_pieces_are_refused_at_once() -> None:
    def box(kind: bytes, body: bytes) -> bytes:
        return (8 + len(body)).to_bytes(4, "big") + kind + body

    many = (65_535).to_bytes(2, "big")
    iloc = box(b"iloc", bytes(4) + b"\0\0" + many + (bytes(4) + many) * 65_535)  # places of no bytes
    ipma = box(b"iprp", box(b"ipma", bytes(4) + b"\0\xff\xff\xff" + (b"\0\1\xff" + bytes(255)) * 5000))
    iref = box(b"iref", bytes(4) + box(b"dimg", b"\0\1" + many + bytes(2 * 65_535)) * 4)
    hvcc = box(b"hvcC", bytes(22) + b"\xff" + (b"\x21" + many + bytes(2 * 65_535)) * 4)
    started = time.process_time()
    for meta in (iloc, ipma, iref, box(b"iprp", box(b"ipco", hvcc)), box(b"free", b"") * 200_000):
        data = box(b"ftyp", b"avif\0\0\0\0avifmif1") + box(b"meta", bytes(4) + meta)
        with pytest.raises(BadImage, match="too many pieces"):
            check_frames(data, "here", most_pixels=1000)
    for units in (b"\x12\0" * 1_000_000, b"\0\0\0\1a" * 1_000_000):
        with pytest.raises(NotParsed, match="too many units"):
            av1_frames(units) if units[0] else hevc_frames(units, length_bytes=4)
    assert time.process_time() - started < 2
