"""Images that say nothing about a place, and people who stand in front of one."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from PIL import Image

from postplace.synthetic.distractions import Person, add_person, draw_irrelevant, person_covering
from postplace.synthetic.images import SIZES


def test_a_mask_is_an_oval_head_over_an_oval_body() -> None:
    person = Person(200.0, 100.0, 40.0)
    mask = person.mask(400, 1000)
    assert mask[100, 200]
    assert not mask[100 - 51, 200]  # above the head, 1.25 radii high
    assert mask[228, 200 - 83]  # at the widest of the body, 2.1 radii
    assert not mask[228, 200 - 85]
    head, body = math.pi * 40 * 50, math.pi * 84 * 92
    assert body < mask.sum() < head + body


def test_a_person_outside_the_image_covers_nothing_of_it() -> None:
    assert not Person(-500.0, 50.0, 20.0).mask(100, 100).any()


@pytest.mark.parametrize("ratio", [0.15, 0.4, 0.8])
def test_person_covering_covers_about_that_share(ratio: float) -> None:
    for seed in range(5):
        person = person_covering(ratio, width=160, height=160, random=Random(seed))
        assert person.mask(160, 160).mean() == pytest.approx(ratio, abs=0.03)


def test_add_person_changes_the_pixels_of_the_mask_alone() -> None:
    image, person = Image.new("RGB", (80, 80), (0, 255, 0)), Person(40.0, 40.0, 15.0)
    changed = (np.asarray(add_person(image, person, Random(0))) != np.asarray(image)).any(axis=2)
    assert (changed == person.mask(80, 80)).all()


def test_irrelevant_images_differ_and_have_the_sizes_of_the_others() -> None:
    drawn = [draw_irrelevant(Random(seed)) for seed in range(8)]
    assert {image.size for image in drawn} <= set(SIZES)
    assert len({image.tobytes() for image in drawn}) == 8
    assert draw_irrelevant(Random(3)).tobytes() == drawn[3].tobytes()
