"""What is done to one image: hashed, measured for people and freed of them, read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from postplace.errors import BadWeights
from postplace.preparation.image_jobs import CleanImage, HashImage, short_name


@dataclass(frozen=True)
class Upper:
    """A segmenter that takes that share of an image, from above, for people."""

    share: float
    name: str = "upper"
    fingerprint: str = "upper 1"

    def mask(self, image: Image.Image) -> NDArray[np.bool_]:
        if self.share > 1:
            raise ZeroDivisionError("in the network")
        if self.share < 0:
            raise BadWeights("net.onnx", "has changed", "run it again")
        return np.arange(image.height)[:, None].repeat(image.width, axis=1) < self.share * image.height


@dataclass(frozen=True)
class White:
    """Paints everything white."""

    name: str = "white"
    fingerprint: str = "white 1"

    def fill(self, image: Image.Image, mask: NDArray[np.bool_]) -> Image.Image:
        return Image.new("RGB", image.size, "white")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Image.new("RGB", (20, 20), (200, 0, 0)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_a_share_of_people_above_the_limit_drops_the_image_and_below_has_them_painted_over(path: Path) -> None:
    job = CleanImage(path.parent / "clean", 0.5, Upper(0.75), White())
    assert job("d1", path) == {"ratio": 0.75, "outcome": "dropped"}
    record = replace(job, segmenter=Upper(0.25))("d1", path)
    written = path.parent / "clean" / "d1.png"
    assert record == {"ratio": 0.25, "outcome": "cleaned", "file": "d1.png", "bytes": written.stat().st_size}
    assert Image.open(written).getpixel((0, 0)) == (255, 255, 255)


def test_an_image_without_people_is_left_as_it_is_and_no_file_is_written(path: Path) -> None:
    job = CleanImage(path.parent / "clean", 0.5, Upper(0.0), White())
    assert job("d1", path) == {"ratio": 0.0, "outcome": "unchanged"}
    assert not (path.parent / "clean").exists()


def test_a_cleaned_jpeg_stays_one_and_a_record_is_valid_while_its_file_is_whole(path: Path) -> None:
    Image.open(path).save(path.with_suffix(".jpg"))
    job = CleanImage(path.parent / "clean", 0.5, Upper(0.25), White())
    record = job("d1", path.with_suffix(".jpg"))
    written = path.parent / "clean" / "d1.jpg"
    assert Image.open(written).format == "JPEG"
    assert job.still_valid(record)
    written.write_bytes(b"cut")
    assert not job.still_valid(record)
    written.unlink()
    assert not job.still_valid(record)
    assert job.still_valid({"outcome": "dropped"})
    assert not job.still_valid({"error": "failed"})


def test_an_image_that_cannot_be_read_or_worked_on_is_a_record_and_weights_that_are_wrong_an_error(
    path: Path,
) -> None:
    job = CleanImage(path.parent / "clean", 0.5, Upper(0.25), White())
    path.with_name("text.png").write_text("no image")
    assert list(job("d1", path.with_name("text.png"))) == ["error"]
    failed = replace(job, segmenter=Upper(2.0))("d1", path)
    assert failed == {"error": "could not be worked on (ZeroDivisionError: in the network)"}
    with pytest.raises(BadWeights):
        replace(job, segmenter=Upper(-1.0))("d1", path)


def test_the_fingerprint_changes_with_all_that_decides_the_result() -> None:
    job = CleanImage(Path("a"), 0.5, Upper(0.25), White())
    others = [
        replace(job, max_ratio=0.4),
        replace(job, segmenter=Upper(0.25, fingerprint="upper 2")),
        replace(job, inpainter=White(fingerprint="white 2")),
    ]
    assert len({job.fingerprint, *(other.fingerprint for other in others)}) == 4
    assert replace(job, folder=Path("b")).fingerprint == job.fingerprint
    assert short_name("images", job.fingerprint) != short_name("images", others[0].fingerprint)


def test_the_hash_of_an_image_is_a_number_whatever_its_format(path: Path) -> None:
    record = HashImage()("d1", path)
    Image.open(path).save(path.with_suffix(".bmp"))
    assert HashImage()("d2", path.with_suffix(".bmp")) == record
    assert HashImage().still_valid(record)
    assert not HashImage().still_valid({"error": "failed"})
