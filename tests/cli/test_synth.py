"""postplace synth: a generated city."""

from __future__ import annotations

from pathlib import Path

import pytest

from postplace.cli.synth import synth
from postplace.errors import BadOption


def test_a_city_is_made_of_as_many_posts_with_its_knobs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    synth(tmp_path / "city", posts=3, seed=1, set_=["missing_images=1.0", "empty_posts=0"])
    assert len((tmp_path / "city" / "posts.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    assert list((tmp_path / "city" / "images").iterdir()) == []
    assert capsys.readouterr().out == f"3 posts in {tmp_path / 'city' / 'posts.jsonl'}\n"


def test_the_same_seed_gives_the_same_posts(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        synth(tmp_path / name, posts=3, seed=seed)
    a, b, c = ((tmp_path / name / "posts.jsonl").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("setting", "problem"), [("leak=1", "leak"), ("places=1", "out of range"), ("x", "NAME=VALUE")]
)
def test_a_knob_that_is_not_there_or_out_of_range_is_an_error_and_nothing_is_made(
    tmp_path: Path, setting: str, problem: str
) -> None:
    with pytest.raises(BadOption, match=problem):
        synth(tmp_path / "city", posts=3, seed=0, set_=[setting])
    assert list(tmp_path.iterdir()) == []
