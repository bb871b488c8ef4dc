"""What is done to one image: hashed, measured for people and freed of them, read.

A job is a picklable callable: content digest and path -> a record that JSON can hold, `{"error": why}` for an image
that it could not take. Its `fingerprint` says what the records depend on beside the image.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from postplace.errors import BadImage, PostplaceError, one_line, write_failed
from postplace.images.decode import decode
from postplace.preparation.filters import Portraits
from postplace.splitting.duplicates import perceptual_hash
from postplace.system.atomic_files import atomic_file

if TYPE_CHECKING:
    from PIL import Image

    from postplace.images.inpaint import Inpainter
    from postplace.images.ocr import TextReader
    from postplace.images.portrait import Cleaned, PersonSegmenter

HASHED_AT = 224  # px of the smaller side at least: a JPEG is decoded at a fraction of its size, several times faster
JPEG_QUALITY = 95

Record = dict[str, Any]


class Job(Protocol):
    """See the module; `still_valid` says whether a record of an earlier run can be taken for done."""

    @property
    def fingerprint(self) -> str:
        """What decides its result: what is stored under another one is done anew."""
        ...

    def __call__(self, digest: str, path: Path) -> Record:
        """What is found out about the image with that digest at that path."""
        ...

    def still_valid(self, record: Record) -> bool:
        """Whether a stored record may be used again: its files are still there."""
        ...


@dataclass(frozen=True, slots=True)
class HashImage:
    """Decodes an image and gives its perceptual hash: `{"hash": 64 bits}`."""

    @property
    def fingerprint(self) -> str:
        """Which hash of which pixels."""
        return f"perceptual hash after decoding to at least {HASHED_AT} px"

    def __call__(self, digest: str, path: Path) -> Record:
        """See the module."""
        return _guarded(lambda: {"hash": perceptual_hash(decode(path, target=HASHED_AT))})

    def still_valid(self, record: Record) -> bool:
        """See Job."""
        return isinstance(record.get("hash"), int)


@dataclass(frozen=True, slots=True)
class CleanImage:
    """Measures how much of an image people fill; drops it above `max_ratio`, else has them painted over.

    Gives `{"ratio", "outcome"}`, the outcome being "dropped", "unchanged" or "cleaned"; a cleaned image is written
    to `folder` under its digest, without metadata: `{"file", "bytes"}`.
    """

    folder: Path
    max_ratio: float
    segmenter: PersonSegmenter
    inpainter: Inpainter

    @property
    def fingerprint(self) -> str:
        """What the results depend on beside the image."""
        return f"people above {self.max_ratio} by {self.segmenter.fingerprint}, then {self.inpainter.fingerprint}"

    def __call__(self, digest: str, path: Path) -> Record:
        """See the module."""
        return _guarded(lambda: self._clean(digest, path))

    def look(self, path: Path) -> tuple[Image.Image, Cleaned]:
        """The image, and what became of it."""
        from postplace.images.portrait import clean_image

        image = decode(path)
        cleaned = clean_image(image, segmenter=self.segmenter, inpainter=self.inpainter, max_ratio=self.max_ratio)
        return image, cleaned

    def _clean(self, digest: str, path: Path) -> Record:
        before, cleaned = self.look(path)
        record: Record = {"ratio": round(float(cleaned.ratio), 6)}
        if cleaned.dropped:
            return record | {"outcome": "dropped"}
        if cleaned.image is None or cleaned.image.tobytes() == before.tobytes():
            return record | {"outcome": "unchanged"}
        lossy = path.suffix.lower() in (".jpg", ".jpeg")
        target = self.folder / f"{digest}.{'jpg' if lossy else 'png'}"
        _save(cleaned.image, target)
        return record | {"outcome": "cleaned", "file": target.name, "bytes": target.stat().st_size}

    def still_valid(self, record: Record) -> bool:
        """Whether the cleaned image that a record of an earlier run speaks of is there, and whole."""
        if record.get("outcome") != "cleaned":
            return "outcome" in record
        try:
            return bool((self.folder / record["file"]).stat().st_size == record["bytes"])
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class ReadImage:
    """Reads the signs and menus in an image: `{"words"}`."""

    reader: TextReader

    @property
    def fingerprint(self) -> str:
        """What decides the words."""
        return self.reader.fingerprint

    def __call__(self, digest: str, path: Path) -> Record:
        """See the module."""
        from postplace.images.ocr import read_words

        return _guarded(lambda: {"words": read_words(decode(path), self.reader)})

    def still_valid(self, record: Record) -> bool:
        """See Job."""
        return isinstance(record.get("words"), str)


def cleaning(options: Portraits, folder: Path) -> CleanImage:
    """The job that a portrait rule asks for; its images go to a folder of their own below `folder`.

    Raises BadOption for a name that is not known or a library that is not installed, BadWeights for missing weights.
    """
    from postplace.images.inpaint import find_inpainter
    from postplace.images.portrait import find_segmenter

    named = (options.segmenter_weights, options.inpaint_weights)
    paths = [None if name is None else Path(name) for name in named]
    segmenter = find_segmenter(options.segmenter, weights=paths[0])
    job = CleanImage(folder, options.max_ratio, segmenter, find_inpainter(options.inpaint, weights=paths[1]))
    return replace(job, folder=folder / short_name("images", job.fingerprint))


def short_name(kind: str, fingerprint: str) -> str:
    """A name for what belongs to one fingerprint."""
    return f"{kind}-{hashlib.sha256(fingerprint.encode()).hexdigest()[:16]}"


def _guarded(work: Callable[[], Record]) -> Record:
    """What the work gives, or why this one image could not be taken: networks and codecs raise nearly anything."""
    try:
        return work()
    except BadImage as error:
        return {"error": f"{error.found}; {error.remedy}"}
    except PostplaceError:
        raise
    except Exception as error:
        reason = one_line(error, most=80)
        return {"error": f"could not be worked on ({type(error).__name__}: {reason})"}


def _save(image: Image.Image, target: Path) -> None:
    options: dict[str, Any] = {"quality": JPEG_QUALITY} if target.suffix == ".jpg" else {}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failed(target, error) from error
    with atomic_file(target) as file:
        image.save(file, format="JPEG" if target.suffix == ".jpg" else "PNG", **options)
