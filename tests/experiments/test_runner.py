"""Experiments run on a small synthetic city: every row a file, killed and continued, failures kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from postplace import Post, PostLocator
from postplace.errors import BadOption, NotEnoughData
from postplace.experiments.comparison import compare
from postplace.experiments.conditions import prepare_under
from postplace.experiments.definition import Condition, Experiment, Row
from postplace.experiments.jobs import DataSet, Options
from postplace.experiments.results import UNFINISHED, Result, Results
from postplace.experiments.run_job import _check_applies, _test_posts
from postplace.experiments.runner import run_experiment
from postplace.preparation.prepared_folder import PreparedPosts, write_prepared
from postplace.splitting.grouping import build_groups
from postplace.splitting.splits import Split

QUICK = {"filters": 8, "embedding": 8, "heads": 2, "image_features": 8}
ROWS = (
    Row("whole", "mrlf", QUICK),
    Row("without images", "mrlf", QUICK, modalities=("text", "hashtags")),
    Row("asked without images", "mrlf", QUICK, test_modalities=("text", "hashtags")),
)
EXPERIMENT = Experiment("small", "A small table", "nobody", "place", ("accuracy", "mean_km"), ROWS)


def run(city: Path, out: Path, cache: Path, *, experiment: Experiment = EXPERIMENT, **more: Any) -> Results:
    data = DataSet("city", city, "place")
    options = Options(cache=cache, max_epochs=1, trials=more.pop("trials", 0))
    return run_experiment(experiment, data, seeds=more.pop("seeds", (0,)), out=out, options=options, **more)


@pytest.fixture(scope="module")
def done(city: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run(city, tmp_path_factory.mktemp("results"), cache)


def _by_name(results: Results) -> dict[str, Result]:
    return {result.name: result for result in results.read()[1]}


def test_every_row_and_baseline_is_a_result(done: Results) -> None:
    found = _by_name(done)
    assert set(found) == {
        *(row.name for row in ROWS),
        "majority class",
        "best single modality + logistic regression",
        "concatenation + logistic regression",
        "city median",
    }
    assert all(result.error is None for result in found.values())
    whole = found["whole"]
    assert len(whole.hits) == len(whole.groups) == len(whole.errors_km) == whole.provenance["sizes"]["test"]
    assert whole.overall["accuracy"] == pytest.approx(whole.hits.mean())
    assert whole.cost is not None
    assert whole.cost.parameters > 1000
    assert whole.provenance["split"]
    assert found["city median"].overall["mean_km"] > 0
    assert "accuracy" not in found["city median"].overall


def test_what_it_learns_from_and_what_it_is_asked_with_differ(done: Results) -> None:
    found = _by_name(done)
    assert found["asked without images"].cost is not None
    assert found["whole"].cost is not None
    assert found["asked without images"].cost.parameters == found["whole"].cost.parameters
    probabilities = [found[name].hits.tolist() for name in ("whole", "asked without images")]
    assert len(probabilities[0]) == len(probabilities[1])


def test_what_is_finished_is_not_run_again(done: Results, city: Path, cache: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in done.folder.iterdir() if path.name != "experiment.json"}
    lines: list[str] = []
    again = run(city, done.folder.parents[1], cache, log=lines.append)
    assert {
        path: path.stat().st_mtime_ns for path in again.folder.iterdir() if path.name != "experiment.json"
    } == before
    assert lines == ["small on city: 0 of 7 results to make"]


def test_a_result_that_is_lost_is_made_again_the_same(done: Results, city: Path, cache: Path) -> None:
    (path,) = [path for path in done.folder.iterdir() if path.name.startswith("whole")]
    before = json.loads(path.read_text())
    path.unlink()
    run(city, done.folder.parents[1], cache)
    after = json.loads(path.read_text())
    assert {**after, "cost": None} == {**before, "cost": None}


def test_a_system_that_fails_is_a_row_with_its_error(city: Path, cache: Path, tmp_path: Path) -> None:
    bad = Row("bad", "mrlf", {**QUICK, "heads": 3})  # 8 filters cannot be shared by 3 heads: known when it is built
    results = run(city, tmp_path, cache, experiment=replace(EXPERIMENT, rows=(bad, ROWS[1])))
    found = _by_name(results)
    assert found["bad"].error
    assert "heads" in found["bad"].error
    assert found["without images"].error is None
    table = compare(*results.read())
    assert table.lines[0].against.verdict == "failed"
    assert any("heads" in note for note in table.notes)


def test_a_baseline_that_fails_does_not_end_the_others(
    city: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("no such solver")

    monkeypatch.setattr("postplace.experiments.run_job.baseline_probabilities", broken)
    results = run(city, tmp_path, cache, experiment=replace(EXPERIMENT, rows=ROWS[1:2]))
    found = _by_name(results)
    assert found["without images"].error is None
    assert found["majority class"].error == "ValueError: no such solver"
    assert any("no such solver" in note for note in compare(*results.read()).notes)


def test_a_row_alone_leaves_the_table_whole(city: Path, cache: Path, tmp_path: Path) -> None:
    two = replace(EXPERIMENT, rows=ROWS[:2])
    run(city, tmp_path, cache, experiment=two, only=("whole",))
    results = run(city, tmp_path, cache, experiment=two, only=("without images",))
    assert {"whole", "without images", "majority class"} <= set(_by_name(results))


@pytest.mark.parametrize(
    ("model", "modalities", "test_modalities", "applies"),
    [
        ("mrlf", None, None, True),
        ("mrlf", ("image",), None, False),  # there are no pictures
        ("mrlf", None, ("image",), False),
        ("mrlf", ("text",), ("hashtags",), False),  # asked with what it never saw
        ("image-linear", ("text",), None, False),
        ("majority", ("text",), ("image",), True),
    ],
)
def test_a_row_applies_if_it_is_given_something_that_it_reads_and_posts_have(
    model: str, modalities: tuple[str, ...] | None, test_modalities: tuple[str, ...] | None, applies: bool
) -> None:
    present = {"text": np.array([True]), "hashtags": np.array([True]), "image": np.array([False])}
    prepared: Any = SimpleNamespace(examples=SimpleNamespace(present=present), lacking=lambda plan: None)
    row = Row("x", model, modalities=modalities, test_modalities=test_modalities)
    if applies:
        _check_applies(row, prepared)
    else:
        with pytest.raises(NotEnoughData, match="does not apply"):
            _check_applies(row, prepared)


@pytest.mark.parametrize(
    ("removed", "why"),
    [
        ({"time": None}, "of these posts none has a user and a time"),
        ({"user": None}, "of these posts none has a user and a time"),
        ({}, "of these posts none has an earlier one of the same user"),
    ],
)
def test_a_system_of_pasts_does_not_apply_to_posts_without(
    removed: dict[str, Any], why: str, posts: list[Post], locator: PostLocator
) -> None:
    prepared = locator.build_dataset(posts)
    _check_applies(Row("x", "user-cnns"), prepared)
    bare = [replace(post, user=post.user and f"{post.user} {n}") for n, post in enumerate(prepared.posts)]
    prepared = replace(prepared, posts=[replace(post, **removed) for post in bare])
    with pytest.raises(NotEnoughData, match=f"does not apply: it reads its user's past posts; {why}"):
        _check_applies(Row("x", "user-cnns"), prepared)
    _check_applies(Row("x", "user-cnns", {"past": False}), prepared)
    alone = PostLocator("place", "user-cnns", device="cpu", settings={"max_epochs": 1})
    alone.encoder_pair.share(locator.encoder_pair)
    with pytest.raises(NotEnoughData, match=f"model user-cnns: it reads its user's past posts: {why}; .*past"):
        alone.fit_dataset(prepared, evaluate=False)


def test_posts_that_cannot_be_prepared_fail_every_row(cache: Path, tmp_path: Path) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_text("".join(json.dumps({"id": str(n), "text": f"t {n}", "place": "here"}) + "\n" for n in range(9)))
    results = run(posts, tmp_path / "out", cache)
    found = _by_name(results)
    assert {name for name, result in found.items() if result.error} == set(found)
    assert "only 'here' is left of 1 classes" in str(found["whole"].error)


def test_two_processes_give_the_same_as_one(done: Results, city: Path, cache: Path, tmp_path: Path) -> None:
    together = run(city, tmp_path, cache, experiment=replace(EXPERIMENT, rows=ROWS[:2]), seeds=(0, 1), jobs=2)
    ours = {(result.name, result.seed): result for result in together.read()[1]}
    assert {seed for _, seed in ours} == {0, 1}
    for name in ("whole", "without images", "majority class"):  # by either process, and beside
        assert ours[name, 0].hits.tolist() == _by_name(done)[name].hits.tolist()
        assert ours[name, 0].overall == _by_name(done)[name].overall


SCRIPT = """
from pathlib import Path
from tests.experiments.test_runner import EXPERIMENT, run
run(Path({city!r}), Path({out!r}), Path({cache!r}), seeds=(0, 1, 2))
"""


def test_killed_at_any_point_the_table_is_the_same(city: Path, cache: Path, tmp_path: Path) -> None:
    def table(out: Path) -> list[Any]:
        lines = compare(*run(city, out, cache, seeds=(0, 1, 2)).read()).lines
        return [(line.name, line.values, line.interval, line.against) for line in lines]

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    script = SCRIPT.format(city=str(city), out=str(tmp_path / "killed"), cache=str(cache))
    folder = tmp_path / "killed" / "small" / "city"
    for enough in (1, 6, 12):
        process = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(list(folder.glob("*seed*.json"))) < enough:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert table(tmp_path / "killed") == table(tmp_path / "whole")


KILLED_HALFWAY = """
import os, signal
from pathlib import Path
from postplace.experiments import run_job as work
from tests.experiments.test_runner import EXPERIMENT, run
measured = work._measured
def killed(lot, row, *more):
    if row.name == "without images":
        os.kill(os.getpid(), signal.SIGKILL)
    return measured(lot, row, *more)
