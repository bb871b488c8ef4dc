"""Does an explanation name what matters? Deleting what it names first against deleting at random, on a synthetic city.

For each system and way to explain: the mean over held-out posts of the area between both deletion curves (the place's
probability after 1 to 10 words, hashtags and picture regions are gone; 1 would be all of it), with a 95 % interval over
groups of posts, and the curves at 1, 3 and 10 deletions. Bar: the interval lies above 0. Gradients name words, hashtags
and whole pictures: their areas are not to be compared with those of occlusion.
Of gradients also how far the shares, added up by modality, agree with the exact Shapley values of the modalities
(bar: Spearman's correlation >= 0.7).
usage: python benchmarks/faithfulness.py [--posts 600] [--asked 40] [--only NAME ...] [--method gradients]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from postplace import Post, PostLocator, make_city, read_posts
from postplace.evaluation.significance import group_bootstrap
from postplace.explain import DeletionCurve, deletion_curve, explain
from postplace.explain.explanation import Explanation, Method
from postplace.explain.faithfulness import compute_agreement

SYSTEMS: dict[str, tuple[Method, ...]] = {
    "mrlf": ("occlusion", "gradients"),
    "sg-mft": ("occlusion", "gradients"),
    "logistic": ("occlusion",),
}
DELETED = (1, 3, 10)
LEAST_AGREEMENT = 0.7


def main() -> None:
    """Print one line a system and way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=600, help="in the city")
    parser.add_argument("--asked", type=int, default=40, help="held-out posts to explain")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, metavar="NAME", default=list(SYSTEMS))
    parser.add_argument("--method", choices=("occlusion", "gradients"), help="this way alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_city(Path(folder) / "city", posts=options.posts, seed=0)
        posts = read_posts(Path(folder) / "city" / "posts.jsonl")
        base = PostLocator("place", "majority", device="cpu", cache=Path(folder) / "vectors", workers=1)
        prepared = base.build_dataset(posts)
        for name in options.only:
            locator = PostLocator("place", name, device="cpu", cache=base.cache)
            locator.encoder_pair.share(base.encoder_pair)
            locator.fit_dataset(prepared.with_baselines(prepared.baselines), evaluate=False)
            unseen = np.concatenate([prepared.split.test, prepared.split.calibration])
            rows = np.random.default_rng(0).permutation(unseen)[: options.asked]
            asked = [prepared.posts[row] for row in rows]
            for method in SYSTEMS[name]:
                if options.method not in (None, method):
                    continue
                print(measured(locator, asked, method, groups=prepared.groups[rows]), flush=True)


def measured(locator: PostLocator, asked: list[Post], method: Method, *, groups: NDArray[np.int64]) -> str:
    """One line on a system and a way to explain it; `groups` of posts that are not independent."""
    started = time.perf_counter()
    explanations = [explain(locator, post, method=method) for post in asked]
    curves = [deletion_curve(locator, post, own) for post, own in zip(asked, explanations, strict=True)]
    took = (time.perf_counter() - started) / len(asked)
    areas = np.array([curve.area for curve in curves])
    interval = group_bootstrap(areas, groups, seed=0)
    shown = ", ".join(f"{count}: {after(curves, count)}" for count in DELETED)
    verdict = "holds" if interval.low > 0 else "MISSED"
    whole = np.mean([curve.named[0] for curve in curves])
    agreed = f"\n{agreement(explanations)}" if method == "gradients" else ""
    return (
        f"{locator.entry.name} by {method}: area {areas.mean():+.3f} [{interval.low:+.3f}, {interval.high:+.3f}] over "
        f"{len(asked)} posts in {len(set(groups.tolist()))} groups (bar > 0: {verdict}); probability {whole:.3f}, "
        f"after deleting named first / at random {shown}; {took:.1f} s a post{agreed}"
    )


def agreement(explanations: list[Explanation]) -> str:
    """One line on how shares by gradients agree with the modalities' Shapley values."""
    found = compute_agreement(explanations)
    rough = sum(any("take them for rough" in note for note in own.notes) for own in explanations)
    strange = sum(any("no baseline input" in note for note in own.notes) for own in explanations)
    verdict = "holds" if found.ranks >= LEAST_AGREEMENT else "MISSED"
    return (
        f"  shares by modality beside Shapley values: Spearman {found.ranks:.3f} (bar {LEAST_AGREEMENT}: {verdict}), "
        f"Pearson {found.linear:.3f}, the same first in {found.same_first:.0%}, sums {found.totals[0]:+.2f} and "
        f"{found.totals[1]:+.2f} nats; {rough} do not add up, {strange} without a baseline input"
    )


def after(curves: list[DeletionCurve], count: int) -> str:
    """The mean probability after so many deletions, or as many as there are parts."""
    both = [(curve.named[: count + 1][-1], curve.at_random[: count + 1][-1]) for curve in curves]
    named, at_random = np.mean(both, axis=0)
    return f"{named:.3f} / {at_random:.3f}"


if __name__ == "__main__":
    main()
