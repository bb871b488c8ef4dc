"""An unfinished training is continued only by the same posts and options."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from postplace.errors import BadOption
from postplace.posts.identity import posts_digest
from postplace.runs.checkpoint import KEY, LAST, TrainingCheckpoint
from postplace.schema import Post


def left_behind(folder: Path, key: dict[str, int]) -> TrainingCheckpoint:
    """A training that was killed after its first epoch."""
    training = TrainingCheckpoint(folder, key)
    with suppress(KeyboardInterrupt), training.open(log=lambda _: None) as checkpoints:
        (checkpoints / LAST).write_bytes(b"state")
        raise KeyboardInterrupt
    return training


def test_the_same_key_keeps_the_checkpoints(tmp_path: Path) -> None:
    said: list[str] = []
    left_behind(tmp_path / "state", {"seed": 1})
    again = TrainingCheckpoint(tmp_path / "state", {"seed": 1})
    again.check(overwrite=False)
    with again.open(log=said.append) as folder:
        assert (folder / LAST).read_bytes() == b"state"
    assert "continuing" in said[-1]


def test_another_training_is_not_thrown_away_unasked(tmp_path: Path) -> None:
    left_behind(tmp_path / "state", {"seed": 1})
    with pytest.raises(BadOption, match=r"state holds an unfinished training .* `overwrite=True` .* another folder"):
        TrainingCheckpoint(tmp_path / "state", {"seed": 2}).check(overwrite=False)
    assert (tmp_path / "state" / LAST).exists()


def test_another_training_goes_when_the_new_one_begins_and_no_sooner(tmp_path: Path) -> None:
    said: list[str] = []
    left_behind(tmp_path / "state", {"seed": 1})
    other = TrainingCheckpoint(tmp_path / "state", {"seed": 2})
    other.check(overwrite=True)
    assert (tmp_path / "state" / LAST).exists()
    with other.open(log=said.append) as folder:
        assert not (folder / LAST).exists()
    assert "starting anew" in said[-1]


def test_a_training_that_failed_before_its_first_epoch_leaves_nothing(tmp_path: Path) -> None:
    failing = TrainingCheckpoint(tmp_path / "state", {"seed": 1})
    failing.check(overwrite=False)
    assert not (tmp_path / "state").exists()
    with pytest.raises(ValueError, match="early"), failing.open(log=lambda _: None):
        raise ValueError("early")
    assert list(tmp_path.iterdir()) == []


def killed_early(folder: Path, options: dict[str, int]) -> None:
    """A training that was killed while its posts were encoded: what a killed process leaves, nothing is tidied up."""
    starting = TrainingCheckpoint.start(folder, lambda: options, [Post("1")], None, overwrite=False, log=print)
    starting.__enter__()
    saved = (folder / KEY).read_bytes()
    starting.__exit__(None, None, None)
    folder.mkdir()
    (folder / KEY).write_bytes(saved)


@pytest.mark.parametrize(("seed", "other"), [(1, ""), (2, "they differ in `seed`")])
def test_a_training_killed_before_its_first_state_is_told_from_another(tmp_path: Path, seed: int, other: str) -> None:
    killed_early(tmp_path / "state", {"seed": 1})
    again = TrainingCheckpoint.start(
        tmp_path / "state", lambda: {"seed": seed}, [Post("1")], None, overwrite=False, log=print
    )
    with pytest.raises(BadOption, match=other) if other else nullcontext(), again as checkpoint:
        assert checkpoint is not None
        checkpoint.check(overwrite=False)


def test_options_that_came_or_went_are_named_and_posts_too(tmp_path: Path) -> None:
    killed_early(tmp_path / "state", {"seed": 1, "folds": 5})
    again = TrainingCheckpoint.start(
        tmp_path / "state", lambda: {"seed": 1}, [Post("2")], {"2": "train"}, overwrite=False, log=print
    )
    with pytest.raises(BadOption, match=r"differ in `folds`, the split of the posts, `posts`"), again:
        pass


def test_the_state_of_another_stays_until_the_new_training_begins(tmp_path: Path) -> None:
    left_behind(tmp_path / "state", {"seed": 1})
    starting = TrainingCheckpoint.start(
        tmp_path / "state", lambda: {"seed": 2}, [Post("1")], None, overwrite=True, log=print
    )
    with pytest.raises(ValueError, match="no posts"), starting:
        raise ValueError("no posts")  # as where the dataset cannot be built
    assert (tmp_path / "state" / LAST).exists()


def test_an_estimator_leaves_nothing_and_files_of_somebody_else_stay(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "notes.txt").write_text("mine")
    for name in ("state", "new"):
        with TrainingCheckpoint.start(tmp_path / name, dict, [Post("1")], None, overwrite=False, log=print):
            assert (tmp_path / name / KEY).exists()
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["state", "notes.txt"]


def test_any_field_changes_the_digest_of_posts() -> None:
    post = Post("1", text="a", place="bridge")
    assert posts_digest([post]) == posts_digest([Post("1", text="a", place="bridge")])
    assert posts_digest([post]) != posts_digest([Post("1", text="a", place="tower")])


def test_pictures_count_by_name_and_size_wherever_they_lie(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.jpg").write_bytes(b"123")
    here, there = (posts_digest([Post("1", images=(tmp_path / folder / "1.jpg",))]) for folder in ("here", "there"))
    assert here == there
    (tmp_path / "there" / "1.jpg").write_bytes(b"1234")
    assert posts_digest([Post("1", images=(tmp_path / "there" / "1.jpg",))]) != here
    assert posts_digest([Post("1", images=(tmp_path / "nowhere" / "1.jpg",))]) != here
    assert posts_digest([Post("1", images=(b"123",))]) != posts_digest([Post("1", images=(b"321",))])
