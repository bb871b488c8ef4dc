"""What is in posts, what is missing, what would leak: one planted flaw a test."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

from PIL import Image

from postplace.schema import Post
from postplace.splitting.inspection import inspect_posts, leak_warnings
from postplace.splitting.place_name_leaks import KnownNames, find_leaks
from postplace.text.tokens import LENGTHS


def test_counts_of_fields_and_patterns() -> None:
    found = inspect_posts(
        [
            Post("1", text="a walk", hashtags=("river",), place="bridge", latitude=31.0, longitude=121.0),
            Post("2", text="https://t.cn/abc", user="u", time=datetime(2022, 5, 1), latitude=32.0, longitude=120.0),
        ]
    )
    assert found.posts == 2
    assert found.present["coordinates"] == 2
    assert found.patterns == {"TG": 1, "none": 1}  # a link alone is no text to go by
    assert found.box == (31.0, 120.0, 32.0, 121.0)
    assert found.first == found.last == datetime(2022, 5, 1)


def test_what_of_the_texts_is_not_read_is_counted() -> None:
    posts = [
        Post("1", text="the bridge and the tower [心] @ann"),
        Post("2", text="we are the [doge][心] https://t.cn/abc"),
        Post("3", text="in [Louvre]", image_text="EXIT"),
        Post("4", hashtags=("river",)),
    ]
    found = inspect_posts(posts)
    assert (found.words, found.wordless) == (11, 1)
    assert found.stop_words == {"the": 3, "and": 1, "we": 1, "are": 1, "in": 1}
    assert found.emoticons == {"[心]": 2, "[doge]": 1}
    assert found.markup == {"links": 1, "mentions": 1}


def test_a_place_named_in_text_or_hashtag_is_warned_of() -> None:
    posts = [
        Post("1", text="lovely evening at Stone Bridge", place="stone bridge"),
        Post("2", hashtags=("stonebridge", "stone bridge"), place="stone bridge"),
        Post("3", text="at home", place="stone bridge"),
    ]
    leaks = find_leaks(posts, KnownNames({"place": inspect_posts(posts).places}))
    (warning,) = leak_warnings(leaks)
    assert warning.startswith("posts name their own place, 1 in the text, 1 in hashtags")
    assert list(leak_warnings(find_leaks(posts[2:], KnownNames({"place": ["stone bridge"]})))) == []


def test_a_place_named_in_a_file_name_is_warned_of() -> None:
    posts = [Post("1", images=(Path("images/StoneBridge2.jpg"),), place="stone bridge")]
    (warning,) = leak_warnings(find_leaks(posts, KnownNames({"place": ["stone bridge"]})))
    assert warning.startswith("1 posts name their own place in a file name")


def test_a_gps_tag_is_found(tmp_path: Path) -> None:
    plain, tagged, text = tmp_path / "plain.jpg", tmp_path / "tagged.jpg", tmp_path / "text.jpg"
    Image.new("RGB", (8, 8)).save(plain)
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (31.0, 12.0, 0.0)}
    Image.new("RGB", (8, 8), "red").save(tagged, exif=exif)
    text.write_text("no image")
    found = inspect_posts([Post("1", images=(plain, tagged, text, tmp_path / "gone.jpg"))])
    assert found.images == {"plain": 1, "gps": 1, "unreadable": 1, "missing": 1}
    assert any("GPS" in warning for warning in found.warnings())


def test_repeated_texts_and_images_are_found(tmp_path: Path) -> None:
    first, second = tmp_path / "first.jpg", tmp_path / "second.jpg"
    Image.new("RGB", (8, 8)).save(first)
    second.write_bytes(first.read_bytes())
    found = inspect_posts(
        [Post("1", text="same words", images=(first,)), Post("2", text="Same words", images=(second,))]
    )
    assert found.fingerprints.repeated() == (1, 1)
    assert any("1 texts and 1 images repeat" in warning for warning in found.warnings())


def test_one_users_share_is_told() -> None:
    found = inspect_posts([Post(str(i), text=f"text {i}", user="busy" if i < 5 else str(i)) for i in range(10)])
    assert any("5 of 10 posts ('busy')" in warning for warning in found.warnings())


def test_a_class_that_one_user_dominates_is_told() -> None:
    posts = [Post(str(i), text=f"text {i}", user="busy" if i < 6 else str(i), place="pier") for i in range(10)]
    posts += [Post(f"other {i}", text=f"other {i}", user=f"other {i}", place="bridge") for i in range(90)]
    found = inspect_posts(posts)
    assert [share.name for share in found.dominated()] == ["pier"]
    (warning,) = found.warnings()
    assert warning == "one user holds more than half of the posts of 1 classes (6 of 10 in 'pier'): their side decides"


def test_nothing_to_warn_of() -> None:
    found = inspect_posts([Post(str(i), text=f"text {i}", user=str(i), place="bridge") for i in range(20)])
    assert found.warnings() == []


def test_what_the_default_lengths_cut_off_is_counted() -> None:
    short, long = "外滩", "外滩 " * (LENGTHS["max_words"] + 10)
    found = inspect_posts([Post("1", text=short), Post("2", text=long), Post("3")])
    by_way = {(own["of"], own["unit"]): own for own in found.losses.to_json()}
    words = by_way["text", "words"]
    assert (words["posts_cut"], words["lost"], words["total"]) == (1, 10, LENGTHS["max_words"] + 11)
    assert words["share_of_posts"] == 1 / 3
    assert by_way["text", "characters"]["posts_cut"] == (len(long) - 1 > LENGTHS["max_characters"])


def test_the_area_of_posts_on_both_sides_of_the_antimeridian_is_small() -> None:
    found = inspect_posts([Post("1", latitude=-17.0, longitude=178.5), Post("2", latitude=-16.0, longitude=-179.75)])
    assert found.box == (-17.0, 178.5, -16.0, -179.75)
    assert inspect_posts([Post("1")]).box is None


def test_images_that_lack_their_end_and_unreadable_ones_in_memory_are_counted(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(file, "JPEG")
    (tmp_path / "short.jpg").write_bytes(file.getvalue()[:-2])
    images = (tmp_path / "short.jpg", file.getvalue(), b"<html>")
    found = inspect_posts([Post("1", images=images)])
    assert found.images == {"cut short": 1, "uploaded": 1, "unreadable": 1}
    assert any(line.startswith("1 images lack their end") for line in found.warnings())
