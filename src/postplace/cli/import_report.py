"""What an import found: what became posts, what did not and why, and which places the posts were given."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from postplace.cli.options import log
from postplace.cli.wording import text_in_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from postplace.errors import BadPost
    from postplace.places.known import KnownPlaces
    from postplace.posts.dump import ImportReport

SHOWN = 5  # refused records, and names, that are named one by one


@contextmanager
def refused_file(report: Path | None) -> Iterator[Callable[[BadPost], object] | None]:
    """Takes every refused record, and writes them to the file at the end, a line each, also when the import fails."""
    if report is None:
        yield None
        return
    from postplace.system.atomic_files import atomic_file

    with tempfile.TemporaryFile() as lines:
        ended_well = False
        try:
            yield lambda error: lines.write(" ".join(str(error).split()).encode(errors="backslashreplace") + b"\n")
            ended_well = True
        finally:
            if ended_well or lines.tell():
                lines.seek(0)
                with atomic_file(report) as file:
                    shutil.copyfileobj(lines, file)


def show_refused(tally: ImportReport, report: Path | None) -> None:
    """The first refused records, and where the others are named."""
    for error in tally.refused[:SHOWN]:
        log(f"refused: {error}")
    if report is not None:
        log(f"refused: {tally.refused_count} in all, each on a line of {report}")
    elif tally.refused_count > SHOWN:
        log(f"refused: {tally.refused_count - SHOWN} more; --report FILE writes all of them to a file")


def show_counts(tally: ImportReport, known: KnownPlaces | None) -> None:
    """The table of what was read, with a total for each kind of finding, then what should be known of places."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="what was read", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("count", justify="right", no_wrap=True)
    sections: dict[str, Mapping[str, int]] = {
        "became no post": tally.left_out,
        "files without a post": tally.orphans,
        "remarks on posts (a post may have several)": tally.remarks,
    }
    if known is not None:
        sections["place of the posts"] = known.counts
    table.add_row("posts", str(tally.posts))
    for title, counts in sections.items():
        rows = sorted(((reason, count) for reason, count in counts.items() if count), key=lambda pair: -pair[1])
        if rows:
            table.add_section()
            table.add_row(title, str(sum(count for _, count in rows)))
            for reason, count in rows:
                table.add_row(f"  {reason}", str(count))
    Console(highlight=False, markup=False, soft_wrap=True).print(table)
    for line in _on_places(tally, known):
        typer.echo(line)


def _on_places(tally: ImportReport, known: KnownPlaces | None) -> Iterator[str]:
    if known is None:
        if names := tally.shared_names:
            stand = "1 name stands" if len(names) == 1 else f"{len(names)} names stand"
            yield (
                f"warning: {stand} for several locations ({_named(names)}), whose posts have one place now: --places "
                "with a row for each location's id tells them apart"
            )
        return
    if known.offset is not None:
        yield f"warning: {text_in_options(known.offset)}"
    if known.unlocated:
        yield f"places at 0, 0, which is no position: {known.unlocated}; they are found by id and name alone"
    if known.unlisted:
        named = ", ".join(f"{name} {count}" for name, count in known.unlisted.most_common(SHOWN))
        more = ", ..." if len(known.unlisted) > SHOWN else ""
        yield f"not in the list: {named}{more} (add a row or an alias for those that are places of it)"


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
