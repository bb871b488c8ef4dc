import warnings
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from postplace.errors import BadRun
from postplace.evaluation import logistic
from postplace.evaluation.baselines import (
    Baselines,
    LinearBaseline,
    best_single,
    city_median,
    fit_baselines,
    fit_linear,
    fit_majority,
    fit_tfidf,
)
from postplace.evaluation.metrics import accuracy

N, C = 300, 3
TRAIN, VALIDATION, TEST = np.arange(N) < 180, (np.arange(N) >= 180) & (np.arange(N) < 240), np.arange(N) >= 240
Arrays = dict[str, NDArray[np.float32]]
Masks = dict[str, NDArray[np.bool_]]


@pytest.fixture
def labels() -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(0, C, N)


@pytest.fixture
def features(labels: NDArray[np.int64]) -> Arrays:
    """Text tells class 0 from the others, the image class 2, each with noise of a different scale."""
    generator = np.random.default_rng(1)
    text, image = generator.normal(size=(N, 4)), generator.normal(size=(N, 5)) * 100 + 40
    text[:, 0] += 3 * (labels == 0)
    image[:, 0] += 500 * (labels == 2)
    return {
        "text": text.astype(np.float32),
        "hashtags": np.zeros((N, 4), np.float32),
        "image": image.astype(np.float32),
    }


@pytest.fixture
def present() -> Masks:
    return {"text": np.ones(N, bool), "hashtags": np.arange(N) < 5, "image": np.arange(N) % 4 > 0}


@pytest.fixture
def baselines(features: Arrays, present: Masks, labels: NDArray[np.int64]) -> Baselines:
    coordinates = np.stack([np.arange(N, dtype=np.float64) / 10, np.full(N, 121.0)], axis=1)
    return fit_baselines(
        features,
        present=present,
        labels=labels,
        classes=C,
        train=TRAIN,
        validation=VALIDATION,
        coordinates=coordinates,
    )


def test_majority_is_the_training_frequencies() -> None:
    majority = fit_majority(np.array([2, 2, 0, -1]), classes=4)
    assert majority.predict_proba(2) == pytest.approx(np.array([[1 / 3, 0, 2 / 3, 0]] * 2))
    assert fit_majority(np.array([-1]), classes=2).predict_proba(1).tolist() == [[0.5, 0.5]]


def test_notes_say_what_was_not_fitted_to_the_end(baselines: Baselines) -> None:
    fits = {**baselines.fits, "image": replace(baselines.fits["image"], unconverged=2)}
    (_, note) = replace(baselines, fits=fits).notes()
    assert note == "logistic regression on image: 2 of the regularisations tried ended before they had converged"


def test_city_median_by_coordinate() -> None:
    points = np.array([[1.0, 10.0], [2.0, 30.0], [90.0, 20.0], [np.nan, np.nan]])
    assert city_median(points) == pytest.approx([2.0, 20.0])
    assert city_median(np.array([[0.0, 179.0], [0.0, -179.5], [0.0, -178.0]])) == pytest.approx([0.0, -179.5])
    assert np.isnan(city_median(points[3:])).all()


def test_each_modality_and_both_together(baselines: Baselines, features: Arrays, present: Masks) -> None:
    assert list(baselines.linear) == ["text", "image", "concatenation"]
    assert baselines.skipped == {"hashtags": "present in 5 of 180 training posts, fewer than 20"}
    assert baselines.notes() == ["no baseline of hashtags alone: present in 5 of 180 training posts, fewer than 20"]
    assert baselines.city_median == pytest.approx((8.95, 121.0))  # of the first 180 posts alone
    probabilities = baselines.predict_proba(features, present)
    assert list(probabilities) == ["majority", "text", "image", "concatenation"]
    for p in probabilities.values():
        assert p.shape == (N, C)
        assert p.sum(axis=1) == pytest.approx(np.ones(N))


def test_together_they_beat_each_alone(
    baselines: Baselines, features: Arrays, present: Masks, labels: NDArray[np.int64]
) -> None:
    scores = {
        name: accuracy(labels[TEST], p[TEST].argmax(axis=1))
        for name, p in baselines.predict_proba(features, present).items()
    }
    assert scores["concatenation"] > max(scores["text"], scores["image"]) > scores["majority"]
    assert scores["concatenation"] > 0.75


def test_absent_vectors_are_never_read(
    baselines: Baselines, features: Arrays, present: Masks, labels: NDArray[np.int64]
) -> None:
    poisoned = {name: np.where(present[name][:, None], vectors, np.nan) for name, vectors in features.items()}
    again = fit_baselines(
        poisoned, present=present, labels=labels, classes=C, train=TRAIN, validation=VALIDATION
    ).predict_proba(poisoned, present)
    for name, p in baselines.predict_proba(features, present).items():
        assert np.array_equal(again[name], p), name


