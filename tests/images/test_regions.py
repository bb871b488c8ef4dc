"""Boxes that tile an image."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from postplace.images.decode import decode
from postplace.images.regions import at_most, blurred, covered, cropped, grid, lossless, to_pixels


@pytest.mark.parametrize("size", [(7, 5), (224, 224), (640, 481), (3, 2), (1, 1)])
@pytest.mark.parametrize("cells", [1, 3, 4])
def test_a_grid_covers_every_pixel_once(size: tuple[int, int], cells: int) -> None:
    counts = np.zeros((size[1], size[0]), dtype=int)
    for box in grid(cells):
        left, top, right, bottom = to_pixels(box, size)
        counts[top:bottom, left:right] += 1
    assert (counts == 1).all()


def test_covered_with_the_mean_colour() -> None:
    image = Image.new("RGB", (4, 2), (0, 0, 0))
    image.paste((200, 100, 40), (0, 0, 2, 2))
    pixels = np.asarray(covered(image, [(0.0, 0.0, 0.25, 1.0)]))
    assert pixels[:, 0].tolist() == [[100, 50, 20]] * 2
    assert pixels[:, 1].tolist() == [[200, 100, 40]] * 2
    assert np.asarray(image)[0, 0].tolist() == [200, 100, 40]  # the image itself is not touched


def test_lossless_and_bounded() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (13, 17, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    np.testing.assert_array_equal(np.asarray(decode(lossless(image))), pixels)
    assert at_most(image, 1000) is image
    assert at_most(Image.new("RGB", (400, 100)), 10_000).size == (200, 50)


def test_of_a_blurred_box_nine_colours_are_left_at_most() -> None:
    """Two images whose boxes have the same nine means come out the same, whatever was in them."""
    fine, flat = np.zeros((36, 36, 3), dtype=np.uint8), np.full((36, 36, 3), 100, dtype=np.uint8)
    fine[::2, ::2], fine[1::2, 1::2], fine[::2, 1::2] = 200, 200, 0  # a chessboard, 100 on average
    box = (0.0, 0.0, 1 / 2, 1 / 2)
    after = np.asarray(blurred(Image.fromarray(fine), [box]))
    np.testing.assert_array_equal(after[:18, :18], np.asarray(blurred(Image.fromarray(flat), [box]))[:18, :18])
    np.testing.assert_array_equal(after[18:], fine[18:])
    assert np.asarray(blurred(Image.fromarray(fine), [])).tolist() == fine.tolist()


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (5, 3)])
def test_tiny_images_are_blurred_and_cropped(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (9, 9, 9))
    for box in grid(4):
        assert blurred(image, [box]).size == size
        assert min(cropped(image, box).size) >= 1


def test_cropped_to_a_box() -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    np.testing.assert_array_equal(np.asarray(cropped(Image.fromarray(pixels), (0.5, 0.25, 1.0, 1.0))), pixels[1:, 3:])
