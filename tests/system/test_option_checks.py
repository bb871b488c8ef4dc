"""Numbers and lists of names: what is taken, and how what is not is refused, wherever it is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from postplace import Post, PostLocator, make_city
from postplace.errors import BadOption
from postplace.experiments.jobs import DataSet, Options
from postplace.inference.options import PredictOptions
from postplace.preparation.filters import Languages, Modalities, RareHashtags
from postplace.preparation.pipeline import prepare_posts
from postplace.splitting.splits import split_folds, split_groups
from postplace.system.option_checks import check_names, check_seed, check_share, check_whole

ROWS = np.arange(8)
POSTS = [Post(str(number), text="bridge") for number in range(8)]


def test_numbers_of_numpy_are_numbers() -> None:
    assert (check_whole("cells", np.int64(4)), type(check_whole("cells", np.int64(4)))) == (4, int)
    assert check_share("level", np.float32(0.5)) == 0.5
    assert check_seed(2**32 - 1) == 4294967295


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [1]])
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(BadOption, match=r"cells: .* is not a whole number; give a whole number from 2 on"):
        check_whole("cells", value, least=2)


@pytest.mark.parametrize("value", [float("nan"), -0.1, 1.1])
def test_a_share_is_from_0_to_1(value: float) -> None:
    with pytest.raises(BadOption, match="out of range; give a number from 0 to 1"):
        check_share("max_portrait", value)


@pytest.mark.parametrize("value", [5, b"text", [1], [None]])
def test_what_is_no_list_of_names_is_refused(value: object) -> None:
    with pytest.raises(BadOption, match=r"modalities: .* no (list of names|name); give names"):
        check_names("modalities", value)


@pytest.mark.parametrize(
    ("option", "call"),
    [
        ("seed: 'x' is not", lambda: PostLocator(model="majority", seed="x")),  # type: ignore[arg-type]
        ("seed: -1 is out", lambda: PostLocator(model="majority", seed=-1)),
        ("min_posts: 'a' is not", lambda: PostLocator(model="majority", min_posts="a")),  # type: ignore[arg-type]
        ("min_posts: 0 is out", lambda: PostLocator(model="majority", min_posts=0)),
        ("cells: 1.5 is not", lambda: PostLocator(model="majority", cells=1.5)),  # type: ignore[arg-type]
        ("cells: given with", lambda: PostLocator("category", "majority", cells=4)),
        ("devices: 0 is out", lambda: PostLocator(model="majority", devices=0)),
        ("workers: -1 is out", lambda: PostLocator(model="majority", workers=-1)),
        ("folds: 1 is out", lambda: PostLocator(model="majority", folds=1)),
        ("settings: 5 is no mapping", lambda: PostLocator(model="majority", settings=5)),  # type: ignore[arg-type]
        ("top_k: '5' is not", lambda: PredictOptions(top_k="5")),  # type: ignore[arg-type]
        ("level: 'x' is not", lambda: PredictOptions(level="x")),  # type: ignore[arg-type]
        ("min_confidence: 'x' is not", lambda: PredictOptions(min_confidence="x")),  # type: ignore[arg-type]
        ("seed: -1 is out", lambda: split_groups(ROWS, ROWS, seed=-1)),
        ("seed: 'x' is not", lambda: split_folds(ROWS, ROWS, seed="x", folds=2)),  # type: ignore[arg-type]
        ("fractions: ab is no", lambda: split_groups(ROWS, ROWS, seed=0, fractions="ab")),  # type: ignore[arg-type]
        ("seed: -1 is out", lambda: prepare_posts(POSTS, recipe=(), state=Path("state"), seed=-1)),
        ("min_hashtag_posts: 'a' is not", lambda: RareHashtags("a")),  # type: ignore[arg-type]
        ("seed: -1 is out", lambda: make_city(Path("city"), seed=-1)),
        ("posts: 1.5 is not", lambda: make_city(Path("city"), posts=1.5)),  # type: ignore[arg-type]
        ("min_posts: 0 is out", lambda: DataSet("city", Path("city"), "place", min_posts=0)),
        ("cells: given with", lambda: DataSet("city", Path("city"), "category", cells=4)),
        ("max_epochs: 0 is out", lambda: Options(max_epochs=0)),
        ("tune: -1 is out", lambda: Options(trials=-1)),
    ],
)
def test_an_option_is_refused_by_its_name(option: str, call: Callable[[], Any]) -> None:
    with pytest.raises(BadOption, match=f"^{option}"):
        call()


def test_a_single_name_is_a_list_of_one() -> None:
    assert PostLocator(model="majority", modalities="text").modalities == ("text",)
    assert Modalities("text").required == ("text",)  # type: ignore[arg-type]
    assert Languages("en").keep == ("en",)  # type: ignore[arg-type]
