"""Are promises kept? Simulations of sets (over users and over posts) and of intervals and verdicts.

Sets: coverage by user, by post and of the posts of any new user, and their size, for groups of equal and of Pareto
sizes, 5 to 200 of them, where large ones are easier, alike or harder. Bar: within 1.5 points of what is promised
wherever something is promised; sets may hold the truth more often where the answer says that too few users were kept,
or where the first class is right more often already.
usage: python benchmarks/promises.py [--quick]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from pathlib import Path


def main() -> None:
    """Print the tables; exit with 1 if a promise of sets is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few draws of each, to see that it runs")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parent))
    kept = importlib.import_module("promises_sets").main(quick=options.quick)
    if importlib.util.find_spec("promises_intervals") is None:
        print("promises_intervals: not there, skipped")
    else:
        print()
        importlib.import_module("promises_intervals").main()  # reads --quick itself
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
