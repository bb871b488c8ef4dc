"""Edits of a post that a person can make, and the post with them. Nothing here asks a run anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from postplace.explain.documents import EditDocument
from postplace.explain.parts import Part
from postplace.explain.variants import OpenedPost
from postplace.images.decode import decode
from postplace.images.regions import blurred, cropped, lossless
from postplace.schema import Post
from postplace.text.cleaning import hashtag_spans, markup_spans
from postplace.text.hashtags import find_hashtags, normalise_hashtag, unite_hashtags
from postplace.text.segmentation import CHINESE, has_words

if TYPE_CHECKING:
    from PIL.Image import Image

EditKind = Literal[
    "hide hashtag", "replace hashtag", "generalise hashtag", "hide words", "reword", "blur region", "crop",
    "drop image",
]  # fmt: skip
_PASSES = 20
_CLOSING = ",.!?;:)，。！？；：）"


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of a part. A hashtag goes everywhere, the text too, however it is written; so do words.

    `part` is a hashtag, a word or neighbouring words of the text, a region (of a crop: what is kept) or an image;
    `replacement` is what a tag or the words become, None where they go.
    """

    kind: EditKind
    part: Part
    replacement: str | None = None

    @property
    def modality(self) -> str:
        """text, hashtags or image."""
        return self.part.modality

    def describe(self) -> str:
        """One line.

        >>> Edit("replace hashtag", Part("hashtag", "bund"), "river").describe()
        'write #river in the place of the hashtag #bund'
        """
        name, new = self.part.name, self.replacement
        return {
            "hide hashtag": f"leave out the hashtag #{name}",
            "replace hashtag": f"write #{new} in the place of the hashtag #{name}",
            "generalise hashtag": f"write the more general #{new} in the place of the hashtag #{name}",
            "hide words": f'leave out "{name}"',
            "reword": f'write "{new}" in the place of "{name}"',
            "blur region": f"blur {name}",
            "crop": f"crop {name}",
            "drop image": f"leave out {name}",
        }[self.kind]

    def to_dict(self) -> EditDocument:
        """The kind, the description, the part's own keys under `part`, the replacement where there is one."""
        document: EditDocument = {"kind": self.kind, "description": self.describe(), "part": self.part.to_dict()}
        if self.replacement is not None:
            document["replacement"] = self.replacement
        return document


def apply(opened: OpenedPost, edits: Sequence[Edit]) -> Post:
    """The post with these edits; images that are blurred or cropped come from the decoded ones, as files of pixels.

    Of a text that loses its last word no word is left standing alone: only its hashtags stay. Whoever reads the post
    as it is given here finds these hashtags and no other: none that was hidden is in the text, none is there alone.
    """
    base = opened.post
    images = _images(opened, edits)
    text = _text(base.text, edits)
    return replace(
        base,
        text=text,
        hashtags=unite_hashtags(_hashtags(base.hashtags, edits), find_hashtags(text)),
        images=images,
        image_text=base.image_text if images or not base.images else "",  # what is read goes with what it is read in
    )


def images_after(images: Sequence[Path | bytes], edits: Sequence[Edit]) -> Iterator[tuple[int, Image]]:
    """The images that these edits leave, one by one, in full size and without metadata, with their numbers from 0.

    All `images` must be readable: edits count the readable ones. Raises BadImage for one that is not.
    """
    for number, image in enumerate(images):
        image_edits = [edit for edit in edits if edit.part.image == number]
        if not any(edit.kind == "drop image" for edit in image_edits):
            yield number, edited_image(decode(image), image_edits)


def clash(one: Edit, other: Edit) -> bool:
    """Whether two edits are of the same thing, so that they cannot be made together."""
    if one.modality != other.modality:
        return False
    if one.modality == "hashtags":
        return normalise_hashtag(one.part.name) == normalise_hashtag(other.part.name)
    if one.modality == "text":
        a, b = one.part.name.casefold(), other.part.name.casefold()
        return a in b or b in a or _overlap(one.part, other.part)
    if one.part.image != other.part.image:
        return False
    if one.kind != "blur region" or other.kind != "blur region" or one.part.box is None or other.part.box is None:
        return True
    (left, top, right, bottom), box = one.part.box, other.part.box
    return left < box[2] and box[0] < right and top < box[3] and box[1] < bottom


