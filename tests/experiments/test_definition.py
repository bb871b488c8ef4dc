"""Experiments read from TOML: what is refused, and that those that come along can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from postplace.errors import BadOption
from postplace.experiments.definition import Condition, packaged, read_experiment
from postplace.models.registry import built_in_files

GOOD = """
title = "A table"
source = "Somebody, 2020, Table 1"
target = "category"
metrics = ["accuracy", "macro_f1"]

[[row]]
name = "theirs"
model = "sg-mft"
settings = {layers = 2}
modalities = ["image", "text"]
condition = {split = "random", min_hashtag_posts = 50}
paper = {"New York" = 0.5}

[[row]]
model = "mrlf"
"""


def test_a_file_says_everything(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(GOOD)
    experiment = read_experiment(tmp_path / "one.toml")
    assert (experiment.name, experiment.title, experiment.target) == ("one", "A table", "category")
    assert experiment.metrics == ("accuracy", "macro_f1")
    theirs, plain = experiment.rows
    assert theirs.settings == {"layers": 2}
    assert theirs.modalities == ("text", "image")  # in the usual order
    assert theirs.condition == Condition(split="random", min_hashtag_posts=50)
    assert theirs.paper == {"New York": 0.5}
    assert (plain.name, plain.model, plain.modalities) == ("MRLF", "mrlf", None)


def test_folds_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(f"folds = 5\n{GOOD}")
    assert read_experiment(tmp_path / "one.toml").folds == 5
    (tmp_path / "one.toml").write_text(GOOD)
    assert read_experiment(tmp_path / "one.toml").folds is None


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        ("title", "folds = 1\ntitle", "folds: 1 is no number of folds; give a whole number from 2 on"),
        ("title", "folds = true\ntitle", "folds: True is no number of folds"),
        ("metrics = ", "metric = ", "one.toml: 'metric' is unknown; did you mean 'metrics'"),
        ('"macro_f1"', '"macro_f2"', "metrics: 'macro_f2' is unknown; did you mean 'macro_f1'"),
        (
            '["accuracy", "macro_f1"]',
            '["macro_f1"]',
            "metrics: macro_f1 comes first and cannot be compared post by post",
        ),
        ('["accuracy", "macro_f1"]', '"accuracy"', "metrics: 'accuracy' is not a list of names; write them between"),
        ('["accuracy", "macro_f1"]', "[]", "metrics: [] is not a list of names"),
        ("{layers = 2}", "5", "row 1: settings: 5 is not a table"),
        ('["image", "text"]', '"text"', "row 1: modalities: 'text' is not a list of names"),
        ('["image", "text"]', "[]", "row 1: modalities: [] is not a list of names"),
        ("{split =", '"x" # ', "row 1: condition: 'x' is not a table"),
        ("min_hashtag_posts = 50", "min_hashtag_posts = true", "min_hashtag_posts: True is no count"),
        ("min_hashtag_posts = 50", "max_portrait = true", "max_portrait: True is no share"),
        ("min_hashtag_posts = 50", 'mask_place_names = "no"', "mask_place_names: 'no' is neither true nor false"),
        ("= 0.5}", '= "n/a"}', "row 1: paper, New York: 'n/a' is no number"),
        ('"category"', '"cat"', "target: 'cat' is unknown"),
        ('model = "mrlf"', 'model = "mrfl"', "row 2: model: 'mrfl' is unknown; did you mean 'mrlf'"),
        ('model = "mrlf"', 'note = "x"', "row 2: 'note' is unknown"),
        ('model = "mrlf"', 'name = "x"', "row 2: names no model"),
        ("layers = 2", "layer = 2", "row 1: setting of sg-mft: 'layer' is unknown; did you mean 'layers'"),
        ("layers = 2", "layers = -1", "row 1: layers: -1 is out of range"),
        ('"image", "text"', '"picture"', "'picture' is unknown"),
        ('"random"', '"randm"', "split: 'randm' is unknown; did you mean 'random'"),
        ("min_hashtag_posts = 50", "min_hashtag_posts = -1", "min_hashtag_posts: -1 is no count"),
        ("min_hashtag_posts = 50", "max_portrait = 3", "max_portrait: 3 is no share"),
        ("min_hashtag_posts = 50", "hashtag = 3", "condition: 'hashtag' is unknown"),
        ('name = "theirs"', 'name = "MRLF"', "two rows are called 'MRLF'"),
        ('title = "A table"', "title = ", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(line: str, instead: str, message: str, tmp_path: Path) -> None:
    assert line in GOOD
    (tmp_path / "one.toml").write_text(GOOD.replace(line, instead, 1))
    with pytest.raises(BadOption) as caught:
        read_experiment(tmp_path / "one.toml")
    assert message in str(caught.value)


def test_without_rows_there_is_nothing_to_run(tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text('title = "x"')
    with pytest.raises(BadOption, match="has no rows"):
        read_experiment(tmp_path / "none.toml")


def test_those_that_come_along_are_found_by_name() -> None:
    assert "mrlf-fig2" in packaged()
    for name in packaged():
        experiment = read_experiment(name)
        assert experiment.name == name
        assert experiment.title
        assert experiment.source
    assert read_experiment("experiments/mrlf-fig2.toml") == read_experiment("mrlf-fig2")


def test_a_misspelt_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadOption, match="did you mean 'mrlf-fig2'"):
        read_experiment("mrlf-fig-2")


def test_models_without_a_row_get_one(tmp_path: Path) -> None:
    lines = ["[[row]]", 'name = "mine"', 'model = "gated"']
    left_out = sorted(set(built_in_files()) - {"gated", "pair-mlp", "mrlf"})
    path = tmp_path / "table.toml"
    path.write_text("\n".join([f"all_models_but = {left_out!r}", *lines]))
    rows = [(row.name, row.model) for row in read_experiment(path).rows]
    assert rows == [("mine", "gated"), ("MRLF", "mrlf"), ("Product and difference + MLP", "pair-mlp")]
    path.write_text("\n".join(['all_models_but = ["gatedd"]', *lines]))
    with pytest.raises(BadOption, match="all_models_but: 'gatedd' is unknown; did you mean 'gated'"):
        read_experiment(path)


def test_all_systems_has_a_row_of_every_model_in_the_order_of_the_results() -> None:
    models = [row.model for row in read_experiment("all-systems").rows]
    assert models[:3] == ["majority", "nearest-neighbours", "tfidf"]
    assert models[-2:] == ["sg-mft", "mrlf"]
    assert set(models) == set(built_in_files()) - {"bridge-tower", "sg-mft-tokens", "sg-mft-paper"}
