"""Images of posts by what is in their files: equal ones once, unreadable ones with their reason."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from postplace.features.image_keys import index_images, key_images
from postplace.schema import Post


def jpeg(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(file, "JPEG")
    return file.getvalue()


def test_equal_files_are_one_whatever_they_are_called(tmp_path: Path) -> None:
    for name, colour in (("a.jpg", "red"), ("b.jpg", "red"), ("c.jpg", "blue")):
        (tmp_path / name).write_bytes(jpeg(colour))
    posts = [
        Post("1", images=(tmp_path / "a.jpg", tmp_path / "c.jpg")),
        Post("2", images=(tmp_path / "b.jpg",)),
        Post("3"),
    ]
    files = key_images(posts)
    assert len(files.sources) == 2
    index, order = index_images(files.keys, unreadable={})
    assert len(order) == 2
    assert index.shape == (3, 2)
    assert index[0, 0] == index[1, 0] != index[0, 1]
    assert np.unique(index[2]).tolist() == [-1]


def test_bytes_and_files_of_the_same_content_are_one(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg("red"))
    files = key_images([Post("1", images=(tmp_path / "a.jpg",)), Post("2", images=(jpeg("red"),))])
    assert len(files.sources) == 1


def test_a_missing_file_is_broken_and_leaves_no_key(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg("red"))
    files = key_images([Post("1", images=(tmp_path / "gone.jpg", tmp_path / "a.jpg"))])
    (broken,) = files.broken
    assert (broken.post_id, Path(broken.image).name) == ("1", "gone.jpg")
    assert len(files.sources) == 1
