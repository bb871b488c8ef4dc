"""postplace inspect: what is in a file of posts, what is missing, what would leak."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from postplace.cli.options import BadPosts, OnBadPost, Posts

if TYPE_CHECKING:
    from postplace.posts.inspection import Inspection

SHOWN = 8  # classes named one by one


def inspect(posts: Posts, on_bad_post: BadPosts = OnBadPost.error) -> None:
    """Show what is in a file of posts, what is missing, and what would give the answer away.

    Example: postplace inspect posts.jsonl --on-bad-post skip
    """
    from postplace.cli.reading import read_in_parts
    from postplace.posts.inspection import inspect_posts

    found = inspect_posts(post for part in read_in_parts(posts, on_bad_post, size=1024) for post in part)
    typer.echo("\n".join(_lines(found)))


def _lines(found: Inspection) -> Iterable[str]:
    from postplace.posts.inspection import FIELDS

    yield f"{found.posts} posts"
    yield "present:   " + ", ".join(f"{name} {found.present[name] / found.posts:.0%}" for name in FIELDS)
    yield "patterns:  " + _counts(found.patterns) + "   (T text, G hashtags, I image)"
    if found.pictures:
        yield "pictures:  " + _counts(found.pictures)
    for title, counter in (("places:", found.places), ("categories:", found.categories)):
        if counter:
            sizes = sorted(counter.values())
            spread = f"{len(counter)}, of {sizes[0]} to {sizes[-1]} posts (median {sizes[len(sizes) // 2]})"
            yield f"{title:<11}{spread}; largest: {_counts(counter)}"
    if found.users:
        yield f"users:     {len(found.users)}, the busiest with {found.users.most_common(1)[0][1]} posts"
    if found.first and found.last:
        yield f"time:      {found.first:%Y-%m-%d} to {found.last:%Y-%m-%d}"
    if found.box:
        south, west, north, east = found.box
        yield f"area:      {south:.4f} to {north:.4f} degrees north, {west:.4f} to {east:.4f} degrees east"
    warnings = found.warnings()
    yield "would leak or flatter:" if warnings else "nothing found that would leak"
    yield from (f"  - {warning}" for warning in warnings)


def _counts(counter: Counter[str]) -> str:
    named = ", ".join(f"{name} {count}" for name, count in counter.most_common(SHOWN))
    return named + (", ..." if len(counter) > SHOWN else "")
