"""postplace import places: open data (Foursquare, Overture Maps, OpenStreetMap, GeoJSON) -> places.csv."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from postplace.cli.options import check_used, said_beside

if TYPE_CHECKING:
    from postplace.places.fsq import FsqPlaces, PostCounts
    from postplace.places.known import KnownPlace
    from postplace.places.open_data import OpenPlaces

RADIUS_KM = 0.2
SHOWN = 12  # categories without a class that are named


def places(
    fsq: Annotated[
        Path | None,
        typer.Argument(
            metavar="OPEN_DATA",
            help="FSQ OS Places or Overture Maps (.parquet), OpenStreetMap (.csv), GeoJSON; or a folder.",
            show_default=False,
        ),
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(metavar="SOUTH,WEST,NORTH,EAST", help="The part of the map to keep, in degrees."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The places.csv to write.")] = None,
    near_posts: Annotated[
        Path | None, typer.Option(metavar="POSTS", help="Keep only places that these posts were made near.")
    ] = None,
    min_posts: Annotated[int | None, typer.Option(help="With --near-posts: at least this many (default: 1).")] = None,
    radius_km: Annotated[
        float | None, typer.Option(help="With --near-posts: how far a post may be (default: 0.2).")
    ] = None,
    max_places: Annotated[
        int | None, typer.Option(help="Keep only this many, those with the most complete records.")
    ] = None,
    any_category: Annotated[
        bool, typer.Option("--any-category", help="Keep places of none of the eight classes too, without a category.")
    ] = False,
    show_mapping: Annotated[
        bool, typer.Option("--show-mapping", help="Show which category belongs to which class.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier file.")] = False,
) -> None:
    """Make a places.csv from open data: places in a box, in eight semantic classes.

    Read are FSQ OS Places and Overture Maps in Parquet, tables of OpenStreetMap in CSV, and GeoJSON.

    The files do not say how popular a place is; --near-posts and --max-places stand in for that.
    Example: postplace import places fsq/ --box 50.97,13.58,51.18,13.97 --out places.csv
    """
    if show_mapping:
        typer.echo("\n".join(_mapping()))
    if fsq is None and show_mapping:
        return
    from postplace.cli.overwriting import check_new, check_output
    from postplace.errors import BadOption
    from postplace.places.fsq import parse_box
    from postplace.places.known import write_places
    from postplace.places.open_files import open_places
    from postplace.system.targets import is_stream

    if fsq is None or box is None or out is None:
        missing = "OPEN_DATA" if fsq is None else "--box" if box is None else "--out"
        remedy = "write for example: postplace import places fsq/ --box 50.97,13.58,51.18,13.97 --out places.csv"
        raise BadOption(missing, "is missing", remedy)
    if near_posts is None and min_posts is not None:
        raise BadOption("--min-posts", "there are no posts to count", "give a file of posts with --near-posts")
    if near_posts is None:
        check_used({"--radius-km": radius_km}, "without --near-posts", "give a file of posts, or leave it out")
    check_output("--out", out, [fsq, near_posts])
    if out.suffix.lower() != ".csv" and not (out.suffix == "" and is_stream(out)):
        raise BadOption("--out", f"{out} does not end in .csv, which places are written as", "name it as places.csv")
    check_new("--out", out, overwrite=overwrite)
    found = open_places(
        fsq,
        box=parse_box(box),
        any_category=any_category,
        visits=None if near_posts is None else _visits(near_posts, RADIUS_KM if radius_km is None else radius_km),
        min_posts=1 if min_posts is None else min_posts,
        max_places=max_places,
    )
    classes: Counter[str] = Counter()
    write_places(_tallied(found, classes, fsq), out)
    with said_beside(out):
        typer.echo("\n".join(_report(found, classes)))
        typer.echo(f"saved in {out}")


def _mapping() -> Iterator[str]:
    from postplace.places.semantic import mapping_rows

    yield f"{'class':<12}category, and all that lies below it"
    yield from (f"{name:<12}{path}" for name, path in mapping_rows())
    yield "Each place takes the first of its categories that has a class, each category the rule with the longest path."


def _visits(posts: Path, radius_km: float) -> PostCounts:
    from postplace.errors import NotEnoughData
    from postplace.places.fsq import PostCounts
    from postplace.posts.table import PostStream

    counts = PostCounts(PostStream(posts, on_empty="keep"), radius_km=radius_km)
    if not counts.located and not counts.with_venue:
        raise NotEnoughData(str(posts), "none of its posts has coordinates or a venue", "give posts that have")
    return counts


def _tallied(found: FsqPlaces | OpenPlaces, classes: Counter[str], source: Path) -> Iterator[KnownPlace]:
    from postplace.errors import NotEnoughData

    for place in found:
        classes[place.category or "(none)"] += 1
        yield place
    if not found.kept:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in found.left_out.most_common(4))
        raise NotEnoughData(str(source), f"no place of {found.rows:,} is left ({reasons})", "check --box and the cuts")


def _report(found: FsqPlaces | OpenPlaces, classes: Counter[str]) -> Iterator[str]:
    from postplace.places.semantic import CLASSES
    from postplace.system.stray_files import STRAY

    yield f"{found.rows:>12,}  places read"
    for reason, count in found.left_out.most_common():
        yield f"{count:>12,}  left out: {reason}"
    yield f"{found.kept:>12,}  kept"
    if found.strays:
        yield f"{found.strays:>12,}  {STRAY}"
    for name in (*CLASSES, "(none)"):
        if classes[name] or name in CLASSES:
            yield f"{classes[name]:>14,}  {name}"
    if found.without_class:
        yield "of none of the eight classes (the most frequent; see --show-mapping):"
        yield from (f"{count:>14,}  {label}" for label, count in found.without_class.most_common(SHOWN))
