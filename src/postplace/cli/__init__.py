"""The command line: one file a command, heavy imports inside the command."""

from __future__ import annotations

import sys
import warnings

import typer

from postplace.cli import (
    advise,
    collect,
    encoders,
    evaluate,
    experiment,
    explain,
    import_,
    import_places,
    inspect,
    models,
    predict,
    prepare,
    report,
    serve,
    synth,
    train,
)
from postplace.cli.renamed import WithOldNames
from postplace.cli.wording import in_options, text_in_options
from postplace.errors import PostplaceError

CONTINUING = ("train", "prepare", "experiment", "collect")
KEPT = "; what is finished is kept: run the same command again to continue"

app = typer.Typer(
    name="postplace",
    help="From a social post to the place it was made: text, hashtags and images to a place on the map.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (synth.synth, inspect.inspect, prepare.prepare, train.train, evaluate.evaluate, predict.predict):
    app.command()(command)
app.command()(explain.explain)
app.command(cls=WithOldNames)(advise.advise)
app.command()(report.report)
app.command(cls=WithOldNames)(serve.serve)
app.command()(models.models)
app.command()(experiment.experiment)
app.command()(experiment.compare)
import_.app.command()(import_places.places)
app.add_typer(import_.app, name="import")
app.add_typer(collect.app, name="collect")
app.add_typer(encoders.app, name="encoders")


def _version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        typer.echo(f"postplace {version('postplace')}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """From a social post to the place it was made: text, hashtags and images to a place on the map."""


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"warning: {text_in_options(str(message))}", file=sys.stderr)


def main() -> None:
    """The entry point: what is wrong with the input is one line on stderr and exit code 2."""
    warnings.showwarning = _show_warning
    try:
        app()
    except PostplaceError as error:
        line = " ".join(str(in_options(error)).split())
        print(f"error: {line}", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, SystemExit) as end:
        if not _interrupted(end):
            raise
        command = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
        print(f"interrupted{KEPT if command in CONTINUING else ''}", file=sys.stderr)
        sys.exit(130)


def _interrupted(end: BaseException | None) -> bool:
    """Whether Ctrl-C is behind it: Typer and Lightning make an exit of it, each with a code of its own."""
    while end is not None and not isinstance(end, KeyboardInterrupt):
        end = end.__context__
    return end is not None
