"""The files of a folder that Instaloader wrote: those of each post, what lies beside them, what belongs to no post."""

from __future__ import annotations

import json
import lzma
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import FileIO
from itertools import islice
from pathlib import Path

from postplace.posts.dump import (
    LARGEST_FILE,
    NO_CAPTION_METADATA,
    NO_METADATA,
    ImportReport,
    InvalidRecord,
    walk,
)

UNREAD_IMAGES = (".heic", ".avif")
IMAGES = (".jpg", ".webp", ".png", ".jpeg", *UNREAD_IMAGES)
CAPTION, GEOTAG, VIDEO_FILE = ".txt", "_location.txt", ".mp4"
NAMED_TIME = re.compile(r"(?:^|_)(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_UTC")
LOCATION_TARGET = re.compile(r"%(\d+)")  # the folder that `instaloader %LOCATION_ID` fills
OF_MANY_USERS = ("#", "%", ":", "\ufe55")  # folders of a hashtag, a location, a feed (the last on Windows) begin so

_ENDINGS = (".json.xz", ".json")
_BESIDE = (*IMAGES, CAPTION, VIDEO_FILE)
_AT_ONCE = 32  # files
_LARGEST_SIDE_FILE = 2**20  # bytes
_DICTIONARY = 256 * 2**20  # bytes an .xz file may ask for while it is unpacked
_OF_A_TARGET = ("_profile_pic", "_cover")  # images of a profile, a hashtag or a highlight, which are no posts
_NUMBERED = re.compile(r"_\d+$")
_EARLIER = re.compile(r"(.+)_old_\d{2,}")  # a caption that another one of the same name took the place of


@dataclass(frozen=True, slots=True)
class Beside:
    """What else is in a folder, by the name with its ending in lower case; and its files that no metadata names.

    `images` are the names of the images, and `earlier` those of the captions that were replaced, of each post.
    """

    names: Mapping[str, str]
    orphans: set[str] = field(default_factory=set)
    images: dict[str, list[str]] = field(default_factory=dict)
    earlier: dict[str, list[str]] = field(default_factory=dict)

    def path(self, base: str, ending: str) -> str | None:
        """The file with this path but for the case of its ending, or None."""
        folder, separator, stem = base.rpartition(os.sep)
        name = self.names.get(stem + ending)
        return None if name is None else f"{folder}{separator}{name}"


@dataclass(frozen=True, slots=True)
class File:
    """The file that a post is read from: its path without the ending, the ending, and what else is in its folder.

    That is its metadata or, where Instaloader was told to write none, its caption or an image.
    """

    base: str
    ending: str
    beside: Beside

    @property
    def stem(self) -> str:
        """The name without the ending."""
        return self.base.rpartition(os.sep)[2]

    @property
    def folder(self) -> str:
        """The name of the folder: what Instaloader downloaded."""
        return Path(self.base).parent.name

    @property
    def is_metadata(self) -> bool:
        """Whether it is a metadata file."""
        return self.ending.lower() in _ENDINGS

    def side_text(self, ending: str) -> str:
        """The text of a file of this name with another ending, "" where there is none."""
        path = self.beside.path(self.base, ending) if self.beside.names else None
        return "" if path is None else _text(path)

    def earlier_captions(self) -> list[str]:
        """The captions that were replaced by this one."""
        folder = self.base[: -len(self.stem)]
        return [_text(folder + name) for name in self.beside.earlier.get(self.stem, ())]

    def other_images(self, suffixes: Iterable[str]) -> int:
        """How many images have the name of the post but none of the suffixes that its parts have."""
        expected = {self.stem + suffix for suffix in suffixes}
        return sum(name.rpartition(".")[0] not in expected for name in self.beside.images.get(self.stem, ()))


def files_of_posts(folder: Path, tally: ImportReport) -> Iterator[File]:
    """The metadata files below a folder; the captions, where it has none. Counts what belongs to no post."""
    for inside, names, others in walk(folder, tally, endings=_ENDINGS, notice=_BESIDE):
        files = [_stem_and_ending(name) for name in names]
        beside = Beside(others)
        if others:
            stems = {stem for stem, _ in files}
            files += _without_metadata(inside.name, stems, others)
            _sort_out(beside, {stem for stem, _ in files}, tally, of_many=inside.name.startswith(OF_MANY_USERS))
        for stem, ending in sorted(files, key="".join):
            yield File(f"{inside}{os.sep}{stem}", ending, beside)


def _stem_and_ending(name: str) -> tuple[str, str]:
    """`NAME.json.xz` -> `NAME` and `.json.xz`, with capitals where it has them."""
    length = next(len(ending) for ending in _ENDINGS if name.lower().endswith(ending))
    return name[:-length], name[-length:]


