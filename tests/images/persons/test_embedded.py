"""People by OpenCV's own detectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from postplace.images.persons import embedded
from postplace.images.persons.embedded import Face, embedded_segmenter, find_faces

pytest.importorskip("cv2")


def test_the_fingerprint_names_the_version_of_opencv() -> None:
    import cv2

    assert cv2.__version__ in embedded_segmenter().fingerprint


def test_an_image_of_one_colour_has_no_face_and_an_empty_mask_of_its_size() -> None:
    assert find_faces(np.full((200, 200), 128, dtype=np.uint8)) == []
    mask = embedded_segmenter().mask(Image.new("RGB", (123, 45), (90, 120, 150)))
    assert (mask.shape, bool(mask.any())) == ((45, 123), False)


def test_faces_are_measured_without_the_margin_and_one_person_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: Any) -> list[Face]:
        return []

    first, same, other = Face(126, 126, 20, 20), Face(128, 160, 18, 18), Face(226, 126, 20, 20)
    monkeypatch.setattr(embedded, "_frontal", lambda grey: [first])
    monkeypatch.setattr(embedded, "_profiles", lambda grey: [same, other])  # the second lies on the body of the first
    for name in ("_upper_bodies", "_pedestrians"):
        monkeypatch.setattr(embedded, name, nobody)
    assert find_faces(np.zeros((300, 300), dtype=np.uint8)) == [Face(100, 100, 20, 20), Face(200, 100, 20, 20)]


def test_the_mask_of_a_face_is_about_it_and_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_faces", lambda grey: [Face(140, 60, 40, 50)])
    image = Image.new("RGB", (320, 320), (40, 90, 200))
    image.paste((200, 160, 130), (140, 60, 180, 110))  # a face
    image.paste((180, 30, 30), (110, 115, 210, 320))  # a shirt
    mask = embedded_segmenter().mask(image)
    assert mask[85, 160]
    assert mask[200, 160]
    assert not mask[:, :40].any()
    assert not mask[:, 280:].any()
