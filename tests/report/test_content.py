"""The numbers of a report, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from postplace.inference.evaluation_metrics import EvaluationMetrics
from postplace.inference.predictor import EvaluationResult
from postplace.inference.scoring import GroundTruth
from postplace.places.vocabulary import PlaceVocabulary
from postplace.report.confusion import build_matrix, confused_pairs, count_pairs
from postplace.report.content import build_plane
from postplace.report.mistakes import confident_mistakes, nameless, thumbnails
from postplace.schema import Place, Post

PLACES = PlaceVocabulary("place", (Place("a", 0.0, 0.0), Place("b", 0.0, 1.0), Place("c", 1.0, 0.0)))


def test_pairs_by_hand() -> None:
    counts = count_pairs(np.array([0, 0, 0, 1, 2, -1]), np.array([0, 1, 1, 1, 0, -1]), classes=3)
    assert counts.tolist() == [[1, 2, 0], [0, 1, 0], [1, 0, 0]]
    first, second = confused_pairs(counts, PLACES.coordinates())
    assert (first.truth, first.guess, first.posts) == (0, 1, 2)
    assert first.share == pytest.approx(2 / 3)
    assert first.km == pytest.approx(111.195, abs=0.01)
    assert (second.truth, second.guess, second.posts) == (2, 0, 1)


def test_a_class_without_coordinates_is_no_distance_away() -> None:
    (pair,) = confused_pairs(np.array([[0, 1], [0, 0]]), np.full((2, 2), np.nan))
    assert pair.km is None


@pytest.mark.parametrize("classes", [1, 2, 9, 50, 200])
def test_the_matrix_holds_every_post_whatever_is_gathered(classes: int) -> None:
    counts = np.random.default_rng(0).integers(0, 4, size=(classes, classes))
    matrix = build_matrix(counts, tuple(f"p{c}" for c in range(classes)))
    assert sum(map(sum, matrix.counts)) == counts.sum()
    assert len(matrix.names) == (classes if classes <= 20 else 21)
    assert matrix.gathered == max(classes - 20, 0)
    for row, name in zip(matrix.counts, matrix.names, strict=True):
        if not name.endswith("others"):
            assert sum(row) == counts[int(name[1:])].sum()


def test_the_most_confused_have_a_row_and_stand_side_by_side() -> None:
    counts = np.diag([9] * 6)
    counts[0, 5] = counts[5, 0] = 8
    counts[1, 4] = counts[4, 1] = 7
    matrix = build_matrix(counts, tuple("abcdef"), shown=4)
    assert set(matrix.names[:4]) == {"a", "f", "b", "e"}
    assert matrix.names[4] == "2 others"
    order = matrix.names.index
    assert abs(order("a") - order("f")) == 1
    assert abs(order("b") - order("e")) == 1


def test_the_plane_is_in_km() -> None:
    counts = np.array([[3, 1, 0], [0, 2, 0], [0, 0, 1]])
    plane = build_plane(PLACES, counts, confused_pairs(counts, PLACES.coordinates()))
    assert plane is not None
    a, b, c = plane.dots
    assert b.east_km - a.east_km == pytest.approx(111.195, abs=0.02)
    assert c.north_km - a.north_km == pytest.approx(111.195, abs=0.01)
    assert (a.posts, a.right) == (4, 3)
    assert plane.scale_km == 20.0
    assert [(line.truth, line.guess) for line in plane.lines] == [(0, 1)]


def test_a_plane_across_the_date_line_is_small() -> None:
    places = PlaceVocabulary("place", (Place("west", 0.0, 179.5), Place("east", 0.0, -179.5)))
    plane = build_plane(places, np.eye(2, dtype=np.int64), [])
    assert plane is not None
    assert plane.dots[1].east_km - plane.dots[0].east_km == pytest.approx(111.195, abs=0.01)


def test_categories_have_no_plane() -> None:
    places = PlaceVocabulary("category", (Place("home"), Place("work")))
    assert build_plane(places, np.eye(2, dtype=np.int64), []) is None


def _examined(posts: list[Post], told: list[list[float]], labels: list[int], groups: list[int]) -> EvaluationResult:
    every = np.ones(len(posts), dtype=np.bool_)
    nowhere = np.full((len(posts), 2), np.nan)
    patterns = np.array(["T"] * len(posts))
    answers = GroundTruth(np.array(labels), every, nowhere, every, patterns, np.array(groups))
    return EvaluationResult(tuple(posts), np.array(told), answers, EvaluationMetrics())


def test_the_surest_mistakes_come_first_and_one_of_a_group() -> None:
    posts = [Post(str(n), text=f"text {n}") for n in range(5)]
    told = [[0.9, 0.1, 0.0], [0.8, 0.2, 0.0], [0.6, 0.4, 0.0], [0.95, 0.05, 0.0], [0.7, 0.2, 0.1]]
    examined = _examined(posts, told, [1, 1, 2, 0, -1], [0, 0, 1, 2, 3])  # the fourth is right, the second of a group
    found = confident_mistakes(examined, PLACES, most=9)
    assert [(m.text, m.truth, m.guess) for m in found] == [
        ("text 0", "b", "a"),
        ("text 4", "a class that the run does not know", "a"),
        ("text 2", "c", "a"),
    ]
    assert found[0].truth_probability == pytest.approx(0.1)
    assert found[1].truth_probability is None
    assert len(confident_mistakes(examined, PLACES, most=1)) == 1


def test_names_are_taken_out() -> None:
    post = Post("1", text="Seen by @小明 and ANNA_B.", hashtags=("anna_b_travels",), user="anna_b")
    assert nameless(post.text, post) == "Seen by @… and …."
    (mistake,) = confident_mistakes(_examined([post], [[1.0, 0.0, 0.0]], [1], [0]), PLACES)
    assert "anna" not in f"{mistake}".lower()


@pytest.mark.parametrize(
    ("user", "text", "shown"),
    [
        ("li", "I believe Li, li_92 and #li", "I believe …, …_92 and #…"),
        ("li", "我和Li去外滩, 我和Lisa", "我和…去外滩, 我和Lisa"),
        ("小明", "我和小明去外滩", "我和…去外滩"),
        ("annabel", "#annabeltravels", "#…travels"),
    ],
)
def test_a_name_goes_and_the_words_that_hold_it_stay(user: str, text: str, shown: str) -> None:
    assert nameless(text, Post("1", user=user)) == shown


def test_thumbnails_are_small_and_carry_nothing(tmp_path: Path) -> None:
    import base64
    import io

    large, broken = tmp_path / "large.jpg", tmp_path / "broken.jpg"
    image = Image.new("RGB", (2000, 1000), "red")
    exif = Image.Exif()
    exif[0x010E] = "secret words"
    image.save(large, exif=exif)
    broken.write_bytes(b"\xff\xd8 nothing")
    (address,), unread = thumbnails([large, broken])
    assert unread == 1
    content = base64.b64decode(address.removeprefix("data:image/jpeg;base64,"))
    assert b"secret" not in content
    with Image.open(io.BytesIO(content)) as small:
        assert small.size == (320, 160)
        assert not small.getexif()