def _without_metadata(folder: str, stems: set[str], others: Mapping[str, str]) -> list[tuple[str, str]]:
    """The captions, and images without one, that stand for posts in a folder without metadata of any post.

    A caption is Instaloader's if its name has a time, or if an image or a location has its name. An image without a
    caption is a post's in the folder of a hashtag or a location; in a profile's it may be a story.
    """
    images = {name.rpartition(".")[0] for name in others if name.endswith(IMAGES)}
    posts = {*images, *(_NUMBERED.sub("", stem) for stem in images)}
    captions = {name.removesuffix(CAPTION) for name in others if name.endswith(CAPTION) and not name.endswith(GEOTAG)}
    captions = {stem for stem in captions if not _is_earlier(stem, captions)}
    if any(NAMED_TIME.search(stem) or stem in posts or stem in captions for stem in stems):
        return []
    found = {
        stem: others[stem + CAPTION][len(stem) :]
        for stem in captions
        if NAMED_TIME.search(stem) or stem in posts or stem + GEOTAG in others
    }
    of_posts_alone = folder.startswith(("#", "%"))
    for name, actual in sorted(others.items()):
        stem, dot, ending = actual.rpartition(".")
        base = _NUMBERED.sub("", stem) if f"{_NUMBERED.sub('', stem)}_1" in images else stem
        is_a_post = base + GEOTAG in others or (of_posts_alone and NAMED_TIME.search(base))
        if is_a_post and base not in found and name.endswith(IMAGES) and not stem.endswith(_OF_A_TARGET):
            found[base] = f"{stem[len(base) :]}{dot}{ending}"
    return list(found.items())


def _is_earlier(stem: str, captions: Iterable[str]) -> bool:
    earlier = _EARLIER.fullmatch(stem)
    return earlier is not None and earlier[1] in captions


def _sort_out(beside: Beside, stems: set[str], tally: ImportReport, *, of_many: bool) -> None:
    """Give images and earlier captions to their posts; count images, and captions that Instaloader named, of none.

    In a folder of many users an earlier caption is another post's, which was lost; in a profile's it was edited.
    """
    for name, actual in beside.names.items():
        stem, _, _ = name.rpartition(".")
        base = stem if stem in stems else _NUMBERED.sub("", stem)
        lowered = name.lower()  # of two names that differ in their case alone, one is as it was
        if lowered.endswith(CAPTION):
            earlier = _EARLIER.fullmatch(stem)
            if earlier and earlier[1] in stems:
                beside.earlier.setdefault(earlier[1], []).append(actual)
                tally.orphans[NO_CAPTION_METADATA] += of_many
            elif NAMED_TIME.search(stem) and base not in stems and not lowered.endswith(GEOTAG):
                tally.orphans[NO_CAPTION_METADATA] += 1
        elif lowered.endswith(IMAGES) and base in stems:
            beside.images.setdefault(base, []).append(name)
        elif lowered.endswith(IMAGES) and not stem.endswith(_OF_A_TARGET):
            beside.orphans.add(actual)
            tally.orphans[NO_METADATA] += 1


# --- what is in them


def contents(files: Iterator[File]) -> Iterator[tuple[File, bytes | InvalidRecord]]:
    """What the files hold; unpacked some at a time, for unpacking empties the processor's caches."""
    while several := list(islice(files, _AT_ONCE)):
        yield from zip(several, _contents(several), strict=True)


def _contents(files: Sequence[File]) -> list[bytes | InvalidRecord]:
    return [_content(file.base + file.ending) if file.is_metadata else b"" for file in files]


def _content(path: str) -> bytes | InvalidRecord:
    try:
        with FileIO(path) as file:  # a fifth faster than `Path.open`, all told
            content = file.readall() if os.fstat(file.fileno()).st_size <= LARGEST_FILE else None
        if content and path[-3:].lower() == ".xz":
            content = _unpacked(content)
    except OSError as error:
        return InvalidRecord(
            "file cannot be read", f"cannot be read ({error.strerror or error})", "check the permissions"
        )
    except (lzma.LZMAError, EOFError, MemoryError) as error:
        return InvalidRecord("damaged .xz file", f"cannot be unpacked ({error})", "download the post again")
    if content is None or len(content) > LARGEST_FILE:
        return InvalidRecord("file is too large", f"holds more than {LARGEST_FILE} bytes", "remove it: it is no post")
    return content


def _unpacked(content: bytes) -> bytes:
    unpacking = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_DICTIONARY)
    unpacked = unpacking.decompress(content, max_length=LARGEST_FILE + 1)
    if not unpacking.eof and len(unpacked) <= LARGEST_FILE:
        raise EOFError("it ends before its time")
    return unpacked


def structure(content: bytes | InvalidRecord) -> object:
    """The JSON of a metadata file. Raises InvalidRecord."""
    if isinstance(content, InvalidRecord):
        raise content
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:  # ValueError: also what is not UTF-8, and numbers too long
        problem = f"is not complete JSON ({error.args[0] if error.args else error})"
        raise InvalidRecord("damaged JSON", problem, "download the post again") from error


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as opened:
            return opened.read(_LARGEST_SIDE_FILE).decode(errors="replace").replace("\r\n", "\n")
    except OSError:
        return ""
