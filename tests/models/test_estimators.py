"""What every estimator of the table must hold to: nothing learned is lost in saving, nothing damaged is let in."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.models.contracts import small_settings

from postplace import Post, PostLocator
from postplace.errors import BadRun
from postplace.features.batch import InputSizes
from postplace.features.pooled import PooledFeatures
from postplace.models.estimator import Estimator, FitData, count_parameters
from postplace.models.registry import MODELS, find_model
from postplace.training.dataset import SplitDataset

CLASSES, POSTS = 4, 160  # of class 3 there is no post
NAMES = sorted(name for name, entry in MODELS.items() if entry.training is None)


@pytest.fixture(scope="module")
def lesson() -> FitData:
    """Posts whose class is in every modality, each absent now and then; the last has nothing at all."""
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [80, 48, 32])[np.arange(POSTS) * 37 % POSTS]
    there = {name: random.random(POSTS) < 0.8 for name in ("text", "hashtags", "image")}
    for mask in there.values():
        mask[-1] = False
    centres = random.normal(size=(3, 6))
    vectors = {
        name: ((centres[labels] + 0.3 * random.normal(size=(POSTS, 6))) * mask[:, None]).astype(np.float32)
        for name, mask in there.items()
    }
    words, tags = ("old harbour", "new tower", "山下公园"), (("harbour", "sea"), ("tower",), ("公园", "sea"))
    texts = [words[label] if here else "" for label, here in zip(labels, there["text"], strict=True)]
    hashtags = [tags[label] if here else () for label, here in zip(labels, there["hashtags"], strict=True)]
    train, validation = np.arange(100), np.arange(100, 130)
    return FitData(PooledFeatures(texts, hashtags, vectors, there), labels, CLASSES, train, validation, seed=3)


def _new(name: str) -> Estimator:
    entry = find_model(name)
    built = entry.build(InputSizes(2, 2, 2, 6, 6), CLASSES, {**entry.settings, **small_settings(name)})
    assert isinstance(built, Estimator)
    return built


def _fitted(name: str, lesson: FitData) -> Estimator:
    estimator = _new(name)
    estimator.fit(lesson)
    return estimator


@pytest.fixture(scope="module", params=NAMES)
def named(request: pytest.FixtureRequest, lesson: FitData) -> tuple[str, Estimator]:
    """Each estimator, fitted."""
    return request.param, _fitted(request.param, lesson)


def test_probabilities_are_such(named: tuple[str, Estimator], lesson: FitData) -> None:
    _, estimator = named
    answers = estimator.predict_proba(lesson.examples)
    assert answers.shape == (POSTS, CLASSES)
    assert answers.dtype == np.float64
    assert (answers >= 0).all()
    np.testing.assert_allclose(answers.sum(axis=1), 1.0, atol=1e-6)
    assert (answers[:, 3] == 0).all()
    assert estimator.predict_proba(lesson.examples.rows(np.arange(0))).shape == (0, CLASSES)
    assert count_parameters(estimator) > 0


def test_what_is_read_is_learned(named: tuple[str, Estimator], lesson: FitData) -> None:
    name, estimator = named
    reads = find_model(name).modalities
    test = np.array([row for row in range(130, POSTS) if any(lesson.examples.present[m][row] for m in reads)], int)
    if not len(test):
        assert not reads
        return
    hits = estimator.predict_proba(lesson.examples.rows(test)).argmax(axis=1) == lesson.labels[test]
    assert hits.mean() >= 0.9


def test_a_post_of_nothing_gets_the_class_frequencies(named: tuple[str, Estimator], lesson: FitData) -> None:
    _, estimator = named
    counts = np.bincount(lesson.labels[lesson.train], minlength=CLASSES)
    nothing = estimator.predict_proba(lesson.examples.rows(np.array([POSTS - 1])))
    np.testing.assert_allclose(nothing[0], counts / 100)


def test_what_is_not_read_changes_nothing(named: tuple[str, Estimator], lesson: FitData) -> None:
    name, estimator = named
    for modality in {"text", "hashtags", "image"} - find_model(name).modalities:
        absent = np.zeros(POSTS, dtype=np.bool_)
        other = dataclasses.replace(
            lesson.examples,
            vectors={**lesson.examples.vectors, modality: np.zeros((POSTS, 6), np.float32)},
            present={**lesson.examples.present, modality: absent},
            texts=[""] * POSTS if modality == "text" else lesson.examples.texts,
            hashtags=[()] * POSTS if modality == "hashtags" else lesson.examples.hashtags,
        )
        assert np.array_equal(estimator.predict_proba(other), estimator.predict_proba(lesson.examples))


def test_posts_do_not_see_each_other(named: tuple[str, Estimator], lesson: FitData) -> None:
    _, estimator = named
    together = estimator.predict_proba(lesson.examples)
    alone = [estimator.predict_proba(lesson.examples.rows(np.array([row]))) for row in range(20)]
    np.testing.assert_allclose(np.concatenate(alone), together[:20], atol=1e-6)


def test_what_is_absent_has_no_influence(named: tuple[str, Estimator], lesson: FitData) -> None:
    _, estimator = named
    examples = lesson.examples
    poisoned = {
        name: np.where(examples.present[name][:, None], vectors, np.float32(np.nan))
        for name, vectors in examples.vectors.items()
    }
    answers = estimator.predict_proba(dataclasses.replace(examples, vectors=poisoned))
    assert np.array_equal(answers, estimator.predict_proba(examples))


def test_the_validation_and_test_parts_are_not_learned_from(named: tuple[str, Estimator], lesson: FitData) -> None:
    name, estimator = named
    labels = lesson.labels.copy()
    labels[130:] = (labels[130:] + 1) % 3
    other = _fitted(name, dataclasses.replace(lesson, labels=labels))
    assert np.array_equal(other.predict_proba(lesson.examples), estimator.predict_proba(lesson.examples))


def test_the_same_seed_gives_the_same_answers_and_so_does_a_second_lesson(
    named: tuple[str, Estimator], lesson: FitData
) -> None:
    name, estimator = named
    again = _new(name)
    again.fit(dataclasses.replace(lesson, train=np.arange(40), seed=1))
    again.fit(lesson)
    assert np.array_equal(again.predict_proba(lesson.examples), estimator.predict_proba(lesson.examples))


def test_what_was_saved_answers_bit_for_bit(named: tuple[str, Estimator], lesson: FitData) -> None:
    name, estimator = named
    other = _new(name)
    other.restore(estimator.files())
    assert np.array_equal(other.predict_proba(lesson.examples), estimator.predict_proba(lesson.examples))
    assert count_parameters(other) == count_parameters(estimator)


def test_damage_is_refused_by_name(named: tuple[str, Estimator]) -> None:
    name, estimator = named
    files = estimator.files()
    for file, content in files.items():
        broken = (content[: len(content) // 2], content[:-1], b"", b"{}", b"[" * 100_000, b"\x00" * len(content))
        for bad in broken:
            if bad != content:
                with pytest.raises(BadRun, match="model"):
                    _new(name).restore({**files, file: bad})
        with pytest.raises(BadRun, match=f"model.{file}: is missing"):
            _new(name).restore({other: own for other, own in files.items() if other != file})


def test_another_number_of_classes_is_refused(named: tuple[str, Estimator]) -> None:
    name, estimator = named
    entry = find_model(name)
    other = entry.build(InputSizes(2, 2, 2, 6, 6), 2, {**entry.settings, **small_settings(name)})
    assert isinstance(other, Estimator)
    with pytest.raises(BadRun):
        other.restore(estimator.files())


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"majority"}))
def test_in_a_balanced_lesson_classes_count_the_same(name: str, lesson: FitData) -> None:
    estimator = _fitted(name, dataclasses.replace(lesson, balanced=True))
    nothing = estimator.predict_proba(lesson.examples.rows(np.array([POSTS - 1])))[0]
    np.testing.assert_allclose(nothing, [1 / 3, 1 / 3, 1 / 3, 0])
    plain = _fitted(name, lesson)
    rare = np.flatnonzero(lesson.labels == 2)
    given, before = (e.predict_proba(lesson.examples.rows(rare))[:, 2].mean() for e in (estimator, plain))
    assert given > before
    other = _new(name)
    other.restore(estimator.files())
    assert np.array_equal(other.predict_proba(lesson.examples), estimator.predict_proba(lesson.examples))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kept", [(), ("text",), ("hashtags",), ("image",)])
def test_it_can_be_taught_with_any_modality_missing(name: str, kept: tuple[str, ...], lesson: FitData) -> None:
    examples = lesson.examples
    masks = {m: mask if m in kept else np.zeros_like(mask) for m, mask in examples.present.items()}
    bare = PooledFeatures(
        examples.texts if "text" in kept else [""] * POSTS,
        examples.hashtags if "hashtags" in kept else [()] * POSTS,
        {m: vectors * masks[m][:, None] for m, vectors in examples.vectors.items()},
        masks,
    )
    estimator = _fitted(name, dataclasses.replace(lesson, examples=bare))
    answers = estimator.predict_proba(examples)
    assert np.isfinite(answers).all()
    other = _new(name)
    other.restore(estimator.files())
    assert np.array_equal(other.predict_proba(examples), answers)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("labels", [[0] * POSTS, [0] * 99 + [1] * 61])
def test_one_class_and_a_class_of_one_post(name: str, labels: list[int], lesson: FitData) -> None:
    taught = dataclasses.replace(lesson, labels=np.array(labels), validation=np.arange(0))
    estimator = _fitted(name, taught)
    answers = estimator.predict_proba(lesson.examples)
    np.testing.assert_allclose(answers.sum(axis=1), 1.0, atol=1e-6)
    other = _new(name)
    other.restore(estimator.files())
    assert np.array_equal(other.predict_proba(lesson.examples), answers)


@pytest.fixture(scope="module")
def first(posts: list[Post], cache: Path) -> tuple[PostLocator, SplitDataset]:
    """A fitted locator, for its encoders and baselines, and what it has prepared."""
    locator = PostLocator("category", "majority", cache=cache, device="cpu")
    prepared = locator.build_dataset(posts)
    return locator.fit_dataset(prepared, evaluate=False), prepared


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_saved_and_loaded(name: str, first: tuple[PostLocator, SplitDataset], tmp_path: Path) -> None:
    known, prepared = first
    settings = {"lightgbm": {"rounds": 2}, "tagvisor": {"trees": 5}}.get(name, {})
    locator = PostLocator("category", name, device="cpu", settings=settings)
    locator.encoder_pair.share(known.encoder_pair)
    locator.fit_dataset(prepared.with_baselines(known.fitted.baselines))
    locator.save(tmp_path / "run")
    loaded = PostLocator.load(tmp_path / "run", device="cpu")
    posts, encoded, _ = prepared.subset(np.arange(len(prepared.posts)))
    assert np.array_equal(loaded.probabilities(posts, encoded), locator.probabilities(posts, encoded))
    assert loaded.report["parameters"] == count_parameters(locator.fitted.model)
    part = next(path for path in sorted((tmp_path / "run").iterdir()) if path.name.startswith("model."))
    part.write_bytes(part.read_bytes()[:-5])
    with pytest.raises(BadRun, match=part.name):
        PostLocator.load(tmp_path / "run", device="cpu")


# ---------------------------------------------------------------------- a forest and trees made on purpose


def _rewritten(content: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The archive with `old` replaced in one of its files."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(out, "w") as made:
        for entry in archive.namelist():
            own = archive.read(entry)
            assert entry != name or old in own
            made.writestr(entry, own.replace(old, new) if entry == name else own)
    return out.getvalue()


def test_a_forest_file_with_something_else_in_it_is_refused(lesson: FitData) -> None:
    files = _fitted("tagvisor", lesson).files()
    old, new = b'"DecisionTreeClassifier"', b'"DecisionTreeRegressor"'
    for forged in (
        _rewritten(files["forest.skops"], "schema.json", old, new),
        _rewritten(files["forest.skops"], "schema.json", b'"__module__": "numpy"', b'"__module__": "os"'),
    ):
        with pytest.raises(BadRun, match="has no place in a forest"):
            _new("tagvisor").restore({**files, "forest.skops": forged})


@pytest.mark.parametrize("field", ["left_child", "right_child", "feature"])
def test_a_forest_whose_trees_lead_outside_is_refused(field: str, lesson: FitData) -> None:
    from postplace.models.blocks.forest_io import forest_bytes, read_forest

    estimator = _fitted("tagvisor", lesson)
    files = estimator.files()
    features = len(estimator._columns)  # type: ignore[attr-defined]
    forest = read_forest(files["forest.skops"], features=features, classes=CLASSES, name="forest.skops")
    tree = forest.estimators_[0].tree_
    state = tree.__getstate__()
    state["nodes"][field][0] = 10**6
    tree.__setstate__(state)
    with pytest.raises(BadRun, match=r"model\.forest\.skops: is damaged"):
        read_forest(forest_bytes(forest), features=features, classes=CLASSES, name="forest.skops")


@pytest.mark.parametrize(
    ("key", "value"),
    [("split_feature", "99"), ("left_child", "50"), ("right_child", "0"), ("num_cat", "1"), ("decision_type", "1")],
)
def test_trees_that_lead_outside_are_refused(key: str, value: str, lesson: FitData) -> None:
    from postplace.models.blocks.trees_io import check_trees

    text = _fitted("lightgbm", lesson).files()["trees.txt"].decode()
    check_trees(text, features=18, classes=3, name="trees.txt")
    lines = text.splitlines()
    row = next(row for row, line in enumerate(lines) if line.startswith(f"{key}=") and line != f"{key}=")
    numbers = lines[row].removeprefix(f"{key}=").split()
    lines[row] = f"{key}=" + " ".join([value, *numbers[1:]])
    with pytest.raises(BadRun, match=r"model\.trees\.txt: is damaged"):
        check_trees("\n".join(lines), features=18, classes=3, name="trees.txt")
