"""postplace experiment: models over seeds, each run a file; postplace compare: the table of what is there."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from postplace.cli.options import (
    Cache,
    ImageEncoderName,
    Quiet,
    TextEncoderName,
    cache_folder,
    check_classes,
    check_used,
    log,
    show_or_write,
)
from postplace.cli.wording import text_in_options

SEEDS = 5


class TableFormat(StrEnum):
    """How a table is written."""

    markdown = "markdown"
    latex = "latex"
    csv = "csv"
    html = "html"


def experiment(
    name: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="A TOML file, or one that comes along by name.")],
    data: Annotated[
        list[Path], typer.Option("--data", metavar="POSTS", help="A file of posts or a prepared folder; repeatable.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="RESULTS", help="Where results go; what is there is kept.")],
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many: each has its own start and, but for prepared posts, its own split.",
            show_default="5, or as many as folds",
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(min=2, help="Cross-validation: every FOLDS seeds evaluate every post once; more seeds repeat it."),
    ] = None,
    target: Annotated[str | None, typer.Option(help="place or category; else what the experiment says.")] = None,
    cells: Annotated[int | None, typer.Option(help="Cut the map into this many cells.")] = None,
    min_posts: Annotated[int | None, typer.Option(help="Leave out classes with fewer posts.")] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ROW", help="Run this row alone; repeatable.")
    ] = None,
    tune: Annotated[int, typer.Option(min=0, help="Trials of a random search, the same for every model.")] = 0,
    places: Annotated[
        Path | None, typer.Option(help="places.csv: more names to mask, where an experiment masks them.")
    ] = None,
    max_epochs: Annotated[
        int | None, typer.Option(min=1, help="Stop every network after so many: for a quick look.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that work at once.")] = 1,
    text_encoder: TextEncoderName = "bundled",
    image_encoder: ImageEncoderName = "bundled",
    cache: Cache = None,
    quiet: Quiet = False,
) -> None:
    """Run every row of an experiment under every seed, and print its table.

    Killed? The same command continues where it was.
    Example: postplace experiment mrlf-table2 --data posts.jsonl --out results/
    """
    from postplace.cli.overwriting import check_apart
    from postplace.errors import BadOption, unknown_name
    from postplace.experiments.definition import read_experiment

    check_apart("--out", out, [*data, places, Path(name) if Path(name).is_file() else None])
    definition = read_experiment(name)
    from postplace.experiments.runner import known_rows, run_experiment
    from postplace.system.targets import real_path

    known_rows(definition, only or ())
    check_classes(cells, min_posts)
    rows = [row for row in definition.rows if not only or row.name in only]
    if not any(row.condition.mask_place_names for row in rows):
        check_used({"--places": places}, "here: no row that is run masks names", "leave it out")
    chosen = target or definition.target
    if chosen not in ("place", "category"):
        raise unknown_name("--target", chosen, ("place", "category"))
    labels = [path.stem if path.stem != "posts" else real_path(path).parent.name for path in data]
    if twice := sorted({label for label in labels if labels.count(label) > 1}):
        raise BadOption("--data", f"two sets of posts are called {twice[0]!r}", "rename one file")
    names: tuple[str, ...] = ()
    if places is not None:
        from postplace.places.known import read_places

        names = tuple(name for place in read_places(places).places for name in (place.name, *place.aliases))
    from postplace.experiments.figures import draw
    from postplace.experiments.jobs import DataSet, Options

    folds = folds or definition.folds
    options = Options(text_encoder, image_encoder, tune, cache_folder(cache), max_epochs, folds)
    sets = [DataSet(label, path, chosen, cells, min_posts, names) for label, path in zip(labels, data, strict=True)]
    failed: list[str] = []
    for given in sets:
        results = run_experiment(
            definition,
            given,
            seeds=range(seeds or folds or SEEDS),
            out=out,
            options=options,
            only=only or (),
            jobs=jobs,
            log=None if quiet else log,
        )
        drawn = draw(results, title=f"{definition.title}: {definition.figure}") if definition.figure else None
        if drawn is not None:
            typer.echo(f"{definition.figure} is drawn in {drawn}", err=True)
        _show(results.folder, TableFormat.markdown, None)
        if problem := results.why_nothing_was_measured([row.name for row in rows]):
            failed.append(f"error: every row failed on {given.name}; {text_in_options(problem)}")
    if failed:
        typer.echo("\n".join(failed), err=True)
        raise typer.Exit(1)


def compare(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="What `postplace experiment` wrote.")],
    format_: Annotated[
        TableFormat, typer.Option("--format", help="markdown, latex, csv or html.")
    ] = TableFormat.markdown,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write to a file.")] = None,
) -> None:
    """Print the tables of results: mean, spread, interval, who ties with whom, cost.

    Example: postplace compare results/ --format latex
    """
    from postplace.cli.overwriting import check_output
    from postplace.experiments.results import folders_below

    check_output("--output", output, [file for read in folders_below(results) for file in read.folder.glob("*.json")])
    _show(results, format_, output)


def _show(folder: Path, format_: TableFormat, output: Path | None) -> None:
    from postplace.experiments.comparison import compare as compare_results
    from postplace.experiments.formats import joined
    from postplace.experiments.results import folders_below

    show_or_write(
        joined([compare_results(*results.read()) for results in folders_below(folder)], format_.value), output
    )
