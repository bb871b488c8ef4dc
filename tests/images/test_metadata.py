"""What an image file says of itself without being decoded."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from postplace.errors import BadImage
from postplace.images.decode import decode
from postplace.images.metadata import GPS_TAG, header


def save(path: Path, exif: Image.Exif | None = None) -> Path:
    Image.new("RGB", (8, 8)).save(path, exif=exif or Image.Exif())
    return path


def test_header_of_a_file_with_a_position_and_of_one_without(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[GPS_TAG] = {1: "N", 2: (31.0, 14.0, 0.0)}
    camera = Image.Exif()
    camera[0x0110] = "some camera"
    assert header(save(tmp_path / "gps.jpg", exif)) == "gps"
    assert header(save(tmp_path / "camera.jpg", camera)) == "plain"
    assert header(save(tmp_path / "none.png")) == "plain"


def test_header_of_what_is_no_image_file(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("hello")
    assert [header(tmp_path / name) for name in ("empty.jpg", "text.jpg")] == ["unreadable"] * 2
    assert [header(path) for path in (tmp_path, tmp_path / "none.jpg")] == ["missing"] * 2


def test_header_reads_no_pixels_of_an_image_that_is_all_there(tmp_path: Path) -> None:
    Image.effect_noise((200, 200), 80).save(tmp_path / "whole.png")
    content = bytearray((tmp_path / "whole.png").read_bytes())
    content[len(content) // 2] ^= 255  # damage that the pixels alone show
    (tmp_path / "damaged.png").write_bytes(content)
    assert header(tmp_path / "damaged.png") == "plain"


def test_header_says_of_what_is_not_all_there_what_decoding_says(tmp_path: Path) -> None:
    for name in ("whole.jpg", "whole.png", "whole.webp"):
        Image.effect_noise((200, 200), 80).convert("RGB").save(tmp_path / name)
        content = (tmp_path / name).read_bytes()
        (tmp_path / f"half {name}").write_bytes(content[: len(content) // 2])
        (tmp_path / f"short {name}").write_bytes(content[:-500])
    found = {path.name: header(path) for path in tmp_path.iterdir()}
    assert found == {
        "whole.jpg": "plain", "half whole.jpg": "unreadable", "short whole.jpg": "cut short",
        "whole.png": "plain", "half whole.png": "unreadable", "short whole.png": "unreadable",
        "whole.webp": "plain", "half whole.webp": "unreadable", "short whole.webp": "unreadable",
    }  # fmt: skip
    for name, state in found.items():
        if state == "unreadable":
            with pytest.raises(BadImage):
                decode(tmp_path / name)
        else:
            assert decode(tmp_path / name).size == (200, 200)


def test_what_no_reader_takes_is_unreadable_here_too(tmp_path: Path) -> None:
    save(tmp_path / "read.avif")
    Image.new("1", (8000, 8000)).save(tmp_path / "large.png")
    (tmp_path / "page.jpg").write_text("<!DOCTYPE html><html></html>")
    Image.new("RGB", (8, 8)).save(tmp_path / "other.ico")
    assert [header(tmp_path / name) for name in ("read.avif", "large.png", "page.jpg", "other.ico")] == [
        "plain", "unreadable", "unreadable", "unreadable",
    ]  # fmt: skip


def test_images_in_memory_are_looked_at_as_files_are(tmp_path: Path) -> None:
    content = save(tmp_path / "a.jpg").read_bytes()
    assert [header(data) for data in (content, content[:-2], b"<html>", b"")] == [
        "plain", "cut short", "unreadable", "unreadable",
    ]  # fmt: skip
