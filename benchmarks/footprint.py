"""Seconds of `postplace --help` (bar: < 0.5, without importing torch) over those of importing Typer alone.

usage: python benchmarks/footprint.py [--rounds 9]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

BAR = 0.5


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    shown, reference = [], []
    for _ in range(options.rounds):
        shown.append(seconds([sys.executable, "-m", "postplace", "--help"]))
        reference.append(seconds([sys.executable, "-c", "import typer"]))
    code = "import sys, postplace.cli; sys.exit('torch' in sys.modules)"
    torch_free = subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    took = statistics.median(shown)
    verdict = "holds" if took < BAR and torch_free else "MISSED"
    print(
        f"postplace --help: {took:.2f} s, {took / statistics.median(reference):.1f} x importing Typer alone, "
        f"torch {'not ' if torch_free else ''}imported (bar < {BAR} s without torch: {verdict})"
    )


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
