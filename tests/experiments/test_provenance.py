"""What makes an older result one of another kind."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import postplace
from postplace.experiments.definition import Condition, Experiment, Row
from postplace.experiments.jobs import DataSet, Options, build_jobs
from postplace.experiments.provenance import code_version, digest_of_data
from postplace.experiments.results import Results
from postplace.schema import Post


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sources that the version is taken of."""
    root = tmp_path / "postplace"
    shutil.copytree(Path(postplace.__file__).parent, root, ignore=shutil.ignore_patterns("*.pyc"))
    monkeypatch.setattr(postplace, "__file__", str(root / "__init__.py"))
    return root


@pytest.mark.parametrize(
    ("file", "changes"), [("models/mrlf.py", True), ("posts/splits.py", True), ("server/app.py", False)]
)
def test_what_may_decide_a_result_changes_the_version(sources: Path, file: str, changes: bool) -> None:
    code_version.cache_clear()
    before = code_version()
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\+[0-9a-f]{10}", before)
    (sources / file).write_text("# another")
    code_version.cache_clear()
    assert (code_version() != before) == changes
    code_version.cache_clear()


def test_posts_prepared_with_another_split_are_other_data() -> None:
    posts = [Post("1", text="a"), Post("2", text="b")]
    digests = [
        digest_of_data(posts, parts) for parts in (None, {"1": "train", "2": "test"}, {"1": "test", "2": "train"})
    ]
    assert len(set(digests)) == 3
    assert digest_of_data(posts, {"2": "test", "1": "train"}) == digests[1]


def _files(row: Row, digest: str, tmp_path: Path) -> list[Path]:
    experiment = Experiment("x", "X", "nobody", "place", ("accuracy",), (row,))
    lots = build_jobs(
        experiment,
        DataSet("city", Path("posts.jsonl"), "place"),
        seeds=[0],
        options=Options(),
        results=Results(tmp_path),
        digest=digest,
    )
    return [path for lot in lots for path in lot.files()]


def test_a_printed_number_decides_nothing_and_all_else_does(tmp_path: Path) -> None:
    plain = Row("a", "mrlf")
    own = _files(plain, "d", tmp_path)
    assert _files(Row("a", "mrlf", paper={"Oslo": 0.8}), "d", tmp_path) == own
    assert not set(_files(plain, "e", tmp_path)) & set(own)
    for other in (
        Row("a", "mrlf", {"dropout": 0.5}),
        Row("a", "mrlf", modalities=("text",)),
        Row("a", "mrlf", condition=Condition(mask_place_names=True)),
    ):
        assert _files(other, "d", tmp_path)[0] != own[0]
