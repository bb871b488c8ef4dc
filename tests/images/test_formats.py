"""Files that are no image that is read are named by their first bytes, with what to do."""

from __future__ import annotations

import gzip
import io
import time

import pytest
from PIL import Image, features

from postplace.errors import BadImage
from postplace.images import formats
from postplace.images.decode import decode
from postplace.images.formats import is_avif, is_heic

BOX = b"\0\0\0\x18ftyp"
HEIC = BOX + b"heic\0\0\0\0mif1heic" + bytes(64)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "is a web page, as servers send it .*; download the image again"),
        (b"<html><head><title>403 Forbidden</title>", "is a web page"),
        (b'{"error": "expired"}', "is JSON, as servers send it"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing; save it as PNG"),
        (b"\xff\x0a" + bytes(20), "is JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "is JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "is JPEG 2000"),
        (b"8BPS" + bytes(20), "is a Photoshop document"),
        (BOX + b"isom\0\0\0\0mp42isom", "is a video"),
        (BOX + b"qt  \0\0\0\0qt  qt  ", "is a video"),
        (b"RIFF\0\0\0\0AVI LIST", "is a video"),
        (b"\0\5\x16\7\0\2\0\0", "is what macOS keeps beside a file.*; give the file whose name has no '._'"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        (gzip.compress(b"an image"), "is compressed by gzip; unpack it"),
        (b"PK\3\4" + bytes(20), "is a ZIP archive"),
        (bytes(5000), "begins with nothing but zeros"),
        (b"II*\0\x08\0\0\0\0\0" + bytes(20), "is a TIFF or a camera's raw file of a kind that is not read"),
        (b"words", "is not an image of a known format, or is damaged; give a JPEG, PNG, WebP, AVIF"),
    ],
)
def test_what_is_no_image_is_named(data: bytes, found: str) -> None:
    with pytest.raises(BadImage, match=rf"^uploaded image: {found}"):
        decode(data)


def test_heic_is_named_with_the_extra_that_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from postplace.images import decode as decoding

    for module in (formats, decoding):
        monkeypatch.setattr(module, "reads_heic", lambda: False)
    with pytest.raises(BadImage, match=r"is HEIC, .*; pip install 'postplace\[heic\]', or save it as JPEG"):
        decode(HEIC)


def test_comments_without_end_do_not_take_long() -> None:
    started = time.process_time()
    for text in (b"<!---->" * 200, b"<!--" * 300, b"<?xml" + b" " * 2000, b"<!---->\n \n" * 100 + b"<!--"):
        with pytest.raises(BadImage, match="is not an image of a known format"):
            decode(text)
    assert time.process_time() - started < 0.5


def test_brands_tell_heic_from_avif() -> None:
    assert (is_heic(HEIC), is_avif(HEIC)) == (True, False)
    both = BOX + b"mif1\0\0\0\0avifmif1"
    assert (is_heic(both), is_avif(both)) == (False, True)
    assert not is_heic(BOX + b"mp42\0\0\0\0isomheic"[:4])
    assert not is_avif(b"")


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_a_pillow_without_avif_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "AVIF")
    check = features.check
    monkeypatch.setattr(features, "check", lambda name: name != "avif" and check(name))
    with pytest.raises(
        BadImage, match=r"is AVIF, which the installed Pillow does not read; pip install 'pillow>=11\.3'"
    ):
        decode(file.getvalue())
