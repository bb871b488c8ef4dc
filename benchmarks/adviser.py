"""Does the adviser name what leaks, and does its advice hold against an attacker that did not guide it?

Named first: on a synthetic city where hashtags alone show the place, held-out posts with, among others, one tag that
only their place has (and two training posts at least: a tag that no attacker knows gives nothing away), and which the
guide answers right: the share whose first suggestion begins with that tag (bar: >= 95 %). No suggestion is a miss.

Transfer: the accuracy of attackers trained on the same posts, on held-out posts with hashtags as they are, with every
hashtag dropped, and with the at most two edits advised to hide their true place (asked for: less probable than
`--below`). Bar: the fall is at least half of the fall by dropping every tag. Intervals are 95 %, over groups of posts.
usage: python benchmarks/adviser.py [--posts 600] [--asked 80] [--guide mrlf] [--attackers logistic tagvisor]
       python benchmarks/adviser.py --data POSTS [--cells 80]     transfer alone, on your own posts (file or folder)
A quick look: --posts 120 --asked 8 --guide tagvisor --attackers tfidf
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from postplace import Post, PostLocator, make_city, read_posts
from postplace.evaluation.significance import group_bootstrap, share_interval
from postplace.explain import Advice, advise, apply, ask, open_whole
from postplace.features.pooled import drop_modalities
from postplace.synthetic.gazetteer import sites
from postplace.synthetic.parameters import Knobs
from postplace.text.hashtags import normalise_hashtag
from postplace.training.dataset import SplitDataset

NAMED_BAR, TRANSFER_BAR = 0.95, 0.5
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Trained:
    """Systems trained on the same posts: the guide of the search, and attackers that know nothing of it."""

    prepared: SplitDataset
    guide: PostLocator
    attackers: dict[str, PostLocator]

    def held_out(self, kept: NDArray[np.bool_], asked: int) -> Rows:
        """At most so many posts of the parts that no system has learned from, chosen at random among those kept."""
        rows = np.concatenate([self.prepared.split.test, self.prepared.split.calibration])
        rows = rows[kept[rows] & (self.prepared.labels[rows] >= 0)]
        return np.random.default_rng(0).permutation(rows)[:asked]


def main() -> None:
    """Print a line for what is named first, and one an attacker."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="posts of your own, instead of the synthetic city")
    parser.add_argument("--cells", type=int, help="cut their map into so many places")
    parser.add_argument("--posts", type=int, default=600, help="in the city")
    parser.add_argument("--asked", type=int, default=80, help="held-out posts to advise on")
    parser.add_argument("--guide", default="mrlf", help="the system that chooses the edits")
    parser.add_argument("--attackers", nargs="+", metavar="NAME", default=["logistic", "tagvisor"])
    parser.add_argument("--edits", type=int, default=2, help="at most")
    parser.add_argument("--below", type=float, default=0.01, help="what the place's probability is to fall below")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "vectors"
        if options.data is not None:
            path = options.data / "posts.jsonl" if options.data.is_dir() else options.data
            title, posts = path.resolve().parent.name, read_posts(path)
        else:
            leaking = Knobs(single_modality="hashtags", missing_hashtags=0.0, label_noise=0.0, missing_images=0.6)
            make_city(Path(folder) / "tags", posts=options.posts, seed=0, knobs=leaking)
            trained = train(read_posts(Path(folder) / "tags" / "posts.jsonl"), options, cache, attackers=[])
            print(named_first(trained, options), flush=True)
            make_city(Path(folder) / "city", posts=options.posts, seed=1)
            title, posts = "synthetic city", read_posts(Path(folder) / "city" / "posts.jsonl")
        for line in transfer(title, train(posts, options, cache, attackers=options.attackers), options):
            print(line, flush=True)


def train(posts: list[Post], options: argparse.Namespace, cache: Path, *, attackers: list[str]) -> Trained:
    """The guide and the attackers, on the same split and vectors."""
    base = PostLocator("place", "majority", cells=options.cells, device="cpu", cache=cache, workers=1)
    prepared = base.build_dataset(posts)

    def fitted(name: str) -> PostLocator:
        locator = PostLocator("place", name, cells=options.cells, device="cpu", cache=cache)
        locator.encoder_pair.share(base.encoder_pair)
        return locator.fit_dataset(prepared.with_baselines(prepared.baselines), evaluate=False)

    return Trained(prepared, fitted(options.guide), {name: fitted(name) for name in attackers})


