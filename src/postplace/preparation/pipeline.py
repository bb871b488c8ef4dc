"""Posts -> prepared posts: images hashed, posts split, filters fitted on the training part and applied to all.

The split comes first, so that nothing that is counted (frequent hashtags, frequent places) has seen a post of another
part. The papers count over all posts; of as many posts, fewer hashtags and places therefore pass here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postplace.errors import BadPost, NotEnoughData
from postplace.images.decode import check_folder, from_pixels
from postplace.preparation.filters import (
    Filter,
    FittedFilter,
    Modalities,
    Portraits,
    PortraitsLeft,
    apply_filters,
    has,
    replace_images,
)
from postplace.preparation.image_jobs import CleanImage, HashImage, Job, ReadImage, Record, cleaning
from postplace.preparation.image_pass import Journal, compute_digests, each_image
from postplace.preparation.prepared_folder import PreparedPosts
from postplace.preparation.relaxation import Applied, loosened, possible_requirement
from postplace.schema import Post
from postplace.splitting.grouped_split import split_posts
from postplace.splitting.splits import SUBSETS, Indices, Split
from postplace.system.json_types import JsonObject
from postplace.system.option_checks import check_seed, check_whole_or_none

if TYPE_CHECKING:
    from PIL import Image

    from postplace.images.ocr import TextReader

UNREADABLE = "images that cannot be read"
VERSIONS = ("postplace", "py3langid", "numpy", "pillow", "imagehash", "datasketch", "jieba", "stopwordsiso")


@dataclass(frozen=True)
class Preparation:
    """Prepared posts, the folder their changed images lie in (None: no image was changed), and what was looked at.

    `looked_at`: each different image that was measured for people, with its record (`ratio`, `outcome`).
    """

    prepared: PreparedPosts
    images: Path | None
    cleaning: CleanImage | None
    looked_at: Sequence[tuple[Path, Record]]


def prepare_posts(
    posts: Sequence[Post],
    *,
    recipe: Sequence[Filter],
    state: Path,
    seed: int = 0,
    reader: TextReader | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> Preparation:
    """Split the posts, fit every filter of the recipe on what the ones before left of the training part, apply to all.

    Images that cannot be read are taken out of their posts first. `state` is a folder for what is known of images:
    a call that was killed goes on with it; remove it when the result is written. With a `reader`, the words in the
    images that stay become each post's `image_text`. `workers` look at images (0: this process).

    Raises NotEnoughData when the posts cannot be split, or when nothing is left to train on, and BadPost for images
    that are bytes or none of which is there.
    """
    seed, workers = check_seed(seed), check_whole_or_none("workers", workers)
    check_possible(posts, recipe)
    for filter_ in recipe:
        if isinstance(filter_, Portraits):
            cleaning(filter_, state)  # what is missing for it is reported now, not after an hour of decoding
    images = _Images(state, workers=workers, progress=progress)
    hashes = images.hashes(posts)
    made = split_posts(posts, _strata(posts), hashes, seed=seed)
    ledger = _Ledger(made.split.subset_by_id([post.id for post in posts]))
    remaining = ledger.step(UNREADABLE, posts, images.readable(posts))
    fitted: list[FittedFilter] = []
    applied: list[Applied] = []
    for filter_ in recipe:
        before = remaining
        rule = (
            images.fit(filter_, remaining)
            if isinstance(filter_, Portraits)
            else filter_.fit(ledger.training(remaining))
        )
        fitted.append(rule)
        note = rule.note(remaining) + (images.searched_by if isinstance(filter_, Portraits) else "")
        remaining = ledger.step(rule.rule, remaining, apply_filters([rule], remaining), note=note)
        applied.append(Applied(filter_, ledger.training(before), ledger.training(remaining)))
        ledger.check_left(remaining, applied)  # now, not after hours of looking for people
    remaining, words = (remaining, None) if reader is None else images.read(remaining, reader)
    prepared = PreparedPosts(
        posts=remaining,
        split=Split.from_subset_by_id(ledger.parts, [post.id for post in remaining]),
        seed=seed,
        filters=fitted,
        recipe={"options": _options(recipe), "versions": _versions(), "fingerprints": images.fingerprints},
        report={
            "steps": ledger.steps,
            **made.to_dict(),
            "split": {part: sum(ledger.parts[post.id] == part for post in remaining) for part in SUBSETS},
            "unreadable_pictures": images.failures,
            "portraits": images.portraits,
            "words_in_pictures": words,
        },
    )
    return Preparation(prepared, images.images, images.cleaning, images.looked_at)


def apply_prepared(
    filters: Sequence[FittedFilter], posts: Sequence[Post], *, state: Path, workers: int | None = None
) -> list[Post]:
    """The same preparation for other posts: what the fitted filters leave of them, in order.

    Images that cannot be read are taken out of their posts first, as there. Changed images are written below
    `state`, and are found there again by the next call.
    """
    images = _Images(state, workers=workers, progress=False)
    images.hashes(posts)
    remaining = images.readable(posts)
    for rule in filters:
        ready = images.fit(rule.options, remaining) if isinstance(rule, PortraitsLeft) else rule
        remaining = apply_filters([ready], remaining)
    return remaining


def examples(preparation: Preparation, count: int) -> list[tuple[Image.Image, Any, Image.Image | None, str]]:
    """Up to `count` images with people, evenly from the fullest to the emptiest: before, mask, after, caption."""
    job = preparation.cleaning
    if job is None or not count:
        return []
    with_people = [(path, record) for path, record in preparation.looked_at if record["ratio"] > 0]
    with_people.sort(key=lambda pair: (-pair[1]["ratio"], str(pair[0])))
    shown = min(count, len(with_people))
    chosen = sorted({round(number * (len(with_people) - 1) / max(1, shown - 1)) for number in range(shown)})
    rows = []
    for path, record in (with_people[index] for index in chosen):
        before, cleaned = job.look(path)
        caption = f"{path.parent.name}/\n{path.name}: {record['ratio']:.2f} {record['outcome']}"
        rows.append((before, cleaned.mask, cleaned.image, caption))
    return rows


def check_possible(posts: Sequence[Post], recipe: Sequence[Filter]) -> None:
    """Refuse before the work what must fail after it: images as bytes, a modality that no post has."""
    for post in posts:
        if any(isinstance(image, bytes) for image in post.images):
            problem = "an image is bytes; only paths can be prepared"
            raise BadPost(f"post {post.id!r}, key 'images'", problem, "save the image to a file and give its path")
    for rule in recipe:
        required = rule.required if isinstance(rule, Modalities) else ()
        lacking = [name for name in required if not any(has(post, name) for post in posts)]
        if lacking:
            problem = f"not one of {len(posts)} posts has {lacking[0]}, which the recipe requires"
            requirement = possible_requirement(posts, required)
            remedy = f"leave it out, for example with `require={requirement!r}`, or take another recipe"
            raise NotEnoughData("the posts", problem, remedy)


# --- images


@dataclass
class _Images:
    """What is found out about images in one run; every pass keeps its own journal in `state`."""

    state: Path
    workers: int | None
    progress: bool
    digests: dict[Path, str] = field(default_factory=dict)
    unreadable: dict[Path, None] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    fingerprints: dict[str, str] = field(default_factory=dict)
    portraits: dict[str, Any] | None = None
    images: Path | None = None
    cleaning: CleanImage | None = None
    looked_at: list[tuple[Path, Record]] = field(default_factory=list)

    def hashes(self, posts: Sequence[Post]) -> list[list[int]]:
        """The perceptual hashes of each post's images; fills in which cannot be read."""
        records, reasons = self._pass(posts, HashImage(), "hashes", name="reading images")
        self.unreadable |= dict.fromkeys(reasons)
        for post in posts:
            named = [path for path in image_paths([post]) if path in reasons]
            self.failures += [{"post": post.id, "image": str(path), "reason": reasons[path]} for path in named]
        check_folder(list(reasons), read=len(records))
        return [[records[path]["hash"] for path in post.images if path in records] for post in posts]

    def readable(self, posts: Sequence[Post]) -> list[Post]:
        """The posts without the images that `hashes` could not read."""
        return [replace_images(post, self.unreadable) for post in posts]

    @property
    def searched_by(self) -> str:
        """Who looked for people and who painted them over, for a note."""
        job = self.cleaning
        return "" if job is None else f"; found by {job.segmenter.name}, painted over by {job.inpainter.name}"

    def fit(self, options: Portraits, posts: Sequence[Post]) -> PortraitsLeft:
        """Look for people in every image of these posts."""
        job = cleaning(options, self.state)
        records, reasons = self._pass(posts, job, "portraits", name="looking for people")
        outcomes = {path: record["outcome"] for path, record in records.items()}
        self.portraits = {name: _count(outcomes.values(), name) for name in ("dropped", "cleaned", "unchanged")}
        self.portraits["failed"] = [{"image": str(path), "reason": reason} for path, reason in reasons.items()]
        self.cleaning, self.images = job, job.folder
        first = {self.digests[path]: (path, records[path]) for path in reversed(list(records))}
        self.looked_at = [first[digest] for digest in sorted(first)]
        changed = {path: records[path].get("file") for path, outcome in outcomes.items() if outcome != "unchanged"}
        return PortraitsLeft(options, {path: job.folder / name if name else None for path, name in changed.items()})

    def read(self, posts: Sequence[Post], reader: TextReader) -> tuple[list[Post], dict[str, Any]]:
        """The posts with the words in their images, and how many there were."""
        records, reasons = self._pass(posts, ReadImage(reader), "words", name="reading signs")
        filled = []
        for post in posts:
            words = [records[path]["words"] for path in post.images if path in records]
            text = "\n".join(dict.fromkeys(word for word in words if word))
            filled.append(replace(post, image_text=text) if text else post)
        failed = [{"image": str(path), "reason": reason} for path, reason in reasons.items()]
        return filled, {"posts": sum(bool(post.image_text) for post in filled), "failed": failed}

    def _pass(
        self, posts: Sequence[Post], job: Job, kind: str, *, name: str
    ) -> tuple[dict[Any, Record], dict[Path, str]]:
        """The record of each image of these posts, and why the others have none."""
        paths = image_paths(posts)
        found, reasons = compute_digests(path for path in paths if path not in self.digests)
        self.digests |= found
        self.fingerprints[kind] = job.fingerprint
        first = {self.digests[path]: path for path in reversed(paths) if path in self.digests}
        with closing(
            Journal(self.state, kind, fingerprint=from_pixels(job.fingerprint), valid=job.still_valid)
        ) as journal:
            records = each_image(
                dict(reversed(first.items())),
                job,
                journal=journal,
                name=name,
                workers=self.workers,
                progress=self.progress,
            )
        taken = {path: records[self.digests[path]] for path in paths if path in self.digests}
        reasons |= {path: record["error"] for path, record in taken.items() if "error" in record}
        return {path: record for path, record in taken.items() if "error" not in record}, reasons


