"""Prepared posts on disk: a folder that is either whole or not there.

`posts.parquet` holds the posts left, `split.json` their parts and the seed, `recipe.json` every option, the fitted
filters and the other files' sha256, `report.json` what was removed and why, `images/` the images that were changed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from postplace.errors import BadOption, BadPost, BadRun
from postplace.posts.record import COMPLETE
from postplace.posts.table import read_posts, write_posts
from postplace.preparation.filters import FittedFilter, from_json, replace_images, to_json
from postplace.schema import Post
from postplace.splitting.splits import Split
from postplace.system.atomic_files import (
    as_json,
    atomic_folder,
    check_writable,
    read_checked,
    sha256_of_file,
    write_within,
)
from postplace.system.targets import real_path

FORMAT = 1
POSTS, SPLIT, RECIPE, REPORT, IMAGES = "posts.parquet", "split.json", "recipe.json", "report.json", "images"
_AGAIN = "copy the folder again or prepare the posts again"


@dataclass(frozen=True)
class PreparedPosts:
    """Posts after a recipe, with the split that its filters were fitted on.

    `recipe` are the options, `filters` the fitted filters in their order, `report` the table of what was removed.
    """

    posts: Sequence[Post]
    split: Split
    seed: int
    filters: Sequence[FittedFilter]
    recipe: Mapping[str, Any]
    report: Mapping[str, Any]


def is_prepared(folder: Path) -> bool:
    """Whether a path is a folder of prepared posts, by its recipe; whether it is whole, `read_prepared` says."""
    return (folder / RECIPE).is_file()


def read_prepared(folder: Path) -> PreparedPosts:
    """The posts, split, recipe and report of a folder. Raises BadRun for a file that is missing, cut short or changed.

    Images are compared by size alone: to read them all would take as long as to decode them.
    """
    if not folder.is_dir():
        raise BadRun(str(folder), "there is no such folder", "prepare one: postplace prepare POSTS --out FOLDER")
    saved = _recipe(folder)
    contents = {name: read_checked(folder / name, sha256, remedy=_AGAIN) for name, sha256 in saved["files"].items()}
    for name, size in saved["images"].items():
        _check_size(folder / IMAGES / name, size)
    try:
        split, report = json.loads(contents[SPLIT]), json.loads(contents[REPORT])
        filters = [from_json(filter_) for filter_ in saved["filters"]]
        posts = _as_written(read_posts(folder / POSTS), folder / POSTS)
        parts = Split.from_json(split, [post.id for post in posts])
        return PreparedPosts(posts, parts, int(split["seed"]), filters, saved["recipe"], report)
    except (KeyError, TypeError, ValueError, BadPost) as error:
        raise BadRun(str(folder), f"its files do not fit each other ({error})", _AGAIN) from error


def read_with_subsets(source: object) -> tuple[list[Post], dict[str, str] | None]:
    """The posts of whatever `read_posts` takes, or of a prepared folder; of this the part of each by its id, too."""
    path = Path(source) if isinstance(source, str | Path) else None
    if path is None or not is_prepared(path):
        return read_posts(source), None
    prepared = read_prepared(path)
    posts = list(prepared.posts)
    parts = prepared.split.subset_names(len(posts))
    return posts, {post.id: part for post, part in zip(posts, parts, strict=True)}


def check_free(folder: Path, *, overwrite: bool, posts: Sequence[Post] = ()) -> None:
    """Refuse early a folder that prepared posts could not be written to, or that holds images of these posts."""
    if folder.exists() and not overwrite:
        raise BadOption("folder", f"{folder} exists already", "choose another folder or give `overwrite=True`")
    if folder.exists() and not is_prepared(folder):
        problem = f"{folder} is no folder of prepared posts and is not overwritten"
        raise BadOption("folder", problem, "choose another folder")
    whole = real_path(folder)
    if folder.exists() and any(whole in real_path(image).parents for image in _paths(posts)):
        problem = f"{folder} holds images of these posts, which overwriting would delete"
        raise BadOption("folder", problem, "choose another folder")
    check_writable(folder)


def write_prepared(
    folder: Path, prepared: PreparedPosts, *, images: Path | None = None, sheet: bytes | None = None, overwrite: bool
) -> None:
    """Write prepared posts under a temporary name and rename it.

    Images of posts that lie in the folder `images` are copied to the folder's own `images/`; all others stay where
    they are, and keep their path. `sheet` is a PNG to lay beside them. Raises WriteFailed, and BadPost for an image
    that is bytes.
    """
    check_free(folder, overwrite=overwrite, posts=prepared.posts)
    with atomic_folder(folder) as unfinished:
        (unfinished / IMAGES).mkdir()
        sizes, posts = _copy_images(prepared.posts, images, unfinished / IMAGES)
        write_posts(posts, unfinished / POSTS)
        parts = {"seed": prepared.seed, **prepared.split.to_json([post.id for post in posts])}
        contents = {SPLIT: as_json(parts), REPORT: as_json(prepared.report)}
        contents |= {"sheet.png": sheet} if sheet is not None else {}
        for name, content in contents.items():
            write_within(unfinished, name, content)
        recipe = {
            "format": FORMAT,
            "recipe": prepared.recipe,
            "filters": [to_json(filter_) for filter_ in prepared.filters],
            "files": {name: sha256_of_file(unfinished / name) for name in (POSTS, SPLIT, REPORT)},
            "images": sizes,
        }
        write_within(unfinished, RECIPE, as_json(recipe))


# --- writing


def _copy_images(posts: Sequence[Post], source: Path | None, target: Path) -> tuple[dict[str, int], list[Post]]:
    """Names and bytes of the images taken over, and the posts with their new paths."""
    if source is None:
        return {}, list(posts)
    moved = {path: target / path.name for path in _paths(posts) if path.parent == source}
    for path, copy in moved.items():
        _link_or_copy(path, copy)
    sizes = {copy.name: copy.stat().st_size for copy in moved.values()}
    return sizes, [replace_images(post, moved) for post in posts]


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)  # at once, and no second copy on the disk until the source is removed
    except OSError:
        shutil.copyfile(source, target)


def _paths(posts: Sequence[Post]) -> set[Path]:
    return {image for post in posts for image in post.images if isinstance(image, Path)}


# --- reading


def _recipe(folder: Path) -> dict[str, Any]:
    path = folder / RECIPE
    try:
        saved = json.loads(path.read_bytes())
        if saved["format"] != FORMAT:
            problem = f"is of format {saved['format']!r}, this version reads {FORMAT}"
            raise BadRun(str(path), problem, "use the version that wrote it, or prepare the posts again")
        names = [*saved["files"], *saved["images"]]
        if {POSTS, SPLIT, REPORT} - saved["files"].keys() or any(Path(name).name != name for name in names):
            raise ValueError("its list of files is not one")
        return {key: saved[key] for key in ("recipe", "filters", "files", "images")}
    except FileNotFoundError:
        raise BadRun(str(path), "is missing", f"this is no folder of prepared posts; {_AGAIN}") from None
    except OSError as error:
        raise BadRun(str(path), f"cannot be read ({error.strerror})", "check the folder's permissions") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRun(str(path), f"is cut short or damaged ({error})", _AGAIN) from None


def _as_written(posts: list[Post], path: Path) -> list[Post]:
    """The posts without hashtags that a filter removed: a file of an older version does not say that these are all."""
    from pyarrow import parquet

    if says_complete(path):
        return posts
    listed = parquet.read_table(path, columns=["hashtags"]).column(0).to_pylist()
    return [replace(post, hashtags=tuple(own or ())) for post, own in zip(posts, listed, strict=True)]


def says_complete(path: Path) -> bool:
    """Whether posts in Parquet say which hashtags are complete; those of an older version do not."""
    from pyarrow import parquet

    return COMPLETE in parquet.read_schema(path).names


def _check_size(path: Path, expected: int) -> None:
    try:
        size = path.stat().st_size
    except OSError:
        raise BadRun(str(path), "is missing", _AGAIN) from None
    if size != expected:
        raise BadRun(str(path), f"is cut short or changed ({size} bytes, expected {expected})", _AGAIN)
