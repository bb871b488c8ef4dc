"""postplace collect instagram: the posts of known places, through the library Instaloader."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from postplace.cli.options import Quiet, log

if TYPE_CHECKING:
    from postplace.places.known import KnownPlaces
    from postplace.posts.collection.collect import Collected, Location

NOTICE = """\
Before you collect: three things are yours to settle, the program cannot.
  Terms    Instagram's terms of use restrict automated collection; the account you log in with may be locked.
           Use it only with Instagram's permission, or where the law of your country gives you the right.
  Consent  Posts are personal data, and where somebody was is sensitive: have a lawful basis, and the approval of
           your ethics board or data protection officer. Public does not mean free to use.
  Law      Take no more than you need, keep it safe and no longer than needed, publish neither posts nor names.
Written out in docs/collecting.md."""

app = typer.Typer(help="Collect posts to learn from.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _root() -> None:
    """Collect posts to learn from; docs/collecting.md says what you must clear first."""


@app.command()
def instagram(
    places: Annotated[
        Path, typer.Option(metavar="FILE", help="places.csv; `place` is the Instagram location id.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DUMP", help="The folder to fill.", show_default=False)],
    login: Annotated[str, typer.Option(metavar="NAME", help="The Instagram account to ask with.", show_default=False)],
    session: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its session file (default: where Instaloader keeps it).")
    ] = None,
    max_posts: Annotated[int | None, typer.Option(help="At most this many posts a place.")] = None,
    pause: Annotated[float, typer.Option(metavar="SECONDS", help="At least this long between two requests.")] = 10.0,
    quiet: Quiet = False,
) -> None:
    """Download the posts of each place, as Instaloader writes them, without videos.

    Killed or stopped by Instagram? The same command goes on where it was. There is no option for a password: log in
    once with `instaloader --login NAME`, or type it when asked.
    Example: postplace collect instagram --places places.csv --out dump/ --login NAME --max-posts 200
    """
    from postplace.places.known import read_places
    from postplace.posts.collection.collect import collect, log_in, make_loader

    log(NOTICE)
    locations, others = _locations(read_places(places), places)
    loader = make_loader(out, pause=pause, log=log)
    log_in(loader, login, session=session, ask=sys.stdin.isatty())
    got = collect(locations, out, loader=loader, max_posts=max_posts, log=(lambda line: None) if quiet else log)
    typer.echo("\n".join(_report(got, len(locations), others)))
    if got.stopped is not None:
        log(f"stopped: {got.stopped.found}; {got.stopped.remedy}")
        raise typer.Exit(2)
    typer.echo(f"saved in {out}; go on with: postplace import instaloader {out} --places {places} --out posts.parquet")


def _locations(known: KnownPlaces, file: Path) -> tuple[list[Location], int]:
    """The places that Instagram can be asked about, and how many others there are."""
    from postplace.errors import BadOption
    from postplace.posts.collection.collect import Location, is_location_id

    locations = [Location(place.place, place.name) for place in known.places if is_location_id(place.place)]
    if not locations:
        problem = f"no place of {file} has an Instagram location id ({known.places[0].place!r} is none)"
        raise BadOption("--places", problem, "give in `place` the digits of instagram.com/explore/locations/DIGITS/")
    return locations, len(known) - len(locations)


def _report(got: Collected, requested: int, others: int) -> Iterator[str]:
    yield f"{got.finished:>8,}  of {requested:,} places finished"
    for reason, count in got.without.most_common():
        yield f"{count:>8,}  places {reason}"
    if others:
        yield f"{others:>8,}  places without an Instagram location id"
    yield f"{got.posts:>8,}  new posts"
    if got.known:
        yield f"{got.known:>8,}  posts in the dump already"
    for reason, count in got.left_out.most_common():
        yield f"{count:>8,}  posts left out: {reason}"
