"""postplace import: what other programs downloaded -> a file of posts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command

from postplace.cli.import_report import SHOWN, refused_file, show_counts, show_refused
from postplace.cli.options import Crs, PlacesCrs, Quiet, ReferenceSystem, check_used, log, said_beside
from postplace.cli.overwriting import check_new, check_output
from postplace.errors import BadOption, BadPost

if TYPE_CHECKING:
    from postplace.places.known import KnownPlaces
    from postplace.posts.dump import Dump
    from postplace.schema import Post

RADIUS_KM = 0.25


class Sources(TyperGroup):
    """The commands of this file, then one for each other source; what reads it is imported when it is run.

    What Typer gives and takes here is Click's or its own copy of it, depending on its version.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all sources."""
        from postplace.posts.registry import source_names

        return list(dict.fromkeys([*super().list_commands(ctx), *source_names()]))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a source."""
        from postplace.posts.registry import source_names

        known = super().get_command(ctx, cmd_name)
        return _command(cmd_name) if known is None and cmd_name in source_names() else known


app = typer.Typer(
    cls=Sources,
    help="Make a file of posts from what other programs downloaded.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Out = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="The file to write: .parquet, .jsonl or .csv.", show_default=False)
]
Places = Annotated[
    Path | None,
    typer.Option(
        "--places",
        metavar="FILE",
        help="places.csv, the list of places: a post's place is the one of its location id, else of its name or an "
        "alias, else the nearest within --radius-km, else none.",
        show_default=False,
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier file.")]
Radius = Annotated[
    float | None,
    typer.Option(
        "--radius-km", help=f"With --places: how far the place may be (default: {RADIUS_KM}).", show_default=False
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", help="Write every refused record to a text file, a line each.", show_default=False
    ),
]


@app.command()
def instaloader(
    dump: Annotated[Path, typer.Argument(metavar="DUMP", help="A folder that Instaloader filled.", show_default=False)],
    out: Out,
    places: Places = None,
    radius_km: Radius = None,
    crs: Crs = ReferenceSystem.wgs84,
    places_crs: PlacesCrs = None,
    report: Report = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Import what Instaloader downloaded: profiles, hashtags and locations, with their metadata files.

    The images stay where they are. At the end a table says what did not become a post or an image, and why. A post's
    place is its location's name and its venue the location's id; --places gives two locations of one name two places.
    Example: postplace import instaloader DUMP/ --out posts.parquet --places places.csv --radius-km 0.25
    """
    _import(
        "instaloader", dump, _Options(out, places, radius_km, report, crs, places_crs), overwrite=overwrite, quiet=quiet
    )


