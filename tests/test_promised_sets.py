"""The simulation of promised sets, a few draws of each: no promise is broken."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.skipif(not BENCHMARKS.exists(), reason="installed without its benchmarks")
def test_no_promise_is_broken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    assert importlib.import_module("promises_sets").main(quick=True)
    told = capsys.readouterr().out
    assert "MISSED" not in told
    assert "nothing is promised" in told  # nine users of Pareto sizes, over posts
