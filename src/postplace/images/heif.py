"""AVIF and HEIC: what decoding one would cost, counted before it is done.

Both keep images as items of a HEIF file, coded by AV1 or HEVC; an image may be a grid of many. A few bytes can claim
frames of gigabytes, or one tile a thousand times. Sources: ISO/IEC 14496-12 (boxes), 23008-12 (items, grids).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from postplace.errors import BadImage
from postplace.images.coded_size import NotParsed, av1_frames, hevc_frames, hevc_pixels

_MOST_STEPS = 100_000  # boxes, items, places and references of a file; an image of a telephone has a few thousand
_MOST_DECODED = 1000  # tiles and other items, each as often as it is used
_MOST_DEPTH = 8  # items made of items made of items
_WHOLE_IMAGE = 4  # times the limit of pixels: an image, its transparency, the borders of its tiles
_BORDER = 1.25  # times the limit of pixels: a frame is coded in whole blocks
_DERIVED = frozenset({b"grid", b"iovl", b"iden", b"tmap"})
_NUMBER_BYTES = (0, 4, 8)


def check_frames(data: bytes, where: str, *, most_pixels: int) -> None:
    """Raise BadImage for AVIF or HEIC that would be decoded to more than an image of `most_pixels` takes."""
    try:
        largest, total = _File(data).cost()
    except (NotParsed, IndexError, KeyError) as error:
        found = f"is AVIF or HEIC that is damaged, or of a structure that is not read ({error})"
        raise BadImage(where, found, "save it as JPEG") from error
    if largest > _BORDER * most_pixels or total > _WHOLE_IMAGE * most_pixels:
        found = f"has {largest:,} pixels in a frame, {total:,} in all"
        raise BadImage(where, found, f"make the image smaller: at most {most_pixels:,} pixels")


@dataclass
class _Item:
    """Where an item's data is, what codes it, and what it is made of."""

    kind: bytes = b""
    in_idat: bool = False
    extents: list[tuple[int, int]] = field(default_factory=list)  # offset, length; 0: to the end
    properties: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    auxiliaries: list[int] = field(default_factory=list)


