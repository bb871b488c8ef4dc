"""Image headers that would take long to read are refused before they are read."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from postplace.errors import BadImage
from postplace.images.measured import READS, MeasuredBytes, check_pieces


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 16), (9, 9, 9)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP"])
def test_an_ordinary_image_passes(kind: str) -> None:
    check_pieces(encoded(kind), "here")


def test_a_png_may_have_four_colour_profiles_and_no_more() -> None:
    check_pieces(b"\x89PNG" + b"iCCP" * 4, "here")
    with pytest.raises(BadImage, match="4 colour profiles"):
        check_pieces(b"\x89PNG" + b"iCCP" * 5, "here")


def test_a_bmp_of_runs_may_have_a_megabyte_and_one_that_is_not_of_runs_more() -> None:
    head = b"BM" + bytes(28)
    for kind, length in ((b"\1", 1_000_000 - 31), (b"\0", 1_000_000)):
        check_pieces(head + kind + bytes(length), "here")
    with pytest.raises(BadImage, match="BMP of runs"):
        check_pieces(head + b"\1" + bytes(1_000_000), "here")


def test_a_tiff_entry_may_not_unpack_to_more_than_a_hundred_thousand_numbers() -> None:
    def tiff(kind: int, values: int) -> bytes:
        return b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 256, kind, values, 0)

    check_pieces(tiff(3, 100_000), "here")
    check_pieces(tiff(1, 100_001), "here")  # bytes stay bytes
    with pytest.raises(BadImage, match="TIFF"):
        check_pieces(tiff(3, 100_001), "here")


def test_measured_bytes_stop_at_more_reads_than_an_image_of_their_length_takes() -> None:
    file = MeasuredBytes(bytes(1280), "here")  # READS, and one for each 128 bytes
    for _ in range(READS + 10):
        file.read(0)
    with pytest.raises(BadImage, match="too many pieces"):
        file.read(0)
