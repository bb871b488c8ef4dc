"""One post with one image answered by a loaded locator: p50 over the bare sum of its encoders (bar: <= 1.3).

The bare sum is the text encoder on the post's text and hashtags and the image encoder on the ready tensor, in the same
run; both sides alternate.
usage: python benchmarks/latency.py [--rounds 60]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from postplace import PostLocator, make_city, read_posts
from postplace.images.decode import decode

BAR = 1.3


def main() -> None:
    """Print one line a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        city = Path(folder) / "city"
        make_city(city, posts=300, seed=0)
        posts = read_posts(city / "posts.jsonl")
        whole = next(post for post in posts if post.text and post.hashtags and len(post.images) == 1)
        for model in ("mrlf", "sg-mft"):
            settings = {"max_epochs": 1}
            PostLocator(model=model, settings=settings, cache=Path(folder) / "vectors").fit(posts).save(
                Path(folder) / model
            )
            locator = PostLocator.load(Path(folder) / model)
            text, image = locator.encoders()
            (picture,) = whole.images
            ready = np.asarray(image.prepare(decode(picture)))[None]
            tags = " ".join(whole.hashtags)
            ours, bare = [], []
            for turn in range(options.rounds + 5):
                started = time.perf_counter()
                locator.predict([whole])
                between = time.perf_counter()
                text.encode([whole.text])
                text.encode([tags])
                image.encode(ready)
                ended = time.perf_counter()
                if turn >= 5:  # the first rounds load and warm up
                    ours.append(between - started)
                    bare.append(ended - between)
            ratio = statistics.median(ours) / statistics.median(bare)
            verdict = "holds" if ratio <= BAR else "MISSED"
            print(
                f"{model}: one post with one image p50 {1000 * statistics.median(ours):.1f} ms, bare encoders "
                f"{1000 * statistics.median(bare):.1f} ms, ratio {ratio:.2f} (bar <= {BAR}: {verdict})"
            )


if __name__ == "__main__":
    main()
