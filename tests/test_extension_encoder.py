"""Encoders from outside: of a package with entry points, as a class, as an object, as a table of vectors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from postplace import Post, PostLocator, VectorTable, register_encoder
from postplace.cli import app
from postplace.encoders import outside
from postplace.encoders.outside import unregister_encoder
from postplace.encoders.registry import all_entries, find_image_encoder, find_text_encoder
from postplace.errors import BadOption, BadRun, BadVectors
from postplace.explain.explaining import explain

EXTENSION = Path(__file__).parent / "extension"
QUICK: dict[str, Any] = {"model": "pair-mlp", "settings": {"max_epochs": 1}, "device": "cpu"}


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test package, as if it were installed."""
    monkeypatch.setattr(outside, "_REGISTERED", {})
    monkeypatch.syspath_prepend(str(EXTENSION))
    yield
    for name in [name for name in sys.modules if name.startswith("postplace_toy")]:
        del sys.modules[name]


class Counting:
    """A text encoder that is registered nowhere: the length of a text and its number of spaces."""

    name, width, fingerprint = "counting", 2, "counting 1"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([(len(text) / 100, text.count(" ") / 10) for text in texts], np.float32).reshape(-1, 2)


def _loads_as_saved(locator: PostLocator, posts: list[Post], run: Path, **given: object) -> None:
    locator.save(run)
    loaded = PostLocator.load(run, device="cpu", **given)  # type: ignore[arg-type]
    np.testing.assert_array_equal(loaded.predict_proba(posts[:9]), locator.predict_proba(posts[:9]))


def test_an_installed_package_adds_encoders(extension: None, posts: list[Post], cache: Path, tmp_path: Path) -> None:
    locator = PostLocator(text_encoder="toy-lengths", image_encoder="toy-colours", cache=cache, **QUICK).fit(posts)
    assert [encoder.width for encoder in locator.encoders()] == [8, 3]
    assert len(locator.predict(posts[:3])) == 3
    assert explain(locator, posts[0]).post_id == posts[0].id
    _loads_as_saved(locator, posts, tmp_path / "run")


