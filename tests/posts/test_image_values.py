"""Images of a post that are given as objects: read, or refused with what to do."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from postplace.errors import BadPost
from postplace.images.decode import decode
from postplace.posts.image_values import NoImage, image_value
from postplace.posts.record import parse

RED = np.zeros((4, 6, 3), np.uint8)
RED[..., 0] = 200


def png(**options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(RED).save(file, "PNG", **options)
    return file.getvalue()


def images(value: object) -> tuple[Path | bytes, ...]:
    return parse({"id": 1, "images": value}, where="posts[0]", folder=Path("city")).images


@pytest.mark.parametrize(
    "value",
    [
        {"bytes": png(), "path": "a.png"},
        {"bytes": png(), "path": None},
        bytearray(png()),
        memoryview(png()),
        RED,
        Image.fromarray(RED),
        Image.fromarray(RED).convert("P", palette=Image.Palette.ADAPTIVE),
        "data:image/png;base64," + base64.b64encode(png()).decode(),
    ],
)
def test_an_image_as_an_object_is_read_alone_and_in_a_list(value: object) -> None:
    for given in (value, [value], (value,)):
        (image,) = images(given)
        assert isinstance(image, bytes)
        decoded = decode(image)
        assert (decoded.size, decoded.getpixel((0, 0))) == ((6, 4), (200, 0, 0))


def test_paths_in_objects_are_of_the_folder() -> None:
    assert images([{"bytes": None, "path": "a.png"}, {"path": "b.png"}]) == (Path("city/a.png"), Path("city/b.png"))
    assert images([{"bytes": None, "path": None}, None]) == ()
    assert images(np.array(["a.png", "b.png"], dtype=object)) == (Path("city/a.png"), Path("city/b.png"))
    assert images(pd.Series(["a.png", "b.png"])) == (Path("city/a.png"), Path("city/b.png"))
    assert images("a.png;b.png") == (Path("city/a.png"), Path("city/b.png"))


def test_several_arrays_are_several_images() -> None:
    assert len(images(np.stack([RED, RED]))) == 2
    grey, transparent = images([RED[..., 0], np.dstack([RED, np.zeros((4, 6), np.uint8)])])
    assert isinstance(grey, bytes)
    assert isinstance(transparent, bytes)
    assert decode(grey).getpixel((0, 0)) == (200, 200, 200)
    assert decode(transparent).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"])
def test_an_image_of_pillow_of_any_mode_can_be_read(mode: str) -> None:
    image = Image.new("I;16", (6, 4)) if mode == "I;16" else Image.fromarray(RED).convert("L").convert(mode) if (
        mode in ("I", "F")
    ) else Image.fromarray(RED).convert(mode)  # fmt: skip
    (found,) = images(image)
    assert isinstance(found, bytes)
    assert decode(found).size == (6, 4)


def test_an_image_of_pillow_keeps_its_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RED).save(tmp_path / "a.jpg", exif=exif)
    with Image.open(tmp_path / "a.jpg") as opened:
        (found,) = images(opened)
    assert isinstance(found, bytes)
    assert decode(found).size == (4, 6) == decode(tmp_path / "a.jpg").size


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (RED.astype(np.float32), r"an array of float32 of shape \(4, 6, 3\) is not an image; give pixels as uint8"),
        (RED.transpose(2, 0, 1), r"an array of uint8 of shape \(3, 4, 6\) is not an image; give pixels as uint8"),
        ({"url": "x", "width": 3}, "an object with the keys url, width is not an image; give its path"),
        (3, "3 is not a path; give the path of an image"),
        ("data:image/png,%89PNG", "is a data: address, but not in base64; give data:image/jpeg;base64"),
        ({"path": "https://example.org/a.png"}, "is an address; download the image"),
    ],
)
def test_what_is_no_image_is_refused_with_what_to_do(value: object, found: str) -> None:
    with pytest.raises(BadPost, match=rf"posts\[0\], key 'images': .*{found}"):
        images([value])


def test_an_image_of_pillow_whose_file_is_gone(tmp_path: Path) -> None:
    Image.fromarray(RED).save(tmp_path / "a.png")
    opened = Image.open(tmp_path / "a.png")
    opened.close()
    with pytest.raises(NoImage, match="an image of Pillow cannot be read"):
        image_value(opened)
