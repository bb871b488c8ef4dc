"""How an experiment's work is cut up for several processes."""

from __future__ import annotations

from pathlib import Path

from postplace.experiments.definition import Condition, Experiment, Row
from postplace.experiments.jobs import DataSet, Job, Options, build_jobs, share_out
from postplace.experiments.results import Results

BASELINES = (("majority", "majority class", Path("majority.json")),)


def _lot(*names: str) -> Job:
    rows = tuple((Row(name, "majority"), Path(f"{name}.json")) for name in names)
    data = DataSet("city", Path("posts.jsonl"), "place")
    return Job(data, Condition(), 0, ("bundled", "bundled"), Options(), rows, Path(), "digest", BASELINES)


def test_rows_are_dealt_in_turn_and_the_baselines_once() -> None:
    shares = list(share_out(_lot("a", "b", "c"), jobs=2))
    assert [[row.name for row, _ in share.rows] for share in shares] == [["a", "c"], ["b"]]
    assert [share.baselines for share in shares] == [BASELINES, ()]
    assert {path for share in shares for path in share.files()} == set(_lot("a", "b", "c").files())


def test_nobody_gets_a_share_of_nothing() -> None:
    assert len(list(share_out(_lot("a"), jobs=4))) == 1
    (alone,) = share_out(_lot(), jobs=4)  # baselines alone are left to do
    assert alone == _lot()


def test_folds_make_other_results_and_without_them_names_stay(tmp_path: Path) -> None:
    rows = (Row("a", "majority"),)
    experiment = Experiment("small", "", "", "place", ("accuracy",), rows)
    data = DataSet("city", Path("posts.jsonl"), "place")

    def files(options: Options) -> list[Path]:
        lots = build_jobs(experiment, data, seeds=(0,), options=options, results=Results(tmp_path), digest="d")
        return [path for lot in lots for path in lot.files()]

    assert not set(files(Options())) & set(files(Options(folds=5)))
    assert files(Options()) == files(Options(folds=None))
