"""Draw the README's picture: a post of the synthetic city and where a run trained on that city places it.

usage: python docs/make_picture.py demo/place demo/city/posts.jsonl docs/postplace.svg     (after `make demo`)
"""

from __future__ import annotations

import base64
import sys
import textwrap
from dataclasses import replace
from html import escape
from pathlib import Path

from postplace import Post, PostLocator, Prediction, read_posts
from postplace.runs.checkpoint import post_digest

WIDTH, HEIGHT = 880, 300
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #24292f } .soft { fill: #6e7781; font-size: 12px }
.card { fill: #fff; stroke: #d0d7de } .bar { fill: #54aeff } .best { fill: #0969da }
.true { fill: none; stroke: #1a7f37; stroke-width: 3 }
"""


def main() -> None:
    """Take a confident, right answer on a post that was kept aside and has everything."""
    run, posts, output = map(Path, sys.argv[1:4])
    locator = PostLocator.load(run)
    kept = [
        post
        for post in read_posts(posts)
        if locator.fitted.seen.get(post_digest(post)) == "test" and post.text and len(post.hashtags) > 1
    ]
    kept = [post for post in kept if len(post.images) == 1 and post.text.isascii() and len(post.text) < 100]
    answers = locator.predict(kept, top_k=4)
    by_picture = locator.predict([replace(post, text="", hashtags=()) for post in kept])
    right = [
        (post, answer)
        for post, answer, alone in zip(kept, answers, by_picture, strict=True)
        if answer.best is not None and answer.best.name == post.place and alone.best == answer.best
    ]
    post, answer = min(right, key=lambda pair: abs(pair[1].ranked[0].probability - 0.85))
    output.write_text(draw(post, answer, locator), encoding="utf-8")


def draw(post: Post, answer: Prediction, locator: PostLocator) -> str:
    """The post on the left, the ranking in the middle, the map on the right."""
    (picture,) = post.images
    lines = textwrap.wrap(post.text, 36)[:3]
    tags = " ".join(f"#{tag}" for tag in post.hashtags if tag.isascii())  # a viewer may have no Chinese font
    data = base64.b64encode(picture.read_bytes() if isinstance(picture, Path) else picture).decode()
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="A post and the places it was probably made at"><style>{STYLE}</style>',
        f'<rect class="card" x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="12"/>',
        '<image x="20" y="20" width="200" height="200" preserveAspectRatio="xMidYMid slice" '
        f'href="data:image/jpeg;base64,{data}"/>',
        *(f'<text x="20" y="{240 + 17 * row}">{escape(line)}</text>' for row, line in enumerate(lines)),
        f'<text x="20" y="288" class="soft">{escape(textwrap.shorten(tags, 36, placeholder=""))}</text>',
    ]
    for row, ranked in enumerate(answer.ranked):
        y = 50 + 52 * row
        kind = "best" if row == 0 else "bar"
        parts.append(f'<text x="290" y="{y}">{escape(ranked.place.name)}</text>')
        width = max(2, 200 * ranked.probability)
        parts.append(f'<rect class="{kind}" x="290" y="{y + 8}" width="{width:.0f}" height="12" rx="3"/>')
        parts.append(f'<text x="500" y="{y + 19}" class="soft">{ranked.probability:.0%}</text>')
    parts.append('<text x="290" y="276" class="soft">probability, by mrlf</text>')
    return "\n".join([*parts, *draw_map(post, answer, locator), "</svg>\n"])


def draw_map(post: Post, answer: Prediction, locator: PostLocator) -> list[str]:
    """All places as dots, the ranked ones as large as they are probable, a ring where the post was made."""
    places = [place for place in locator.fitted.places.places if place.latitude is not None]
    latitudes = [place.latitude or 0.0 for place in places] + [post.latitude or 0.0]
    longitudes = [place.longitude or 0.0 for place in places] + [post.longitude or 0.0]
    south, north, west, east = min(latitudes), max(latitudes), min(longitudes), max(longitudes)

    def point(latitude: float, longitude: float) -> tuple[float, float]:
        return 590 + 250 * (longitude - west) / (east - west), 240 - 200 * (latitude - south) / (north - south)

    probability = {ranked.place.name: ranked.probability for ranked in answer.ranked}
    parts = ['<rect x="570" y="20" width="290" height="240" rx="8" fill="#f6f8fa" stroke="#d0d7de"/>']
    for place in places:
        x, y = point(place.latitude or 0.0, place.longitude or 0.0)
        share = probability.get(place.name, 0.0)
        kind = "best" if answer.best is not None and place.name == answer.best.name else "bar"
        radius = 3 + 14 * share**0.5
        parts.append(f'<circle class="{kind}" cx="{x:.0f}" cy="{y:.0f}" r="{radius:.1f}" fill-opacity="0.7"/>')
    x, y = point(post.latitude or 0.0, post.longitude or 0.0)
    parts.append(f'<circle class="true" cx="{x:.0f}" cy="{y:.0f}" r="20"/>')
    parts.append('<text x="570" y="282" class="soft">all places; the ring is where the post was made</text>')
    return parts


if __name__ == "__main__":
    main()
