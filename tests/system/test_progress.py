"""A bar with a rate on stderr."""

from __future__ import annotations

import pytest

from postplace.system.progress import progress_bars

BATCHES = [[1, 2], [3]]


def test_batches_are_handed_out_as_they_are_and_nothing_is_shown_unless_wanted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bars(False) as show:
        assert list(show(BATCHES, "encode", 3)) == BATCHES
    assert capsys.readouterr() == ("", "")


def test_a_wanted_bar_names_the_work_and_counts_to_its_end_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars(True) as show:
        assert list(show(BATCHES, "encode", 3)) == BATCHES
    out, err = capsys.readouterr()
    assert out == ""
    assert "encode" in err
    assert "3/3" in err


def test_no_bar_for_no_items(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars(True) as show:
        assert list(show([], "encode", 0)) == []
    assert capsys.readouterr().err == ""


def test_the_bar_ends_where_the_work_fails(capsys: pytest.CaptureFixture[str]) -> None:
    def fail_at_the_second_batch() -> None:
        with progress_bars(True) as show:
            for batch in show(BATCHES, "encode", 3):
                1 / (len(batch) - 1)

    with pytest.raises(ZeroDivisionError):
        fail_at_the_second_batch()
    err = capsys.readouterr().err
    assert "2/3" in err
    assert "3/3" not in err
    assert err.endswith("\n")