def test_only_the_training_part_is_learnt_from(
    baselines: Baselines, features: Arrays, present: Masks, labels: NDArray[np.int64]
) -> None:
    other = {name: np.where(TEST[:, None], 1e6, vectors) for name, vectors in features.items()}
    shuffled = np.where(TEST, (labels + 1) % C, labels)
    again = fit_baselines(other, present=present, labels=shuffled, classes=C, train=TRAIN, validation=VALIDATION)
    for name, array in baselines.arrays().items():
        assert np.array_equal(array, again.arrays()[name]), name


def test_masks_and_indices_are_the_same_rows(features: Arrays, present: Masks, labels: NDArray[np.int64]) -> None:
    text = {"text": features["text"]}
    train, validation = np.flatnonzero(TRAIN), np.flatnonzero(VALIDATION)
    first = fit_linear(text, present=present, labels=labels, classes=C, train=TRAIN, validation=VALIDATION)
    second = fit_linear(text, present=present, labels=labels, classes=C, train=train, validation=validation)
    assert np.array_equal(first[0].weights, second[0].weights)
    assert first[1] == second[1]


def test_standardised_by_hand_with_a_zero_for_absence() -> None:
    baseline = LinearBaseline(
        ("text", "image"),
        weights=np.array([[0, 0, 0, 0, 0], [1, 0, 0, 0, 2]], np.float32),
        bias=np.zeros(2, np.float32),
        mean=np.array([3, 0, 0], np.float32),
        scale=np.array([2, 1, 1], np.float32),
    )
    features = {"text": np.array([[7.0, 0.0], [7.0, 0.0]]), "image": np.array([[9.0], [9.0]])}
    present = {"text": np.array([True, False]), "image": np.array([True, True])}
    # logits of the second class: (7 - 3) / 2 + 2 for the image being there, and that 2 alone
    odds = np.exp([4.0, 2.0])
    assert baseline.predict_proba(features, present)[:, 1] == pytest.approx(odds / (1 + odds))


def test_the_fit_is_scikit_learns_at_the_chosen_regularisation(features: Arrays, labels: NDArray[np.int64]) -> None:
    there = {"text": np.ones(N, bool)}
    text = {"text": features["text"]}
    baseline, fit = fit_linear(text, present=there, labels=labels, classes=C, train=TRAIN, validation=VALIDATION)
    rows = (features["text"] - features["text"][TRAIN].mean(axis=0)) / features["text"][TRAIN].std(axis=0)
    reference = LogisticRegression(C=fit.regularisation, tol=1e-6).fit(rows[TRAIN], labels[TRAIN])
    assert baseline.predict_proba(text, there) == pytest.approx(reference.predict_proba(rows), abs=0.01)
    validated = baseline.predict_proba(text, there)[VALIDATION].argmax(axis=1)
    assert fit.validation_accuracy == pytest.approx(accuracy(labels[VALIDATION], validated))


@pytest.mark.parametrize("seen", [[1], [0, 2], [0, 1, 3]])
def test_classes_without_a_training_post_get_zero(seen: list[int], features: Arrays, present: Masks) -> None:
    labels = np.array(seen)[np.arange(N) % len(seen)]
    labels[VALIDATION] = np.arange(N)[VALIDATION] % 4
    labels[0] = -1
    text = {"text": features["text"]}
    baseline, _ = fit_linear(text, present=present, labels=labels, classes=4, train=TRAIN, validation=VALIDATION)
    p = baseline.predict_proba(text, present)
    assert np.flatnonzero(p.max(axis=0)).tolist() == seen
    assert p.sum(axis=1) == pytest.approx(np.ones(N))


def test_two_classes_point_the_right_way(features: Arrays, present: Masks) -> None:
    labels = (features["text"][:, 0] > 0).astype(np.int64) * 2
    text = {"text": features["text"]}
    baseline, fit = fit_linear(text, present=present, labels=labels, classes=3, train=TRAIN, validation=VALIDATION)
    assert (fit.validation_accuracy or 0.0) > 0.9
    assert accuracy(labels[TEST], baseline.predict_proba(text, present)[TEST].argmax(axis=1)) > 0.9


def test_without_validation_posts_the_middle_of_the_grid(
    features: Arrays, present: Masks, labels: NDArray[np.int64]
) -> None:
    fitted = fit_baselines(
        features, present=present, labels=labels, classes=C, train=TRAIN, validation=np.zeros(N, bool)
    )
    assert fitted.fits["text"].validation_accuracy is None
    assert fitted.fits["text"].regularisation == 0.01
    assert fitted.best_single() == "text"


