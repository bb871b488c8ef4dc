"""One post, whichever way it comes in: the answer is the same."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from postplace import Post, PostLocator
from postplace.cli import app
from postplace.cli.options import OnBadPost
from postplace.cli.reading import read
from postplace.posts.table import write_posts
from postplace.preparation.prepared_folder import PreparedPosts, write_prepared
from postplace.splitting.splits import Split
from postplace.system.atomic_files import sha256_of_file


def predicted(*arguments: object) -> dict[str, float]:
    """The probability of each place of the only post, as the command prints it."""
    shown = CliRunner().invoke(app, ["predict", *map(str, arguments), "--device", "cpu", "--top-k", "1000", "-q"])
    assert shown.exit_code == 0, shown.output
    (record,) = [json.loads(line) for line in shown.stdout.splitlines()]
    return {place["place"]: place["probability"] for place in record["places"]}


def test_predictions_are_the_same_by_command_by_python_and_from_a_prepared_folder(
    place_locator: PostLocator, place_run: Path, posts: list[Post], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTPLACE_CACHE", str(tmp_path / "vectors"))  # empty: nothing is answered from memory
    post = next(post for post in posts if post.text and len(post.hashtags) > 1 and len(post.images) > 1)
    write_posts([post], tmp_path / "posts.jsonl")
    only, none = np.array([0], dtype=np.int64), np.array([], dtype=np.int64)
    write_prepared(
        tmp_path / "prepared", PreparedPosts([post], Split(only, none, none, none), 0, [], {}, {}), overwrite=False
    )
    parts: list[Any] = ["--text", post.text, "--hashtags", " ".join(post.hashtags)]
    parts += [option for image in post.images for option in ("--image", image)]
    expected = place_locator.predict_proba([post]).iloc[0]
    answers: dict[str, dict[Any, float]] = {
        "parts": predicted(place_run, *parts),
        "file": predicted(place_run, tmp_path / "posts.jsonl"),
        "prepared": predicted(place_run, tmp_path / "prepared"),
        "prepared in Python": place_locator.predict_proba(tmp_path / "prepared").iloc[0].to_dict(),
    }
    for way, found in answers.items():
        assert set(found) == set(expected.index), way
        assert max(abs(found[place] - expected[place]) for place in found) < 1e-5, way
    other = predicted(place_run, *parts[:2])  # the text alone
    assert max(abs(other[place] - expected[place]) for place in other) > 1e-3


def test_what_was_not_read_is_in_the_prediction_and_on_stderr(short_run: Path, tmp_path: Path) -> None:
    text = "a walk along the old harbour and then a long dinner at night"
    done = CliRunner().invoke(app, ["predict", str(short_run), "--text", text, "--device", "cpu", "-q"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert record["not_read"]["extents"] == [
        {"of": "text", "unit": "characters", "read": 20, "total": 60},
        {"of": "text", "unit": "words", "read": 3, "total": 7},
    ]
    assert record["not_read"]["said"] in done.stderr
    write_posts([Post("1", text=text), Post("2", text="a walk")], tmp_path / "posts.jsonl")
    command = ["predict", str(short_run), str(tmp_path / "posts.jsonl"), "--device", "cpu", "-q"]
    done = CliRunner().invoke(app, command)
    assert ["not_read" in json.loads(line) for line in done.stdout.splitlines()] == [True, False]
    assert "1 of 2 posts were not read whole" in done.stderr
    done = CliRunner().invoke(app, [*command, "--format", "csv"])
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert {(row["id"], row["not_read"]) for row in rows} == {("1", record["not_read"]["said"]), ("2", "")}
    done = CliRunner().invoke(app, [*command, "--format", "geojson"])
    features = json.loads(done.stdout)["features"]
    assert {feature["properties"].get("not_read") for feature in features} == {record["not_read"]["said"], ""}


def test_what_a_run_does_not_look_at_is_not_among_its_modalities(
    posts: list[Post], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of words is not "going by" a picture, and says nothing of a post that has nothing else."""
    monkeypatch.setenv("POSTPLACE_CACHE", str(tmp_path / "vectors"))
    PostLocator("place", "tfidf", cache=cache, device="cpu").fit(posts).save(tmp_path / "run")
    picture = next(post.images[0] for post in posts if post.images)
    command = ["predict", str(tmp_path / "run"), str(tmp_path / "p.jsonl"), "--device", "cpu", "-q"]
    write_posts([Post("1", text="a walk", images=(picture,)), Post("2", images=(picture,))], tmp_path / "p.jsonl")
    done = CliRunner().invoke(app, command)
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["modalities"], first["not_read"]["modalities"]) == (["text"], ["image"])
    assert (second["modalities"], second["places"]) == ([], [])
    assert "1 of 2 posts have no text and no hashtags: no prediction" in done.stderr
    write_posts([Post("2", images=(picture,))], tmp_path / "p.jsonl")
    done = CliRunner().invoke(app, command)
    assert "none of 1 posts has text or hashtags; check the keys text and hashtags" in str(done.exception)


def test_a_prepared_folder_of_an_older_version_gives_no_filtered_hashtag_back(tmp_path: Path) -> None:
    only, none = np.array([0], dtype=np.int64), np.array([], dtype=np.int64)
    folder, split = tmp_path / "prepared", Split(only, none, none, none)
    post = Post("1", text="at #bund and #river", hashtags=("river",))
    write_prepared(folder, PreparedPosts([post], split, 0, [], {}, {}), overwrite=False)
    path, recipe = folder / "posts.parquet", json.loads((folder / "recipe.json").read_text())
    parquet.write_table(parquet.read_table(path).drop_columns(["hashtags_complete"]), path)
    recipe["files"]["posts.parquet"] = sha256_of_file(path)
    (folder / "recipe.json").write_text(json.dumps(recipe))
    assert read(folder, OnBadPost.error) == [post]
