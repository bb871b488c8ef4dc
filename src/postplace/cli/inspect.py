"""postplace inspect: what is in a file of posts, what is missing, what would leak; and a copy without place names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from postplace.cli.options import (
    GivenBadPosts,
    GivenCrs,
    OnBadPost,
    PlacesCrs,
    Posts,
    RepairText,
    check_unread,
    check_used,
    parse_names,
    said_beside,
    show_or_write,
)
from postplace.errors import BadOption, NotEnoughData, unknown_name

if TYPE_CHECKING:
    from postplace.places.known import KnownPlaces
    from postplace.schema import Post
    from postplace.splitting.inspection import Inspection
    from postplace.splitting.splits import Split

SEED = 0


class Format(StrEnum):
    """How the report is written."""

    text = "text"
    json = "json"


def inspect(
    posts: Posts,
    places: Annotated[
        Path | None,
        typer.Option("--places", metavar="FILE", help="places.csv: its names and aliases are looked for, too."),
    ] = None,
    names: Annotated[
        str, typer.Option("--names", metavar="KEYS", help="The keys of a post whose values are names.")
    ] = "place,venue,category",
    mask_place_names: Annotated[
        Path | None,
        typer.Option("--mask-place-names", metavar="FILE", help="Write the posts without any of these names."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.text,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Default: stdout.")] = None,
    on_bad_post: GivenBadPosts = None,
    crs: GivenCrs = None,
    repair_text: RepairText = False,
    places_crs: PlacesCrs = None,
) -> None:
    """Show what is in a file of posts, what is missing, and what would give the answer away.

    The posts are read twice (three times to mask), one at a time: there may be more than fit in memory. To see what a
    split would part, eight bytes of each user, venue, text and image are kept, and the texts of up to 50,000 posts,
    to find near copies; images are compared as files. Training also finds images that only look alike.

    Example: postplace inspect posts.jsonl --places places.csv --mask-place-names masked.jsonl
    """
    from postplace.cli.inspection_report import as_json, as_lines
    from postplace.cli.overwriting import check_output
    from postplace.places.offset import PositionSample, find_offset
    from postplace.splitting.inspection import inspect_posts
    from postplace.splitting.place_name_leaks import KnownNames, MaskedPosts, find_leaks

    check_output("--output", output, [posts, places])
    check_output("--mask-place-names", mask_place_names, [posts, places])
    _check_apart(output, mask_place_names)
    kinds, listed = _kinds(names), _read_places(places, places_crs)
    aliases = _aliases(listed)
    source = _open(posts, on_bad_post, crs, repair_text=repair_text)
    _check_ending(mask_place_names)
    sample = PositionSample()
    inspection = inspect_posts(sample.passing(source.first()))
    values = {"place": inspection.places, "venue": inspection.venues, "category": inspection.categories}
    known = KnownNames({kind: values[kind] for kind in kinds}, aliases=aliases)
    leaks = find_leaks(source.again(), known, folder=source.folder)
    splits = _splits(inspection, source.split)
    notes = _notes(inspection, source.split)
    if listed is not None and (offset := find_offset(sample.positions(), listed.positions)) is not None:
        inspection.remarks.append(offset)
    masked = None
    if mask_place_names is not None:
        from postplace.posts.table import write_posts

        masked = MaskedPosts(source.again(), known)
        write_posts(masked, mask_place_names)
    write = as_json if format_ is Format.json else as_lines
    with said_beside(mask_place_names):
        show_or_write("\n".join(write(inspection, known, leaks, splits, masked, notes)) + "\n", output)


@dataclass(frozen=True)
class _Source:
    """The posts, as often as requested; `first` says on stderr what was skipped or ignored."""

    folder: Path
    first: Callable[[], Iterable[Post]]
    again: Callable[[], Iterable[Post]]
    split: Split | None


def _open(path: Path, given: OnBadPost | None, crs: str | None, *, repair_text: bool) -> _Source:
    from postplace.cli.reading import read_in_parts
    from postplace.posts.pipes import PipeContent
    from postplace.posts.table import PostStream
    from postplace.preparation.prepared_folder import is_prepared, read_prepared

    on_bad_post = given or OnBadPost.error
    if is_prepared(path):
        check_unread(given, crs, repair_text=repair_text)
        prepared = read_prepared(path)
        return _Source(path, lambda: prepared.posts, lambda: prepared.posts, prepared.split)
    crs, pipe = crs or "wgs84", PipeContent()

    def passing() -> Iterator[Post]:
        for part in read_in_parts(path, on_bad_post, size=1024, crs=crs, repair_text=repair_text, pipe=pipe):
            yield from part

    return _Source(
        path.parent,
        passing,
        lambda: PostStream(path, on_bad_post=on_bad_post.value, crs=crs, repair_text=repair_text, pipe=pipe),
        None,
    )


def _read_places(places: Path | None, crs: str | None) -> KnownPlaces | None:
    if places is None:
        check_used({"--places-crs": crs}, "without --places", "give the list of places, or leave it out")
        return None
    from postplace.places.known import read_places

    return read_places(places, crs=crs or "wgs84")


def _aliases(known: KnownPlaces | None) -> Mapping[str, list[str]]:
    """A place's id, label or name -> its names."""
    if known is None:
        return {}
    aliases: dict[str, list[str]] = {}
    for place, label in zip(known.places, known.labels, strict=True):
        names = [name for name in (place.name, *place.aliases) if name]
        for key in dict.fromkeys((place.place, label, place.name)):
            if key:
                aliases.setdefault(key, []).extend(names)
    return aliases