def named_first(trained: Trained, options: argparse.Namespace) -> str:
    """The share of posts whose one leaking tag is what the first suggestion begins with."""
    prepared, places = trained.prepared, [place.name for place in trained.prepared.places.places]
    own = {site.name: {*site.tags, *map(_joined, (site.name, site.chinese_name, *site.aliases))} for site in sites(12)}
    leaks = [[tag for tag in post.hashtags if tag in own[post.place or ""]] for post in prepared.posts]
    known = Counter(tag for row in prepared.split.train for tag in prepared.posts[row].hashtags)
    kept = [
        len(tags) == 1 and known[tags[0]] > 1 and len(post.hashtags) > 1
        for tags, post in zip(leaks, prepared.posts, strict=True)
    ]
    rows = trained.held_out(np.array(kept), len(kept))
    posts = [prepared.posts[row] for row in rows]
    right = ask(trained.guide, posts).argmax(axis=1) == prepared.labels[rows]
    rows = rows[right][: options.asked]
    started = time.perf_counter()
    hits = [
        _begins_with(advise(trained.guide, prepared.posts[row], place=places[prepared.labels[row]]), leaks[row][0])
        for row in rows
    ]
    took = (time.perf_counter() - started) / max(1, len(rows))
    return (
        f"synthetic city, tags alone show the place, {options.guide}: the leaking tag is named first in "
        f"{_share(np.array(hits, dtype=float), prepared.groups[rows], bar=NAMED_BAR)} "
        f"({right.sum()} of {len(posts)} such posts answered right); {took:.2f} s a post"
    )


def transfer(title: str, trained: Trained, options: argparse.Namespace) -> list[str]:
    """What the advice does to attackers that did not guide it; the guide itself last."""
    prepared, places = trained.prepared, [place.name for place in trained.prepared.places.places]
    rows = trained.held_out(np.array([bool(post.hashtags) for post in prepared.posts]), options.asked)
    posts, labels, groups = [prepared.posts[row] for row in rows], prepared.labels[rows], prepared.groups[rows]
    started = time.perf_counter()
    found = [
        advise(trained.guide, post, place=places[label], below=options.below, max_edits=options.edits)
        for post, label in zip(posts, labels, strict=True)
    ]
    took = (time.perf_counter() - started) / max(1, len(posts))
    edited = [after(trained.guide, post, advice) for post, advice in zip(posts, found, strict=True)]
    made = np.mean([len(advice.suggestions[0].edits) if advice.suggestions else 0 for advice in found])
    lost = np.mean([advice.suggestions[0].loss if advice.suggestions else 0.0 for advice in found])
    lines = [
        f"{title}: {len(posts)} held-out posts with hashtags in {len(set(groups.tolist()))} groups, "
        f"{len(places)} places; guided by {options.guide}: {made:.2f} edits, loss {lost:.3f} and {took:.2f} s a post"
    ]
    for name, attacker in {**trained.attackers, f"{options.guide} (the guide itself)": trained.guide}.items():
        ways = [posts, drop_modalities(posts, ("text", "image")), edited]
        hits = np.array([ask(attacker, way).argmax(axis=1) == labels for way in ways], dtype=float)
        lines.append(f"  {name}: {_falls(hits, groups)}")
    return lines


def after(guide: PostLocator, post: Post, advice: Advice) -> Post:
    """The post with the first suggestion's edits; as it is where there is none."""
    edits = advice.suggestions[0].edits if advice.suggestions else ()
    return apply(open_whole(guide, post), edits)


def _falls(hits: NDArray[np.float64], groups: Rows) -> str:
    """Hits (3, N) as the posts are, without tags, as advised -> accuracies and falls."""
    accuracies = " / ".join(f"{own.mean():.3f}" for own in hits)
    every, advised = (group_bootstrap(hits[0] - own, groups, seed=0) for own in hits[1:])
    beyond = group_bootstrap((hits[0] - hits[2]) - TRANSFER_BAR * (hits[0] - hits[1]), groups, seed=0)
    share = f"{advised.mean / every.mean:.0%} of that" if every.mean > 0 else "tags gave nothing away"
    verdict = "holds" if beyond.mean >= 0.0 and advised.mean > 0.0 else "MISSED"
    sure = ", the interval too" if beyond.low >= 0.0 else ""
    return (
        f"accuracy as it is / without tags / as advised {accuracies}; falls by {every.mean:.3f} "
        f"[{every.low:+.3f}, {every.high:+.3f}] without tags, by {advised.mean:.3f} "
        f"[{advised.low:+.3f}, {advised.high:+.3f}] as advised: {share} (bar >= {TRANSFER_BAR:.0%}: {verdict}{sure}; "
        f"beyond half of it {beyond.mean:+.3f} [{beyond.low:+.3f}, {beyond.high:+.3f}])"
    )


def _share(hits: NDArray[np.float64], groups: Rows, *, bar: float) -> str:
    if not len(hits):
        return "none of no posts"
    found = share_interval(hits, groups)
    verdict = "holds" if found.mean >= bar else "MISSED"
    return f"{found.mean:.1%} [{found.low:.1%}, {found.high:.1%}] of {len(hits)} posts (bar >= {bar:.0%}: {verdict})"


def _begins_with(advice: Advice, tag: str) -> bool:
    if not advice.suggestions:
        return False
    part = advice.suggestions[0].edits[0].part
    return part.kind == "hashtag" and normalise_hashtag(part.name) == normalise_hashtag(tag)


def _joined(name: str) -> str:
    """A place's name as the city's people write it into a tag."""
    return name.lower().replace(" ", "")


if __name__ == "__main__":
    main()
