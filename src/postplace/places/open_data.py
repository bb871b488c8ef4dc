"""Places of open data, whatever the file -> known places: a box, eight classes, a cut for popularity.

What reads a kind of file gives candidates; here they are cut down as those of Foursquare are (`fsq.py`), with the same
reasons counted.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

from postplace.errors import BadOption
from postplace.places.fsq import (
    AGAIN,
    FEW_POSTS,
    LESS_COMPLETE,
    NO_CATEGORY,
    NO_CLASS,
    NO_ID,
    NO_NAME,
    NO_POSITION,
    OUTSIDE,
    Box,
    PostCounts,
)
from postplace.places.known import KnownPlace

NO_DEGREES = "coordinates that are not degrees"
_BATCH = 8192  # candidates held at a time


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place as its file has it: WGS84 degrees, or None; `category`, one of the eight classes, "" for none of them;
    `labels`, what the file calls its kind; `completeness`, more is better; `unfit`, why it is left out, or "".
    """

    place: str
    name: str
    latitude: float | None
    longitude: float | None
    category: str = ""
    labels: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    completeness: tuple[int, str] = (0, "")
    unfit: str = ""


Read = Callable[[Box, Counter[str]], Iterator[Candidate]]  # what lies outside may be left out there, and counted


class OpenPlaces:
    """The places of a file or a folder that lie in `box`; every iteration begins again.

    The options are those of `FsqPlaces`; `strays` is how many files a Mac, a NAS or Windows left there. Filled while
    iterating: `rows`, `kept`; `left_out`, the number of rows for every reason; `without_class`, how often each label
    was met that belongs to none of the eight classes.
    """

    def __init__(
        self,
        read: Read,
        *,
        box: Box,
        any_category: bool = False,
        visits: PostCounts | None = None,
        min_posts: int = 1,
        max_places: int | None = None,
        strays: int = 0,
    ) -> None:
        if min_posts < 1:
            raise BadOption("min_posts", f"{min_posts} posts are no cut", "give 1 or more")
        if max_places is not None and max_places < 1:
            raise BadOption("max_places", f"{max_places} places requested", "give 1 or more")
        self._read, self._box, self._any_category, self.strays = read, box, any_category, strays
        self._visits, self._min_posts, self._max_places = visits, min_posts, max_places
        self._reset()

    def _reset(self) -> None:
        self.kept = 0
        self.left_out: Counter[str] = Counter()
        self.without_class: Counter[str] = Counter()

    @property
    def rows(self) -> int:
        """How many places were read: each is kept or left out."""
        return self.kept + self.left_out.total()

    def __iter__(self) -> Iterator[KnownPlace]:
        self._reset()
        for candidate in self._best(self._different(self._visited(self._fitting()))):
            self.kept += 1
            latitude, longitude, aliases = candidate.latitude, candidate.longitude, candidate.aliases
            yield KnownPlace(candidate.place, candidate.name, latitude, longitude, candidate.category, aliases)
        self.left_out = +self.left_out

    def _fitting(self) -> Iterator[Candidate]:
        for candidate in self._read(self._box, self.left_out):
            if reason := self._unfit(candidate):
                self.left_out[reason] += 1
            else:
                yield candidate

    def _unfit(self, candidate: Candidate) -> str:
        latitude, longitude = candidate.latitude, candidate.longitude
        if latitude is not None and longitude is not None and not (abs(latitude) <= 90 and abs(longitude) <= 180):
            return NO_DEGREES
        if latitude is None or longitude is None or not is_inside(self._box, latitude, longitude):
            return OUTSIDE
        if latitude == longitude == 0:  # how programs write that there are none
            return NO_POSITION
        if candidate.unfit:
            return candidate.unfit
        if not candidate.place:
            return NO_ID
        if not candidate.name:
            return NO_NAME
        if candidate.category or self._any_category:
            return ""
        self.without_class.update(candidate.labels[:1])
        return NO_CLASS if candidate.labels else NO_CATEGORY

    def _visited(self, candidates: Iterator[Candidate]) -> Iterator[Candidate]:
        while batch := list(islice(candidates, _BATCH if self._visits else 1)):
            for candidate, posts in zip(batch, self._posts_near(batch), strict=True):
                if posts >= self._min_posts:
                    yield candidate
                else:
                    self.left_out[FEW_POSTS] += 1

    def _posts_near(self, batch: Sequence[Candidate]) -> Sequence[int]:
        if self._visits is None:
            return [self._min_posts] * len(batch)
        places = [KnownPlace(each.place, each.name, each.latitude, each.longitude) for each in batch]
        counts: Sequence[int] = self._visits.near(places).tolist()
        return counts

    def _different(self, candidates: Iterator[Candidate]) -> Iterator[Candidate]:
        seen: set[int] = set()  # 8 bytes of a digest for each id
        for candidate in candidates:
            digest = int.from_bytes(blake2b(candidate.place.encode(), digest_size=8).digest())
            if digest in seen:
                self.left_out[AGAIN] += 1
            else:
                seen.add(digest)
                yield candidate

    def _best(self, candidates: Iterator[Candidate]) -> Iterator[Candidate]:
        if self._max_places is None:
            yield from candidates
            return
        total = 0

        def counted() -> Iterator[Candidate]:
            nonlocal total
            for total, candidate in enumerate(candidates, start=1):  # noqa: B007
                yield candidate

        # the id breaks ties, so that the same files give the same places
        best = heapq.nlargest(self._max_places, counted(), key=lambda each: (each.completeness, each.place))
        self.left_out[LESS_COMPLETE] += total - len(best)
        yield from best


def is_inside(box: Box, latitude: float, longitude: float) -> bool:
    """Whether a point lies in a box, its edges included.

    >>> is_inside(Box(50, 175, 52, -175), 51, -179), is_inside(Box(50, 13, 52, 14), 51, 15)
    (True, False)
    """
    east_of, west_of = longitude >= box.west, longitude <= box.east
    return box.south <= latitude <= box.north and ((east_of and west_of) if box.west < box.east else east_of or west_of)
