"""Is a hashtag that is typed into the text read by every door, and does the adviser ever give a false all-clear for it?

A synthetic city where hashtags alone show the place; every tag of a held-out post is typed into its text, and nothing
is given beside it. Doors: of so many posts, those that come out of each way in with the same hashtags and the same
probabilities as the post with its tags in a field of their own (bar: all). Adviser: the posts for which it says that
nothing needs to change where the tags are typed, but gives advice where they are given (bar: none), and suggestions
after which a tag that they hide is still read (bar: none).
usage: python benchmarks/doors.py [--posts 1200] [--doors 100] [--advised 500] [--model tfidf]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from postplace import Post, PostLocator, make_city, read_posts
from postplace.cli.one_post import one_post
from postplace.explain import advise
from postplace.server.limits import RequestLimits
from postplace.server.parsing import read_line, to_post
from postplace.synthetic.parameters import CityParameters
from postplace.text.hashtags import normalise_hashtag

ALL_CLEAR = "nothing needs to change"


def main() -> None:
    """Print a line for each door, and one for the adviser."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=1200, help="in the city")
    parser.add_argument("--doors", type=int, default=100, help="posts that go through every door")
    parser.add_argument("--advised", type=int, default=500, help="posts to advise on, twice each")
    parser.add_argument("--model", default="tfidf", help="the system that is asked")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parameters = CityParameters(
            single_modality="hashtags", missing_hashtags=0.0, missing_text=0.2, missing_images=1.0
        )
        make_city(folder / "city", posts=options.posts, seed=0, parameters=parameters)
        posts = read_posts(folder / "city" / "posts.jsonl")
        learned, asked = posts[: len(posts) // 2], [post for post in posts[len(posts) // 2 :] if post.hashtags]
        locator = PostLocator("place", options.model, cache=folder / "vectors", device="cpu").fit(learned)
        given = [Post(str(number), text=post.text, hashtags=post.hashtags) for number, post in enumerate(asked)]
        for line in doors(locator, given[: options.doors], folder):
            print(line, flush=True)
        print(all_clears(locator, given[: options.advised]), flush=True)


def typed(post: Post) -> str:
    """The text of a post with its hashtags behind it."""
    return " ".join([post.text, *(f"#{tag}" for tag in post.hashtags)]).strip()


def doors(locator: PostLocator, given: list[Post], folder: Path) -> Iterator[str]:
    """How many posts each door reads as they are with their tags in a field of their own."""
    wanted = locator.predict_proba(given).to_numpy()
    for name, read in through(given, folder).items():
        found = locator.predict_proba([replace(post, id=own.id) for post, own in zip(read, given, strict=True)])
        same = [
            [*map(normalise_hashtag, post.hashtags)] == [*map(normalise_hashtag, own.hashtags)] and bool(close)
            for post, own, close in zip(read, given, abs(found.to_numpy() - wanted).max(axis=1) < 1e-5, strict=True)
        ]
        yield f"{name:<28} {sum(same)} of {len(same)} read alike"


def through(given: list[Post], folder: Path) -> dict[str, list[Post]]:
    """The posts with their tags typed, as each door reads them."""
    records = [{"id": post.id, "text": typed(post)} for post in given]
    frame, limits = pd.DataFrame(records), RequestLimits()
    (folder / "posts.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    nulls = [json.dumps({**record, "hashtags": None}) + "\n" for record in records]
    (folder / "null.jsonl").write_text("".join(nulls))
    frame.to_csv(folder / "posts.csv", index=False)
    frame.assign(hashtags="").to_csv(folder / "empty.csv", index=False)
    frame.assign(hashtags=None).astype({"hashtags": "string"}).to_parquet(folder / "null.parquet")
    files = ("posts.jsonl", "null.jsonl", "posts.csv", "empty.csv", "null.parquet")
    lines = [json.dumps({**record, "hashtags": ""}).encode() for record in records]
    return {
        "--text": [one_post(record["text"], None, [], where="predict") for record in records],
        '--text, --hashtags ""': [one_post(record["text"], "", [], where="predict") for record in records],
        **{name: read_posts(folder / name) for name in files},
        "dicts": read_posts(records),
        "DataFrame with NaN": read_posts(frame.assign(hashtags=float("nan"))),
        "form": [to_post({"text": record["text"]}, where="post", limits=limits)[0] for record in records],
        "JSON line": [read_line(line, where="line", limits=limits)[1] for line in lines],
    }


def all_clears(locator: PostLocator, given: list[Post]) -> str:
    """How often the adviser sees nothing to change in a post with typed tags, but does in the same with given ones.

    And how many suggestions leave a tag that they hide where a door would read it.
    """
    false = advised = suggested = void = 0
    for post in given:
        beside = advise(locator, post)
        if beside.notes[0].startswith(ALL_CLEAR):
            continue
        advised += 1
        inside = advise(locator, read_posts([{"id": post.id, "text": typed(post)}])[0])
        false += inside.notes[0].startswith(ALL_CLEAR)
        for own in inside.suggestions:
            (read,) = read_posts([{"id": post.id, "text": own.text, "hashtags": " ".join(own.hashtags)}])
            hidden = {normalise_hashtag(edit.part.name) for edit in own.edits if edit.modality == "hashtags"}
            suggested += 1
            void += not hidden.isdisjoint(map(normalise_hashtag, read.hashtags))
    return (
        f"adviser: false all-clears for {false} of {len(given)} posts ({advised} get advice with given tags); "
        f"{void} of {suggested} suggestions leave a tag that they hide"
    )


if __name__ == "__main__":
    main()