class _File:
    """The items of a HEIF file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.items: dict[int, _Item] = {}
        self.primary, self.idat = -1, (0, 0)
        self.configurations: list[tuple[int, int] | None] = []  # each property: of HEVC, unit length bytes and pixels
        self._steps = self._decoded = 0
        self._bytes = 4 * len(data)
        readers = {b"pitm": self._pitm, b"iinf": self._iinf, b"iloc": self._iloc, b"iprp": self._iprp,
                   b"iref": self._iref, b"idat": self._idat}  # fmt: skip
        for kind, start, end in self._each(0, len(data)):
            if kind == b"meta":
                for inner, at, until in self._each(start + 4, end):
                    if inner in readers:
                        readers[inner](at, until)

    def cost(self) -> tuple[int, int]:
        """The pixels of the largest frame and of all frames that decoding the primary image takes."""
        if self.primary not in self.items:
            raise NotParsed("no primary image")
        return self._cost(self.primary, 0)

    def _cost(self, name: int, depth: int) -> tuple[int, int]:
        self._decoded += 1
        if depth > _MOST_DEPTH or self._decoded > _MOST_DECODED:
            raise NotParsed("too many parts")
        item = self.items[name]
        largest, total = (0, 0) if item.kind in _DERIVED else self._coded(item)
        for part in [*(item.parts if item.kind in _DERIVED else ()), *item.auxiliaries]:
            one, more = self._cost(part, depth + 1)
            largest, total = max(largest, one), total + more
        return largest, total

    def _coded(self, item: _Item) -> tuple[int, int]:
        if item.kind == b"av01":
            pixels, frames = av1_frames(self._content(item))
        elif item.kind in (b"hvc1", b"hev1"):
            found = [self.configurations[index - 1] for index in item.properties if index]
            (configuration,) = [one for one in found if one is not None] or [(4, 0)]
            pixels, frames = hevc_frames(self._content(item), length_bytes=configuration[0])
            pixels = max(pixels, configuration[1])
        else:
            raise NotParsed(f"an image of type {item.kind.decode('latin-1')!r}")
        if not pixels:
            raise NotParsed("an image without a size")
        return pixels, pixels * max(1, frames)

    def _content(self, item: _Item) -> bytes:
        start, end = self.idat if item.in_idat else (0, len(self.data))
        pieces = []
        for offset, length in item.extents:
            piece = self.data[start + offset : start + offset + length if length else end]
            self._bytes -= len(piece)
            if self._bytes < 0:
                raise NotParsed("parts that overlap")
            pieces.append(piece)
        return b"".join(pieces)

    def _each(self, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """The boxes between two places: type, start and end of what is in them."""
        while at + 8 <= end:
            self._step()
            size, kind, start = self._number(at, 4), self.data[at + 4 : at + 8], at + 8
            if size == 1:
                size, start = self._number(at + 8, 8), at + 16
            until = at + size if size else end
            if until < start or until > end:
                return  # what follows an image, such as a film, is its reader's affair
            yield kind, start, until
            at = until

    def _number(self, at: int, length: int) -> int:
        if at + length > len(self.data):
            raise NotParsed("a box beyond the end")
        return int.from_bytes(self.data[at : at + length], "big")

    def _step(self, count: int = 1) -> None:
        self._steps += count
        if self._steps > _MOST_STEPS:
            raise NotParsed("too many pieces")

    def _item(self, name: int) -> _Item:
        self._step()
        return self.items.setdefault(name, _Item())

    def _pitm(self, at: int, _: int) -> None:
        self.primary = self._number(at + 4, 4 if self.data[at] else 2)

    def _idat(self, at: int, end: int) -> None:
        self.idat = at, end

    def _iinf(self, at: int, end: int) -> None:
        for kind, start, _ in self._each(at + (8 if self.data[at] else 6), end):
            if kind == b"infe":
                wide = 4 if self.data[start] >= 3 else 2
                name = self._number(start + 4, wide)
                self._item(name).kind = self.data[start + 6 + wide : start + 10 + wide]

    def _iloc(self, at: int, end: int) -> None:
        version, sizes = self.data[at], self._number(at + 4, 2)
        offset, length, base, index = sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15, sizes & 15 if version else 0
        if not {offset, length, base, index} <= set(_NUMBER_BYTES):
            raise NotParsed("numbers of another width")
        wide = 4 if version >= 2 else 2
        count, at = self._number(at + 6, wide), at + 6 + wide
        for _ in range(count):
            item, at = self._item(self._number(at, wide)), at + wide
            method, at = (self._number(at, 2) & 15, at + 2) if version else (0, at)
            if method > 1:
                raise NotParsed("data in another item")
            start, extents, at = self._number(at + 2, base), self._number(at + 2 + base, 2), at + 4 + base
            if at + extents * (index + offset + length) > end:
                raise NotParsed("a box beyond the end")
            self._step(extents)
            item.in_idat, item.extents = method == 1, []
            for _ in range(extents):
                place = start + self._number(at + index, offset)
                item.extents.append((place, self._number(at + index + offset, length)))
                at += index + offset + length

    def _iprp(self, at: int, end: int) -> None:
        for kind, start, until in self._each(at, end):
            if kind == b"ipco":
                for name, inner, inner_end in self._each(start, until):
                    self.configurations.append(self._hvcc(inner, inner_end) if name == b"hvcC" else None)
            elif kind == b"ipma":
                self._ipma(start)

    def _ipma(self, at: int) -> None:
        wide_item, wide_index = (4 if self.data[at] else 2), (2 if self.data[at + 3] & 1 else 1)
        count, at = self._number(at + 4, 4), at + 8
        for _ in range(count):
            item, many, at = self._item(self._number(at, wide_item)), self.data[at + wide_item], at + wide_item + 1
            self._step(many)
            for _ in range(many):
                item.properties.append(self._number(at, wide_index) & (0x7FFF if wide_index == 2 else 0x7F))
                at += wide_index

    def _hvcc(self, at: int, end: int) -> tuple[int, int]:
        """The bytes of a unit's length, and the pixels of the largest frame, by the headers kept beside the data."""
        pixels, length_bytes, arrays, at = 0, (self.data[at + 21] & 3) + 1, self.data[at + 22], at + 23
        for _ in range(arrays):
            units, at = self._number(at + 1, 2), at + 3
            self._step(units)
            for _ in range(units):
                size, at = self._number(at, 2), at + 2
                if at + size > end:
                    raise NotParsed("a header beyond the end")
                pixels, at = max(pixels, hevc_pixels(self.data[at : at + size])), at + size
        return length_bytes, pixels

    def _iref(self, at: int, end: int) -> None:
        wide = 4 if self.data[at] else 2
        for kind, start, until in self._each(at + 4, end):
            name, count = self._number(start, wide), self._number(start + wide, 2)
            first = start + wide + 2
            self._step(count)
            if first + count * wide > until:
                raise NotParsed("a box beyond the end")
            if kind == b"dimg":
                self._item(name).parts += [self._number(first + wide * k, wide) for k in range(count)]
            elif kind == b"auxl":
                for k in range(count):
                    self._item(self._number(first + wide * k, wide)).auxiliaries.append(name)
