"""A synthetic city on disk: what its report and its files say."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from postplace.errors import BadOption
from postplace.posts.table import read_posts
from postplace.synthetic import CityParameters, make_city, planted_ceiling
from postplace.synthetic.city import CityReport


def test_planted_ceiling_is_that_of_the_report_and_refuses_an_unknown_modality() -> None:
    report = CityReport(Path("city"), 1, 1, 1, 1, {}, {"text": 0.5, "all": 0.75})
    assert (planted_ceiling(report, "text"), planted_ceiling(report)) == (0.5, 0.75)
    with pytest.raises(BadOption, match="texts"):
        planted_ceiling(report, "texts")


def test_a_city_that_shows_every_place_has_a_ceiling_of_one(tmp_path: Path) -> None:
    sure = CityParameters(missing_text=0, irrelevant_text=0, label_noise=0, duplicates=0)
    blind = CityParameters(places=2, single_modality="image", missing_images=1.0, name_leak=0, label_noise=0)
    assert planted_ceiling(make_city(tmp_path / "sure", posts=12, parameters=sure), "text") == 1.0
    report = make_city(tmp_path / "blind", posts=12, parameters=blind)
    places = [post.place for post in read_posts(tmp_path / "blind" / "posts.jsonl")]
    assert planted_ceiling(report, "text") == max(map(places.count, places)) / 12  # the most frequent place


def test_coordinates_in_the_exif_are_those_of_the_post(tmp_path: Path) -> None:
    make_city(tmp_path / "city", posts=3, parameters=CityParameters(exif_gps=1.0, missing_images=0.0))
    for line in (tmp_path / "city" / "posts.jsonl").read_text(encoding="utf-8").splitlines():
        post = json.loads(line)
        with Image.open(tmp_path / "city" / post["images"][0]) as image:
            gps = image.getexif().get_ifd(0x8825)
        degrees, minutes, seconds = map(float, gps[2])
        assert (gps[1], gps[3]) == ("N", "E")
        assert degrees + minutes / 60 + seconds / 3600 == pytest.approx(post["latitude"], abs=1e-6)


def test_portraits_lists_every_image_with_a_person_in_front(tmp_path: Path) -> None:
    report = make_city(tmp_path / "city", posts=6, parameters=CityParameters(portraits=1.0, irrelevant_image=0.0))
    with (tmp_path / "city" / "portraits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == report.images == report.flaws["portraits"]
    assert all((tmp_path / "city" / row["image"]).is_file() for row in rows)
    assert all(0 < float(row["person_ratio"]) <= 1 for row in rows)


def test_no_post_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="0 is out of range"):
        make_city(tmp_path / "city", posts=0)
    assert list(tmp_path.iterdir()) == []
