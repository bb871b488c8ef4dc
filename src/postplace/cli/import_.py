"""postplace import: what other programs downloaded -> a file of posts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from postplace.cli.options import Quiet, say

if TYPE_CHECKING:
    from postplace.errors import BadPost
    from postplace.post import Post

SHOWN = 5  # refused records named one by one

app = typer.Typer(
    help="Make a file of posts from what other programs downloaded.", no_args_is_help=True, rich_markup_mode=None
)

Out = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="The file to write: .parquet, .jsonl or .csv.", show_default=False)
]
Places = Annotated[
    Path | None,
    typer.Option(
        "--places",
        metavar="FILE",
        help="places.csv: give each post the place of its venue's id, else the nearest one (none too far away).",
        show_default=False,
    ),
]
Radius = Annotated[float, typer.Option("--radius-km", help="With --places: how far the nearest place may be.")]


class Dump(Protocol):
    """What the readers of dumps have in common; `counts` and `refused` are filled while iterating."""

    @property
    def counts(self) -> Counter[str]: ...
    @property
    def refused(self) -> list[BadPost]: ...
    @property
    def refused_count(self) -> int: ...
    def __iter__(self) -> Iterator[Post]: ...


@app.command()
def instaloader(
    dump: Annotated[Path, typer.Argument(metavar="DUMP", help="A folder that Instaloader filled.", show_default=False)],
    out: Out,
    places: Places = None,
    radius_km: Radius = 0.25,
    quiet: Quiet = False,
) -> None:
    """Import what Instaloader downloaded: profiles, hashtags and locations, with their metadata files.

    The pictures stay where they are. At the end a table says what did not become a post or a picture, and why.
    Example: postplace import instaloader DUMP/ --out posts.parquet --places places.csv --radius-km 0.25
    """
    from postplace.posts.instaloader import InstaloaderDump

    write(InstaloaderDump(dump), dump, out, places=places, radius_km=radius_km, quiet=quiet)


@app.command()
def weibo(
    export: Annotated[
        Path, typer.Argument(metavar="EXPORT", help="weibo-crawler's folder, or one .json or .csv.", show_default=False)
    ],
    out: Out,
    places: Places = None,
    radius_km: Radius = 0.25,
    quiet: Quiet = False,
) -> None:
    """Import what weibo-crawler wrote: CSV and JSON, with the folders of pictures beside them.

    The place of a post is its check-in. Of a retweet only the user's own part is kept.
    Example: postplace import weibo weibo/ --out posts.parquet
    """
    from postplace.posts.weibo import WeiboExport

    write(WeiboExport(export), export, out, places=places, radius_km=radius_km, quiet=quiet)


def write(dump: Dump, source: Path, out: Path, *, places: Path | None, radius_km: float, quiet: bool) -> None:
    """Write the posts of a dump, with their places, and show what was counted. Writes nothing when there are none."""
    from postplace.errors import BadOption
    from postplace.posts.table import write_posts

    if out.absolute() == source.absolute():
        raise BadOption("--out", f"{out} is what is to be imported", "give another file")
    posts = _not_none(_shown(dump, quiet=quiet), dump, source)
    if places is None:
        write_posts(posts, out)
        how: Mapping[str, int] = {}
    else:
        from postplace.places.known import read_places

        known = read_places(places)
        write_posts(known.assign_many(posts, radius_km=radius_km), out)
        how = known.counts
    _show_refused(dump)
    _show_counts(dump.counts, how)
    typer.echo(f"{dump.counts['posts']} posts in {out}")


def _not_none(posts: Iterable[Post], dump: Dump, source: Path) -> Iterator[Post]:
    from postplace.errors import BadPost

    yield from posts
    counts = dump.counts
    if counts["posts"]:
        return
    if not counts:
        raise BadPost(str(source), "holds nothing to import", "give the folder that the downloader filled")
    _show_refused(dump)
    reasons = ", ".join(f"{reason} {count}" for reason, count in counts.most_common(SHOWN))
    raise BadPost(str(source), f"holds no posts ({reasons})", "give the folder that the downloader filled")


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


def _show_refused(dump: Dump) -> None:
    for error in dump.refused[:SHOWN]:
        say(f"refused: {error}")
    if dump.refused_count > SHOWN:
        say(f"refused: {dump.refused_count - SHOWN} more")


def _show_counts(counts: Mapping[str, int], how: Mapping[str, int]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="what was found", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("count", justify="right", no_wrap=True)
    reasons = sorted(((reason, count) for reason, count in counts.items() if reason != "posts"), key=lambda r: -r[1])
    for reason, count in [("posts", counts.get("posts", 0)), *reasons]:
        table.add_row(reason, str(count))
    if how:
        table.add_section()
        for reason, count in how.items():
            table.add_row(f"place: {reason}", str(count))
    Console(highlight=False, markup=False, soft_wrap=True).print(table)
