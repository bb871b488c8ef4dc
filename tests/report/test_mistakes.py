"""Confident mistakes: what is shown of a post, and what is not."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from postplace.report.mistakes import SIDE, nameless, shortened, thumbnails
from postplace.schema import Post


@pytest.mark.parametrize(
    ("text", "user", "expected"),
    [
        ("photo by ANNA", "anna", "photo by …"),
        ("Hannah and anna_b", "anna", "Hannah and …_b"),  # letters about it make it another word, a line does not
        ("在anna家", "anna", "在…家"),
        ("#savannahsmith", "nahsmith", "#savan…"),  # a long name hides in no other word by chance
        ("小林在江边", "小林", "…在江边"),
        ("1+1", "1+1", "…"),  # no regular expression
        ("hello", None, "hello"),
        ("hi @some.one-else and ＠她", None, "hi @… and @…"),
    ],
)
def test_nameless_takes_out_mentions_and_the_author(text: str, user: str | None, expected: str) -> None:
    assert nameless(text, Post("1", user=user)) == expected


def test_shortened_text_is_never_longer_than_allowed() -> None:
    assert [shortened("abc def", most) for most in (7, 6, 5, 1)] == ["abc def", "abc d…", "abc…", "…"]


def test_thumbnails_are_small_jpegs_and_what_cannot_be_read_is_counted() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a secret"
    Image.new("RGB", (2 * SIDE, SIDE), (200, 20, 20)).save(file, "JPEG", exif=exif, comment=b"a secret")
    made, unread = thumbnails([file.getvalue(), b"no image"])
    assert unread == 1
    (content,) = (base64.b64decode(address.partition(",")[2]) for address in made)
    assert b"secret" not in content
    assert Image.open(io.BytesIO(content)).size == (SIDE, SIDE // 2)
