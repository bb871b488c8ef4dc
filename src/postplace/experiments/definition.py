"""What an experiment is: a TOML file of rows, each a model with what is done to it and to the data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from postplace.errors import BadOption, unknown_name
from postplace.features.pooled import check_modalities
from postplace.models.registry import built_in_files, find_model
from postplace.models.settings import resolve_settings
from postplace.system.json_types import JsonObject

METRICS: Mapping[str, bool] = {  # whether more is better
    "accuracy": True,
    "accuracy@5": True,
    "macro_f1": True,
    "mean_km": False,
    "median_km": False,
}
TESTED = ("accuracy", "mean_km")  # may come first, to decide who is best: post by post they can be compared
THEIRS = "their data, one run, split not stated"
Side = Literal["grouped", "random"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What is done to the posts before any model is given them; rules are fitted on the training part.

    `split`: "grouped" keeps users (else venues) and near-duplicates on one side, "random" does not (to show how much
    that flatters). `min_hashtag_posts`: rarer hashtags are removed. `max_portrait`: images of which persons fill more
    are removed. `mask_place_names`: the names of places are taken out of texts and hashtags.
    """

    split: Side = "grouped"
    min_hashtag_posts: int = 0
    max_portrait: float | None = None
    mask_place_names: bool = False

    def label(self) -> str:
        """In a few words; "" for posts as they are.

        >>> Condition(split="random", min_hashtag_posts=50).label()
        'split=random, min_hashtag_posts=50'
        """
        given = [(name, value) for name, value in asdict(self).items() if value != getattr(_PLAIN, name)]
        return ", ".join(f"{name}={value}" for name, value in given)


_PLAIN = Condition()


@dataclass(frozen=True)
class Row:
    """One line of a table: a model, with what is changed of it. `paper`: the numbers that a paper printed for it.

    `modalities` are those it learns from, `test_modalities` those it is evaluated with. An encoder that is None
    is the one that the experiment is run with.
    """

    name: str
    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    modalities: tuple[str, ...] | None = None
    test_modalities: tuple[str, ...] | None = None
    text_encoder: str | None = None
    image_encoder: str | None = None
    condition: Condition = _PLAIN
    paper: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """A table to be made. `figure`: the drawing that goes with it, of the fused vectors of its rows; "" for none.

    With `folds` K every K seeds are the folds of one partition, so that every post is in the test part of one of them.
    """

    name: str
    title: str
    source: str
    target: Literal["place", "category"]
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]
    figure: str = ""
    folds: int | None = None

    def to_json(self) -> JsonObject:
        """Plain data."""
        return asdict(self)


