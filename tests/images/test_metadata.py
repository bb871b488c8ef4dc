"""What an image file says of itself without being decoded."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

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


def test_header_reads_no_pixels(tmp_path: Path) -> None:
    Image.effect_noise((200, 200), 80).save(tmp_path / "whole.jpg")
    content = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) // 2])
    assert header(tmp_path / "cut.jpg") == "plain"
