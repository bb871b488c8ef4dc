"""How far a JPEG goes, whatever stands behind it, and what of one that lacks its end is read."""

from __future__ import annotations

import io
import random
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from postplace.errors import BadImage
from postplace.images.decode import Limits, check_header, decode, is_cut_short, look
from postplace.images.jpeg import END, START, measure_jpeg

SCAN = b"\xff\xda"


def noise(width: int = 96, height: int = 64) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((width, height))


def jpeg(image: Image.Image | None = None, **options: Any) -> bytes:
    file = io.BytesIO()
    (image or noise()).save(file, "JPEG", **{"quality": 90, **options})
    return file.getvalue()


def segment(kind: int, body: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(body) + 2) + body


def extent(data: bytes) -> Any:
    return measure_jpeg(data, most_scans=100, most_pieces=5000)


def test_scans_are_counted_up_to_the_first_end() -> None:
    data = jpeg()
    film = struct.pack(">I", 24) + b"ftypmp42\0\0\0\0mp42isom" + SCAN * 500 + random.Random(1).randbytes(100_000)
    assert (extent(data + film).scans, extent(data + film).end, extent(data + film).whole) == (1, len(data) - 2, True)
    assert decode(data + film).tobytes() == decode(data).tobytes()
    assert not is_cut_short(data + film)


def test_what_stands_in_a_segment_is_no_scan_and_no_end() -> None:
    data = jpeg()
    parts = b"".join(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + SCAN * 1000 + END) for _ in range(20))
    long = data[:2] + parts + data[2:]
    assert (extent(long).scans, extent(long).end) == (1, len(long) - 2)
    assert decode(long).tobytes() == decode(data).tobytes()


def test_an_end_inside_a_table_hides_no_scan() -> None:
    data = jpeg(progressive=True)
    scan = data[data.rindex(SCAN) : -2]
    with pytest.raises(BadImage, match="more than 100 scans"):
        decode(data[:-2] + segment(0xFE, END) + 100 * scan + END)


def test_coefficients_of_all_pixels_are_held_for_more_than_one_scan() -> None:
    assert not extent(jpeg()).buffered
    assert extent(jpeg(progressive=True)).buffered
    alone = START + segment(0xC0, b"\x08\0\x08\0\x08\3" + bytes(9)) + segment(0xDA, b"\1\1\0\0\x3f\0") + b"data" + END
    assert extent(alone).buffered  # one colour a scan


@pytest.mark.parametrize("cut", [2, 3, 10, 100])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}])
def test_a_jpeg_short_of_its_last_bytes_is_read(cut: int, options: dict[str, Any]) -> None:
    image = noise(400, 300)
    data = jpeg(image, **options)
    short, whole = decode(data[:-cut]), decode(data)
    assert is_cut_short(data[:-cut])
    assert not is_cut_short(data)
    assert short.size == whole.size
    kept = 240  # rows that are there in any case
    before, after = np.asarray(whole, int)[:kept], np.asarray(short, int)[:kept]
    assert np.abs(before - after).mean() < 3
    assert decode(data[:-cut], target=50).size == decode(data, target=50).size
    assert check_header(data[:-cut]) == 400 * 300


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_that_lacks_a_third_is_refused(mode: str) -> None:
    data = jpeg(noise(400, 300).convert(mode))
    with pytest.raises(BadImage, match=r"is damaged or cut short \(more than 15% of it is missing, at its lower end\)"):
        decode(data[: len(data) * 2 // 3])
    with pytest.raises(BadImage, match="missing"):
        look(data[: len(data) * 2 // 3])


def test_a_progressive_jpeg_that_lacks_whole_scans_is_refused() -> None:
    data = jpeg(noise(400, 300), progressive=True)
    second = data.index(SCAN, data.index(SCAN) + 2)
    with pytest.raises(BadImage, match="whole scans of it are missing"):
        check_header(data[: second + 200])


@pytest.mark.parametrize("size", [3_000, 50_000])
def test_a_trailer_without_an_end_before_it_costs_nothing(size: int) -> None:
    data = jpeg(noise(400, 300))
    for seed in range(5):
        trailer = b"\0\0\1\n" + random.Random(seed).randbytes(size)
        found = decode(data[:-2] + trailer)
        assert np.abs(np.asarray(found, int) - np.asarray(decode(data), int)).mean() < 1


@pytest.mark.parametrize("before", [b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\0" * 10])
def test_blanks_before_the_start_are_passed_over(before: bytes) -> None:
    data = jpeg()
    assert decode(before + data).tobytes() == decode(data).tobytes()
    assert check_header(before + data) == 96 * 64
    assert is_cut_short(before + data[:-4])
    with pytest.raises(BadImage):
        decode(b"words" + before + data)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_whole_jpeg_is_decoded_as_pillow_decodes_it(options: dict[str, Any], mode: str) -> None:
    """What was stored of it stays: the same pixels, to the last bit."""
    data = jpeg(noise(400, 300).convert(mode), **options)
    for target in (None, 300, 100, 8):
        with Image.open(io.BytesIO(data)) as opened:
            if target is not None:
                opened.draft("RGB", (target, target))
            assert decode(data, target=target).tobytes() == opened.convert("RGB").tobytes()


# --- more pixels than are decoded


def test_a_large_jpeg_is_decoded_smaller() -> None:
    limits = Limits(max_pixels=96 * 64 // 4)
    assert decode(jpeg(), limits=limits).size == (48, 32)
    assert decode(jpeg(), limits=limits, target=8).size == (12, 8)
    assert decode(jpeg(), limits=limits, target=60).size == (48, 32)
    assert check_header(jpeg(), limits=limits) == 96 * 64
    for data, most in ((jpeg(), 96 * 64 // 4 - 1), (jpeg(progressive=True), 96 * 64 // 2 - 1)):
        with pytest.raises(BadImage, match="has 96 x 64 pixels; make the image smaller"):
            decode(data, limits=Limits(max_pixels=most))
    assert decode(jpeg(progressive=True), limits=Limits(max_pixels=96 * 64 // 2)).size == (48, 32)


def test_a_large_jpeg_of_many_scans_is_refused() -> None:
    data = jpeg(progressive=True)
    scan = data[data.rindex(SCAN) : -2]
    many, few = data[:-2] + 60 * scan + END, data[:-2] + 20 * scan + END
    limits = Limits(max_pixels=96 * 64 // 2)
    assert decode(few, limits=limits).size == (48, 32)
    with pytest.raises(BadImage, match="scans of 6,144 pixels"):
        decode(many, limits=limits)


def test_no_bound_of_pillow_refuses_what_a_phone_of_200_megapixels_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # as the phone's is beyond Pillow's own bound
    assert decode(jpeg(), limits=Limits(max_pixels=96 * 64), target=8).size == (12, 8)


@pytest.mark.parametrize("size", [(8192, 6144), (16_382, 3628)])
def test_photographs_of_phones_are_read(size: tuple[int, int]) -> None:
    image = decode(jpeg(Image.new("RGB", size, (90, 120, 60)), quality=30), target=224)
    assert image.size == (-(-size[0] // 8), -(-size[1] // 8))
    red, green, blue = image.getpixel((5, 5))  # type: ignore[misc]
    assert abs(red - 90) + abs(green - 120) + abs(blue - 60) < 9