def test_the_command_lists_the_encoders_of_an_installed_package() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(EXTENSION), *sys.path]), "COLUMNS": "200"}
    command = [sys.executable, "-m", "postplace", "encoders"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    rows = {line.split()[0]: line.split() for line in shown.splitlines() if line.startswith("toy-")}
    assert rows["toy-lengths"][1:] == ["text", "8", "yes", "a", "toy", "is", "wanted"]
    assert rows["toy-colours"][1:4] == ["image", "3", "yes"]


def test_a_broken_package_costs_a_warning(tmp_path: Path, extension: None, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken-1.dist-info").mkdir()
    (tmp_path / "broken-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    points = "[postplace.encoders]\nbroken = no_such_module:Encoder\n"
    (tmp_path / "broken-1.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(UserWarning, match=r"encoder broken: no_such_module:Encoder cannot be imported .*; mend or"):
        names = {entry.name for entry in all_entries()}
    assert {"bundled", "toy-lengths", "toy-colours"} <= names
    assert find_text_encoder("toy-lengths").width == 8
    with pytest.raises(BadOption, match="cannot be imported"):
        find_text_encoder("broken")


@pytest.mark.parametrize("given", [Counting, Counting()])
def test_a_class_and_an_object_are_encoders(given: object, posts: list[Post], cache: Path, tmp_path: Path) -> None:
    locator = PostLocator(text_encoder=given, cache=cache, **QUICK).fit(posts)
    encoders: Any = locator.options()["encoders"]
    assert encoders["text"]["asked"] == "object counting"
    _loads_as_saved(locator, posts, tmp_path / "run", text_encoder=given)
    with pytest.raises(BadRun, match=r"'counting' was given as a Python object.*PostLocator.load\(run, text_encoder="):
        PostLocator.load(tmp_path / "run", device="cpu")
    register_encoder("counting", kind="text")(Counting)
    try:
        assert PostLocator.load(tmp_path / "run", device="cpu").encoders()[0].width == 2
    finally:
        unregister_encoder("counting", kind="text")


def test_a_run_refuses_another_object(posts: list[Post], cache: Path, tmp_path: Path) -> None:
    PostLocator(text_encoder=Counting(), cache=cache, **QUICK).fit(posts).save(tmp_path / "run")
    other = Counting()
    other.fingerprint = "counting 2"
    with pytest.raises(BadRun, match="the text encoder differs: fingerprint counting 1 then, counting 2 now"):
        PostLocator.load(tmp_path / "run", device="cpu", text_encoder=other)


@pytest.mark.parametrize(
    ("find", "given", "message"),
    [
        (find_text_encoder, 3, "text_encoder: int is no encoder: it has no name, width, fingerprint, encode"),
        (find_image_encoder, Counting(), "image_encoder: Counting is no encoder: it has no prepare"),
        (find_image_encoder, VectorTable([[1.0]], ["a"]), "one vector a post, and a post may have several images"),
        (find_text_encoder, "object mine", "'mine' was given as a Python object"),
    ],
)
def test_what_is_no_encoder_is_refused(find: Any, given: object, message: str) -> None:
    with pytest.raises(BadOption, match=message):
        find(given)


def test_a_name_belongs_to_one_encoder() -> None:
    with pytest.raises(BadOption, match="encoder clip: the name is taken"):
        register_encoder("clip", kind="text")(Counting)
    with pytest.raises(BadOption, match="would be taken for a path"):
        register_encoder("a/b", kind="text")
    with pytest.raises(BadOption, match="the kind 'sound' is unknown"):
        register_encoder("a", kind="sound")  # type: ignore[arg-type]


def test_the_kinds_of_a_name_are_kept_apart(extension: None) -> None:
    with pytest.raises(BadOption, match="'toy-lengths' does not read images"):
        find_image_encoder("toy-lengths")


# --- vectors that were computed before


@pytest.fixture(scope="module")
def vectors(posts: list[Post], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Parquet file with a vector of each post."""
    path = tmp_path_factory.mktemp("computed") / "vectors.parquet"
    rows = np.random.default_rng(1).normal(size=(len(posts), 5)).astype(np.float32)
    pd.DataFrame({"id": [post.id for post in posts], "vector": list(rows)}).to_parquet(path)
    return path


def test_computed_vectors_train_save_and_load(vectors: Path, posts: list[Post], cache: Path, tmp_path: Path) -> None:
    locator = PostLocator(text_encoder=str(vectors), cache=cache, **QUICK).fit(posts)
    _loads_as_saved(locator, posts, tmp_path / "run")
    by_object = PostLocator(text_encoder=VectorTable(vectors), cache=cache, **QUICK)
    assert by_object.options() == locator.options()
    encoded = locator.encoder_pair.encode(posts[:4])
    table = VectorTable(vectors)
    expected = table.encode_posts([post for post in posts[:4] if post.text])
    np.testing.assert_array_equal(encoded.text_vectors[encoded.text_mask], expected)
    assert not encoded.hashtag_mask.any()
    with pytest.raises(BadVectors, match=r"has no vector for 1 of 1 posts: new; compute theirs and add them"):
        locator.predict([Post("new", text="a text of which nothing was computed")])


def test_the_command_line_takes_a_file_of_vectors(vectors: Path, city: Path, cache: Path, tmp_path: Path) -> None:
    words = ["train", city, "--model", "majority", "--text-encoder", vectors, "--out", tmp_path / "run"]
    done = CliRunner().invoke(app, [str(word) for word in [*words, "--cache", cache, "--device", "cpu", "--quiet"]])
    assert done.exit_code == 0, done.output
    config = json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))
    assert config["encoders"]["text"]["asked"] == str(vectors)
    vectors.rename(moved := vectors.with_name("moved.parquet"))
    try:
        with pytest.raises(BadRun, match=r"the text encoder .*vectors\.parquet that this run was trained with is not"):
            PostLocator.load(tmp_path / "run", device="cpu")
        PostLocator.load(tmp_path / "run", device="cpu", text_encoder=VectorTable(moved))
    finally:
        moved.rename(vectors)


def test_computed_vectors_cannot_be_asked_about_changed_posts(vectors: Path, posts: list[Post], cache: Path) -> None:
    locator = PostLocator(text_encoder=VectorTable(vectors), cache=cache, **QUICK).fit(posts)
    with pytest.raises(BadVectors, match="explain: precomputed vectors cannot be asked about changed posts"):
        explain(locator, posts[0])


def test_a_table_of_later_posts_is_taken_where_it_says_what_made_it(
    vectors: Path, posts: list[Post], cache: Path, tmp_path: Path
) -> None:
    PostLocator(text_encoder=VectorTable(vectors, made_by="mine 3"), cache=cache, **QUICK).fit(posts).save(
        tmp_path / "r"
    )
    later = [Post("later", text="coffee")]
    rows = {"vectors": np.ones((1, 5)), "ids": ["later"]}
    table = VectorTable(rows["vectors"], rows["ids"], made_by="mine 3")
    assert len(PostLocator.load(tmp_path / "r", device="cpu", text_encoder=table).predict(later)) == 1
    with pytest.raises(BadRun, match="the text encoder differs"):
        PostLocator.load(tmp_path / "r", device="cpu", text_encoder=VectorTable(rows["vectors"], rows["ids"]))
