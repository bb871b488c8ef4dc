"""Posts to click on the page: which of a file are shown, and in which order."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from postplace.errors import BadOption
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place
from postplace.server.examples import IMAGES, MOST, SIDE, Example, read_examples

PLACES = PlaceVocabulary("place", (Place("pier"), Place("mall"), Place("home")))


def examples(tmp_path: Path, *records: dict[str, Any], learned: tuple[str, ...] = ()) -> tuple[Example, ...]:
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(json.dumps({"id": str(n), **record}) + "\n" for n, record in enumerate(records)))
    fitted = SimpleNamespace(places=PLACES)
    locator: Any = SimpleNamespace(
        fitted=fitted, predictor=fitted, subset_of=lambda post: "train" if post.id in learned else None
    )
    told: Any = SimpleNamespace(withheld=frozenset({"home"}), granularity="place", districts={})
    return read_examples(path, locator, told)


def test_of_each_class_one_comes_before_any_gets_a_second_and_fuller_posts_come_first(tmp_path: Path) -> None:
    found = examples(
        tmp_path,
        {"text": "a", "place": "pier"},
        {"text": "b", "place": "pier"},
        {"text": "c", "place": "mall"},
        {"text": "d", "hashtags": ["x"], "place": "pier"},
    )
    assert [example.text for example in found] == ["d", "c", "a", "b"]
    assert [example.truth for example in found] == ["pier", "mall", "pier", "pier"]


def test_there_are_at_most_so_many_and_a_post_of_an_unknown_class_has_no_truth(tmp_path: Path) -> None:
    found = examples(tmp_path, *({"text": str(number)} for number in range(MOST + 3)))
    assert len(found) == MOST
    assert {example.truth for example in found} == {None}


def test_posts_that_were_learned_from_are_withheld_or_empty_are_not_shown(tmp_path: Path) -> None:
    records = [{"text": "a", "place": "pier"}, {"text": "b", "place": "home"}, {"text": " "}]
    assert [example.text for example in examples(tmp_path, *records)] == ["a"]
    with pytest.raises(BadOption, match="has learned from 1 of the 3 posts"):
        examples(tmp_path, *records, learned=("0",))


def test_images_are_drawn_anew_small_and_without_what_a_camera_writes(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret"
    Image.new("RGB", (2 * SIDE, SIDE)).save(tmp_path / "a.jpg", exif=exif)
    (tmp_path / "b.jpg").write_bytes(b"no image")
    (example,) = examples(tmp_path, {"text": "a", "images": ["b.jpg", *["a.jpg"] * (IMAGES + 2)]})
    assert len(example.images) == IMAGES - 1  # one of the first four cannot be read
    assert b"secret" not in example.images[0]
    assert Image.open(io.BytesIO(example.images[0])).size == (SIDE, SIDE // 2)
