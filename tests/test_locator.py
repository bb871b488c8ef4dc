"""PostLocator from fit to load, on a small synthetic city."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from postplace import Post, PostLocator
from postplace.errors import BadOption, BadRun, Diverged, NotEnoughData, PostplaceError
from postplace.features.pooled import PooledFeatures
from postplace.preparation.filters import find_recipe
from postplace.preparation.pipeline import prepare_posts
from postplace.preparation.prepared_folder import write_prepared
from postplace.text.tokens import tokenize


def test_metrics_stand_beside_the_baselines(place_locator: PostLocator) -> None:
    models = place_locator.metrics.models
    assert {"mrlf", "majority class", "city median", "concatenation + logistic regression"} <= set(models)
    assert sum(name.endswith("+ logistic regression") for name in models) == 2
    overall = models["mrlf"].overall
    assert overall.posts == place_locator.report["split"]["test"]
    assert set(overall.within_km) == {"0.1", "0.25", "0.5", "1", "2", "5"}
    json.dumps(place_locator.metrics.to_dict(), allow_nan=False)


def test_no_user_is_on_two_sides(place_locator: PostLocator, posts: list[Post]) -> None:
    sides: dict[str, set[str]] = {}
    for post in posts:
        part = place_locator.subset_of(post)
        if part is not None and post.user is not None:
            sides.setdefault(post.user, set()).add(part)
    assert sides
    assert all(len(parts) == 1 for parts in sides.values())


def test_every_door_takes_every_kind_of_posts(place_locator: PostLocator, city: Path, posts: list[Post]) -> None:
    records = [{"id": post.id, "text": post.text, "hashtags": list(post.hashtags)} for post in posts[:5]]
    by_list = place_locator.predict(records, top_k=2)
    by_frame = place_locator.predict(pd.DataFrame(records), top_k=2)
    assert by_list == by_frame
    assert len(place_locator.predict(city)) == len(posts)
    assert [prediction.post_id for prediction in by_list] == [post.id for post in posts[:5]]


def test_probabilities_are_named_by_class_and_sum_to_one(place_locator: PostLocator, posts: list[Post]) -> None:
    frame = place_locator.predict_proba(posts[:20])
    assert list(frame.index) == [post.id for post in posts[:20]]
    assert set(frame.columns) == {post.place for post in posts}
    assert frame.sum(axis=1).to_numpy() == pytest.approx(np.ones(20))


def test_the_ranking_follows_the_probabilities(place_locator: PostLocator, posts: list[Post]) -> None:
    (prediction,) = place_locator.predict(posts[:1], top_k=3)
    row = place_locator.predict_proba(posts[:1]).iloc[0].sort_values(ascending=False)
    assert [ranked.place.name for ranked in prediction.ranked] == list(row.index[:3])
    assert prediction.ranked[0].place.latitude is not None


def test_a_post_with_nothing_in_it_gets_no_prediction(place_locator: PostLocator) -> None:
    empty, full = place_locator.predict([{"id": "0", "text": ""}, {"id": "1", "text": "a walk"}])
    assert empty.ranked == ()
    assert empty.best is None
    assert full.modalities == ("text",)
    assert place_locator.predict_proba([{"id": "0", "text": ""}]).isna().all(axis=None)


def test_posts_of_a_batch_do_not_change_each_other(place_locator: PostLocator, posts: list[Post]) -> None:
    together = place_locator.predict_proba(posts[:8])
    alone = pd.concat([place_locator.predict_proba([post]) for post in posts[:8]])
    np.testing.assert_allclose(alone.to_numpy(), together.to_numpy(), atol=1e-5)


def test_a_loaded_run_answers_the_same(place_locator: PostLocator, place_run: Path, posts: list[Post]) -> None:
    loaded = PostLocator.load(place_run, device="cpu")
    pd.testing.assert_frame_equal(loaded.predict_proba(posts[:9]), place_locator.predict_proba(posts[:9]))
    assert loaded.metrics == place_locator.metrics


def test_evaluation_leaves_out_what_was_learned_from(place_run: Path, posts: list[Post], cache: Path) -> None:
    loaded = PostLocator.load(place_run, device="cpu", cache=cache)
    metrics = loaded.evaluate(posts)
    assert metrics.posts == loaded.report["split"]["test"]
    assert metrics.left_out_as_seen == len(posts) - metrics.posts
    expected = loaded.metrics.models["mrlf"].overall.accuracy
    assert metrics.models["mrlf"].overall.accuracy == expected
    assert metrics.left_out_by == {"origin": metrics.left_out_as_seen}


def test_ids_do_not_change_what_is_left_out_nor_any_number(place_run: Path, posts: list[Post], cache: Path) -> None:
    loaded = PostLocator.load(place_run, device="cpu", cache=cache)
    renamed = [replace(post, id=str(number)) for number, post in enumerate(posts)]
    nameless = [replace(post, user=None, time=None) for post in renamed]
    as_they_were = loaded.evaluate(posts)
    assert loaded.evaluate(renamed) == as_they_were
    left_out = loaded.evaluate(nameless).left_out_as_seen
    assert left_out >= as_they_were.left_out_as_seen  # a test post of the same few words cannot be told apart


def test_posts_of_pictures_alone_are_not_taken_for_seen_by_their_row_numbers() -> None:
    def pictures(seed: int) -> list[Post]:
        found = []
        for number in range(48):
            pixels = np.random.default_rng([seed, number]).integers(0, 255, (6, 6, 3), dtype=np.uint8)
            image = io.BytesIO()
            Image.fromarray(pixels.repeat(12, 0).repeat(12, 1)).save(image, "PNG")
            found.append(Post(str(number + 1), images=(image.getvalue(),), place="ns"[number % 2]))
        return found

    locator = PostLocator("place", "majority", workers=0, device="cpu").fit(pictures(0))
    assert {locator.subset_of(post) for post in pictures(1)} == {None}
    assert None not in {locator.subset_of(replace(post, id=f"new-{post.id}")) for post in pictures(0)}


def test_evaluation_on_nothing_but_seen_posts_is_an_error(place_locator: PostLocator, posts: list[Post]) -> None:
    seen = [post for post in posts if place_locator.subset_of(post) == "train"]
    with pytest.raises(NotEnoughData, match="learned from"):
        place_locator.evaluate(seen)


def test_a_model_of_categories_and_cells(posts: list[Post], cache: Path) -> None:
    options = {"cache": cache, "settings": {"max_epochs": 1}, "device": "cpu"}
    by_category = PostLocator("category", "sg-mft", **options).fit(posts)  # type: ignore[arg-type]
    assert {place.name for place in by_category.fitted.places.places} == {post.category for post in posts}
    assert by_category.predict(posts[:1])[0].ranked[0].place.latitude is None
    in_cells = PostLocator("place", "sg-mft", cells=6, **options).fit(posts)  # type: ignore[arg-type]
    assert len(in_cells.fitted.places) == 6
    assert in_cells.metrics.models["sg-mft"].overall.mean_km is not None


def test_the_same_seed_gives_the_same_model(posts: list[Post], cache: Path) -> None:
    def probabilities() -> pd.DataFrame:
        locator = PostLocator("place", "mrlf", cache=cache, settings={"max_epochs": 1}, device="cpu", seed=5)
        return locator.fit(posts).predict_proba(posts[:9])

    pd.testing.assert_frame_equal(probabilities(), probabilities())


def test_damaged_runs_are_refused_by_name(place_run: Path, tmp_path: Path) -> None:
    import shutil

    for name in ("model.safetensors", "vocabulary.json", "places.json", "config.json"):
        run = tmp_path / name
        shutil.copytree(place_run, run)
        content = (run / name).read_bytes()
        (run / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(BadRun, match=name):
            PostLocator.load(run)
        (run / name).unlink()
        with pytest.raises(BadRun, match=f"{name}: is missing"):
            PostLocator.load(run)


def test_another_encoder_than_at_training_is_refused(place_run: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(place_run, tmp_path / "run")
    config = tmp_path / "run" / "config.json"
    changed = json.loads(config.read_text())
    changed["encoders"]["image"]["fingerprint"] = "something else"
    config.write_text(json.dumps(changed))
    with pytest.raises(BadRun, match="image encoder differs: fingerprint something else then"):
        PostLocator.load(tmp_path / "run")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "city"}, "'city' is unknown"),
        ({"model": "sgmft"}, "did you mean 'sg-mft'"),
        ({"settings": {"fusoin": "joint"}}, "did you mean 'fusion'"),
        ({"target": "category", "cells": 5}, "cells are places"),
        ({"class_weight": "even"}, "'even' is unknown"),
    ],
)
def test_options_that_cannot_be(options: dict[str, object], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        PostLocator(**options)  # type: ignore[arg-type]


def test_before_fit_there_is_nothing_to_ask() -> None:
    with pytest.raises(PostplaceError, match="call fit"):
        PostLocator().predict([{"id": "1", "text": "a"}])


def test_a_broken_picture_is_told_and_the_post_goes_on(place_locator: PostLocator, tmp_path: Path) -> None:
    post = Post("7", text="a walk", images=(tmp_path / "gone.jpg",))
    with pytest.warns(UserWarning, match=r"1 images could not be read: post 7: .*gone\.jpg"):
        (prediction,) = place_locator.predict([post])
    assert prediction.modalities == ("text",)


def test_a_post_learned_from_is_recognised_masked_and_filtered(place_locator: PostLocator, posts: list[Post]) -> None:
    seen = next(p for p in posts if place_locator.subset_of(p) == "train" and p.text and p.hashtags and p.user)
    assert place_locator.subset_of(replace(seen, hashtags=())) == "train"
    assert place_locator.subset_of(replace(seen, text="at the □", hashtags=())) == "train"
    assert place_locator.subset_of(replace(seen, id="another", text="at the □")) == "train"
    assert place_locator.subset_of(Post(seen.id, text="somebody else's post of the same number")) is None


def test_the_split_of_prepared_posts_is_kept(posts: list[Post], cache: Path, tmp_path: Path) -> None:
    found = prepare_posts(posts, recipe=find_recipe("none"), state=tmp_path / "state", seed=5, workers=0)
    write_prepared(tmp_path / "prepared", found.prepared, overwrite=False)
    locator = PostLocator("category", "sg-mft", cache=cache, settings={"max_epochs": 1}, device="cpu")
    locator.fit(tmp_path / "prepared")
    names = found.prepared.split.subset_names(len(posts))
    assert [locator.subset_of(post) for post in found.prepared.posts] == names
    assert locator.metrics.models["sg-mft"].overall.posts == names.count("test")
    file, python = (locator.predict_proba(source) for source in (tmp_path / "prepared", found.prepared.posts))
    assert np.abs(file.to_numpy() - python.to_numpy()).max() < 1e-5


def left_behind(state: Path) -> bytes:
    """What a killed training of other options leaves."""
    state.mkdir()
    (state / "training.json").write_text("{}")
    (state / "last.ckpt").write_bytes(b"hours of work")
    return (state / "last.ckpt").read_bytes()


@pytest.mark.parametrize(
    ("settings", "overwrite", "wrong"),
    [({"fusion": "foo"}, True, "'foo' is unknown"), ({"max_epochs": 1}, False, "holds an unfinished training")],
)
def test_an_unfinished_training_survives_a_wrong_option(
    settings: dict[str, object], overwrite: bool, wrong: str, posts: list[Post], cache: Path, tmp_path: Path
) -> None:
    before = left_behind(tmp_path / "state")
    locator = PostLocator("place", "mrlf", cache=cache, settings=settings, device="cpu")
    with pytest.raises(BadOption, match=wrong):
        locator.fit(posts, checkpoint_dir=tmp_path / "state", overwrite=overwrite)
    assert (tmp_path / "state" / "last.ckpt").read_bytes() == before


def test_a_wrong_setting_is_told_before_any_post_is_looked_at(
    posts: list[Post], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostLocator, "build_dataset", lambda *_, **__: pytest.fail("hours of work began"))
    with pytest.raises(BadOption, match="'foo' is unknown"):
        PostLocator("place", "mrlf", settings={"fusion": "foo"}).fit(posts, checkpoint_dir=tmp_path / "state")
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_encoder_is_gone_says_so(place_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(place_run, tmp_path / "run"))
    config = json.loads((run / "config.json").read_text())
    config["encoders"]["image"]["asked"] = str(tmp_path / "onnx")
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadRun, match=r"the image encoder .*/onnx that this run was trained with is not there"):
        PostLocator.load(run)


def test_a_diverged_training_ends_with_the_remedy_each_time_and_leaves_no_state(
    posts: list[Post], cache: Path, tmp_path: Path
) -> None:
    settings = {"optimiser": "adam", "learning_rate": 1e36, "max_epochs": 2}
    locator = PostLocator("place", "sg-mft", cache=cache, settings=settings, device="cpu")
    for _ in range(2):
        with pytest.raises(Diverged, match=r"is nan in epoch 1; give a lower learning rate: .*learning_rate"):
            locator.fit(posts[:120], checkpoint_dir=tmp_path / "state")
        assert list(tmp_path.iterdir()) == []


def test_a_system_that_says_no_numbers_is_an_error_with_the_post(
    majority_of_the_city: PostLocator, posts: list[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    locator = majority_of_the_city
    model = locator.fitted.model

    def broken(examples: PooledFeatures) -> NDArray[np.float64]:
        found = np.full((len(examples), len(locator.fitted.places)), 0.5)
        found[1, 0] = np.nan
        return found

    monkeypatch.setattr(model, "predict_proba", broken)
    with pytest.raises(Diverged, match=f"majority: gives no numbers for 1 of 3 posts, the first post {posts[1].id}"):
        locator.predict(posts[:3])


@pytest.fixture
def majority_of_the_city(posts: list[Post], cache: Path) -> PostLocator:
    return PostLocator("place", "majority", cache=cache, device="cpu").fit(posts)


def test_training_counts_what_it_does_not_read(short_run: Path, posts: list[Post]) -> None:
    """By hand: the words of the training posts, three of each read."""
    locator = PostLocator.load(short_run, device="cpu")
    parts = [(post, locator.subset_of(post)) for post in posts]
    totals = [len(tokenize(post).text_words) for post, part in parts if part == "train"]
    (told,) = [own for own in locator.report["not_read"] if (own["of"], own["unit"]) == ("text", "words")]
    assert len(totals) == locator.report["split"]["train"]
    assert (told["posts_cut"], told["total"]) == (sum(total > 3 for total in totals), sum(totals))
    assert told["lost"] == sum(max(0, total - 3) for total in totals) > 0
    assert told["share_of_posts"] == told["posts_cut"] / len(totals)
