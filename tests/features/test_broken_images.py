"""Pictures that could not be read are told in a line that can be read."""

from __future__ import annotations

import warnings

import pytest

from postplace.features.broken_images import warn_of_broken, warn_of_cut_short
from postplace.features.image_keys import BrokenImage


def test_seven_broken_pictures_make_a_short_line() -> None:
    reason = "is not an image of a known format, or is damaged; give a JPEG, PNG or WebP"
    broken = [BrokenImage(str(n), f"/a/long/way/to/the/folder/of/images/{n}.jpg", reason) for n in range(7)]
    with pytest.warns(UserWarning, match=r"^7 images could not be read: post 0: 0\.jpg: is not an image") as caught:
        warn_of_broken(broken)
    line = str(caught[0].message)
    assert len(line) < 300
    assert line.endswith("post 2: 2.jpg: is not an image of a known format, or is damaged; and 4 more")


def test_a_long_reason_is_cut() -> None:
    with pytest.warns(UserWarning, match=r"post 1: a\.jpg: is damaged x+\.\.\.$"):
        warn_of_broken([BrokenImage("1", "a.jpg", f"is damaged {'x' * 200}; save it again")])


def test_images_that_lack_their_end_have_a_line_of_their_own() -> None:
    with pytest.warns(UserWarning, match=r"^1 images are cut short, and were read as far as they go: post 1: a\.jpg"):
        warn_of_cut_short([BrokenImage("1", "b/a.jpg", "ends before its end; download it again")])


def test_none_is_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_broken([])
        warn_of_cut_short([])