def occurrences(text: str, words: str) -> list[tuple[int, int]]:
    """Where words stand in a text, in any case: whole ones, of Chinese every place; not in links, mentions, hashtags.

    >>> occurrences("The bridge, #bridge, footbridge: a Bridge", "bridge")
    [(4, 10), (35, 41)]
    """
    if not words:
        return []
    pattern = re.escape(words)
    if not CHINESE.search(words):
        pattern = rf"(?<!\w){pattern}(?!\w)"
    marks = markup_spans(text)
    matches = (match.span() for match in re.finditer(pattern, text, re.IGNORECASE))
    return [(start, end) for start, end in matches if not any(start < b and a < end for a, b in marks)]


def edited_image(image: Image, edits: Iterable[Edit]) -> Image:
    """A decoded image with the regions of these edits blurred, or cropped to the box of one."""
    image_edits = list(edits)
    image = blurred(image, [edit.part.box for edit in image_edits if edit.kind == "blur region" and edit.part.box])
    for edit in image_edits:
        if edit.kind == "crop" and edit.part.box is not None:
            image = cropped(image, edit.part.box)
    return image


def _overlap(one: Part, other: Part) -> bool:
    if one.start is None or one.end is None or other.start is None or other.end is None:
        return False
    return one.start < other.end and other.start < one.end


def _text(text: str, edits: Sequence[Edit]) -> str:
    written_edits = [edit for edit in edits if edit.modality in ("text", "hashtags")]
    if not written_edits or not text:
        return text
    rest = _once(text, written_edits)
    new = {normalise_hashtag(edit.replacement) for edit in written_edits if edit.replacement}
    gone = [
        replace(edit, replacement=None)
        for edit in written_edits
        if not any(normalise_hashtag(edit.part.name) in name for name in new)
    ]
    for _ in range(_PASSES):  # what stood around a tag or a word may be it once it is gone
        if (after := _once(rest, gone)) == rest:
            break
        rest = after
    return rest


def _once(text: str, written_edits: Sequence[Edit]) -> str:
    tags = {normalise_hashtag(edit.part.name): edit for edit in written_edits if edit.modality == "hashtags"}
    changes: list[tuple[int, int, str]] = []
    for start, end, name in hashtag_spans(text) if tags else ():
        if (edit := tags.get(normalise_hashtag(name))) is not None:
            closed = "#" if text[end - 1] in "#＃" else ""
            changes.append((start, end, f"#{edit.replacement}{closed}" if edit.replacement else ""))
    for edit in written_edits:
        if edit.modality == "text":
            changes += [(a, b, edit.replacement or "") for a, b in occurrences(text, edit.part.name)]
    rest = _changed(text, sorted(changes))
    if changes and has_words(text) and not has_words(rest):
        return " ".join(rest[start:end] for start, end, _ in hashtag_spans(rest))
    return rest


def _changed(text: str, changes: Sequence[tuple[int, int, str]]) -> str:
    """The text with these places, in order, replaced; where something goes, no two spaces stay behind."""
    changed, last = "", 0
    for start, end, new in changes:
        if start < last:
            continue
        changed += text[last:start] + new
        last = end
        after = text[last : last + 1]
        if not new and (not changed or changed[-1].isspace()):
            if after and after in _CLOSING:
                changed = changed.rstrip()
            elif not after or after.isspace():
                last += len(after)
    return (changed + text[last:]).strip() if changes else text


def _hashtags(hashtags: Sequence[str], edits: Sequence[Edit]) -> tuple[str, ...]:
    replacements = {
        normalise_hashtag(edit.part.name): edit.replacement for edit in edits if edit.modality == "hashtags"
    }
    if not replacements:
        return tuple(hashtags)
    after = (replacements.get(normalise_hashtag(tag), tag) for tag in hashtags)
    return tuple(dict.fromkeys(tag for tag in after if tag))


def _images(opened: OpenedPost, edits: Sequence[Edit]) -> tuple[Path | bytes, ...]:
    by_image: dict[int, list[Edit]] = {}
    for edit in edits:
        if edit.part.image is not None:
            by_image.setdefault(edit.part.image, []).append(edit)
    images: list[Path | bytes] = []
    for number, image in enumerate(opened.post.images):
        image_edits = by_image.get(number, [])
        if any(edit.kind == "drop image" for edit in image_edits):
            continue
        images.append(lossless(edited_image(opened.images[number], image_edits)) if image_edits else image)
    return tuple(images)
