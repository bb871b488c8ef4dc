"""No result depends on the machine's time zone, locale or hash seed; on its threads only beyond some digit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PIPELINE = Path(__file__).parent / "everywhere.py"
USUAL = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
ELSEWHERE = (
    {"TZ": "Asia/Shanghai", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONHASHSEED": "1"},
    {"TZ": "America/Los_Angeles", "LC_ALL": "POSIX", "PYTHONHASHSEED": "2"},
)
DIGITS = 4  # after the point, of probabilities of networks trained with other numbers of threads


def printed(folder: Path, **environment: str) -> dict[str, Any]:
    folder.mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    ran = subprocess.run(
        [sys.executable, str(PIPELINE), str(folder)],
        env=clean | USUAL | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return printed(tmp_path_factory.mktemp("here") / "usual")


@pytest.mark.slow
@pytest.mark.parametrize("environment", ELSEWHERE, ids=lambda one: one["TZ"].split("/")[-1])
def test_the_zone_the_locale_and_the_hash_seed_change_nothing(
    environment: dict[str, str], usual: dict[str, Any], tmp_path: Path
) -> None:
    assert printed(tmp_path / "elsewhere", **environment) == usual


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["2", "3"])
def test_threads_change_no_probability_to_four_digits(threads: str, usual: dict[str, Any], tmp_path: Path) -> None:
    found = printed(tmp_path / "threads", OMP_NUM_THREADS=threads)
    assert found["prepared"] == usual["prepared"]
    for name in found.keys() - {"prepared"}:
        here, there = (np.array(one[name]["probabilities"]) for one in (usual, found))
        np.testing.assert_allclose(there, here, atol=0.5 * 10**-DIGITS, rtol=0, err_msg=name)
