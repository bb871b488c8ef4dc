"""What a worker process does with a batch of images."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postplace.images.worker import prepare_batch


def png(red: int, size: tuple[int, int] = (4, 4)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (red, 0, 0)).save(file, "PNG")
    return file.getvalue()


def corner(image: Any) -> NDArray[np.int64]:
    return np.array(image.getpixel((0, 0)))


def test_an_image_that_cannot_be_decoded_becomes_a_reason_and_the_others_keep_their_positions() -> None:
    found = prepare_batch([png(10), b"no image", png(20)], corner, hash_image=lambda image: image.getpixel((0, 0))[0])
    assert found.positions == [0, 2]
    assert found.arrays is not None
    assert found.arrays.tolist() == [[10, 0, 0], [20, 0, 0]]
    assert found.hashes == [10, 20]
    assert list(found.reasons) == [1]
    assert found.reasons[1]


def test_without_a_hash_there_are_none_and_without_images_there_is_no_array() -> None:
    assert prepare_batch([png(1)], corner, hash_image=None).hashes == []
    empty = prepare_batch([b"no image"], corner, hash_image=None)
    assert (empty.positions, empty.arrays, list(empty.reasons)) == ([], None, [0])


def test_images_of_one_batch_are_prepared_alike_whatever_their_size() -> None:
    found = prepare_batch([png(1, (4, 9)), png(2, (300, 2))], corner, hash_image=None)
    assert found.arrays is not None
    assert found.arrays.shape == (2, 3)
