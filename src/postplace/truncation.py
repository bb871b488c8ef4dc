"""What of a post a model was not given, as plain data and in words for people.

A part that was not read is not harmless: it had no influence on this answer, and may tell another reader everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

NO_INFLUENCE = "had no influence on this answer"


class ExtentRecord(TypedDict):
    """An `Extent` as plain data."""

    of: str
    unit: str
    read: int
    total: int


class UnreadRecord(TypedDict):
    """An `Unread` as plain data: in words (`said`) and in numbers."""

    said: str
    extents: list[ExtentRecord]
    images: int
    modalities: list[str]
    links: int
    mentions: int


class LossRecord(TypedDict):
    """What limits cut off of many posts, on one side and in one unit: counts, and shares (0 to 1)."""

    of: str
    unit: str
    posts_cut: int
    share_of_posts: float
    lost: int
    total: int
    share_lost: float


@dataclass(frozen=True, slots=True)
class Extent:
    """How far one side of a post was read, in one of the ways it is read: the first `read` of `total` units.

    `of` is "text", "hashtags", or "text and hashtags" where both are one sequence; `unit` characters, words or tokens.
    """

    of: str
    unit: str
    read: int
    total: int

    @property
    def cut(self) -> bool:
        """Whether anything is missing."""
        return self.read < self.total

    def to_json(self) -> ExtentRecord:
        """The four."""
        return {"of": self.of, "unit": self.unit, "read": self.read, "total": self.total}


@dataclass(frozen=True, slots=True)
class Unread:
    """What of one post was not read; false where it was read whole.

    `extents` are all ways in which a side is read of which a part was cut off in any of them. `images` of
    `all_images` images could not be read. `modalities` are those that the post has and the model does not look at.
    `links` and `mentions` (@somebody) of its text are read by none, and often name a place.
    """

    extents: tuple[Extent, ...] = ()
    images: int = 0
    all_images: int = 0
    modalities: tuple[str, ...] = ()
    links: int = 0
    mentions: int = 0

    def __bool__(self) -> bool:
        return bool(self.extents or self.images or self.modalities or self.links or self.mentions)

    @property
    def lost(self) -> tuple[str, ...]:
        """The sides whose ends were read in no way at all: nothing there can have moved the answer."""
        sides = dict.fromkeys(extent.of for extent in self.extents)
        return tuple(side for side in sides if all(extent.cut for extent in self.extents if extent.of == side))

    def lines(self) -> tuple[str, ...]:
        """In words, a line for each side.

        >>> both = Extent("text", "characters", 140, 412), Extent("text", "words", 30, 71)
        >>> Unread(both).lines()[0]
        'read: the first 140 of 412 characters and 30 of 71 words of the text; the rest had no influence on this answer'
        >>> Unread((both[0], Extent("text", "words", 20, 20))).lines()[0]
        'read: the first 140 of 412 characters and all 20 words of the text; the rest was read by its words alone'
        """
        sides = dict.fromkeys(extent.of for extent in self.extents)
        lines = [_line(side, [extent for extent in self.extents if extent.of == side]) for side in sides]
        if self.images:
            lines.append(f"not read: {self.images} of {self.all_images} images; they {NO_INFLUENCE}")
        lines += [f"not read: {CALLED[name]}, which this run does not look at" for name in self.modalities]
        markup = [(self.links, "link"), (self.mentions, "mention")]
        if counts := [f"{count} {name}{'s' if count > 1 else ''}" for count, name in markup if count]:
            lines.append(f"not read: {' and '.join(counts)} in the text: no influence on this answer")
        return tuple(lines)

    def model_lines(self, name: str) -> tuple[str, ...]:
        """The same of another model than the one that predicts, by what it is called.

        >>> Unread((Extent("text", "words", 30, 71),), modalities=("image",)).model_lines("the attacker")
        ('the attacker read the first 30 of 71 words of the text', 'the attacker does not look at the images')
        """
        read = [
            line.removeprefix("read: ").partition("; the rest ")[0]
            for line in self.lines()
            if line.startswith("read: ")
        ]
        past = [f"{name} does not look at {CALLED[modality]}" for modality in self.modalities]
        return (*(f"{name} read {line}" for line in read), *past)

    @property
    def said(self) -> str:
        """All lines in one."""
        return "; ".join(self.lines())

    def to_json(self) -> UnreadRecord:
        """The words and the numbers."""
        return {
            "said": self.said,
            "extents": [extent.to_json() for extent in self.extents],
            "images": self.images,
            "modalities": list(self.modalities),
            "links": self.links,
            "mentions": self.mentions,
        }


WHOLE = Unread()


@dataclass
class TruncationCounts:
    """How many posts lose something to limits, and how much of all there is, by side and unit."""

    posts: int = 0
    cut: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)
    total: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, extents: Iterable[Extent]) -> None:
        """Count one post, of which these are all extents, cut or not."""
        self.posts += 1
        for extent in extents:
            way = extent.of, extent.unit
            self.cut[way] += extent.cut
            self.lost[way] += extent.total - extent.read
            self.total[way] += extent.total

    def to_json(self) -> list[LossRecord]:
        """One entry for each side and unit: counts, and shares of all posts and of all units."""
        return [
            {
                "of": of,
                "unit": unit,
                "posts_cut": self.cut[of, unit],
                "share_of_posts": self.cut[of, unit] / self.posts,
                "lost": self.lost[of, unit],
                "total": total,
                "share_lost": self.lost[of, unit] / total,
            }
            for (of, unit), total in self.total.items()
            if total
        ]


def truncation_lines(losses: Iterable[Mapping[str, Any]]) -> list[str]:
    """What `TruncationCounts.to_json` holds in words, where something is lost.

    >>> counts = TruncationCounts()
    >>> counts.add([Extent("text", "words", 30, 40)])
    >>> counts.add([Extent("text", "words", 10, 10)])
    >>> truncation_lines(counts.to_json())
    ['50.0 % of posts lose words of the text, in all 20.0 % of these words']
    """
    return [
        f"{100 * loss['share_of_posts']:.1f} % of posts lose {loss['unit']} of the {loss['of']}, "
        f"in all {100 * loss['share_lost']:.1f} % of these {loss['unit']}"
        for loss in losses
        if loss["lost"]
    ]


CALLED = {"text": "the text", "hashtags": "the hashtags", "image": "the images"}


def _line(side: str, extents: list[Extent]) -> str:
    """How far one side was read."""
    first, parts = "the first ", []
    for extent in extents:
        parts.append(f"{first}{extent.read} of {extent.total} {extent.unit}" if extent.cut else _whole(extent))
        first = "" if extent.cut else first
    whole = [extent.unit for extent in extents if not extent.cut]
    rest = f"was read by its {' and '.join(whole)} alone" if whole else NO_INFLUENCE
    return f"read: {' and '.join(parts)} of the {side}; the rest {rest}"


def _whole(extent: Extent) -> str:
    return f"all {extent.total} {extent.unit}"
