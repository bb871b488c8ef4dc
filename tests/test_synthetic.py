"""The synthetic city: the same bytes for the same seed, every parameter does what it says, nothing half-written."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from postplace.errors import BadOption, WriteFailed
from postplace.synthetic import CityParameters, CityReport, Person, city, make_city, planted_ceiling
from postplace.synthetic.city import build_drafts
from postplace.synthetic.gazetteer import SITES, sites
from postplace.synthetic.images import LIGHTS, draw_place
from postplace.synthetic.language import misspell, use_slang, write_text
from postplace.synthetic.people import Draft
from postplace.synthetic.phrases import FRAMES_EN, FRAMES_ZH

FLAWS = (
    *("missing_text", "missing_hashtags", "missing_images", "several_images", "portraits", "duplicates", "label_noise"),
    *("irrelevant_text", "irrelevant_hashtags", "irrelevant_image", "name_leak", "slang", "misspelling", "markup"),
)
MAKE = """
import sys
from pathlib import Path
from postplace.synthetic import make_city
make_city(Path(sys.argv[1]), posts=15, seed=5)
"""


def clean(**changed: Any) -> CityParameters:
    """A city without a flaw, but for the parameters given."""
    return CityParameters(**{**dict.fromkeys(FLAWS, 0.0), **changed})


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "posts.jsonl").read_text(encoding="utf-8").splitlines()]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


def drafts(number: int = 400, **changed: Any) -> list[Draft]:
    return build_drafts(number, seed=0, parameters=clean(**changed))


def test_the_city_has_posts_pictures_and_places(tmp_path: Path) -> None:
    report = make_city(tmp_path / "city", posts=40, seed=3)
    posts = records(tmp_path / "city")
    assert [post["id"] for post in posts] == [f"p{index:06d}" for index in range(40)]
    places = {place["place"]: place for place in rows(tmp_path / "city" / "places.csv")}
    assert len(places) == report.places == 12
    for post in posts:
        assert post["category"] == places[post["place"]]["category"]
        assert abs(post["latitude"] - float(places[post["place"]]["latitude"])) < 0.01
        assert post.get("text") or post.get("hashtags") or post.get("images")
    named = [name for post in posts for name in post.get("images", [])]
    on_disk = {path.relative_to(tmp_path / "city").as_posix() for path in (tmp_path / "city" / "images").iterdir()}
    assert set(named) == on_disk
    assert len(named) == len(on_disk) == report.images
    for name in named:
        with Image.open(tmp_path / "city" / name) as picture:
            picture.load()
            assert (picture.format, picture.mode) == ("JPEG", "RGB")
            assert 120 <= min(picture.size) <= max(picture.size) <= 180


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    for number in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": number}
        subprocess.run([sys.executable, "-c", MAKE, str(tmp_path / number)], env=environment, check=True)
    make_city(tmp_path / "other", posts=15, seed=6)
    assert digest(tmp_path / "1") == digest(tmp_path / "2")
    assert digest(tmp_path / "1") != digest(tmp_path / "other")


def test_a_parameter_leaves_alone_what_it_does_not_concern() -> None:
    plain, noisy = drafts(), drafts(irrelevant_image=1.0, gps_noise_km=2.0, missing_hashtags=0.5)
    assert [draft.text for draft in plain] == [draft.text for draft in noisy]
    assert [(draft.user, draft.place, draft.time) for draft in plain] == [(d.user, d.place, d.time) for d in noisy]
    assert [draft.hashtags for draft in plain if draft.hashtags] != [draft.hashtags for draft in noisy]


def test_the_first_posts_of_a_longer_city_are_the_same() -> None:
    assert drafts(50, duplicates=0.1) == drafts(100, duplicates=0.1)[:50]


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(BadOption, match="not empty"):
        make_city(tmp_path, posts=2)
    with pytest.raises(BadOption, match="not empty"):
        make_city(tmp_path / "mine", posts=2)
    assert (tmp_path / "mine").read_text() == "keep"


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    make_city(tmp_path / "city", posts=2)
    assert len(records(tmp_path / "city")) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["city"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(WriteFailed, match="free some disk space"):
        make_city(tmp_path / "city", posts=5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"missing_text": 1.5}, "missing_text: 1.5 is out of range; give a number from 0 to 1"),
        ({"places": 1}, "give a number from 2 to 48"),
        ({"users": 0}, "give a number from 2"),
        ({"slang": float("nan")}, "out of range"),
        ({"single_modality": "images"}, "did you mean 'image'"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(BadOption, match=message.replace("?", r"\?")):
        CityParameters(**parameters)


def test_a_city_has_a_post(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="posts: 0 is out of range; give a whole number from 1 on"):
        make_city(tmp_path / "city", posts=0)


@pytest.mark.parametrize(("parameter", "field"), [("text", "text"), ("hashtags", "hashtags"), ("images", "shots")])
def test_modalities_are_missing_as_often_as_requested(parameter: str, field: str) -> None:
    share = sum(not getattr(draft, field) for draft in drafts(1000, **{f"missing_{parameter}": 0.3})) / 1000
    assert share == pytest.approx(0.3, abs=0.04)


def test_a_post_keeps_one_modality_unless_it_is_an_empty_one() -> None:
    for draft in drafts(missing_text=1.0, missing_hashtags=1.0, missing_images=1.0):
        assert sum(map(bool, (draft.text, draft.hashtags, draft.shots))) == 1
    empty = [draft for draft in drafts(1000, empty_posts=0.2) if not (draft.text or draft.hashtags or draft.shots)]
    assert len(empty) == pytest.approx(200, abs=40)


@pytest.mark.parametrize("chinese", [0.0, 1.0])
def test_a_text_has_words_that_only_its_place_has(chinese: float) -> None:
    for draft in drafts(300, chinese=chinese):
        used = [
            site.name for site in SITES if any(word in draft.text.lower() for word in (site.zh if chinese else site.en))
        ]
        assert SITES[draft.place].name in used
        tags = [site.name for site in SITES if set(site.tags) & set(draft.hashtags)]
        assert tags == [SITES[draft.place].name]


@pytest.mark.parametrize("places", [2, 12, 48])
def test_places_and_their_words_differ_and_lie_within_a_city(places: int) -> None:
    found = sites(places)
    for words in ([site.name for site in found], [tag for site in found for tag in site.tags]):
        assert len(words) == len(set(words))
    for language in ("en", "zh"):
        words = [word for site in found for word in getattr(site, language)]
        assert len(words) == len(set(words))
    assert all(abs(site.east_km) < 8 and abs(site.north_km) < 8 for site in found)
    assert all(site.category in FRAMES_EN and site.category in FRAMES_ZH for site in found)


def test_irrelevant_text_and_hashtags_say_nothing_of_the_place() -> None:
    for draft in drafts(200, chinese=0.0, irrelevant_text=1.0, irrelevant_hashtags=1.0):
        assert draft.shown == {"text": None, "hashtags": None, "image": draft.place}
        assert not any(word in draft.text.lower() for site in SITES for word in site.en)
        assert not any(set(site.tags) & set(draft.hashtags) for site in SITES)


def test_a_leaked_name_is_that_of_the_place_in_text_or_hashtags() -> None:
    into_text = 0
    for draft in drafts(300, name_leak=1.0, irrelevant_text=1.0, irrelevant_hashtags=1.0):
        site = SITES[draft.place]
        names = (site.name, site.chinese_name, *site.aliases)
        in_text = any(name in draft.text for name in names)
        in_tags = any(name.lower().replace(" ", "") in draft.hashtags for name in names)
        assert in_text != in_tags
        assert draft.shown["text"] == (draft.place if in_text else None)
        into_text += in_text
    assert 100 < into_text < 200


def test_no_name_appears_unless_it_leaks() -> None:
    for draft in drafts(400):
        words = draft.text + " ".join(draft.hashtags)
        assert not any(name in words for site in SITES for name in (site.name, site.chinese_name))


def test_slang_and_misspellings_change_the_text() -> None:
    text = "thanks to you and because of the weather"
    assert use_slang(text, chinese=False, random=Random(0)).startswith("thx 2 u n cuz of da weather")
    assert misspell(text, rate=0.0, chinese=False, random=Random(0)) == text
    wrong = misspell(text, rate=1.0, chinese=False, random=Random(0)).split()
    kept = [len(word) < 4 for word in text.split()]
    assert [one == other for one, other in zip(text.split(), wrong, strict=True)] == kept
    assert misspell("在海上的人", rate=1.0, chinese=True, random=Random(0)) == "再嗨尚地人"


def test_markup_is_links_mentions_and_emoticons() -> None:
    assert all(any(mark in draft.text for mark in ("http", "@", "[")) for draft in drafts(100, markup=1.0))
    assert not any(mark in draft.text for draft in drafts(100) for mark in ("http", "@", "["))


def test_a_repost_has_another_user_and_the_same_words_and_nearly_the_same_pictures(tmp_path: Path) -> None:
    parameters = clean(duplicates=0.5)
    report = make_city(tmp_path / "city", posts=30, parameters=parameters)
    found = build_drafts(30, seed=0, parameters=parameters)
    posts = dict(zip((draft.id for draft in found), records(tmp_path / "city"), strict=True))
    repeats = [draft for draft in found if draft.repeats]
    assert len(repeats) == report.flaws["duplicates"] > 5
    for draft in repeats:
        assert draft.repeats is not None
        again, source = posts[draft.id], posts[draft.repeats]
        assert (again["text"], again["place"]) == (source["text"], source["place"])
        assert again["user"] != source["user"]
        with (
            Image.open(tmp_path / "city" / again["images"][0]) as small,
            Image.open(tmp_path / "city" / source["images"][0]) as full,
        ):
            assert small.width < full.width
            difference = np.asarray(small.resize(full.size), dtype=float) - np.asarray(full, dtype=float)
        assert np.abs(difference).mean() < 12


def test_broken_pictures_are_cut_short(tmp_path: Path) -> None:
    report = make_city(tmp_path / "city", posts=4, parameters=clean(broken_images=1.0))
    assert report.flaws["broken_images"] == report.images == 4
    for path in (tmp_path / "city" / "images").iterdir():
        with Image.open(path) as picture, pytest.raises(OSError, match="truncated"):
            picture.load()
    assert report.ceilings["image"] < 0.8 < report.ceilings["text"]


def test_exif_holds_the_coordinates_only_when_asked(tmp_path: Path) -> None:
    make_city(tmp_path / "leak", posts=3, parameters=clean(exif_gps=1.0))
    make_city(tmp_path / "clean", posts=3, parameters=clean())
    for post in records(tmp_path / "leak"):
        with Image.open(tmp_path / "leak" / post["images"][0]) as picture:
            gps = picture.getexif().get_ifd(0x8825)
        for key, degrees in ((2, post["latitude"]), (4, post["longitude"])):
            hours, minutes, seconds = map(float, gps[key])
            assert hours + minutes / 60 + seconds / 3600 == pytest.approx(degrees, abs=1e-6)
        assert (gps[1], gps[3]) == ("N", "E")
    for post in records(tmp_path / "clean"):
        with Image.open(tmp_path / "clean" / post["images"][0]) as picture:
            assert not picture.getexif()


def test_portraits_are_recorded_with_the_person_they_show(tmp_path: Path) -> None:
    parameters = {"users": 5, "gps_noise_km": 0.0}
    make_city(tmp_path / "with", posts=12, parameters=clean(portraits=1.0, **parameters))
    make_city(tmp_path / "without", posts=12, parameters=clean(**parameters))
    people = rows(tmp_path / "with" / "portraits.csv")
    assert len(people) == 12
    assert rows(tmp_path / "without" / "portraits.csv") == []
    for row in people:
        before, after = (
            np.asarray(Image.open(tmp_path / side / row["image"]), dtype=float).mean(axis=2)
            for side in ("without", "with")
        )
        mask = Person(float(row["x"]), float(row["y"]), float(row["radius"])).mask(after.shape[1], after.shape[0])
        assert mask.mean() == pytest.approx(float(row["person_ratio"]), abs=1e-3)
        assert 0.05 < mask.mean() < 0.95
        changed = np.abs(after - before) > 24
        assert changed[~mask].mean() < 0.03  # only what JPEG smears over the edge
        assert changed[mask].mean() > 0.3


@pytest.mark.parametrize("carrier", ["text", "hashtags", "image"])
def test_one_modality_alone_can_carry_the_place(carrier: str) -> None:
    found = drafts(1500, single_modality=carrier, chinese=0.0)
    for draft in found:
        assert draft.shown == {**dict.fromkeys(("text", "hashtags", "image")), carrier: draft.place}

    def hits(seen: list[int | None]) -> float:
        return sum(place == draft.place for place, draft in zip(seen, found, strict=True)) / len(found)

    shares = {
        "text": hits([next(i for i, s in enumerate(SITES) if any(w in d.text.lower() for w in s.en)) for d in found]),
        "hashtags": hits([next(i for i, s in enumerate(SITES) if set(s.tags) & set(d.hashtags)) for d in found]),
        "image": hits([draft.shots[0].site for draft in found]),
    }
    for modality, share in shares.items():
        assert share > 0.93 if modality == carrier else share == pytest.approx(1 / 12, abs=0.03)


def test_label_noise_records_another_place() -> None:
    found = drafts(1000, label_noise=0.25)
    wrong = [draft for draft in found if draft.shown["text"] != draft.place]
    assert len(wrong) == pytest.approx(250, abs=45)
    assert all(draft.shots[0].site == draft.shown["text"] for draft in wrong)
    noisy = [draft for draft in found if abs(draft.latitude - SITES[draft.place].latitude) > 0.02]
    assert noisy == []


def test_coordinates_are_as_far_apart_as_the_offsets_in_km() -> None:
    one, other = SITES[0], SITES[2]  # (0.4, 0.3) and (-2.6, 1.9) km: 3.4 km
    up, across = (np.radians(getattr(one, a) - getattr(other, a)) for a in ("latitude", "longitude"))
    half = np.sin(up / 2) ** 2 + np.sin(across / 2) ** 2 * np.cos(np.radians(29.2)) ** 2
    assert 2 * 6371.0088 * np.arcsin(np.sqrt(half)) == pytest.approx(3.4, abs=0.003)


def test_gps_noise_is_in_km() -> None:
    found = drafts(2000, gps_noise_km=0.5)
    north = [(draft.latitude - SITES[draft.place].latitude) * 111.195 for draft in found]
    east = [(draft.longitude - SITES[draft.place].longitude) * 111.195 * np.cos(np.radians(29.2)) for draft in found]
    assert np.std(north) == pytest.approx(0.5, abs=0.03)
    assert np.std(east) == pytest.approx(0.5, abs=0.03)


def test_several_pictures_and_heavy_posters() -> None:
    assert {len(draft.shots) for draft in drafts(200, several_images=1.0)} == {2, 3}
    even, skewed = (
        np.bincount([int(draft.user[1:]) for draft in drafts(3000, users=50, activity_skew=skew)])
        for skew in (0.0, 1.5)
    )
    assert even.max() < 100 < 800 < skewed.max()


def test_the_ceiling_counts_what_each_modality_shows() -> None:
    report = _report(truth=[0, 0, 0, 1, 1], shown=[0, 1, None, None, None])
    # right: the first; the second shows a wrong place; of the three blind ones the most frequent place has two
    assert planted_ceiling(report, "text") == pytest.approx(3 / 5)
    assert planted_ceiling(report, "image") == pytest.approx(3 / 5)  # blind throughout: place 0 three times
    with pytest.raises(BadOption, match="did you mean 'text'"):
        planted_ceiling(report, "txt")


def test_the_ceiling_of_a_clean_city_is_one_and_noise_lowers_it() -> None:
    assert _ceilings(drafts(300)) == {"text": 1.0, "hashtags": 1.0, "image": 1.0, "all": 1.0}
    assert _ceilings(drafts(2000, label_noise=0.1))["all"] == pytest.approx(0.9, abs=0.02)
    alone = _ceilings(drafts(2000, single_modality="text"))
    assert (alone["text"], alone["all"]) == (1.0, 1.0)
    assert alone["image"] == alone["hashtags"] < 0.3


def test_places_look_different() -> None:
    """A nearest-mean reader of tiny thumbnails must beat chance by far: the pictures show the place."""

    def thumbnails(first: int, number: int) -> Any:
        lights = [light for light in LIGHTS if light != "night"]
        return np.array(
            [
                [_thumbnail(site.scene, lights[index % len(lights)], f"{site.name}/{index}") for site in SITES]
                for index in range(first, first + number)
            ]
        )

    means = thumbnails(0, 10).mean(axis=0)
    seen = thumbnails(10, 5)
    nearest = ((seen[:, :, None] - means[None, None]) ** 2).sum(axis=-1).argmin(axis=-1)
    assert (nearest == np.arange(12)).mean() > 0.4


def test_districts_beyond_twelve_are_painted_in_other_colours() -> None:
    one, other = (
        np.asarray(draw_place("houses", variant=variant, light="day", random=Random(0)), dtype=float)
        for variant in (0, 1)
    )
    assert np.abs(one - other).mean() > 10


def test_every_frame_and_slot_can_be_filled() -> None:
    for index in range(600):
        for site in (SITES[index % 12], None):
            text = write_text(site, chinese=index % 2 == 0, random=Random(index))
            assert "{" not in text
            assert len(text) > 4


def _thumbnail(scene: str, light: str, stream: str) -> Any:
    picture = draw_place(scene, variant=0, light=light, random=Random(stream)).resize((8, 8), Image.Resampling.BOX)
    pixels = np.asarray(picture, dtype=float).ravel()
    return (pixels - pixels.mean()) / pixels.std()


def _ceilings(found: list[Draft]) -> dict[str, float]:
    return dict(city._reported(Path(), found, SITES).ceilings)


def _report(truth: list[int], shown: list[int | None]) -> CityReport:
    ceilings = {"text": city._ceiling(shown, truth), "image": city._ceiling([None] * len(truth), truth)}
    return CityReport(Path(), len(truth), 0, 1, 2, {}, ceilings)


def test_a_city_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "city").symlink_to("there")
    make_city(tmp_path / "city", posts=2)
    assert (tmp_path / "city").is_symlink()
    assert (tmp_path / "there" / "posts.jsonl").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["city", "there"]
