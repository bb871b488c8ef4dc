"""Temperature, sets and circles of a system, from answers made up by hand and of a small run."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from postplace import Place, Post, PostLocator
from postplace.errors import BadOption, BadRun
from postplace.evaluation.calibration import temperature_scale
from postplace.evaluation.calibration_report import BeforeAfter
from postplace.evaluation.conformal import Penalty, coverage_by_group, set_scores
from postplace.inference.calibrator import (
    ARRAYS,
    ENOUGH,
    Calibration,
    calibrate,
    calibration_report,
    prediction_regions,
    randomization_u,
)
from postplace.inference.labelled_predictions import LabelledPredictions, joined
from postplace.inference.scoring import GroundTruth
from postplace.places.distance import great_circle_km
from postplace.places.record import as_record
from postplace.places.vocabulary import PlaceVocabulary
from postplace.runs.card import describe_calibration
from postplace.runs.coverage_wording import coverage_sentences
from postplace.runs.folder import read_run, write_run
from postplace.schema import Prediction

PLACES = PlaceVocabulary("place", tuple(Place(f"p{index}", 30.0 + 0.01 * index, 120.0) for index in range(5)))
CATEGORIES = PlaceVocabulary("category", tuple(Place(f"c{index}") for index in range(5)))


def judged(groups: int, *, seed: int, sharper: float = 1.0, located: bool = True) -> LabelledPredictions:
    """Posts in groups of three, whose labels are drawn from their probabilities before these are sharpened."""
    random = np.random.default_rng(seed)
    posts = 3 * groups
    logits = random.normal(0, 2, (posts, 5))
    powers = np.exp(logits)
    labels = (random.random((posts, 1)) > (powers / powers.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)
    labels = labels.clip(max=4)
    latitudes = 30.0 + 0.01 * labels + random.normal(0, 0.001, posts)
    coordinates = np.stack([latitudes, np.full(posts, 120.0)], axis=1)
    every = np.ones(posts, dtype=np.bool_)
    patterns = np.where(random.random(posts) < 0.5, "T", "TI")
    answers = GroundTruth(
        labels, every, coordinates if located else np.full((posts, 2), np.nan), every, patterns, np.arange(posts) // 3
    )
    sharp = np.exp(sharper * logits)
    return LabelledPredictions(sharp / sharp.sum(axis=1, keepdims=True), answers, random.random(posts))


def test_an_overconfident_system_is_cooled_and_keeps_its_word() -> None:
    parts = [judged(400, seed=seed, sharper=2.5) for seed in range(3)]
    made = calibrate(parts[0], parts[1], PLACES)
    assert made.temperature == pytest.approx(2.5, rel=0.1)
    found: Any = calibration_report(made, parts[2], PLACES)
    assert found.ece.before > 0.1
    assert found.ece.after < 0.03
    assert found.nll.after < found.nll.before
    assert found.regions.prediction_sets.coverage == pytest.approx(0.9, abs=0.03)
    assert found.regions.prediction_circles.coverage == pytest.approx(0.9, abs=0.03)
    assert set(found.by_pattern) == {"T", "TI"}
    assert sum(part.posts for part in found.by_pattern.values()) == found.posts == 1200
    json.dumps(found.to_dict(), allow_nan=False)


def test_another_level_gives_other_sets() -> None:
    parts = [judged(200, seed=seed) for seed in range(3)]
    made = calibrate(parts[0], parts[1], PLACES)
    low, high = (
        prediction_regions(made, parts[2].probabilities, parts[2].randomization_u, PLACES, level=level)
        for level in (0.5, 0.95)
    )
    assert np.mean([len(promise.places) for promise in low]) < np.mean([len(promise.places) for promise in high])
    assert all(set(a.places) <= set(b.places) for a, b in zip(low, high, strict=True))
    assert np.mean([promise.radius_km or 0 for promise in low]) < np.mean([promise.radius_km or 0 for promise in high])


def test_a_set_begins_with_the_most_probable_place() -> None:
    part = judged(200, seed=0)
    made = calibrate(part, judged(200, seed=1), PLACES)
    for row, promise in enumerate(
        prediction_regions(made, part.probabilities, part.randomization_u, PLACES, level=0.5)
    ):
        assert promise.places[0] == f"p{part.probabilities[row].argmax()}"


def test_too_few_groups_promise_every_place_and_no_circle() -> None:
    made = calibrate(judged(3, seed=0), judged(3, seed=1), PLACES)
    (promise, *_) = prediction_regions(made, judged(3, seed=2).probabilities, np.zeros(9), PLACES, level=0.9)
    assert len(promise.places) == 5
    assert promise.centre is None
    assert promise.radius_km is None


def test_few_groups_of_the_calibration_part_are_joined_by_those_of_the_validation_part() -> None:
    made = calibrate(judged(7, seed=0), judged(7, seed=1), PLACES)
    assert made.parts == ("validation", "calibration")
    assert len(np.unique(made.set_groups)) == len(np.unique(made.circle_groups)) == 14
    assert len(made.set_scores) == len(made.circle_scores) == 42
    (promise, *_) = prediction_regions(made, judged(3, seed=2).probabilities, np.full(9, 0.5), PLACES, level=0.9)
    assert promise.radius_km is not None  # seven alone could promise nothing
    assert promise.caveat.startswith("only 14 users or venues were kept to calibrate with")
    enough = calibrate(judged(7, seed=0), judged(ENOUGH, seed=1), PLACES)
    assert enough.parts == ("calibration",)
    assert len(np.unique(enough.set_groups)) == ENOUGH


def test_joined_parts_are_scored_in_one_shape() -> None:
    first, second = judged(8, seed=0, sharper=3.0), judged(8, seed=1, sharper=0.5)
    made, swapped = calibrate(first, second, PLACES), calibrate(second, first, PLACES)
    np.testing.assert_allclose(np.sort(made.set_scores), np.sort(swapped.set_scores))
    both = joined(first, second)
    scores = set_scores(temperature_scale(both.probabilities, made.set_temperature), both.randomization_u, made.penalty)
    np.testing.assert_allclose(made.set_scores, scores[np.arange(48), both.truth.labels])


@pytest.mark.parametrize("sharper", [0.2, 1.0, 4.0])
def test_circles_and_sets_of_few_users_keep_their_word_and_have_a_size(sharper: float) -> None:
    """Parts that ask for shapes of other units: a threshold from both once gave circles of 4,600 km, or of metres."""
    radii, inside, held = [], [], []
    for seed in range(0, 90, 3):
        few, as_few, new = (judged(number, seed=seed + number % 3, sharper=sharper) for number in (9, 10, 101))
        found: Any = calibration_report(calibrate(few, as_few, PLACES), new, PLACES)
        radii.append(found.regions.prediction_circles.median_km)
        inside.append(found.regions.prediction_circles.coverage)
        held.append(found.regions.prediction_sets.coverage)
    assert max(radii) < 10.0  # the places lie 4.4 km apart
    assert np.mean(inside) == pytest.approx(0.91, abs=0.03)
    assert np.mean(held) == pytest.approx(0.92, abs=0.03)
    assert min(inside) > 0.6


def test_parts_that_ask_for_other_penalties_and_slacks_are_scored_in_the_same_units() -> None:
    """Else no threshold fits both: circles held 85 % and not 90 %, those of one run in twenty less than 20 %."""
    corners = [(30 + 0.01 * (number % 8), 120 + 0.01 * (number // 8)) for number in range(60)]
    grid = PlaceVocabulary("place", tuple(Place(f"p{row}", *centre) for row, centre in enumerate(corners)))
    found = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        parts = [unsure(groups, grid, random) for groups in (13, 12, 100)]
        made, asked = calibrate(parts[0], parts[1], grid), parts[2]
        rows, groups = np.arange(len(asked.randomization_u)), asked.truth.groups
        sets = made.place_sets(asked.probabilities, asked.randomization_u)
        centres, radii = made.circles(asked.probabilities, grid)
        inside = great_circle_km(*centres.T, *asked.truth.coordinates.T) <= radii
        found.append([coverage_by_group(held, groups) for held in (sets[rows, asked.truth.labels], inside)])
    assert np.mean(found, axis=0) == pytest.approx([0.9, 0.9], abs=0.02)
    assert np.quantile(found, 0.05, axis=0).min() > 0.8


def unsure(groups: int, grid: PlaceVocabulary, random: np.random.Generator) -> LabelledPredictions:
    """Posts of users of different sizes, each of whom likes some places, at places drawn from their probabilities."""
    owners = np.repeat(np.arange(groups), random.integers(1, 9, groups))
    logits = random.normal(0, 0.5, (groups, len(grid)))[owners] + random.normal(0, 2, (len(owners), len(grid)))
    powers = np.exp(logits)
    shares = powers / powers.sum(axis=1, keepdims=True)
    labels = (random.random((len(owners), 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(max=len(grid) - 1)
    there, every = grid.coordinates()[labels], np.ones(len(owners), dtype=np.bool_)
    answers = GroundTruth(labels, every, there, every, np.full(len(owners), "T"), owners)
    return LabelledPredictions(shares, answers, random.random(len(owners)))


def test_joined_parts_share_no_group() -> None:
    both = joined(judged(4, seed=0), judged(3, seed=1))
    assert np.unique(both.truth.groups).tolist() == list(range(7))


def heavy_are_harder(*, seed: int) -> LabelledPredictions:
    """200 users of two posts and 50 of twenty, whose answers mean less."""
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(250), np.where(np.arange(250) < 200, 2, 20))
    labels = random.integers(0, 5, len(groups))
    logits = random.normal(0, 1, (len(groups), 5))
    logits[np.arange(len(groups)), labels] += np.where(groups < 200, 4.0, 0.5)
    powers = np.exp(logits)
    every = np.ones(len(groups), dtype=np.bool_)
    coordinates = np.stack([30.0 + 0.01 * labels, np.full(len(groups), 120.0)], axis=1)
    answers = GroundTruth(labels, every, coordinates, every, np.full(len(groups), "T"), groups)
    return LabelledPredictions(powers / powers.sum(axis=1, keepdims=True), answers, random.random(len(groups)))


def test_a_promise_over_posts_covers_heavy_users_too() -> None:
    made = calibrate(heavy_are_harder(seed=0), heavy_are_harder(seed=1), PLACES)
    found: Any = calibration_report(made, heavy_are_harder(seed=2), PLACES)
    assert found.regions.prediction_sets.coverage >= 0.88
    assert found.regions.prediction_sets.coverage_of_posts < 0.8
    assert found.regions_over_posts.prediction_sets.coverage_of_posts == pytest.approx(0.9, abs=0.03)
    assert found.regions_over_posts.prediction_sets.mean_size > found.regions.prediction_sets.mean_size
    assert found.thresholds_from is not None
    assert found.thresholds_from.to_dict() == {
        "parts": ["calibration"],
        "posts": 1400,
        "groups": 250,
        "largest_group": 20,
        "effective_groups": pytest.approx(1400**2 / (200 * 4 + 50 * 400)),
    }
    told = " ".join(coverage_sentences(found))
    assert f"{found.regions.prediction_sets.coverage:.1%} over users" in told
    assert f"{found.regions.prediction_sets.coverage_of_posts:.1%} over posts" in told
    assert "on average over posts, each of which counts the same" in told
    (users,) = prediction_regions(made, np.full((1, 5), 0.2), np.array([0.5]), PLACES, level=0.9)
    (posts,) = prediction_regions(made, np.full((1, 5), 0.2), np.array([0.5]), PLACES, level=0.9, over="posts")
    assert (users.coverage_over, posts.coverage_over) == ("users", "posts")
    assert set(users.places) <= set(posts.places)
    assert as_record(Prediction("1", (), (), region=posts))["coverage_over"] == "posts"


def test_nothing_is_left_blank_in_sentences() -> None:
    nothing = calibration_report(calibrate(judged(2, seed=0), judged(0, seed=1), PLACES), judged(2, seed=2), PLACES)
    told = " ".join(coverage_sentences(nothing))
    assert "too few users were held out to calibrate a radius" in told
    assert "9 are needed to promise 90%" in told
    assert "None" not in told
    empty = calibration_report(calibrate(judged(0, seed=0), judged(0, seed=1), PLACES), judged(0, seed=2), PLACES)
    assert "not known (none of these posts" in " ".join(coverage_sentences(empty))


def test_categories_have_sets_and_no_circles() -> None:
    parts = [judged(100, seed=seed, located=False) for seed in range(3)]
    made = calibrate(parts[0], parts[1], CATEGORIES)
    found: Any = calibration_report(made, parts[2], CATEGORIES)
    assert found.regions.prediction_circles.coverage is None
    assert found.regions.prediction_circles.interval == (None, None)
    low, high = found.regions.prediction_sets.interval
    assert low < found.regions.prediction_sets.coverage < high
    assert found.regions.prediction_circles.median_km is None
    assert (
        prediction_regions(made, parts[2].probabilities, parts[2].randomization_u, CATEGORIES, level=0.9)[0].centre
        is None
    )


def test_posts_of_unknown_classes_and_without_an_answer_are_left_out_and_counted() -> None:
    part = judged(100, seed=2)
    labels, answered = part.truth.labels.copy(), part.truth.answered.copy()
    labels[:30], answered[30:40] = -1, False
    probabilities = part.probabilities.copy()
    probabilities[30:40] = np.nan
    less = LabelledPredictions(
        probabilities, replace(part.truth, labels=labels, answered=answered), part.randomization_u
    )
    found: Any = calibration_report(calibrate(judged(100, seed=0), less, PLACES), less, PLACES)
    assert found.posts == 260
    assert found.unknown_class == 30


def test_wrong_labels_give_a_floor_that_is_kept_and_told() -> None:
    def doubtful(seed: int) -> LabelledPredictions:
        made = judged(1500, seed=seed, sharper=2.5)
        random = np.random.default_rng(seed)
        wrong = random.random(len(made.truth.labels)) < 0.25
        labels = np.where(wrong, random.integers(0, 5, len(wrong)), made.truth.labels)
        return made._replace(truth=replace(made.truth, labels=labels))

    made = calibrate(doubtful(0), doubtful(1), PLACES)
    assert made.uniform_weight == pytest.approx(0.25, abs=0.06)
    found: Any = calibration_report(made, doubtful(2), PLACES)
    assert found.uniform_weight == made.uniform_weight
    assert found.ece.after < 0.03
    again = Calibration.from_json(json.loads(json.dumps(made.to_json())), made.arrays())
    assert again.uniform_weight == made.uniform_weight
    assert f"a uniform weight of {made.uniform_weight:.1%}" in describe_calibration(found)
    older = {name: value for name, value in made.to_json().items() if name not in ("uniform_weight", "parts")}
    assert Calibration.from_json(older, made.arrays()).uniform_weight == 0.0
    assert Calibration.from_json(older, made.arrays()).parts == ("calibration",)


def test_nothing_kept_aside_is_told_as_it_came() -> None:
    nothing = judged(0, seed=0)
    made = calibrate(nothing, nothing, PLACES)
    assert made.temperature == 1.0
    found: Any = calibration_report(made, nothing, PLACES)
    assert found.ece == BeforeAfter(None, None)
    assert found.reliability == ()
    json.dumps(found.to_dict(), allow_nan=False)


def test_it_is_restored_from_its_files() -> None:
    made = calibrate(judged(20, seed=0), judged(20, seed=1), PLACES)
    again = Calibration.from_json(json.loads(json.dumps(made.to_json())), made.arrays())
    assert (again.temperature, again.set_temperature, again.penalty, again.offset_km) == (
        made.temperature,
        made.set_temperature,
        made.penalty,
        made.offset_km,
    )
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))


def test_a_circle_by_hand() -> None:
    one = np.array([1.0])
    made = Calibration(1.0, 1.0, Penalty(), 0.5, one, np.array([0]), one * 2, np.array([0]))
    raw = np.array([[0.5, 0.0, 0.5, 0.0, 0.0]])  # the middle of two places 2.22 km apart costs as much as either
    centres, radii = made.circles(raw, PLACES, alpha=0.6)
    assert centres[0, 0] == pytest.approx(30.0)
    assert radii[0] == pytest.approx(2 * (math.radians(0.01) * 6371.0088 + 0.5), rel=1e-6)


def test_the_draw_is_of_the_digest_alone() -> None:
    assert randomization_u(["8000000000000000"])[0] == 0.5
    assert ((randomization_u(["0" * 16, "f" * 16]) >= 0) & (randomization_u(["0" * 16, "f" * 16]) < 1)).all()


def test_a_run_promises_and_says_when_there_is_not_enough(place_locator: PostLocator, posts: list[Post]) -> None:
    asked = posts[:20]
    for prediction in place_locator.predict(asked, min_confidence=0.0):
        assert prediction.confident
        promise = prediction.region
        assert promise is not None
        assert promise.level == pytest.approx(0.9)
        assert prediction.best is not None
        assert prediction.best.name in promise.places
    assert not any(prediction.confident for prediction in place_locator.predict(asked, min_confidence=1.0))
    first, second = place_locator.predict(asked), place_locator.predict(asked)
    assert first == second


def test_both_promises_can_be_asked_for_and_others_are_refused(place_locator: PostLocator, posts: list[Post]) -> None:
    (answer,) = place_locator.predict(posts[:1], coverage_over="posts")
    assert answer.region is not None
    assert answer.region.coverage_over == "posts"
    with pytest.raises(BadOption, match="'venues' is unknown"):
        place_locator.predict(posts[:1], coverage_over="venues")  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"level": 0.0}, {"level": 1.0}, {"min_confidence": -0.1}, {"min_confidence": 1.5}])
def test_shares_out_of_range(place_locator: PostLocator, posts: list[Post], options: dict[str, float]) -> None:
    with pytest.raises(BadOption, match="out of range"):
        place_locator.predict(posts[:1], **options)  # type: ignore[arg-type]


def test_metrics_tell_how_the_word_is_kept(place_locator: PostLocator) -> None:
    found: Any = place_locator.metrics.calibration
    assert found.temperature == place_locator.fitted.calibration.temperature  # type: ignore[union-attr]
    assert 0 <= found.regions.prediction_sets.coverage <= 1
    assert found.risk_coverage.curve[-1].coverage == 1.0


def test_probabilities_are_told_after_the_temperature(place_locator: PostLocator, posts: list[Post]) -> None:
    encoded = place_locator.encoder_pair.encode(posts[:9])
    raw = place_locator.predictor.uncalibrated_proba(posts[:9], encoded)
    told = place_locator.probabilities(posts[:9], encoded)
    calibration = place_locator.fitted.calibration
    assert calibration is not None
    np.testing.assert_allclose(told, calibration.calibrated_proba(raw))
    assert calibration.temperature != 1.0


def test_a_run_of_an_earlier_version_answers_without_promises(
    place_run: Path, tmp_path: Path, posts: list[Post]
) -> None:
    config, files = read_run(place_run)
    older = {name: content for name, content in files.items() if not name.startswith("calibration.")}
    config = {key: value for key, value in config.items() if key != "files"}
    write_run(tmp_path / "older", config, older, overwrite=False)
    (prediction,) = PostLocator.load(tmp_path / "older", device="cpu").predict(posts[:1])
    assert prediction.ranked
    assert prediction.region is None


def test_damaged_calibration_is_refused_by_name(place_run: Path, tmp_path: Path) -> None:
    config, files = read_run(place_run)
    config = {key: value for key, value in config.items() if key != "files"}
    for damage in (b"{}", b'{"temperature": "x"}'):
        write_run(tmp_path / "run", config, {**files, "calibration.json": damage}, overwrite=True)
        with pytest.raises(BadRun, match=r"calibration\.json"):
            PostLocator.load(tmp_path / "run", device="cpu")


def test_the_card_says_describe_calibration(place_run: Path) -> None:
    card = (place_run / "MODEL_CARD.md").read_text()
    assert "Prediction sets made to cover the true class with 90% on average over users (or venues)" in card
    assert "Prediction sets made to cover the true class with 90% on average over posts" in card
    assert "of 90% of posts" not in card
    assert "over users" in card


def test_a_card_without_measurement_says_so() -> None:
    assert describe_calibration(None) == "How well calibrated it is was not measured."
    made = calibrate(judged(0, seed=0), judged(0, seed=0), PLACES)
    assert describe_calibration(calibration_report(made, judged(0, seed=0), PLACES)) == describe_calibration(None)


def test_calibration_of_version_0_1_0_is_read() -> None:
    made = calibrate(judged(20, seed=0), judged(20, seed=1), PLACES)
    new: dict[str, Any] = json.loads(json.dumps(made.to_json()))
    names = {"uniform_weight": "floor", "set_temperature": "shape", "offset_km": "slack_km"}
    old = {names.get(name, name): value for name, value in new.items()}
    assert set(old) == {"temperature", "floor", "parts", "shape", "penalty", "slack_km"}
    assert Calibration.from_json(old, made.arrays()).to_json() == new
