"""Images in, RGB out, or one clear line."""

from __future__ import annotations

import io
import os
import random
import struct
import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from postplace.errors import BadImage
from postplace.images.decode import Limits, check_header, decode, read_bytes

RED, GREEN, BLUE, YELLOW, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 0), (255, 255, 255)


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def quarters(size: int = 32) -> Image.Image:
    """Red, green over blue, yellow; twice as wide as high."""
    image = Image.new("RGB", (2 * size, size), RED)
    image.paste(GREEN, (size, 0, 2 * size, size // 2))
    image.paste(BLUE, (0, size // 2, size, size))
    image.paste(YELLOW, (size, size // 2, 2 * size, size))
    return image


def corners(image: Image.Image) -> list[str]:
    """The nearest named colour of the four corners, row by row."""
    names = {"R": RED, "G": GREEN, "B": BLUE, "Y": YELLOW, "W": WHITE}
    width, height = image.size
    found = []
    for point in ((2, 2), (width - 3, 2), (2, height - 3), (width - 3, height - 3)):
        pixel = np.array(image.getpixel(point))
        found.append(min(names, key=lambda name: int(np.abs(pixel - names[name]).sum())))
    return found


def png(width: int, height: int) -> bytes:
    """A PNG that says it is this large, and is not."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def gif(screen: tuple[int, int], frame: tuple[int, int]) -> bytes:
    """A GIF whose frame need not fit on its screen."""
    header = b"GIF89a" + struct.pack("<HH", *screen) + b"\x80\0\0" + bytes(6)
    return header + b"," + struct.pack("<HHHH", 0, 0, *frame) + b"\0\x02\x02L\x01\0;"


def tiled_tiff(size: int, tile: int) -> bytes:
    """A deflated TIFF with one tile of the given side; its next directory is itself."""
    pixels = zlib.compress(bytes(3 * min(tile, 64) ** 2))
    at = 8 + 2 + 10 * 12 + 4
    entries = [(256, size), (257, size), (258, at), (259, 8), (262, 2), (277, 3), (322, tile), (323, tile)]
    entries += [(324, at + 6), (325, len(pixels))]
    directory = b"".join(
        struct.pack("<HHII", tag, 3 if tag == 258 else 4, 3 if tag == 258 else 1, v) for tag, v in entries
    )
    return struct.pack("<2sHIH", b"II", 42, 8, 10) + directory + struct.pack("<I3H", 8, 8, 8, 8) + pixels


ENCODED: dict[str, bytes] = {
    "JPEG": encoded(quarters(), "JPEG"),
    "progressive": encoded(quarters(), "JPEG", progressive=True),
    "MPO": encoded(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 32))]),
    "PNG": encoded(quarters(), "PNG"),
    "palette": encoded(quarters().convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
    "WEBP": encoded(quarters(), "WEBP"),
    "lossless": encoded(quarters(), "WEBP", lossless=True),
    "GIF": encoded(quarters(), "GIF"),
    "BMP": encoded(quarters(), "BMP"),
    "TIFF": encoded(quarters(), "TIFF"),
    "lzw": encoded(quarters(), "TIFF", compression="tiff_lzw"),
    "jpeg in TIFF": encoded(quarters(), "TIFF", compression="jpeg"),
    "CMYK": encoded(quarters().convert("CMYK"), "JPEG"),
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write_file(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write_file


def refusal(image: Path | bytes, limits: Limits | None = None) -> str:
    with pytest.raises(BadImage) as caught:
        decode(image, limits=limits or Limits())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ENCODED)
def test_every_format_gives_the_image_in_rgb(name: str) -> None:
    image = decode(ENCODED[name])
    assert (image.mode, image.size) == ("RGB", (64, 32))
    assert corners(image) == ["R", "G", "B", "Y"]


def test_a_path_gives_what_its_bytes_give(write: Callable[[str, bytes], Path]) -> None:
    path = write("a.jpg", ENCODED["JPEG"])
    assert read_bytes(path) == ENCODED["JPEG"] == read_bytes(ENCODED["JPEG"])
    assert decode(path).tobytes() == decode(ENCODED["JPEG"]).tobytes()


# --- limits


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (png(20_000, 20_000), "400,000,000"),
        (png(10_000, 10_000), "10,000 x 10,000"),
        (gif((65_535, 65_535), (65_535, 65_535)), "pixels"),
        (gif((5, 5), (30_000, 2_000)), "30,000 x 2,000"),
        (tiled_tiff(16, 20_000), "20,000 x 20,000"),
        (ENCODED["BMP"][:18] + struct.pack("<ii", 9_000, 9_000) + ENCODED["BMP"][26:], "9,000 x 9,000"),
    ],
)
def test_too_many_pixels_are_refused_before_decoding(data: bytes, size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    started = time.process_time()
    message = refusal(data)
    assert time.process_time() - started < 0.5
    assert message.startswith("uploaded image: has ")
    assert size in message
    assert message.endswith("; make the image smaller: at most 50,000,000 pixels")


def test_the_limit_itself_is_allowed() -> None:
    assert decode(ENCODED["PNG"], limits=Limits(max_pixels=64 * 32)).size == (64, 32)
    assert "has 64 x 32 pixels" in refusal(ENCODED["PNG"], Limits(max_pixels=64 * 32 - 1))
    assert decode(tiled_tiff(16, 16)).size == (16, 16)


def test_the_limits_are_ours_not_warnings_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 32 - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(ENCODED["PNG"]).size == (64, 32)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 32 // 2 - 1)
    assert "has 2,048 pixels; make the image smaller" in refusal(ENCODED["PNG"])


def test_too_many_bytes_are_refused_before_reading(
    write: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, length = write("a.png", ENCODED["PNG"]), len(ENCODED["PNG"])
    assert decode(path, limits=Limits(max_bytes=length)).size == (64, 32)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("opened"))
    for image in (path, ENCODED["PNG"]):
        message = refusal(image, Limits(max_bytes=length - 1))
        assert f"has {length} bytes; make the image smaller: at most {length - 1} bytes" in message


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = ENCODED["progressive"]
    scan = data[data.rindex(b"\xff\xda") : -2]
    assert decode(data[:-2] + 20 * scan + data[-2:]).size == (64, 32)
    assert "is a JPEG of more than 100 scans" in refusal(data[:-2] + 100 * scan + data[-2:])


def segment(kind: int, body: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(body) + 2) + body


def tiff(entries: int, *, kind: int = 3, values: int = 1) -> bytes:
    """The beginning of a TIFF: a directory with that many entries."""
    return struct.pack("<2sHIH", b"II", 42, 8, entries) + struct.pack("<HHII", 300, kind, values, 1) * entries


CHUNK, PROFILE = bytes(4) + b"tEXt" + struct.pack(">I", zlib.crc32(b"tEXt")), bytes(4) + b"iCCP" + bytes(4)
START = ENCODED["PNG"][:33]  # of a PNG, with its header
EXIF = [segment(0xE1, b"Exif\0\0" + piece) for piece in (tiff(5000)[:50_000], tiff(5000)[50_000:])]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\xff\xd8" + segment(0xFE, b"") * 40_000, "too many pieces"),
        (b"\xff\xd8\xff" + bytes(100_000), "too many pieces"),
        (b"\xff\xd8" + b"\xff" * 100_000, "too many pieces"),
        (b"\xff\xd8" + segment(0xDB, bytes(65) * 300), "bytes of tables"),
        (b"\xff\xd8\0\xff" + segment(0xC2, bytes(20_000)), "bytes of tables"),  # with junk and filling before it
        (b"\xff\xd8" + segment(0xED, b"8BIM" * 11_000), "resources of Photoshop"),
        (b"\xff\xd8" + EXIF[0] + segment(0xFE, b"between") + EXIF[1], "Exif entries"),
        (START + CHUNK * 5000, "too many pieces"),
        (START + PROFILE * 5, "colour profiles"),
        (b"GIF89a" + bytes(7) + b"!\x01" + b"\1a" * 50_000, "too many pieces"),
        (b"GIF89a" + bytes(7) + b"!\xfe" + b"\1a" * 50_000, "too many pieces"),
        (tiff(4097), "entries"),
        (tiff(10, values=100_001), "entries"),
        (ENCODED["BMP"][:30] + b"\1" + bytes(1_000_000), "BMP of runs"),
    ],
)
def test_a_header_of_endless_pieces_is_refused_before_it_is_read(data: bytes, found: str) -> None:
    for look in (check_header, decode):
        with pytest.raises(BadImage, match=found):
            look(data)


def test_long_metadata_is_no_hostile_header() -> None:
    for name in ("JPEG", "progressive"):
        data = ENCODED[name]
        profile = segment(0xE2, b"ICC_PROFILE\0" + bytes(60_000)) * 50 + segment(0xED, b"8BIM" * 5_000)
        assert decode(data[:2] + profile + bytes(2000) + data[2:]).size == (64, 32)
        motion = random.Random(0).randbytes(3_000_000)  # a short film behind the image, as telephones put it there
        assert check_header(data + motion) == 64 * 32
    assert decode(START + CHUNK * 1000 + ENCODED["PNG"][33:]).size == (64, 32)


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_exif_without_end_is_not_read(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(quarters(), format, exif=tiff(5000))
    monkeypatch.setattr(Image.Exif, "load", lambda *_: pytest.fail("read"))
    assert corners(decode(data)) == ["R", "G", "B", "Y"]


# --- what is no image


def test_a_path_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(tmp_path / "no.jpg") == f"{tmp_path / 'no.jpg'}: does not exist; check the path"
    assert "is not a file; give the path of an image" in refusal(tmp_path)
    assert "cannot be read" in refusal(Path("a\0.jpg"))
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "pipe.jpg: is not a file" in refusal(tmp_path / "pipe.jpg")  # reading it would wait for ever

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.jpg").write_bytes(b"x")
    monkeypatch.setattr(Path, "open", refuse)
    message = refusal(tmp_path / "a.jpg")
    assert message.endswith("a.jpg: cannot be read (Permission denied); check the path and the permissions")


def test_a_text_named_jpg_and_an_empty_file(write: Callable[[str, bytes], Path]) -> None:
    assert "text.jpg: is not an image of a known format, or is damaged; give a JPEG, PNG" in refusal(
        write("text.jpg", b"hello, this is no image")
    )
    assert "empty.jpg: is empty; save or download" in refusal(write("empty.jpg", b""))
    assert refusal(b"").startswith("uploaded image: is empty")


def test_bytes_can_be_given_a_name() -> None:
    with pytest.raises(BadImage, match=r"^a\.jpg: is empty"):
        decode(b"", name="a.jpg")
    with pytest.raises(BadImage, match=r"^a\.jpg: is not an image"):
        decode(b"text", name="a.jpg")
    with pytest.raises(BadImage, match=r"^a\.jpg: has 64 x 32 pixels"):
        decode(ENCODED["PNG"], name="a.jpg", limits=Limits(max_pixels=1))


@pytest.mark.parametrize("format", ["ICO", "PPM", "TGA", "PCX", "PDF", "EPS"])
def test_other_formats_are_not_opened(format: str) -> None:
    assert "is not an image of a known format" in refusal(encoded(quarters(), format))


@pytest.mark.parametrize("name", ENCODED)
def test_a_truncated_image(name: str) -> None:
    message = refusal(ENCODED[name][: len(ENCODED[name]) // 2])
    assert "damaged" in message


# --- orientation, metadata, first frame


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, "RGBY"),
        (2, "GRYB"),
        (3, "YBGR"),
        (4, "BYRG"),
        (5, "RBGY"),
        (6, "BRYG"),
        (7, "YGBR"),
        (8, "GYRB"),
        (99, "RGBY"),
    ],
)
def test_the_orientation_is_applied(format: str, orientation: int, expected: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(quarters(), format, exif=exif), target=8)
    assert "".join(corners(image)) == expected
    assert (image.width > image.height) == (orientation not in (5, 6, 7, 8))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_gps_and_all_other_metadata_are_gone(format: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "at home"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (31.0, 14.0, 15.0)
    data = encoded(quarters(), format, exif=exif)
    with Image.open(io.BytesIO(data)) as original:
        assert original.getexif()[0x010E] == "at home"  # it was there
        assert format == "TIFF" or original.getexif().get_ifd(0x8825)[1] == "N"
    image = decode(data)
    assert image.info == {}
    assert dict(image.getexif()) == {}
    assert image.getexif().get_ifd(0x8825) == {}
    assert type(image) is Image.Image
    again = encoded(image, format)
    with Image.open(io.BytesIO(again)) as saved:
        assert saved.getexif().get_ifd(0x8825) == {}
    assert b"at home" not in again


def test_damaged_exif_does_not_cost_the_image() -> None:
    data = encoded(quarters(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert corners(decode(data)) == ["R", "G", "B", "Y"]


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_an_animation_gives_its_first_frame(format: str) -> None:
    others = [Image.new("RGB", (64, 32), colour) for colour in ("white", "black")]
    assert corners(decode(encoded(quarters(), format, save_all=True, append_images=others))) == ["R", "G", "B", "Y"]


# --- modes


def test_transparent_parts_become_white() -> None:
    rgba = quarters().convert("RGBA")
    rgba.paste((255, 0, 0, 0), (0, 0, 32, 16))
    assert corners(decode(encoded(rgba, "PNG"))) == ["W", "G", "B", "Y"]
    assert corners(decode(encoded(rgba, "WEBP", lossless=True))) == ["W", "G", "B", "Y"]
    assert decode(encoded(Image.new("LA", (1, 1), (0, 128)), "PNG")).getpixel((0, 0)) == (127, 127, 127)
    assert decode(encoded(Image.new("RGB", (1, 1), RED), "PNG", transparency=RED)).getpixel((0, 0)) == WHITE
    palette = Image.new("P", (1, 1), 0)
    palette.putpalette([*RED, *BLUE])
    assert decode(encoded(palette, "PNG", transparency=0)).getpixel((0, 0)) == WHITE
    assert decode(encoded(palette, "PNG")).getpixel((0, 0)) == RED


@pytest.mark.parametrize(
    ("values", "format", "grey"),
    [
        (np.array([[0, 32768, 65535]], dtype=np.uint16), "PNG", [0, 127, 255]),
        (np.array([[0, 32768, 65535]], dtype=np.uint16), "TIFF", [0, 127, 255]),
        (np.array([[0.0, 0.5, 1.0, np.nan]], dtype=np.float32), "TIFF", [0, 127, 255, 0]),
        (np.array([[0.0, 100.0, 255.0]], dtype=np.float32), "TIFF", [0, 100, 255]),
        (np.array([[0, 2**17, -5]], dtype=np.int32), "TIFF", [0, 255, 0]),
        (np.array([[False, True]]), "PNG", [0, 255]),
        (np.array([[0, 7]], dtype=np.uint8), "BMP", [0, 7]),
    ],
)
def test_grey_of_any_depth(values: Any, format: str, grey: list[int]) -> None:
    image = decode(encoded(Image.fromarray(values), format))
    assert np.asarray(image)[0].tolist() == [[value] * 3 for value in grey]


# --- a smaller JPEG


@pytest.mark.parametrize(
    ("target", "size"),
    [
        (None, (1600, 800)),
        (800, (1600, 800)),
        (401, (1600, 800)),
        (400, (800, 400)),
        (224, (800, 400)),
        (50, (200, 100)),
        (1, (200, 100)),
    ],
)
def test_a_jpeg_is_decoded_smaller_but_never_below_the_target(target: int | None, size: tuple[int, int]) -> None:
    image = decode(encoded(quarters(800), "JPEG"), target=target)
    assert image.size == size
    assert corners(image) == ["R", "G", "B", "Y"]
    assert decode(encoded(quarters(800), "PNG"), target=target).size == (1600, 800)


# --- hostile bytes


@pytest.mark.parametrize("name", ENCODED)
@settings(max_examples=60, deadline=2000)
@given(seed=st.integers(0, 2**32))
def test_damaged_bytes_end_as_an_image_or_bad_image(name: str, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(ENCODED[name])
    for _ in range(chance.choice((1, 2, 8))):
        at = chance.randrange(min(len(data), chance.choice((64, 400, len(data)))))
        piece = chance.choice((b"\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", chance.randbytes(1)))
        data[at : at + chance.choice((0, len(piece)))] = piece
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            image = decode(bytes(data), limits=Limits(max_pixels=1_000_000), target=chance.choice((None, 8)))
        except BadImage:
            return
    assert image.mode == "RGB"
    assert image.info == {}
    assert image.width * image.height <= 1_000_000