def _kinds(names: str) -> list[str]:
    from postplace.splitting.place_name_leaks import KINDS

    kinds = parse_names(names)
    for kind in kinds:
        if kind not in KINDS:
            raise unknown_name("--names", kind, KINDS)
    return kinds


def _splits(inspection: Inspection, prepared: Split | None) -> dict[str, tuple[int, dict[str, int]] | str]:
    """By kind of split, the size of its test part and what of it is shared with training, or why there is no split."""
    from postplace.splitting.overlap import shared_with_training, split_as_train, split_by_post

    if prepared is not None:
        shared = shared_with_training(inspection.fingerprints, prepared)
        return {"as prepared": (len(prepared.test), shared)}
    results: dict[str, tuple[int, dict[str, int]] | str] = {}
    for name, make in (("post by post", split_by_post), ("by user or venue", split_as_train)):
        try:
            split = make(inspection.fingerprints, seed=SEED)
            results[name] = len(split.test), shared_with_training(inspection.fingerprints, split)
        except NotEnoughData as error:
            results[name] = error.found
    return results


def _notes(inspection: Inspection, prepared: Split | None) -> list[str]:
    """What the split that a training would draw does not keep of what it promises; none for posts that are split."""
    from postplace.splitting.overlap import input_notes, split_as_train

    if prepared is not None:
        return []
    try:
        return input_notes(inspection.fingerprints, split_as_train(inspection.fingerprints, seed=SEED))
    except NotEnoughData:
        return []  # told where the split is


def _check_apart(report: Path | None, masked: Path | None) -> None:
    from postplace.system.targets import real_path

    if report is not None and masked is not None and real_path(report) == real_path(masked):
        raise BadOption("--output", f"{report} is where the masked posts go", "choose another file")


def _check_ending(masked: Path | None) -> None:
    """Refuse early a file of which the ending does not say how posts are written."""
    from postplace.posts.table import ENDINGS
    from postplace.system.targets import is_stream

    if masked is None or (not masked.suffix and is_stream(masked)):
        return
    if masked.suffix.lower() not in ENDINGS:
        problem = f"{masked} has another ending than {', '.join(ENDINGS)}"
        raise BadOption("--mask-place-names", problem, "name a file, as masked.jsonl")