work._measured = killed
run(Path({city!r}), Path({out!r}), Path({cache!r}))
"""


def test_a_row_whose_process_is_killed_says_so_and_is_tried_again(city: Path, cache: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    script = KILLED_HALFWAY.format(city=str(city), out=str(tmp_path), cache=str(cache))
    ended = subprocess.run([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL, check=False)
    assert ended.returncode == -signal.SIGKILL
    left = Results(tmp_path / "small" / "city")
    found = _by_name(left)
    assert (found["whole"].error, found["without images"].error) == (None, UNFINISHED)
    table = compare(*left.read())
    assert [(line.name, line.against.verdict) for line in table.lines][1] == ("without images", "failed")
    assert any("without images" in note and "killed (too little memory?)" in note for note in table.notes)
    assert any("not run yet: asked without images" in note for note in table.notes)
    assert all(result.error is None for result in run(city, tmp_path, cache).read()[1])


def test_a_row_that_is_interrupted_leaves_nothing(
    city: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("postplace.experiments.run_job._measured", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(city, tmp_path, cache)
    assert not any(result.name == "whole" for result in Results(tmp_path / "small" / "city").read()[1])


def test_token_states_are_those_of_what_it_is_asked_with(posts: list[Post], locator: PostLocator) -> None:
    """They are of text and hashtags as one sequence: without one of them the posts must be encoded again."""
    prepared = locator.build_dataset(posts)

    def states(number: float) -> Any:
        return replace(prepared.encoded, text_states=np.full((len(posts), 1, 2), number, dtype=np.float16))

    prepared = replace(prepared, encoded=states(1.0))
    stub: Any = SimpleNamespace(modalities=("text", "hashtags", "image"), cache=None)
    stub.encoder_pair = SimpleNamespace(encode=lambda _, cache: states(2.0))
    for shown, expected in ((None, 1.0), (("text", "image"), 2.0)):
        asked, encoded, _ = _test_posts(Row("row", "sg-mft-tokens", test_modalities=shown), stub, prepared)
        assert encoded.text_states is not None
        assert set(encoded.text_states.flatten().tolist()) == {expected}
        assert len(asked) == len(prepared.split.test)
        assert any(post.hashtags for post in asked) == (shown is None)


# --- conditions


@pytest.fixture(scope="module")
def locator(cache: Path) -> PostLocator:
    return PostLocator("place", "mrlf", cache=cache, device="cpu")


def test_a_random_split_parts_users(posts: list[Post], locator: PostLocator, tmp_path: Path) -> None:
    def sides(condition: Condition) -> int:
        prepared = prepare_under(condition, posts, locator, parts=None, names=(), state=tmp_path)
        part = np.array(prepared.split.subset_names(len(prepared.posts)))
        groups = build_groups(prepared.posts)
        return max(len(set(part[groups == group])) for group in np.unique(groups))

    assert sides(Condition()) == 1
    assert sides(Condition(split="random")) > 1


def test_every_post_is_in_the_test_part_of_one_fold(city: Path, posts: list[Post], cache: Path, tmp_path: Path) -> None:
    """Of both kinds of split; and the table says how posts were split."""
    rows = tuple(Row(side, "majority", condition=Condition(split=side)) for side in ("grouped", "random"))
    experiment = replace(EXPERIMENT, rows=rows)
    options = Options(cache=cache, folds=3)
    data = DataSet("city", city, "place")
    results = run_experiment(experiment, data, seeds=range(3), out=tmp_path, options=options)
    described, found = results.read()
    assert described["split"] == "into 3 folds, drawn anew for every 3 seeds"
    for side in ("grouped", "random"):
        assert sum(len(run.hits) for run in found if run.name == side) == len(posts)


def test_prepared_posts_are_not_split_into_folds(posts: list[Post], cache: Path, tmp_path: Path) -> None:
    rows = np.array_split(np.arange(len(posts)), 4)
    write_prepared(tmp_path / "prepared", PreparedPosts(posts, Split(*rows), 0, [], {}, {}), overwrite=False)
    data = DataSet("city", tmp_path / "prepared", "place")
    with pytest.raises(BadOption, match="is split already"):
        run_experiment(EXPERIMENT, data, seeds=(0,), out=tmp_path / "out", options=Options(cache=cache, folds=3))
    with pytest.raises(BadOption, match="folds: the posts are split already"):
        PostLocator("place", "majority", cache=cache, folds=3).fit(tmp_path / "prepared")


def test_rare_hashtags_are_those_of_the_training_part(posts: list[Post], locator: PostLocator, tmp_path: Path) -> None:
    prepared = prepare_under(Condition(min_hashtag_posts=3), posts, locator, parts=None, names=(), state=tmp_path)
    training = [prepared.posts[row] for row in prepared.split.train]
    left = {tag for post in prepared.posts for tag in post.hashtags}
    assert left
    assert all(sum(tag in post.hashtags for post in training) >= 3 for tag in left)
    before = {tag for post in posts for tag in post.hashtags}
    assert left < before
    assert not prepared.encoded.hashtag_mask[[not post.hashtags for post in prepared.posts]].any()


def test_masked_posts_do_not_name_their_place(posts: list[Post], locator: PostLocator, tmp_path: Path) -> None:
    def named(prepared_posts: list[Post]) -> int:
        return sum(str(post.place).casefold() in post.text.casefold() for post in prepared_posts)

    prepared = prepare_under(Condition(mask_place_names=True), posts, locator, parts=None, names=(), state=tmp_path)
    assert named(posts) > 0
    assert named(list(prepared.posts)) == 0


def test_portraits_are_left_out(posts: list[Post], locator: PostLocator, tmp_path: Path) -> None:
    pictured = {post.id for post in [post for post in posts if post.images][:12]}
    few = [post if post.id in pictured else replace(post, images=()) for post in posts]
    prepared = prepare_under(Condition(max_portrait=0.0), few, locator, parts=None, names=(), state=tmp_path)
    before = sum(len(post.images) for post in few)
    assert sum(len(post.images) for post in prepared.posts) < before


# --- tuning


def test_the_search_is_told_with_the_result(city: Path, cache: Path, tmp_path: Path) -> None:
    results = run(city, tmp_path, cache, experiment=replace(EXPERIMENT, rows=ROWS[1:2]), trials=2)
    row = _by_name(results)["without images"].row
    assert len(row["trials"]) == 2
    assert row["tuned"] in [trial["settings"] for trial in row["trials"]]
    best = max(trial["validation_accuracy"] for trial in row["trials"])
    assert next(t for t in row["trials"] if t["settings"] == row["tuned"])["validation_accuracy"] == best
