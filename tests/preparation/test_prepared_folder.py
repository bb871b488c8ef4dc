"""A folder of prepared posts: read back as it was written, and never taken for whole when it is not."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from postplace.errors import BadOption, BadPost, BadRun, WriteFailed
from postplace.preparation.filters import FittedFilter, Modalities, Portraits, RareHashtags
from postplace.preparation.prepared_folder import PreparedPosts, check_free, is_prepared, read_prepared, write_prepared
from postplace.schema import Post
from postplace.splitting.splits import Indices, Split


def rows(*numbers: int) -> Indices:
    return np.array(numbers, dtype=np.int64)


@pytest.fixture
def made(tmp_path: Path) -> tuple[PreparedPosts, Path]:
    """Four posts, one of them with a cleaned image in a folder of the run beside an image of its own."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "abc.jpg").write_bytes(b"cleaned")
    (tmp_path / "own.jpg").write_bytes(b"own")
    posts = [
        Post("1", "外滩 at night", ("river",), (tmp_path / "state" / "abc.jpg", tmp_path / "own.jpg"), place="bund"),
        Post("2", time=datetime(2022, 9, 26, tzinfo=UTC), latitude=31.2, longitude=121.5, image_text="EXIT"),
        Post("3", user="u", venue="v", category="c"),
        Post("4"),
    ]
    filters: list[FittedFilter] = [RareHashtags(1).fit(posts), Portraits().fit(posts), Modalities(("text",))]
    split = Split(rows(0, 1), rows(), rows(2), rows(3))
    return PreparedPosts(posts, split, 7, filters, {"recipe": "mrlf"}, {"steps": []}), tmp_path / "state"


@pytest.fixture
def folder(made: tuple[PreparedPosts, Path], tmp_path: Path) -> Path:
    write_prepared(tmp_path / "out" / "prepared", made[0], images=made[1], overwrite=False)
    return tmp_path / "out" / "prepared"


def test_hashtags_that_a_filter_removed_do_not_come_back(tmp_path: Path) -> None:
    """They stay in the text, where models do not read them; also in a folder of a version that did not say so."""
    posts = [Post("1", "dinner #bund #rare", ("bund", "rare")), Post("2", "#bund", ("bund",))]
    kept = list(map(RareHashtags(2).fit(posts).apply, posts))
    assert [post.hashtags for post in kept] == [("bund",), ("bund",)]
    split = Split(rows(0, 1), rows(), rows(), rows())
    write_prepared(tmp_path / "new", PreparedPosts(kept, split, 0, [], {}, {}), overwrite=False)
    assert read_prepared(tmp_path / "new").posts == kept
    write_prepared(tmp_path / "old", PreparedPosts(kept, split, 0, [], {}, {}), overwrite=False)
    path = tmp_path / "old" / "posts.parquet"
    parquet.write_table(parquet.read_table(path).drop_columns(["hashtags_complete"]), path)
    recipe = json.loads((tmp_path / "old" / "recipe.json").read_text())
    recipe["files"]["posts.parquet"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "old" / "recipe.json").write_text(json.dumps(recipe))
    assert read_prepared(tmp_path / "old").posts == kept


def test_what_was_written_is_read(made: tuple[PreparedPosts, Path], folder: Path, tmp_path: Path) -> None:
    assert is_prepared(folder)
    assert {path.name for path in folder.iterdir()} == {
        *("posts.parquet", "split.json", "recipe.json", "report.json", "images")
    }
    assert [path.name for path in folder.parent.iterdir()] == ["prepared"]
    found, expected = read_prepared(folder), made[0]
    assert found.posts[0].images == (folder / "images" / "abc.jpg", tmp_path / "own.jpg")
    assert list(found.posts[1:]) == list(expected.posts[1:])
    assert [indices.tolist() for _, indices in found.split.subsets()] == [[0, 1], [], [2], [3]]
    assert (found.seed, found.recipe, found.report) == (7, {"recipe": "mrlf"}, {"steps": []})
    assert list(found.filters) == list(expected.filters)


def test_it_can_be_moved(folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "elsewhere")
    found = read_prepared(tmp_path / "elsewhere")
    assert found.posts[0].images[0] == tmp_path / "elsewhere" / "images" / "abc.jpg"


FILES = ("posts.parquet", "split.json", "report.json", "recipe.json", "images/abc.jpg")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("damage", "told"), [(Path.unlink, "is missing"), (cut, "is cut short or")])
def test_a_damaged_folder_is_told_by_file(folder: Path, name: str, damage: Callable[[Path], None], told: str) -> None:
    damage(folder / name)
    with pytest.raises(BadRun, match=told) as error:
        read_prepared(folder)
    assert error.value.where == str(folder / name)


def test_a_changed_file_of_equal_length_is_told(folder: Path) -> None:
    content = bytearray((folder / "split.json").read_bytes())
    content[12] ^= 1
    (folder / "split.json").write_bytes(content)
    with pytest.raises(BadRun, match=r"split\.json: is cut short or changed"):
        read_prepared(folder)


def test_what_is_no_prepared_folder(tmp_path: Path) -> None:
    with pytest.raises(BadRun, match="there is no such folder"):
        read_prepared(tmp_path / "nothing")
    with pytest.raises(BadRun, match=r"recipe\.json: is missing"):
        read_prepared(tmp_path)
    (tmp_path / "recipe.json").write_text('{"format": 99, "files": {}, "images": {}}')
    with pytest.raises(BadRun, match="is of format 99"):
        read_prepared(tmp_path)
    (tmp_path / "recipe.json").write_text('{"format": 1, "files": {"../secret": "0"}, "images": {}}')
    with pytest.raises(BadRun, match="is cut short or damaged"):
        read_prepared(tmp_path)


def test_an_earlier_folder_is_replaced_only_when_asked(made: tuple[PreparedPosts, Path], folder: Path) -> None:
    with pytest.raises(BadOption, match="exists already"):
        write_prepared(folder, made[0], images=made[1], overwrite=False)
    (folder / "old").touch()
    write_prepared(folder, made[0], images=made[1], overwrite=True)
    assert not (folder / "old").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["prepared"]


def test_nothing_else_is_ever_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    with pytest.raises(BadOption, match="is not overwritten"):
        check_free(tmp_path / "thesis", overwrite=True)


def test_a_folder_with_the_posts_own_images_is_not_replaced(folder: Path) -> None:
    with pytest.raises(BadOption, match="would delete"):
        check_free(folder, overwrite=True, posts=read_prepared(folder).posts)


def test_a_failure_leaves_nothing(
    made: tuple[PreparedPosts, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    target = tmp_path / "new" / "prepared"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(WriteFailed, match="free some disk space"):
            write_prepared(target, made[0], images=made[1], overwrite=False)
    assert list(target.parent.iterdir()) == []
    uploaded = PreparedPosts([Post("1", images=(b"jpeg",))], Split(rows(0), rows(), rows(), rows()), 0, [], {}, {})
    with pytest.raises(BadPost, match="is bytes"):
        write_prepared(target, uploaded, overwrite=False)
    assert list(target.parent.iterdir()) == []