def packaged() -> dict[str, Path]:
    """The experiments that come with the package, by name."""
    here = Path(__file__).parent
    folders = (here / "tables", here.parents[2] / "experiments")  # the second: in a source tree
    return {path.stem: path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.toml"))}


def read_experiment(where: str | Path) -> Experiment:
    """A TOML file, or the name of one that comes with the package; BadOption says what is wrong and where."""
    path = Path(where)
    if not path.is_file():
        known = packaged()
        if path.stem not in known:
            raise unknown_name("EXPERIMENT", str(where), known)
        path = known[path.stem]
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadOption(str(path), f"cannot be read ({error})", "mend the file") from error
    return _experiment(content, path)


def _experiment(content: dict[str, Any], path: Path) -> Experiment:
    where = str(path)
    _check_keys(content, {"title", "source", "target", "metrics", "row", "figure", "folds", "all_models_but"}, where)
    rows = content.get("row")
    if not isinstance(rows, list) or not rows:
        raise BadOption(where, "has no rows", "give at least one [[row]]")
    metrics = _names(content.get("metrics", ["accuracy"]), f"{where}: metrics")
    for metric in metrics:
        if metric not in METRICS:
            raise unknown_name(f"{where}: metrics", metric, METRICS)
    if metrics[0] not in TESTED:
        problem = f"{metrics[0]} comes first and cannot be compared post by post"
        raise BadOption(f"{where}: metrics", problem, f"begin with {' or '.join(TESTED)}")
    target = content.get("target", "place")
    if target not in ("place", "category"):
        raise unknown_name(f"{where}: target", str(target), ("place", "category"))
    if "all_models_but" in content:
        rows = [*rows, *_other_models(rows, _names(content["all_models_but"], f"{where}: all_models_but"), where)]
    read = tuple(_row(row, f"{where}, row {number}") for number, row in enumerate(rows, start=1))
    names = [row.name for row in read]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadOption(where, f"two rows are called {twice[0]!r}", "give each its own name")
    title, source = (str(content.get(key, "")) for key in ("title", "source"))
    figure, folds = str(content.get("figure", "")), content.get("folds")
    if folds is not None and (type(folds) is not int or folds < 2):
        raise BadOption(f"{where}: folds", f"{folds!r} is no number of folds", "give a whole number from 2 on")
    return Experiment(path.stem, title or path.stem, source, target, metrics, read, figure, folds)


def _other_models(rows: list[Any], left_out: tuple[str, ...], where: str) -> list[dict[str, str]]:
    """A row for every model of this package that has none and is not left out, called by its title."""
    for name in left_out:
        if name not in built_in_files():
            raise unknown_name(f"{where}: all_models_but", name, built_in_files())
    there = {*left_out, *(row.get("model") for row in rows if isinstance(row, dict))}
    return [{"model": name} for name in built_in_files() if name not in there]


def _row(content: Any, where: str) -> Row:
    if not isinstance(content, dict):
        raise BadOption(where, "is not a table", "write [[row]]")
    _check_keys(content, {field.name for field in fields(Row)}, where)
    if not isinstance(content.get("model"), str):
        raise BadOption(where, "names no model", 'give model = "mrlf", or another of `postplace models`')
    settings, paper = (_table(content.get(key, {}), f"{where}: {key}") for key in ("settings", "paper"))
    try:
        entry = find_model(content["model"])
        resolve_settings(entry, settings)  # refuses what the model does not have, before hours of work
    except BadOption as error:
        raise BadOption(f"{where}: {error.where}", error.found, error.remedy) from None
    condition = _table(content.get("condition", {}), f"{where}: condition")
    _check_keys(condition, {field.name for field in fields(Condition)}, f"{where}, condition")
    sides = {
        name: check_modalities(_names(content[name], f"{where}: {name}"))
        for name in ("modalities", "test_modalities")
        if name in content
    }
    for column, value in paper.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadOption(f"{where}: paper, {column}", f"{value!r} is no number", "give the number that was printed")
    return Row(
        name=str(content.get("name", entry.title)),
        model=entry.name,
        settings=settings,
        text_encoder=content.get("text_encoder"),
        image_encoder=content.get("image_encoder"),
        condition=_condition(condition, where),
        paper={column: float(value) for column, value in paper.items()},
        **sides,
    )


def _condition(content: Mapping[str, Any], where: str) -> Condition:
    condition = Condition(**content)
    least, portrait = condition.min_hashtag_posts, condition.max_portrait
    if condition.split not in ("grouped", "random"):
        raise unknown_name(f"{where}: split", str(condition.split), ("grouped", "random"))
    if isinstance(least, bool) or not isinstance(least, int) or least < 0:
        raise BadOption(f"{where}: min_hashtag_posts", f"{least!r} is no count", "give a whole number from 0 on")
    if portrait is not None and not (type(portrait) in (int, float) and 0 <= portrait <= 1):
        raise BadOption(f"{where}: max_portrait", f"{portrait!r} is no share", "give a number from 0 to 1")
    if not isinstance(condition.mask_place_names, bool):
        problem = f"{condition.mask_place_names!r} is neither true nor false"
        raise BadOption(f"{where}: mask_place_names", problem, "give one of them, without quotes")
    return condition


def _table(content: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise BadOption(where, f"{content!r} is not a table", "write names and values between braces")
    return content


def _names(content: Any, where: str) -> tuple[str, ...]:
    if not isinstance(content, list) or not content or not all(isinstance(name, str) for name in content):
        raise BadOption(where, f"{content!r} is not a list of names", "write them between brackets, at least one")
    return tuple(content)


def _check_keys(content: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in content:
        if key not in known:
            raise unknown_name(where, key, sorted(known))