def test_one_modality_is_its_own_concatenation(features: Arrays, present: Masks, labels: NDArray[np.int64]) -> None:
    fitted = fit_baselines(
        {"image": features["image"]}, present=present, labels=labels, classes=C, train=TRAIN, validation=VALIDATION
    )
    assert fitted.linear["concatenation"] is fitted.linear["image"]


def test_no_modality_leaves_the_majority(features: Arrays, labels: NDArray[np.int64]) -> None:
    nothing = {name: np.zeros(N, bool) for name in features}
    fitted = fit_baselines(features, present=nothing, labels=labels, classes=C, train=TRAIN, validation=VALIDATION)
    assert list(fitted.predict_proba(features, nothing)) == ["majority"]
    assert list(fitted.skipped) == ["text", "hashtags", "image"]
    assert fitted.best_single() is None
    assert fitted.city_median is None


def test_stopping_early_is_counted_and_warns_nobody(
    monkeypatch: pytest.MonkeyPatch, features: Arrays, present: Masks, labels: NDArray[np.int64]
) -> None:
    monkeypatch.setattr(logistic, "_STEPS", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = fit_baselines(features, present=present, labels=labels, classes=C, train=TRAIN, validation=VALIDATION)
    assert fitted.fits["text"].unconverged > 0


def test_the_best_single_modality_is_chosen_by_its_score() -> None:
    assert best_single({"majority": 0.9, "concatenation": 0.9, "text": 0.5, "image": 0.6}) == "image"
    assert best_single({"image": 0.5, "text": 0.5}) == "text"
    assert best_single({"text": None, "hashtags": 0.0}) == "hashtags"
    assert best_single({"majority": 0.9}) is None


def test_arrays_and_json_and_back(baselines: Baselines, features: Arrays, present: Masks) -> None:
    arrays, text = baselines.arrays(), baselines.to_json()
    assert sorted(arrays)[:5] == [
        "concatenation.W",
        "concatenation.b",
        "concatenation.mean",
        "concatenation.scale",
        "image.W",
    ]
    again = Baselines.from_parts(arrays, text)
    assert (again.fits, again.skipped, again.city_median) == (baselines.fits, baselines.skipped, baselines.city_median)
    for name, p in baselines.predict_proba(features, present).items():
        assert np.array_equal(again.predict_proba(features, present)[name], p)


def test_damage_is_a_bad_run(baselines: Baselines) -> None:
    arrays, text = baselines.arrays(), baselines.to_json()
    for damaged in ("", text[:-20], "[]", text.replace('"fit"', '"fat"'), text.replace("unconverged", "converged")):
        with pytest.raises(BadRun, match="baselines"):
            Baselines.from_parts(arrays, damaged)
    for name in ("text.W", "majority"):
        with pytest.raises(BadRun, match=r"missing|damaged"):
            Baselines.from_parts({key: array for key, array in arrays.items() if key != name}, text)
    with pytest.raises(BadRun, match="do not fit each other"):
        Baselines.from_parts(arrays | {"text.mean": arrays["text.mean"][1:]}, text)
    with pytest.raises(BadRun, match="classes"):
        Baselines.from_parts(arrays | {"majority": arrays["majority"][1:]}, text)


def test_tfidf_reads_characters_without_word_boundaries() -> None:
    words = ["外滩夜景", "图书馆自习", "火锅真香"]
    labels = np.arange(90) % 3
    texts = [f"今天{words[c]}第{i}次" for i, c in enumerate(labels)]
    train, validation = np.arange(90) < 60, np.arange(90) >= 60
    baseline, fit = fit_tfidf(texts, labels=labels, classes=4, train=train, validation=validation)
    assert fit.validation_accuracy == 1.0
    p = baseline.predict_proba(["又来吃火锅", "在图书馆", ""])
    assert p.argmax(axis=1)[:2].tolist() == [2, 1]
    assert p.shape == (3, 4)
    assert (p[:, 3] == 0).all()


def test_tfidf_beside_vectors_uses_both_and_skips_absent_ones() -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 4
    texts = [["公园散步", "商场购物"][c // 2] for c in labels]
    vectors = generator.normal(size=(200, 3)).astype(np.float32)
    vectors[:, 0] += 4 * (labels % 2)
    there = np.arange(200) != 199
    vectors[199] = np.nan
    baseline, fit = fit_tfidf(
        texts,
        labels=labels,
        classes=4,
        train=np.arange(200) < 150,
        validation=np.arange(200) >= 150,
        vectors=vectors,
        present=there,
    )
    assert (fit.validation_accuracy or 0.0) > 0.9
    assert np.isfinite(baseline.predict_proba(texts, vectors=vectors, present=there)).all()
    with pytest.raises(ValueError, match="fitted with vectors"):
        baseline.predict_proba(texts)
