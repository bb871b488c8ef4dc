"""What version 0.1.0 wrote is read by the code of today, and answers as it did then.

`data/version_0_1_0/` holds a small city, the stored vectors of its posts, runs, a prepared folder and results of an
experiment, all written by that version. Public doors alone are used here: names inside may change, these files do not.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from postplace import PostLocator, read_posts
from postplace.cli import app

OLD = Path(__file__).parent / "data" / "version_0_1_0"
RUNS = sorted(json.loads((OLD / "expected.json").read_bytes()))
PLACES = 3
EXACT = 1e-6  # from stored vectors: what is left is the rounding of float32 in small networks
ENCODED = 1e-3  # encoded anew: another processor, thread count or JPEG decoder moves single values of a vector
OTHER_WORDS = 0.05  # where words are cut by another dictionary than then, which loading a run warns of

pytestmark = pytest.mark.filterwarnings("ignore:this run was made with:UserWarning")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of what version 0.1.0 wrote: stores are opened for writing, and what is kept must stay as it is."""
    return shutil.copytree(OLD, tmp_path / "old")


def command(*words: object) -> Result:
    """What a command of the command line gives; it must succeed."""
    given = CliRunner().invoke(app, [str(word) for word in words])
    assert given.exit_code == 0, given.output
    return given


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def expected(run: str) -> dict[str, dict[str, float]]:
    """Post -> place -> the calibrated probability that version 0.1.0 gave."""
    found: dict[str, dict[str, float]] = json.loads((OLD / "expected.json").read_bytes())[run]
    return found


def answers(old: Path, run: str, *, cache: Path) -> tuple[dict[str, dict[str, float]], bool]:
    """Post -> place -> probability today, and whether words are cut as they were."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        locator = PostLocator.load(old / "runs" / run, device="cpu")
    same_words = not any("words" in str(warning.message) for warning in said)
    posts = read_posts(old / "city" / "posts.jsonl")
    predictions = locator.predict(posts, top_k=PLACES, cache=cache)
    return {own.post_id: {one.place.name: one.probability for one in own.ranked} for own in predictions}, same_words


def assert_as_before(found: dict[str, dict[str, float]], run: str, *, within: float) -> None:
    before = expected(run)
    assert found.keys() == before.keys()
    for post, places in before.items():
        assert found[post] == pytest.approx(places, abs=within, rel=0), (run, post)


def numbers(found: Any, name: str) -> Iterator[float]:
    """Every number under that key, however deep."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key == name and isinstance(value, int | float):
                yield float(value)
            yield from numbers(value, name)
    elif isinstance(found, list):
        for value in found:
            yield from numbers(value, name)


def test_what_is_kept_is_small_and_holds_no_pickle() -> None:
    files = [path for path in OLD.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 3_000_000
    assert not [path for path in files if path.suffix in (".pkl", ".pickle", ".pt", ".joblib")]
    assert {path.name for path in (OLD / "runs").iterdir()} == set(RUNS)


@pytest.mark.parametrize("run", RUNS)
def test_the_answers_that_are_kept_are_those_that_are_expected(run: str) -> None:
    """The JSON lines that version 0.1.0 wrote, under its own keys."""
    lines = (OLD / "answers" / f"{run}.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    told = {record["id"]: {own["place"]: own["probability"] for own in record["places"]} for record in records}
    assert_as_before(told, run, within=EXACT)


@pytest.mark.parametrize("run", RUNS)
def test_a_run_answers_from_stored_vectors_as_it_did(old: Path, run: str) -> None:
    store = contents(old / "vectors")
    found, same_words = answers(old, run, cache=old / "vectors")
    assert_as_before(found, run, within=EXACT if same_words else OTHER_WORDS)
    assert contents(old / "vectors") == store  # whatever is encoded is stored: nothing was


def test_what_is_not_stored_is_encoded_as_it_was(old: Path, tmp_path: Path) -> None:
    found, _ = answers(old, "logistic", cache=tmp_path / "vectors")
    assert_as_before(found, "logistic", within=ENCODED)
    assert contents(tmp_path / "vectors")


@pytest.mark.parametrize("run", RUNS)
def test_a_run_is_evaluated_as_it_was(old: Path, tmp_path: Path, run: str) -> None:
    store = contents(old / "vectors")
    output = tmp_path / "metrics.json"
    where = (old / "runs" / run, old / "city" / "posts.jsonl")
    command("evaluate", *where, "--cache", old / "vectors", "--output", output, "--device", "cpu", "--quiet")
    before, now = (
        sorted(numbers(json.loads(path.read_bytes()), "accuracy")) for path in (OLD / "metrics" / f"{run}.json", output)
    )
    assert len(before) > 1
    assert now == pytest.approx(before, abs=EXACT)
    assert contents(old / "vectors") == store


@pytest.mark.parametrize("run", RUNS)
def test_a_run_that_is_saved_anew_answers_the_same(old: Path, run: str) -> None:
    locator = PostLocator.load(old / "runs" / run, device="cpu")
    locator.save(old / "runs" / run, overwrite=True)
    found, same_words = answers(old, run, cache=old / "vectors")
    assert_as_before(found, run, within=EXACT if same_words else OTHER_WORDS)


def test_the_command_line_predicts_and_explains_with_an_old_run(old: Path) -> None:
    run = old / "runs" / "mrlf"
    where = (old / "city" / "posts.jsonl", "--cache", old / "vectors")
    given = command("predict", run, *where, "--device", "cpu", "--quiet")
    assert [json.loads(line)["id"] for line in given.stdout.splitlines()] == list(expected("mrlf"))
    place = json.loads((OLD / "answers" / "explanation.json").read_bytes())["place"]
    post = ("--text", "a walk to the lighthouse", "--hashtags", "waves")  # as when it was made
    assert place in command("explain", run, *post, "--device", "cpu").stdout


def test_a_prepared_folder_is_trained_on_as_it_was_split(old: Path, tmp_path: Path) -> None:
    common = ("--cache", old / "vectors", "--device", "cpu", "--quiet")
    command("train", old / "prepared", "--model", "tfidf", "--out", tmp_path / "run", *common)
    locator = PostLocator.load(tmp_path / "run", device="cpu")
    split = json.loads((OLD / "prepared" / "split.json").read_bytes())
    parts = {post.id: locator.subset_of(post) for post in read_posts(old / "city" / "posts.jsonl")}
    for part in ("train", "test"):
        assert split[part]
        assert {parts[post] for post in split[part]} <= {part}


def test_results_of_an_experiment_are_compared_as_they_were(old: Path) -> None:
    table = command("compare", old / "results").stdout
    before = (OLD / "answers" / "compare.md").read_text("utf-8")
    for system in ("majority", "logistic"):
        then, now = (re.findall(rf"^\| {system} \|.*$", text, re.MULTILINE) for text in (before, table))
        assert len(then) == len(now) == 1
        means = [re.findall(r"[\d.]+ ± [\d.]+", line) for (line,) in (then, now)]
        assert len(means[0]) == 2
        assert means[0] == means[1]