def image_paths(posts: Iterable[Post]) -> list[Path]:
    """The images of posts, each path once, in order."""
    return list(dict.fromkeys(image for post in posts for image in post.images if isinstance(image, Path)))


def _count(outcomes: Iterable[str], name: str) -> int:
    return sum(outcome == name for outcome in outcomes)


# --- the split


def _strata(posts: Sequence[Post]) -> Indices:
    """The place (else the category) of each post as a number (N,), -1 without either: kept in proportion by a split."""
    kinds = ["category" if post.place is None else "place" for post in posts]
    names = [(kind, getattr(post, kind)) for kind, post in zip(kinds, posts, strict=True)]
    numbers = {name: number for number, name in enumerate(sorted({name for name in names if name[1] is not None}))}
    return np.array([numbers.get(name, -1) for name in names], dtype=np.int64)


# --- what was removed


@dataclass
class _Ledger:
    """Counts before and after every step; `parts` is the part of each post by its id."""

    parts: Mapping[str, str]
    steps: list[dict[str, Any]] = field(default_factory=list)

    def training(self, posts: Sequence[Post]) -> list[Post]:
        """Those of the training part: all that a filter may learn from."""
        return [post for post in posts if self.parts[post.id] == "train"]

    def step(self, rule: str, before: Sequence[Post], after: list[Post], *, note: str = "") -> list[Post]:
        """Enter a step; gives the posts after it."""
        self.steps.append({"rule": rule, "before": self._counts(before), "after": self._counts(after), "note": note})
        return after

    def _counts(self, posts: Sequence[Post]) -> JsonObject:
        by_part = dict.fromkeys(SUBSETS, 0)
        for post in posts:
            by_part[self.parts[post.id]] += 1
        return {
            "posts": len(posts),
            **by_part,
            "pictures": sum(len(post.images) for post in posts),
            "hashtags": sum(len(post.hashtags) for post in posts),
        }

    def check_left(self, posts: Sequence[Post], applied: Sequence[Applied]) -> None:
        """Raise NotEnoughData, naming what each rule took, when there is nothing to train on."""
        if self.training(posts):
            return
        taken = [(step["rule"], step["before"]["posts"] - step["after"]["posts"]) for step in self.steps]
        named = ", ".join(f"{rule}: {count}" for rule, count in taken if count)
        problem = f"no post is left to train on of {len(self.parts)}; removed by {named}"
        hint = loosened(applied)
        raise NotEnoughData("the filters", problem, f"{hint}, or bring more posts" if hint else "bring more posts")


def _options(recipe: Sequence[Filter]) -> list[dict[str, Any]]:
    return [{"filter": type(rule).__name__, **asdict(rule)} for rule in recipe]  # type: ignore[call-overload]


def _versions() -> dict[str, str]:
    versions = {}
    for name in VERSIONS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