@app.command()
def weibo(
    export: Annotated[
        Path,
        typer.Argument(metavar="EXPORT", help="weibo-crawler's folder, or one .json, .csv or .db.", show_default=False),
    ],
    out: Out,
    places: Places = None,
    radius_km: Radius = None,
    crs: Crs = ReferenceSystem.wgs84,
    places_crs: PlacesCrs = None,
    report: Report = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Import what weibo-crawler wrote: CSV, JSON and SQLite, with the folders of images beside them.

    The place of a post is its check-in; with --places, the place of the list that has this name or alias, or none. Of a
    retweet only the user's own part is kept.
    Example: postplace import weibo weibo/ --out posts.parquet
    """
    _import(
        "weibo", export, _Options(out, places, radius_km, report, crs, places_crs), overwrite=overwrite, quiet=quiet
    )


class _Options(NamedTuple):
    """What every import is told, whatever the source."""

    out: Path
    places: Path | None
    radius_km: float | None
    report: Path | None
    crs: ReferenceSystem
    places_crs: ReferenceSystem | None


def _import(source: str, path: Path, options: _Options, *, overwrite: bool, quiet: bool) -> None:
    """Read the path with the source of that name, and write its posts."""
    from postplace.posts.auto import AUTO, is_own_table, recognise
    from postplace.posts.registry import read_source

    out, places, radius_km, report, crs, places_crs = options
    check_free(out, [path, places], overwrite=overwrite)
    check_output("--report", report, [path, places, out])
    known = _known(places, radius_km, places_crs)
    if source == AUTO:
        entry = recognise(path)
        source = entry.name
        log(f"{path} is {entry.reads or 'known'}: read with the source {source}")
    elif is_own_table(path):
        log(f"{path} looks like a table of posts already, which needs no import: {source} reads its own keys alone")
    with refused_file(report) as take:
        dump = read_source(source, path, on_refused=take, crs=crs.value)
        write(dump, path, out, known=known, report=report, quiet=quiet)


def _command(source: str) -> Any:
    """The command of a source that has none of its own in this file."""

    def run(
        path: Annotated[Path, typer.Argument(metavar="PATH", help="What the source reads.", show_default=False)],
        out: Out,
        places: Places = None,
        radius_km: Radius = None,
        crs: Crs = ReferenceSystem.wgs84,
        places_crs: PlacesCrs = None,
        report: Report = None,
        overwrite: Overwrite = False,
        quiet: Quiet = False,
    ) -> None:
        _import(
            source, path, _Options(out, places, radius_km, report, crs, places_crs), overwrite=overwrite, quiet=quiet
        )

    one = typer.Typer(add_completion=False, rich_markup_mode=None)
    one.command(name=source, help=_help(source))(run)
    return get_command(one)


def _help(source: str) -> str:
    """What is said of a source: that of another package is not imported for it."""
    from postplace.posts.registry import find_source, plugin_points

    if point := plugin_points().get(source):
        package = point.dist.name if point.dist is not None else "another package"
        return f"Import with the source {source} of {package}."
    entry = find_source(source)
    example = f"Example: postplace import {source} PATH --out posts.parquet"
    return f"{entry.description}\n\n{f'PATH is {entry.reads}.' if entry.reads else ''}\n\n{example}"


def check_free(out: Path, inputs: Iterable[Path | None], *, overwrite: bool) -> None:
    """Refuse, before any work, to write over what is read, or over an older file without being asked to."""
    check_output("--out", out, inputs)
    check_new("--out", out, overwrite=overwrite)


def _known(places: Path | None, radius_km: float | None, crs: str | None) -> Known | None:
    if places is None:
        if radius_km is not None:
            raise BadOption("--radius-km", "does nothing without --places", "give the list of places, or leave it out")
        check_used({"--places-crs": crs}, "without --places", "give the list of places, or leave it out")
        return None
    from postplace.places.known import read_places

    return Known(read_places(places, crs=crs or "wgs84"), RADIUS_KM if radius_km is None else radius_km)


class Known(NamedTuple):
    """The list of places, and how far from one a post may be."""

    places: KnownPlaces
    radius_km: float


def write(dump: Dump, source: Path, out: Path, *, known: Known | None, report: Path | None, quiet: bool) -> None:
    """Write the posts of a dump, with their places, and show what was counted. Writes nothing when there are none."""
    from postplace.posts.table import write_posts

    posts = _not_none(_shown(dump, quiet=quiet), dump, source, report)
    write_posts(posts if known is None else known.places.assign_many(posts, radius_km=known.radius_km), out)
    with said_beside(out):
        show_refused(dump.tally, report)
        show_counts(dump.tally, known and known.places)
        typer.echo(f"{dump.tally.posts} posts in {out}")


def _not_none(posts: Iterable[Post], dump: Dump, source: Path, report: Path | None) -> Iterator[Post]:
    yield from posts
    counts = dump.tally.counts
    if counts["posts"]:
        return
    from postplace.posts.dump import AUTO

    if not counts:
        names = sorted(entry.name for entry in source.iterdir()) if source.is_dir() else []
        held = f"it holds {', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''}" if names else "it is empty"
        problem = BadPost(str(source), f"holds nothing to import ({held})", AUTO if names else "check the path")
        raise dump.explain(problem) if names else problem
    show_refused(dump.tally, report)
    reasons = ", ".join(f"{reason} {count}" for reason, count in counts.most_common(SHOWN))
    remedy = dump.tally.remedy or (dump.refused[0].remedy if dump.refused else AUTO)
    raise dump.explain(BadPost(str(source), f"holds no posts ({reasons})", remedy))


def _shown(posts: Iterable[Post], *, quiet: bool) -> Iterator[Post]:
    """The posts, with their number and rate on stderr while they pass, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:.0f} posts, {task.fields[rate]:.0f}/s"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
        task = progress.add_task("import", total=None, rate=0.0)
        for number, post in enumerate(posts, start=1):
            yield post
            if number % 256 == 0:
                elapsed = progress.tasks[0].elapsed or 1.0
                progress.update(task, completed=number, rate=number / elapsed)
