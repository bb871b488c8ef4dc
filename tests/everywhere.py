"""A small pipeline, from a file of posts to answers, whose every output is printed: it is run on different machines.

usage: python everywhere.py FOLDER
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postplace import PostLocator, read_posts
from postplace.encoders.bundled import Squash
from postplace.encoders.encoder import ImagePreparation
from postplace.preparation.filters import find_recipe
from postplace.preparation.pipeline import prepare_posts

WORDS = {
    "bridge": ["夜景", "river", "bridge", "江边", "boats"],
    "market": ["noodles", "面条", "lunch", "市场", "smells"],
    "tower": ["view", "high", "云", "tower", "İzmir"],
}
SYSTEMS: dict[str, dict[str, Any]] = {
    "user-cnns": {"max_epochs": 2, "past": True},
    "tfidf": {},
    "tagvisor": {},
    "nearest-neighbours": {},
}


class Sums:
    """Texts -> 8 numbers that depend on their characters."""

    name, width, fingerprint = "sums", 8, "sums"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        found = np.zeros((len(texts), 8), dtype=np.float32)
        for row, text in enumerate(texts):
            for character in text:
                found[row, ord(character) % 8] += 1.0
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1.0), dtype=np.float32)


class Means:
    """Pictures -> their mean colours."""

    name, width, fingerprint = "means", 3, "means"
    prepare: ImagePreparation = Squash(8)

    def encode(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(batch.mean(axis=(1, 2), dtype=np.float32) / 255)


def written(folder: Path) -> Path:
    """Posts of 40 users, in Chinese and English, with times of which some have a zone."""
    draw, lines = random.Random(0), []
    for number in range(160):
        place = draw.choice(sorted(WORDS))
        words = [draw.choice(WORDS[draw.choice([place, place, *sorted(WORDS)])]) for _ in range(6)]
        post: dict[str, Any] = {"id": str(number), "text": " ".join(words), "place": place, "user": f"u{number % 40}"}
        post["hashtags"] = [draw.choice(words).title()] if number % 3 else []
        zone = ("", "+08:00", "Z")[draw.randrange(3)]
        post["time"] = f"2024-05-{1 + draw.randrange(3):02}T{draw.randrange(24):02}:{draw.randrange(60):02}:07{zone}"
        if number % 4 == 0:
            picture = io.BytesIO()
            Image.new("RGB", (16, 16), (number, 80 * sorted(WORDS).index(place), 255 - number)).save(picture, "PNG")
            (folder / f"{number}.png").write_bytes(picture.getvalue())
            post["images"] = [f"{number}.png"]
        lines.append(json.dumps(post, ensure_ascii=False))
    (folder / "posts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder / "posts.jsonl"


def everything(folder: Path) -> dict[str, Any]:
    """What came out: probabilities by system, and sha256 of what else there is."""
    posts = read_posts(written(folder))
    prepared = prepare_posts(posts, recipe=find_recipe("none"), state=folder / "state", seed=0, workers=0).prepared
    split = prepared.split.to_json([post.id for post in prepared.posts])
    found: dict[str, Any] = {"prepared": _sum([repr(prepared.posts).replace(str(folder), ""), split])}
    for name, settings in SYSTEMS.items():
        locator = PostLocator("place", name, settings=settings, device="cpu", workers=0)
        locator.encoder_pair.use(Sums(), Means())
        locator.fit(posts)
        locator.save(folder / name)
        files = json.loads((folder / name / "config.json").read_text("utf-8"))["files"]
        # Two say how long it took; into the third its writer (skops) puts addresses in memory
        unlike = ("training.json", "MODEL_CARD.md", "model.forest.skops")
        answers = locator.predict(posts, level=0.8)
        found[name] = {
            "probabilities": locator.predict_proba(posts).to_numpy().tolist(),
            "files": _sum({key: value for key, value in files.items() if key not in unlike}),
            "answers": _sum([repr(answer) for answer in answers]),
            "metrics": _sum(locator.evaluate([{**_record(post), "id": f"x{post.id}"} for post in posts]).to_dict()),
        }
    return found


def _record(post: Any) -> dict[str, Any]:
    names = ("text", "hashtags", "images", "user", "time", "place")
    return {name: getattr(post, name) for name in names}


def _sum(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(everything(Path(sys.argv[1]))))
